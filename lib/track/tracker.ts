/**
 * The contract of everything that is tracked, and how single results become a state. A tracker knows its object and nothing of the
 * routers that follow it.
 */
import type { TrackedState } from '../policy/priority.js';

export type { TrackedState } from '../policy/priority.js';

/** A running observation of one object. */
export interface Tracker {
  /** Name in the configuration. */
  readonly name: string;
  /** Last known state. */
  readonly state: TrackedState;
  /** What was last seen, in words: `exited with status 1`, `2 processes`, `value 3`. */
  readonly detail: string;
  start(): void;
  /** Ends the observation. Idempotent; no report comes after it. */
  close(): void;
}

/** Told at every change of state, never for a repeated one. */
export type OnState = (tracker: Tracker) => void;

/**
 * rise and fall of vrrp_script: the first result decides alone, whatever `rise` and `fall` say; afterwards `fall` failures in a row
 * bring the state down and `rise` successes in a row bring it up.
 */
export class RiseFall {
  readonly #rise: number;
  readonly #fall: number;
  #state: 'unknown' | 'up' | 'down' = 'unknown';
  #against = 0;

  constructor(rise: number, fall: number, initial: 'unknown' | 'up' | 'down' = 'unknown') {
    this.#rise = rise;
    this.#fall = fall;
    this.#state = initial;
  }

  get state(): 'unknown' | 'up' | 'down' {
    return this.#state;
  }

  /** Takes one result; true when the state changed. */
  feed(isSuccess: boolean): boolean {
    const wanted = isSuccess ? 'up' : 'down';
    if (this.#state === wanted) {
      this.#against = 0;
      return false;
    }
    this.#against += 1;
    const needed = this.#state === 'unknown' ? 1 : isSuccess ? this.#rise : this.#fall;
    if (this.#against < needed) return false;
    this.#state = wanted;
    this.#against = 0;
    return true;
  }
}
