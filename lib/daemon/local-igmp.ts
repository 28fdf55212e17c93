/**
 * disable_local_igmp: the kernel reports no membership of 224.0.0.0/24, of which routers forward nothing anyway (Linux 4.3). What was
 * found is noted in a file, so that it is put back also when the whole daemon was killed, by the next one.
 */
import { readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import type { Logger } from '../host.js';

const setting = '/proc/sys/net/ipv4/igmp_link_local_mcast_reports';

/**
 * For the network namespace of this process: silences it, or puts back what a daemon left that was killed.
 * @returns what puts it back; undefined: there is nothing to put back.
 */
export function silenceLocalIgmp(isWanted: boolean, log: Logger): (() => void) | undefined {
  const file = noteFile();
  const set = (value: string): void => {
    try {
      writeFileSync(setting, value);
    } catch (error) {
      log.log('error', `disable_local_igmp: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const noted = contents(file);
  const restore = (before: string): void => {
    set(before);
    rmSync(file, { force: true });
  };
  if (!isWanted) {
    if (noted !== undefined) restore(noted);
    return undefined;
  }
  const before = noted ?? contents(setting) ?? '1';
  if (noted === undefined) note(file, before, log);
  set('0');
  return () => restore(before);
}

/** One for each network namespace; gone after a boot, as the setting is. */
function noteFile(): string {
  const namespace = /\d+/.exec(readlinkSync('/proc/self/ns/net'))?.[0] ?? '';
  return `/run/ka-node-igmp-${namespace}`;
}

function note(file: string, before: string, log: Logger): void {
  try {
    writeFileSync(file, before, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    log.log('warning', `disable_local_igmp: what it was is not noted, and not put back after a kill: ${why}`);
  }
}

/** A number of one digit; undefined: none is there. */
function contents(file: string): string | undefined {
  try {
    return /^\d/.exec(readFileSync(file, 'latin1'))?.[0];
  } catch {
    return undefined;
  }
}
