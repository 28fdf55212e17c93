/** How the daemon ends: keepalived's exit statuses, and which of them an error means. */
import { constants } from 'node:os';
import { KaError } from '../errors.js';

export const exitStatus = { good: 0, fatal: 1, config: 2, permission: 4, noConfig: 6, internal: 70 } as const;

/** Why something could not be started. */
export interface Failure {
  readonly status: number;
  readonly message: string;
  /** For systemd; 0 when no system call is to blame. */
  readonly errno: number;
}

export function failureOf(error: unknown): Failure {
  const text = error instanceof Error ? error.message : String(error);
  const errno =
    error instanceof Error && 'errno' in error && typeof error.errno === 'number' ? Math.abs(error.errno) : 0;
  const isPidFile = KaError.is(error) && error.code === 'KA_DAEMON_PIDFILE';
  const isPermission =
    errno === constants.errno.EPERM ||
    errno === constants.errno.EACCES ||
    (KaError.is(error) && error.code.includes('PERMISSION'));
  return {
    status: isPermission || isPidFile ? exitStatus.permission : exitStatus.fatal,
    message: isPermission ? `${text}. Run it as root, or give it CAP_NET_ADMIN and CAP_NET_RAW` : text,
    errno: isPermission ? constants.errno.EPERM : errno,
  };
}
