/** disable_local_igmp: the kernel reports no membership of 224.0.0.0/24, of which routers forward nothing anyway (Linux 4.3). */
import { readFileSync, writeFileSync } from 'node:fs';
import type { SideContext } from './side.js';

const setting = '/proc/sys/net/ipv4/igmp_link_local_mcast_reports';

/** For the network namespace of this process. @returns what puts it back. */
export function silenceLocalIgmp({ isRestart, log }: Pick<SideContext, 'isRestart' | 'log'>): () => void {
  const set = (value: string): void => {
    try {
      writeFileSync(setting, value);
    } catch (error) {
      log.log('error', `disable_local_igmp: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  // A process that was killed has not put back what it found.
  const before = isRestart === true ? '1' : current();
  set('0');
  return () => set(before);
}

function current(): string {
  try {
    return readFileSync(setting, 'latin1').trim();
  } catch {
    return '1';
  }
}
