/** Reads the configuration for a reload, in whichever process: what is read goes into the hand-over files of the sides. */
import type { Side } from '../control/messages.js';
import { readForDaemon } from './configuration.js';
import type { RunContext } from './context.js';
import { halfOf, writeHandover } from './handover.js';
import type { Half, ReadOutcome } from './protocol.js';

export interface ReadOrder {
  /** Of the configuration that is read. */
  readonly generation: number;
  /** Mistakes that were told before, as `code message`. */
  readonly known: readonly string[];
}

/**
 * @param onHalf is shown each half as it was written.
 * @throws {KaError} KA_DAEMON_HANDOVER, of write(2)
 */
export async function readIntoHandovers(
  context: RunContext,
  { generation, known }: ReadOrder,
  files: Readonly<Record<Side, number>>,
  onHalf: (half: Half) => void = () => undefined,
): Promise<ReadOutcome> {
  const read = await readForDaemon(context, { isReload: true, known });
  const { lines } = read;
  if (!read.isGood) {
    const { status, message } = read;
    return { isGood: false, status, message, lines };
  }
  const { config, facts } = read;
  for (const side of ['vrrp', 'checkers'] as const) {
    const half: Half = { side, generation, config: halfOf(config, side) };
    writeHandover(files[side], half);
    onHalf(half);
  }
  return { isGood: true, facts, lines };
}
