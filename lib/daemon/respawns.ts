/** How long to wait before a child that died is started again. */

/** A child that ran for so long starts from the beginning, as with keepalived. */
const steadyMs = 60_000;
const longestMs = 60_000;
/** So many deaths in a row cost no waiting: a mastership can still be resumed. */
const freeDeaths = 3;

export class Respawns {
  #row = 0;
  #lastMs = -Infinity;
  #count = 0;

  /** How often it was asked. */
  get count(): number {
    return this.#count;
  }

  /** Milliseconds to wait after a death at `nowMs`: 0 for the first three in a row, then 1, 2, 4 ... 60 s. */
  next(nowMs: number): number {
    if (nowMs - this.#lastMs >= steadyMs) this.#row = 0;
    this.#lastMs = nowMs;
    this.#row += 1;
    this.#count += 1;
    const late = this.#row - freeDeaths - 1;
    return late < 0 ? 0 : Math.min(longestMs, 1000 * 2 ** late);
  }
}
