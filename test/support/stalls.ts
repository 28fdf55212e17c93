/**
 * What the machine itself did to punctuality. Tests of punctuality allow that much on top: virtual machines stand still now and then, and
 * neighbours are busy. `Stalls` asks a witness on each processor, for what others measured; `OwnLateness` is of the process of the
 * test, for times at which that process itself read something.
 */
import { availableParallelism } from 'node:os';

import { Program } from './program.js';

const program = new URL('./stall-witness.js', import.meta.url).pathname;

/** A witness on each processor sleeps two milliseconds again and again and keeps its worst lateness. */
export class Stalls implements AsyncDisposable {
  readonly #witnesses: readonly Program[];

  private constructor(witnesses: readonly Program[]) {
    this.#witnesses = witnesses;
  }

  /** Resolves once every witness looks. */
  static async start(): Promise<Stalls> {
    const processors = Array.from({ length: availableParallelism() }, (_, index) => String(index));
    const witnesses = await Promise.all(
      processors.map((index) => Program.start(['taskset', '-c', index, process.execPath, program])),
    );
    await Promise.all(witnesses.map((witness) => witness.waitForLine(/^looking$/)));
    return new Stalls(witnesses);
  }

  /** Ends the witnesses. @returns how long a thread that wanted to run had to wait at most, seconds; several waits may add up. */
  async end(): Promise<number> {
    await Promise.all(this.#witnesses.map((witness) => witness.stop()));
    const worst = this.#witnesses.flatMap(({ lines }) => lines.map(({ text }) => Number(text) || 0));
    return (2 * Math.max(0, ...worst)) / 1000;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#witnesses.map((witness) => witness.stop()));
  }
}

const periodMs = 10;

/** How late this process was woken, by time. */
export class OwnLateness implements Disposable {
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
