/**
 * What the machine itself could do meanwhile: how late a plain process was woken. Tests whose point is time allow for it, so that they
 * judge the program and not the load.
 */

const periodMs = 10;

export class Yardstick implements Disposable {
  readonly #late: { readonly atMs: number; readonly lateMs: number }[] = [];
  readonly #timer: NodeJS.Timeout;
  #dueMs = performance.now() + periodMs;

  constructor() {
    this.#timer = setInterval(() => {
      const atMs = performance.now();
      const lateMs = atMs - this.#dueMs;
      if (lateMs > 1) this.#late.push({ atMs, lateMs });
      this.#dueMs = atMs + periodMs;
    }, periodMs);
  }

  /** The most that this process was late between two times of performance.now(), milliseconds. */
  worstMs(fromMs: number, toMs: number): number {
    const seen = this.#late.filter(({ atMs, lateMs }) => atMs > fromMs && atMs - lateMs < toMs);
    return Math.max(0, ...seen.map(({ lateMs }) => lateMs));
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
