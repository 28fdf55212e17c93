/**
 * The parameters that every configuration has: `${_PWD}`, `${_ENV NAME}`, `${_RANDOM}` and the others.
 */
import type { Predefined } from './definitions.js';
import type { Diagnostics } from './diagnostic.js';
import type { Machine } from './load.js';
import { messages } from './messages.js';
import type { Span } from './source.js';

export interface PredefinedOptions {
  readonly configId: string;
  readonly machine: Pick<Machine, 'environment'>;
  /** Where the file that is being read is. */
  directory(): string;
}

const names: ReadonlySet<string> = new Set(['_PWD', '_INSTANCE', '_HASH', '_BANG', '_ENV', '_RANDOM']);

/** Whether every configuration has a parameter of this name. */
export function isPredefined(name: string): boolean {
  return names.has(name);
}

export class PredefinedParameters implements Predefined {
  readonly #options: PredefinedOptions;
  readonly #diagnostics: Diagnostics;
  #randomState: number | undefined;

  constructor(options: PredefinedOptions, diagnostics: Diagnostics) {
    this.#options = options;
    this.#diagnostics = diagnostics;
  }

  /** `random_seed`: from here on `${_RANDOM}` is repeatable. */
  seed(word: string | undefined): void {
    this.#randomState = Number(word) >>> 0;
  }

  /** The value of `${name argument}`; undefined: there is no such parameter. */
  value(name: string, argument: string, at: Span): string | undefined {
    switch (name) {
      case '_PWD':
        return this.#options.directory();
      case '_INSTANCE':
        return this.#options.configId;
      case '_HASH':
        return '#';
      case '_BANG':
        return '!';
      case '_ENV':
        return argument === '' ? undefined : (this.#options.machine.environment(argument) ?? '');
      case '_RANDOM':
        return this.#random(argument, at);
      default:
        return undefined;
    }
  }

  #random(argument: string, at: Span): string {
    const [low = 0, high = 32767] = argument === '' ? [] : argument.split(/\s+/).map(Number);
    if (!(Number.isInteger(low) && Number.isInteger(high) && low <= high)) {
      this.#diagnostics.report(messages.badRandomRange, at, argument);
      return String(Number.isInteger(low) ? low : 0);
    }
    return String(low + Math.floor(this.#nextRandom() * (high - low + 1)));
  }

  /** A small generator (mulberry32) so that `random_seed` makes a configuration repeatable. */
  #nextRandom(): number {
    if (this.#randomState === undefined) return Math.random();
    this.#randomState = (this.#randomState + 0x6d2b79f5) >>> 0;
    let t = this.#randomState;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
}
