/** What `ka-node doctor` finds, and what its checks are given. */
import type { Config } from '../../config/model.js';

/** `problem`: it will not work, or not for long. `warning`: it depends. `note`: a check that could not be made, or good news. */
export type Severity = 'problem' | 'warning' | 'note';

export interface Finding {
  readonly severity: Severity;
  /** Name of the check. */
  readonly check: 'capabilities' | 'firewall' | 'rp_filter' | 'arp_ignore' | 'adverts' | 'address-managers';
  readonly message: string;
  /** A command for a shell; absent when there is nothing to mend, or no single command. */
  readonly mend?: string;
}

export interface Patient {
  readonly config: Config;
  /** Reads a file of this machine; undefined when it is not there. */
  readonly read: (path: string) => string | undefined;
}

/** Interfaces that instances use or put addresses on, each once. */
export function interfacesOf({ vrrpInstance }: Config): readonly string[] {
  const all = vrrpInstance.flatMap((each) => [
    each.interface?.text ?? '',
    ...each.virtualIpaddress.map(({ dev }) => dev ?? ''),
  ]);
  return [...new Set(all)].filter((name) => name !== '');
}
