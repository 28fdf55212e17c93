/** How long runs of a script took: a histogram of fixed buckets. */

/** Upper bounds of the buckets, seconds; one more bucket holds the rest. */
export const runBuckets: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export class RunTiming {
  readonly #counts = runBuckets.map(() => 0);
  #runs = 0;
  #sumS = 0;
  #timeouts = 0;

  /** A run that ended after `durationMs`. */
  add(durationMs: number, timedOut: boolean): void {
    const seconds = durationMs / 1000;
    const at = runBuckets.findIndex((bound) => seconds <= bound);
    if (at >= 0) this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#runs += 1;
    this.#sumS += seconds;
    if (timedOut) this.#timeouts += 1;
  }

  /** `counts` by bucket, not added up. */
  get now(): {
    readonly counts: readonly number[];
    readonly runs: number;
    readonly sumS: number;
    readonly timeouts: number;
  } {
    return { counts: [...this.#counts], runs: this.#runs, sumS: this.#sumS, timeouts: this.#timeouts };
  }
}
