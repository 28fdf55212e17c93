/** A clock that stands still until a test moves it. */
import type { Clock, Timer } from '../../lib/host.js';

interface Entry {
  readonly due: number;
  readonly order: number;
  readonly callback: () => void;
}

export class ManualClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #entries = new Set<Entry>();

  nowMs(): number {
    return this.#now;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#now;
  }

  schedule(delayMs: number, callback: () => void): Timer {
    const entry = { due: this.#now + delayMs, order: this.#order++, callback };
    this.#entries.add(entry);
    return { cancel: () => void this.#entries.delete(entry) };
  }

  /** Number of timers that wait. */
  get pending(): number {
    return this.#entries.size;
  }

  /** Moves time on, firing what becomes due in order; promises settle between two timers. */
  async advance(byMs: number): Promise<void> {
    const end = this.#now + byMs;
    for (;;) {
      const next = [...this.#entries]
        .filter((entry) => entry.due <= end)
        .sort((a, b) => a.due - b.due || a.order - b.order)[0];
      if (next === undefined) break;
      this.#entries.delete(next);
      this.#now = Math.max(this.#now, next.due);
      next.callback();
      await settle();
    }
    this.#now = end;
    await settle();
  }
}

/** Lets everything that is already resolved run. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}
