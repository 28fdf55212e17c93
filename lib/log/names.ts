/** Names that the log's command line options and configuration lead to: idents, facilities, files. */

/** The processes of the daemon. */
export type ProcessName = 'parent' | 'vrrp' | 'checkers' | 'bfd';

const idents: Readonly<Record<ProcessName, string>> = {
  parent: 'Keepalived',
  vrrp: 'Keepalived_vrrp',
  checkers: 'Keepalived_healthcheckers',
  bfd: 'Keepalived_bfd',
};

const fileInfixes: Readonly<Record<ProcessName, string>> = {
  parent: '',
  vrrp: '_vrrp',
  checkers: '_check',
  bfd: '_bfd',
};

/** Name of a process in the log: keepalived's, so that filters keep working. */
export function logIdent(process: ProcessName, netNamespace?: string, instance?: string): string {
  return [idents[process], netNamespace, instance]
    .filter((part) => part !== undefined && part !== '')
    .join('_');
}

/** Syslog facility of -S: 0 to 7, local0 to local7, user or daemon. Undefined: none of them. */
export function parseFacility(text: string): number | undefined {
  const local = /^(?:local)?([0-7])$/.exec(text)?.[1];
  if (local !== undefined) return 16 + Number(local);
  if (text === 'user') return 1;
  return text === 'daemon' ? daemonFacility : undefined;
}

/** The default. */
export const daemonFacility = 3;

/** Log file of a process: its infix goes before the extension, `keepalived.log` -> `keepalived_vrrp.log`. */
export function logFilePath(path: string, process: ProcessName): string {
  const slash = path.lastIndexOf('/');
  const dot = path.lastIndexOf('.');
  const infix = fileInfixes[process];
  return dot > slash + 1 ? path.slice(0, dot) + infix + path.slice(dot) : path + infix;
}
