/** What the engine tells when it is asked: states, counters, the flight recorder. */
import type { NativeDropReason } from './native-events.js';
import type { NativeCause, NativeHold, NativeState } from './native-words.js';

export interface NativeRouterStatus {
  readonly id: number;
  readonly state: NativeState;
  readonly holds: readonly NativeHold[];
  readonly priority: number;
  readonly sinceMs: number;
  /** Of the last transition; absent before the first. */
  readonly cause?: NativeCause;
  /** What adverts are sent from; absent while there is none. */
  readonly source?: string;
  readonly master?: string;
  readonly masterPriority: number;
  readonly masterAdvertIntervalUs: number;
  /** Virtual addresses that the kernel holds now because of this router. */
  readonly installed: readonly string[];
  /** Somebody else holds the addresses of this master now. */
  readonly splitBrain: boolean;
  readonly counters: {
    readonly sent: number;
    readonly sendFailed: number;
    readonly sendFailedByErrno: Readonly<Record<string, number>>;
    readonly received: number;
    readonly priorityZeroSent: number;
    readonly priorityZeroReceived: number;
    readonly becameActive: number;
    readonly releasedActive: number;
    readonly dropped: Readonly<Partial<Record<NativeDropReason, number>>>;
    readonly announced: number;
    /** Alarms raised because somebody else held the addresses while we were master. */
    readonly splitBrains: number;
    /** Time spent in each state so far, microseconds. */
    readonly timeInStateUs: Readonly<Record<NativeState, number>>;
  };
}

export interface NativeEngineStatus {
  readonly routers: readonly NativeRouterStatus[];
  readonly wakeUps: number;
  /** Lateness of wake-ups for adverts and silences: bucket i counts those below 2^i microseconds (last: all above). */
  readonly lateness: readonly number[];
  readonly maxLatenessUs: number;
  /** Sum of all of it, microseconds. */
  readonly latenessSumUs: number;
  /** How often the kernel dropped link and address news, so that everything was listed anew. */
  readonly netlinkOverruns: number;
  readonly droppedUnknown: Readonly<Partial<Record<NativeDropReason, number>>>;
  readonly links: readonly { readonly name: string; readonly index: number; readonly up: boolean }[];
}

/** Adverts of one kind that came at their interval: a run instead of a record each. Times are wall clock, milliseconds. */
export interface NativeAdvertRun {
  /** `refused`: heard and not accepted, see `reason`. */
  readonly fate: 'sent' | 'received' | 'refused';
  /** The sender; of sent ones the last destination. */
  readonly peer: string;
  readonly reason?: NativeDropReason;
  readonly priority?: number;
  /** As advertised. */
  readonly intervalUs?: number;
  /** Why sent ones did not leave. */
  readonly code?: string;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Longest pause between two of them; one of three intervals and more begins another run. */
  readonly longestGapMs: number;
}

/** What the engine's flight recorder holds of one router. */
export interface NativeRecord {
  /** Ordered by their last advert. */
  readonly adverts: readonly NativeAdvertRun[];
  /** The latest wake-up of each of the last seconds, oldest first. */
  readonly late: readonly { readonly atMs: number; readonly lateUs: number }[];
}
