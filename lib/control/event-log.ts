/**
 * The last events, numbered, so that a reader who was away can go on where it was, or hears how many it has missed.
 */
export interface LoggedEvent {
  /** From 1, without gaps, since the start of the daemon. */
  readonly sequence: number;
  readonly atMs: number;
  readonly kind: string;
  /** JSON. */
  readonly data: string;
}

/** Where a reader is: `<run>.<sequence>`, the id of the last event it has. */
export class EventLog {
  readonly #capacity: number;
  readonly #run: string;
  readonly #events: LoggedEvent[] = [];
  readonly #readers = new Set<() => void>();
  #next = 1;

  /** @param run tells one run of the daemon from another, so that numbers of an earlier one are not taken for ours. */
  constructor(run: string, capacity = 4096) {
    this.#run = run;
    this.#capacity = capacity;
  }

  /** Number of the last event; 0: none yet. */
  get last(): number {
    return this.#next - 1;
  }

  push(kind: string, atMs: number, fields: object): void {
    const sequence = this.#next++;
    this.#events.push({ sequence, atMs, kind, data: JSON.stringify({ sequence, atMs, ...fields }) });
    if (this.#events.length > this.#capacity) this.#events.shift();
    for (const wake of this.#readers) wake();
  }

  id(sequence: number): string {
    return `${this.#run}.${sequence}`;
  }

  /**
   * The number after which a reader goes on, from the id it gives, and what it has missed for certain: undefined when nothing,
   * `restart` when its id is of another run. Without an id it begins with what comes.
   */
  resume(id: string | undefined): { readonly after: number; readonly isOtherRun: boolean } {
    if (id === undefined || id === '') return { after: this.last, isOtherRun: false };
    const match = /^(.+)\.(\d{1,15})$/.exec(id);
    if (match?.[1] !== this.#run || Number(match[2]) > this.last) return { after: 0, isOtherRun: true };
    return { after: Number(match[2]), isOtherRun: false };
  }

  /** The events after number `after`, at most `limit`, and how many of them are gone already. */
  since(after: number, limit = 256): { readonly lost: number; readonly events: readonly LoggedEvent[] } {
    const first = this.#events[0]?.sequence ?? this.#next;
    const from = Math.max(after + 1, first);
    const start = from - first;
    return { lost: from - after - 1, events: this.#events.slice(start, start + limit) };
  }

  /** Calls back after every event until the returned function is called. */
  watch(wake: () => void): () => void {
    this.#readers.add(wake);
    return () => this.#readers.delete(wake);
  }
}
