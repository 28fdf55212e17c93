/** The first and the last lines of a daemon's log, which are keepalived's. */
import { readFileSync } from 'node:fs';
import type { Logger } from '../host.js';
import type { RunContext } from './context.js';

/** With what the options do instead of what they do in keepalived. */
export function sayStarting({ version, options }: RunContext, logger: Logger): void {
  logger.log('info', `Starting Keepalived (ka-node ${version})`);
  for (const note of options.notes) logger.log('info', note);
}

export function sayStopped({ version }: RunContext, logger: Logger): void {
  logger.log('info', cpuUsage());
  logger.log('info', `Stopped Keepalived (ka-node ${version})`);
}

/** Node.js does not tell what its children used; the kernel does. */
function cpuUsage(): string {
  const { user, system } = process.cpuUsage();
  const [childUser = 0, childSystem = 0] = childTimes();
  const six = (seconds: number): string => seconds.toFixed(6);
  return `CPU usage (self/children) user: ${six(user / 1e6)}/${six(childUser)} system: ${six(system / 1e6)}/${six(childSystem)}`;
}

/** Seconds of ended children, user and system: proc(5), fields 16 and 17, in hundredths. */
function childTimes(): readonly number[] {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return [13, 14].map((index) => Number(fields[index]) / 100);
}
