/** Names of the processes in `ps` and `top`: those that keepalived gives them with process_names, or the configuration's own. */
import type { Config } from '../config/model.js';
import type { Side } from '../control/messages.js';

export const defaultTitles = {
  parent: 'keepalived',
  vrrp: 'keepalived_vrrp',
  checkers: 'keepalived_lvs',
} as const;

export function processTitle({ globalDefs }: Config, process: Side | 'parent'): string {
  const own = {
    parent: globalDefs.processName,
    vrrp: globalDefs.vrrpProcessName,
    checkers: globalDefs.checkerProcessName,
  }[process];
  return own ?? defaultTitles[process];
}
