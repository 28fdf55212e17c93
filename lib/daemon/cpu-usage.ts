/** What the daemon says of its processor time at the end. */
import { readFileSync } from 'node:fs';

/** keepalived's last line but one. Node.js does not tell what its children used; the kernel does. */
export function cpuUsage(): string {
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
