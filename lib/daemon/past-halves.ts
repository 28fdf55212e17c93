/**
 * Configurations that a process of a side may have put to work, and which are not the one that its next process runs: a reload came
 * while it was dead, or killed it. What of them is in the kernel is the daemon's, and the next process removes it.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { handoverPath } from './handover.js';

export class PastHalves {
  #files: readonly number[] = [];
  /** Those that the process which was started last knows of. */
  #given: readonly number[] = [];

  /** Keeps what is in a hand-over file; whoever holds `file` may close it. @throws of open(2) */
  keep(file: number): void {
    this.#files = [...this.#files, openSync(handoverPath(file), constants.O_RDONLY)];
  }

  get isEmpty(): boolean {
    return this.#files.length === 0;
  }

  get files(): readonly number[] {
    return this.#files;
  }

  /** Their paths, for a process that is being started. */
  give(): readonly string[] {
    this.#given = this.#files;
    return this.#given.map(handoverPath);
  }

  /** The process that was started last has removed what it was told of. */
  removed(): void {
    const given = this.#given;
    this.#given = [];
    this.#drop(given);
  }

  /** A running process has taken over all that was before. */
  forget(): void {
    this.#given = [];
    this.#drop(this.#files);
  }

  #drop(files: readonly number[]): void {
    this.#files = this.#files.filter((file) => !files.includes(file));
    for (const file of files) closeSync(file);
  }
}
