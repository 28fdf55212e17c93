/**
 * What the library needs from the machine it runs on, as interfaces, with the real implementations.
 * Everything that waits or tells the time takes a `Clock`; tests give it one that they move by hand.
 */
import { performance } from 'node:perf_hooks';

/** A pending callback; `cancel` is idempotent. */
export interface Timer {
  cancel(): void;
}

/** Time, and waiting for it. */
export interface Clock {
  /** Monotonic milliseconds, with fraction. */
  nowMs(): number;
  /** Wall clock, milliseconds since 1970. */
  wallMs(): number;
  /** Calls back once after `delayMs`. The timer keeps the process alive unless `background` is true. */
  schedule(delayMs: number, callback: () => void, options?: { readonly background?: boolean }): Timer;
}

/** `detail` lines are those that keepalived logs only with -D. */
export type LogLevel = 'error' | 'warning' | 'info' | 'detail';

/** Where log lines go. The library never writes to the console by itself. */
export interface Logger {
  log(level: LogLevel, text: string): void;
}

/** Uniform numbers in [0, 1). */
export interface Random {
  next(): number;
}

/** What most parts take together. */
export interface Host {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Longest delay that setTimeout keeps; longer ones are waited for in steps. */
const maxTimeoutMs = 2_147_483_647;

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  schedule(delayMs, callback, options) {
    const due = performance.now() + delayMs;
    let handle: NodeJS.Timeout;
    const arm = (): void => {
      const left = due - performance.now();
      handle = left > maxTimeoutMs ? setTimeout(arm, maxTimeoutMs) : setTimeout(callback, Math.max(0, left));
      if (options?.background === true) handle.unref();
    };
    arm();
    return { cancel: () => clearTimeout(handle) };
  },
};

export const systemRandom: Random = { next: () => Math.random() };

/** Discards everything: the default of the library. */
export const silentLogger: Logger = { log: () => undefined };

/**
 * Resolves after `delayMs`.
 * @throws the signal's reason when it aborts first.
 */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(abortError(signal));
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      if (signal !== undefined) reject(abortError(signal));
    };
    const timer = clock.schedule(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

function abortError(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
}
