/**
 * Lines on their way into something that may be full, slow or gone (a named pipe, a log socket, a full disk): written in order,
 * kept for a while when they cannot be written, given up, oldest first and counted, when too much waits. Never waits
 * itself. It does not know what the lines mean.
 */
import type { Clock, Timer } from './host.js';

/** What became of one attempt to write. `sent` may cover less than all bytes. */
export type WriteOutcome =
  | { readonly kind: 'sent'; readonly bytes: number }
  /** Full now; worth another try. */
  | { readonly kind: 'busy' }
  /** `code` is an errno name. */
  | { readonly kind: 'failed'; readonly code: string };

export interface LineQueueOptions {
  readonly clock: Clock;
  /** One attempt, which must not wait. */
  readonly write: (bytes: Uint8Array) => WriteOutcome;
  /** Bytes that may wait. */
  readonly limitBytes: number;
  /** Bytes that may wait for a receiver that is gone, and may never come back; absent: as many. */
  readonly goneLimitBytes?: number;
  /** A failed write is tried again like a busy one (the receiver may come back); false: the line is lost. */
  readonly retryFailures: boolean;
  /** Called when lines begin to be lost or to wait, and when everything that waited has been written. */
  readonly onChange?: (state: LineQueueState) => void;
}

/** `behind`: lines wait. `losing`: some were given up since the last `clear`; `why` names the errno, or EAGAIN when busy. */
export type LineQueueState =
  | { readonly kind: 'clear'; readonly lost: number }
  | { readonly kind: 'behind'; readonly why: string }
  | { readonly kind: 'losing'; readonly why: string };

/** First pause before another try, doubled up to the last while nothing can be written. */
const firstPauseMs = 5;
/** A slow receiver is tried again soon; one that is gone (no /dev/log) may never come. */
const lastPauseMs = { busy: 500, failed: 10_000 } as const;

/** So many places of lines that are gone are kept before the others move up. */
const compactAt = 1024;
const nothing = new Uint8Array(0);

export class LineQueue {
  readonly #options: LineQueueOptions;
  /** Lines that wait begin at `#first`: to shift a long array for each of them costs more than to write it. */
  #waiting: Uint8Array[] = [];
  #first = 0;
  #waitingBytes = 0;
  /** The last attempt found nobody there. */
  #isGone = false;
  /** The first waiting line is written in part, and must be ended before anything else. */
  #isCut = false;
  #timer: Timer | undefined;
  #pauseMs = firstPauseMs;
  #state: LineQueueState['kind'] = 'clear';
  #lost = 0;
  #lostSinceClear = 0;
  #written = 0;
  /** `#written` when the last line was lost: the trouble is over only when one was written after it. */
  #writtenAtLoss = 0;
  #closed = false;

  constructor(options: LineQueueOptions) {
    this.#options = options;
  }

  /** Lines written to the end. */
  get written(): number {
    return this.#written;
  }

  /** Lines given up. */
  get lost(): number {
    return this.#lost;
  }

  /** Lines that wait. */
  get waiting(): number {
    return this.#waiting.length - this.#first;
  }

  /** Writes a line (with its newline, if it has one), or keeps it until it can be written. */
  push(bytes: Uint8Array): void {
    if (this.#closed) {
      this.#lost += 1;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#timer === undefined) this.#drain();
    else this.#shed('EAGAIN');
  }

  /** Another try now, e.g. before the end. True when nothing waits any more. */
  flush(): boolean {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#drain();
    return this.waiting === 0;
  }

  /** One last try; what still waits then is lost. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.flush();
    this.#closed = true;
    this.#timer?.cancel();
    this.#lost += this.waiting;
    this.#waiting = [];
    this.#first = 0;
  }

  #drain(): void {
    for (;;) {
      const line = this.#waiting[this.#first];
      if (line === undefined) break;
      const outcome = this.#options.write(line);
      if (outcome.kind === 'sent' && outcome.bytes > 0) {
        this.#advance(line, outcome.bytes);
      } else if (outcome.kind === 'failed' && !this.#options.retryFailures) {
        this.#drop(0);
        this.#enter({ kind: 'losing', why: outcome.code });
      } else {
        const isGone = (this.#isGone = outcome.kind === 'failed');
        this.#wait(isGone ? outcome.code : 'EAGAIN', isGone ? lastPauseMs.failed : lastPauseMs.busy);
        return;
      }
    }
    if (this.#lostSinceClear === 0 || this.#written > this.#writtenAtLoss) this.#clear();
  }

  #advance(line: Uint8Array, bytes: number): void {
    this.#pauseMs = firstPauseMs;
    this.#waitingBytes -= bytes;
    this.#isCut = bytes < line.length;
    if (this.#isCut) {
      this.#waiting[this.#first] = line.subarray(bytes);
      return;
    }
    this.#forget();
    this.#written += 1;
  }

  #wait(why: string, longestMs: number): void {
    const pauseMs = Math.min(this.#pauseMs, longestMs);
    // Armed first: what `onChange` calls may push a line.
    this.#timer ??= this.#options.clock.schedule(
      pauseMs,
      () => {
        this.#timer = undefined;
        this.#drain();
      },
      { background: true },
    );
    this.#pauseMs = pauseMs * 2;
    this.#enter({ kind: 'behind', why });
    this.#shed(why);
  }

  /** Gives up the oldest lines until the limit holds: the newest tell the reader where things stand. */
  #shed(why: string): void {
    const { limitBytes, goneLimitBytes = limitBytes } = this.#options;
    const limit = this.#isGone ? goneLimitBytes : limitBytes;
    // One that is written in part stays.
    const oldest = this.#isCut ? 1 : 0;
    while (this.#waitingBytes > limit && this.waiting > oldest) {
      this.#drop(oldest);
      this.#enter({ kind: 'losing', why });
    }
  }

  /** Gives up the oldest line or the one behind it. */
  #drop(place: 0 | 1): void {
    const at = this.#first + place;
    this.#waitingBytes -= this.#waiting[at]?.length ?? 0;
    const oldest = this.#waiting[this.#first];
    if (place === 1 && oldest !== undefined) this.#waiting[at] = oldest;
    if (place === 0) this.#isCut = false;
    this.#forget();
    this.#lost += 1;
    this.#lostSinceClear += 1;
    this.#writtenAtLoss = this.#written;
  }

  /** Takes the oldest line out of the array. */
  #forget(): void {
    this.#waiting[this.#first] = nothing;
    this.#first += 1;
    if (this.waiting === 0) this.#waiting.length = 0;
    else if (this.#first < compactAt || this.#first < this.waiting) return;
    else this.#waiting = this.#waiting.slice(this.#first);
    this.#first = 0;
  }

  #enter(state: Exclude<LineQueueState, { kind: 'clear' }>): void {
    const order = { clear: 0, behind: 1, losing: 2 };
    if (order[state.kind] <= order[this.#state]) return;
    this.#state = state.kind;
    this.#options.onChange?.(state);
  }

  #clear(): void {
    if (this.#state === 'clear') return;
    const lost = this.#lostSinceClear;
    this.#state = 'clear';
    this.#lostSinceClear = 0;
    this.#options.onChange?.({ kind: 'clear', lost });
  }
}
