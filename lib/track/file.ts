/**
 * A `track_file`: the first number in a file. Changes come from inotify on its directory and, for writes through another name, on the
 * file itself; a new content is read once writing has paused, because Node offers no close event.
 */
import {
  openSync,
  readSync,
  closeSync,
  constants,
  watch,
  writeFileSync,
  existsSync,
  type FSWatcher,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { makeFolders } from '../folder.js';
import type { Host, Timer } from '../host.js';
import type { OnState, TrackedState, Tracker } from './tracker.js';

export interface FileTrackerOptions {
  readonly name: string;
  readonly file: string;
  /** init_file: written at start when absent, or always with `overwrite`. */
  readonly initFile?: { readonly value: number; readonly overwrite: boolean } | undefined;
  readonly host: Host;
  readonly onState: OnState;
}

/** A write is taken as complete after so long without another. */
const settleMs = 10;
/** An empty file is usually one that is being rewritten: it counts as 0 only when it stays empty. */
const emptyMs = 100;
/** The number stands in the first bytes. */
const readBytes = 128;

export class FileTracker implements Tracker {
  readonly name: string;
  readonly #options: FileTrackerOptions;
  #value = 0;
  #directoryWatch: FSWatcher | undefined;
  #fileWatch: FSWatcher | undefined;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: FileTrackerOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get state(): TrackedState {
    return { kind: 'value', value: this.#value };
  }

  get detail(): string {
    return `value ${this.#value}`;
  }

  /** Reads the file at once, before it returns; the state is known from then on. */
  start(): void {
    const { file, initFile, host, name } = this.#options;
    try {
      if (initFile !== undefined && (initFile.overwrite || !existsSync(file))) {
        makeFolders(dirname(file));
        writeFileSync(file, `${initFile.value}\n`);
      }
      this.#directoryWatch = watch(dirname(file), (_event, changed) => {
        if (changed === null || changed === basename(file)) this.#onChange();
      });
      this.#directoryWatch.on('error', () => undefined);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      host.logger.log(
        'error',
        `Track file ${name}: ${reason}. Create the directory ${dirname(file)} and reload.`,
      );
    }
    this.#watchFile();
    this.#value = readNumber(file).value;
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#directoryWatch?.close();
    this.#fileWatch?.close();
  }

  #onChange(): void {
    if (this.#isClosed) return;
    this.#timer?.cancel();
    this.#timer = this.#options.host.clock.schedule(settleMs, () => this.#read(false));
  }

  #read(isSure: boolean): void {
    if (this.#isClosed) return;
    const { file, host, onState } = this.#options;
    this.#watchFile();
    const { value, isEmpty } = readNumber(file);
    if (isEmpty && !isSure) {
      this.#timer = host.clock.schedule(emptyMs, () => this.#read(true));
      return;
    }
    if (value === this.#value) return;
    this.#value = value;
    onState(this);
  }

  /** Follows the file that has the name now. */
  #watchFile(): void {
    this.#fileWatch?.close();
    this.#fileWatch = undefined;
    try {
      this.#fileWatch = watch(this.#options.file, () => this.#onChange());
      this.#fileWatch.on('error', () => undefined);
    } catch {
      // The file does not exist: the directory will tell when it does.
    }
  }
}

function readNumber(file: string): { readonly value: number; readonly isEmpty: boolean } {
  let text: string;
  try {
    // A pipe that somebody put in its place would else be waited for, and the process with it.
    const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const buffer = Buffer.alloc(readBytes);
      text = buffer.toString('latin1', 0, readSync(descriptor, buffer, 0, readBytes, 0));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return { value: 0, isEmpty: false };
  }
  return { value: firstNumber(text), isEmpty: text === '' };
}

/** The number that a text begins with, as strtol with base 0 reads it; 0 when there is none. */
export function firstNumber(text: string): number {
  const match = /^\s*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)/.exec(text);
  if (match === null) return 0;
  const [, sign, digits = '0'] = match;
  const magnitude = /^0[0-7]+$/.test(digits) ? parseInt(digits, 8) : Number(digits);
  const limited = Math.min(magnitude, 0x7fffffff);
  return sign === '-' && limited !== 0 ? -limited : limited;
}
