/** Errors that come out of the addon. They are KaErrors (see lib/errors.ts) by their registered brand. */

const brand = Symbol.for('ka-node.error');

/** A native call failed. `code` is `KA_<ROOM>_<WHAT>`; `errno` and `syscall` are the kernel's view of it. */
export class NativeError extends Error {
  readonly code: string;
  /** Positive errno, 0 when no system call is to blame. */
  readonly errno: number;
  /** The operation in the kernel's words, e.g. `RTM_NEWADDR` or `bind`. */
  readonly syscall: string;
  readonly [brand] = true;

  constructor(
    code: string,
    message: string,
    options?: { readonly errno?: number; readonly syscall?: string; readonly cause?: unknown },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'NativeError';
    this.code = code;
    this.errno = options?.errno ?? 0;
    this.syscall = options?.syscall ?? '';
  }

  /** Makes one of what the addon threw, with the stack of the JavaScript caller; other values pass unchanged. */
  static from(thrown: unknown): unknown {
    if (!(thrown instanceof Error) || !('code' in thrown) || typeof thrown.code !== 'string') return thrown;
    const errno = 'errno' in thrown && typeof thrown.errno === 'number' ? thrown.errno : 0;
    const syscall = 'syscall' in thrown && typeof thrown.syscall === 'string' ? thrown.syscall : '';
    return new NativeError(thrown.code, thrown.message, { errno, syscall, cause: thrown });
  }
}
