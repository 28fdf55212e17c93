/** Waiting for a signal to abort, in a process that nothing else may keep alive. */
import { systemClock } from '../host.js';

export function until(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    // Signal handlers alone do not keep a process alive, and a daemon without instances waits all the same.
    const hold = systemClock.schedule(Number.MAX_SAFE_INTEGER, () => undefined);
    const done = (): void => {
      hold.cancel();
      resolve();
    };
    if (signal.aborted) done();
    else signal.addEventListener('abort', done, { once: true });
  });
}
