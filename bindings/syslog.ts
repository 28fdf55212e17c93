/**
 * Typed face of the addon's local sockets and pipes: sends that never wait, and named pipes. Failures that a caller meets in
 * normal life (nobody listens, the receiver is slow) are values, since whoever logs or notifies counts them and goes on.
 */
import { getSystemErrorName } from 'node:util';
import { NativeError } from './errors.js';
import { loadAddon } from './load.js';
import type { NativeUnixDatagram } from './native-syslog.js';

/** What became of a send that did not wait. */
export type SendOutcome =
  | { readonly kind: 'sent'; readonly bytes: number }
  /** The receiver's queue is full. */
  | { readonly kind: 'busy' }
  /** `code` is an errno name: ENOENT or ECONNREFUSED when nobody listens. */
  | { readonly kind: 'failed'; readonly code: string };

/** Sends datagrams to one Unix socket, e.g. /dev/log or $NOTIFY_SOCKET. */
export class UnixDatagram {
  readonly #native: NativeUnixDatagram;

  /** `path`: an absolute path, or `@name` for the abstract namespace. Connects when first needed. */
  constructor(path: string) {
    this.#native = new (loadAddon().UnixDatagram)(path);
  }

  /** Sends one datagram, without waiting. Equivalent: socat -u - UNIX-SENDTO:PATH */
  send(bytes: Uint8Array): SendOutcome {
    return outcome(this.#native.send(bytes));
  }

  /** Idempotent. */
  close(): void {
    this.#native.close();
  }
}

/** Writes to a connected socket (such as a standard error that leads to the journal) without waiting. */
export function sendNoWait(fd: number, bytes: Uint8Array): SendOutcome {
  return outcome(loadAddon().sendNoWait(fd, bytes));
}

/**
 * Makes a named pipe. The process's umask applies to `mode`. Equivalent: mkfifo -m MODE PATH
 * @throws {NativeError} KA_FIFO_CREATE; `errno` is EEXIST's when something is there already.
 */
export function makeFifo(path: string, mode: number): void {
  const result = loadAddon().makeFifo(path, mode);
  if (result === 0) return;
  const code = getSystemErrorName(result);
  throw new NativeError('KA_FIFO_CREATE', `the named pipe ${path} could not be made: ${code}`, {
    errno: -result,
    syscall: 'mkfifo',
  });
}

const busyCodes = new Set(['EAGAIN', 'ENOBUFS']);

function outcome(result: number): SendOutcome {
  if (result >= 0) return { kind: 'sent', bytes: result };
  const code = getSystemErrorName(result);
  return busyCodes.has(code) ? { kind: 'busy' } : { kind: 'failed', code };
}
