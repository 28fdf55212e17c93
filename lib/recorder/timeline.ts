/**
 * The flight recorder: what happened to the routers of this node, in order, in bounded memory. Adverts are not here; the engine keeps
 * them as runs (NativeRecord), and a transition takes along what the engine held of its router at that moment.
 */
import type { NativeCause, NativeEvent, NativeRecord } from '../../bindings/native.js';
import type { StateName } from '../../bindings/engine.js';

/** A router changed its state. */
export interface TransitionEntry {
  readonly kind: 'transition';
  readonly atMs: number;
  /** Name of the instance. */
  readonly router: string;
  readonly from: StateName;
  readonly to: StateName;
  readonly priority: number;
  readonly cause: NativeCause;
  /** `group`: name of the member that began it. */
  readonly member?: string | undefined;
  /** Tracked objects that held it. */
  readonly faults: readonly string[];
  readonly record: NativeRecord | undefined;
}

/** What the engine told besides transitions; `router` is the instance's name, undefined for what concerns all. */
export interface EngineEntry {
  readonly kind: 'engine';
  readonly atMs: number;
  readonly router: string | undefined;
  readonly event: Exclude<NativeEvent, { readonly kind: 'transition' | 'group-transition' }>;
}

/** A tracked object changed its state. */
export interface TrackerEntry {
  readonly kind: 'tracker';
  readonly atMs: number;
  /** `script check`, `file load`, `process nginx`. */
  readonly what: string;
  /** up, down, or the value of a file. */
  readonly state: string;
  /** What was last seen: `exited with status 1`. */
  readonly detail: string;
  /** First bytes of a script's output. */
  readonly output: string;
}

/** A script that must not or cannot run: whatever tracks it runs without it. */
export interface RefusedEntry {
  readonly kind: 'refused';
  readonly atMs: number;
  readonly what: string;
  readonly message: string;
}

/** Another configuration was taken over, or could not be. */
export interface ReloadEntry {
  readonly kind: 'reload';
  readonly atMs: number;
  /** Why it was refused; nothing was changed then. */
  readonly refusedFor: string | undefined;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** What changed of which instance: `priority 150 -> 90`. */
  readonly changed: readonly { readonly router: string; readonly what: readonly string[] }[];
}

/** Somebody asked for something. */
export interface CommandEntry {
  readonly kind: 'command';
  readonly atMs: number;
  /** Undefined: for all. */
  readonly router: string | undefined;
  readonly text: string;
  /** Maintenance ends by it: the instance takes part as its priority says. */
  readonly endsMaintenance?: boolean;
}

/** The process that ran the routers before ended, and another one went on. */
export interface ProcessEntry {
  readonly kind: 'process';
  /** When the next one began. */
  readonly atMs: number;
  readonly pid: number;
  /** `died by signal 9 (SIGKILL)`. */
  readonly ending: string;
  readonly endedMs: number;
  /** Instances whose mastership was gone on with. */
  readonly resumed: readonly string[];
}

export type OtherEntry =
  EngineEntry | TrackerEntry | RefusedEntry | ReloadEntry | CommandEntry | ProcessEntry;
export type Entry = TransitionEntry | OtherEntry;

/** Where entries outlive the process. */
export interface EntryStore {
  /** What was written before, by this process or by others, oldest first. */
  entries(): readonly Entry[];
  add(entry: Entry): void;
}

/** Every router of a large node may move at one instant, with what the engine knows of its adverts. */
const keptTransitions = 4096;
const keptOthers = 4096;

/** Transitions and other entries are bounded apart, so that a busy script cannot push out the transition that it led to. */
export class Timeline {
  readonly #transitions = new Ring<TransitionEntry>(keptTransitions);
  readonly #others = new Ring<OtherEntry>(keptOthers);
  readonly #store: EntryStore | undefined;

  /** @param store what it holds is taken over, and everything that is added goes there too. */
  constructor(store?: EntryStore) {
    for (const entry of store?.entries() ?? []) this.#keep(entry);
    this.#store = store;
  }

  add(entry: Entry): void {
    this.#keep(entry);
    this.#store?.add(entry);
  }

  #keep(entry: Entry): void {
    if (entry.kind === 'transition') this.#transitions.add(entry);
    else this.#others.add(entry);
  }

  /** Transitions of one router, oldest first. */
  transitions(router: string): readonly TransitionEntry[] {
    return this.#transitions.list().filter((entry) => entry.router === router);
  }

  /** Everything else, oldest first. */
  others(): readonly OtherEntry[] {
    return this.#others.list();
  }

  /** When the oldest entry happened; undefined while there is none. */
  get sinceMs(): number | undefined {
    const first = [this.#transitions.first, this.#others.first].flatMap((entry) => entry?.atMs ?? []);
    return first.length === 0 ? undefined : Math.min(...first);
  }
}

/** The last entries of a sequence. */
class Ring<T> {
  readonly #capacity: number;
  readonly #entries: T[] = [];
  #next = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(entry: T): void {
    this.#entries[this.#next] = entry;
    this.#next = (this.#next + 1) % this.#capacity;
  }

  get first(): T | undefined {
    return this.#entries.length < this.#capacity ? this.#entries[0] : this.#entries[this.#next];
  }

  list(): readonly T[] {
    if (this.#entries.length < this.#capacity) return [...this.#entries];
    return [...this.#entries.slice(this.#next), ...this.#entries.slice(0, this.#next)];
  }
}
