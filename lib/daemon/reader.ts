/** Reads the configuration for a reload, in whichever process: what is read goes into the hand-over files of the sides. */
import { KnownServers } from '../config/known-servers.js';
import type { Side } from '../control/messages.js';
import { readForDaemon } from './configuration.js';
import type { RunContext } from './context.js';
import { halfOf, HalfWriter } from './half-file.js';
import type { Half, ReadOutcome } from './protocol.js';

export interface ReadOrder {
  /** Of the configuration that is read. */
  readonly generation: number;
  /** Mistakes that were told before, as `code message`. */
  readonly known: readonly string[];
}

/** What a process that reads again and again has from the time before. */
export class ReaderMemory {
  readonly servers = new KnownServers();
  readonly written = new HalfWriter();
}

/**
 * @param onHalf is shown each half as it was written.
 * @throws {KaError} KA_DAEMON_HANDOVER, of write(2)
 */
export async function readIntoHandovers(
  context: RunContext,
  { generation, known }: ReadOrder,
  files: Readonly<Record<Side, number>>,
  { servers, written } = new ReaderMemory(),
  onHalf: (half: Half) => void = () => undefined,
): Promise<ReadOutcome> {
  const read = await readForDaemon(context, { isReload: true, known, servers });
  const { lines } = read;
  if (!read.isGood) {
    const { status, message } = read;
    return { isGood: false, status, message, lines };
  }
  const { config, facts } = read;
  for (const side of ['vrrp', 'checkers'] as const) {
    const half: Half = { side, generation, config: halfOf(config, side) };
    if (side === 'checkers') written.write(files[side], half);
    else new HalfWriter().write(files[side], half);
    onHalf(half);
  }
  return { isGood: true, facts, lines };
}
