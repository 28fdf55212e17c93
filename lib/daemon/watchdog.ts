/** systemd's watchdog: it is told that all is well as long as every child answers. */
import type { Side } from '../control/messages.js';
import { systemClock } from '../host.js';
import type { Supervision } from './supervision.js';
import type { SystemdNotifier } from './systemd.js';

export class Watchdog {
  readonly #state: Supervision;
  readonly #systemd: SystemdNotifier;
  readonly #lastAnswerMs = new Map<Side, number>();

  constructor(state: Supervision, systemd: SystemdNotifier) {
    this.#state = state;
    this.#systemd = systemd;
  }

  /** A side gave a sign of life. */
  answered(side: Side): void {
    this.#lastAnswerMs.set(side, systemClock.nowMs());
  }

  /** A child that is being started again is not asked. Does nothing when systemd does not want to hear of us. */
  start(): void {
    const { watchdogMs } = this.#systemd;
    if (watchdogMs === undefined) return;
    this.#askEvery(watchdogMs / 4, watchdogMs);
    this.#systemd.startWatchdog(() => {
      const since = systemClock.nowMs() - watchdogMs;
      return [...this.#state.posts.values()].every(
        ({ side, isReady }) => !isReady || (this.#lastAnswerMs.get(side) ?? 0) > since,
      );
    });
  }

  #askEvery(periodMs: number, timeoutMs: number): void {
    for (const { side, link, isReady } of this.#state.posts.values()) {
      if (link === undefined || !isReady) continue;
      link.ask('ping', undefined, { timeoutMs }).then(
        () => this.answered(side),
        () => undefined,
      );
    }
    systemClock.schedule(periodMs, () => this.#askEvery(periodMs, timeoutMs), { background: true });
  }
}
