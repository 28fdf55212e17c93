/** What one run of a program costs, from wait4(2). */
import type { LabHost } from '../test/support/net-lab.js';
import { baseline } from './baseline.js';

export interface Usage {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly rssMb: number;
}

/**
 * Runs `command` to its end.
 * @throws when it ends with another status than `expected` holds.
 */
export async function usage(
  host: LabHost,
  command: readonly string[],
  expected: readonly number[] = [0],
): Promise<Usage> {
  const { stdout } = await host.run([baseline('usage'), ...command]);
  const [status = -1, cpuUs = 0, wallUs = 0, rssKb = 0] = stdout.split(' ').map(Number);
  if (!expected.includes(status)) throw new Error(`${command.join(' ')} ended with status ${status}`);
  return { cpuMs: cpuUs / 1000, wallMs: wallUs / 1000, rssMb: (rssKb * 1024) / 1e6 };
}
