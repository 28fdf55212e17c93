/**
 * Errors of the library. Recognise them with `KaError.is` and by `code`, never by message text.
 * Codes are `KA_<ROOM>_<WHAT>` and stable.
 */

const brand = Symbol.for('ka-node.error');

/** Base class of every error that ka-node throws on purpose. */
export class KaError extends Error {
  readonly code: string;
  readonly [brand] = true;

  constructor(code: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }

  /** True for errors of any loaded copy of ka-node. */
  static is(error: unknown): error is KaError {
    return typeof error === 'object' && error !== null && brand in error;
  }
}

/** The caller used the API wrongly: a bug in the calling program. */
export class UsageError extends KaError {}

/** Ends a `switch` over a closed union: compiles only when every case is handled. */
export function assertNever(value: never): never {
  throw new UsageError('KA_INTERNAL_UNREACHABLE', `unexpected value ${JSON.stringify(value)}`);
}
