/** What the supervisor and its children say to each other about their life. The rest is lib/control/messages.ts. */
import type { NamedAddress } from '../../bindings/addresses.js';
import type { IpvsTimeouts } from '../../bindings/ipvs-types.js';
import type { Arrangement } from '../control/maintenance.js';
import { systemClock } from '../host.js';
import type { Config } from '../config/model.js';
import type { Entry } from '../recorder/timeline.js';
import type { DumpKind } from './dump.js';
import type { OwnScript } from './own-scripts.js';
import type { ControlReply, ControlRequest, ControlTold, Side } from '../control/messages.js';

/**
 * `first` reads the configuration at the start and goes on as the first side that it needs. `reader` reads it for a reload and ends.
 * `cleaner` removes what a VRRP process that died has left, and ends.
 */
export type Role = 'first' | 'reader' | 'cleaner' | Side;

/** Given to a child on its command line, as JSON behind `childFlag`. */
export interface ChildOrder {
  readonly role: Role;
  /** Of the configuration that it is to run. */
  readonly generation: number;
  /** A side ran before and died: what it did once at the start is done. */
  readonly isRestart?: boolean;
  /** Niceness to run with; at its start the process has another one. */
  readonly niceness?: number;
}

export const childFlag = '--as-child';

/**
 * Descriptors of a child: the hand-over files of the sides; one of what the supervisor remembers: to `vrrp` a Memory, to `reader`
 * the mistakes that were told before, as `code message` (too many for a command line); the flight recorder of VRRP; and where an engine
 * notes that it runs.
 */
export const childFds = { ipc: 3, vrrp: 4, checkers: 5, memory: 6, recorder: 7, lifeSign: 8 } as const;

/** What the supervisor has to know of a configuration. */
export interface ReadFacts {
  readonly sides: readonly Side[];
  readonly instance: string | undefined;
  readonly netNamespace: string | undefined;
  readonly usesPidDir: boolean;
  readonly childWaitMs: number;
  readonly umask: number | undefined;
  /** reload_file, reload_time_file, reload_repeat. */
  readonly reloadFile: string | undefined;
  readonly reloadTimeFile: string | undefined;
  readonly reloadRepeats: boolean;
  /** shutdown_script. */
  readonly shutdown: OwnScript | undefined;
  /** Title of the supervisor in `ps`. */
  readonly title: string;
  /** All its mistakes, as `code message`. */
  readonly known: readonly string[];
}

export type ReadOutcome =
  | { readonly isGood: true; readonly facts: ReadFacts; readonly lines: readonly string[] }
  | {
      readonly isGood: false;
      /** Exit status, if the daemon is only just starting. */
      readonly status: number;
      readonly message: string;
      readonly lines: readonly string[];
    };

/** What a VRRP process held, so that the next one can go on with it. */
export interface Held {
  /** Instances in MASTER state. */
  readonly masters: readonly string[];
  /** Verdicts of tracked scripts. */
  readonly scripts: Readonly<Record<string, 'up' | 'down'>>;
  /** What operators arranged. */
  readonly maintenance?: readonly Arrangement[];
}

/** The last sign of life of an engine; zeros: none, or it has left in order. CLOCK_MONOTONIC in microseconds, wall clock in milliseconds. */
export interface Beat {
  readonly monotonicUs: number;
  readonly wallMs: number;
}

/** What each instance of a VRRP process has in the kernel while it is MASTER, if the process is to answer for it. */
export interface Left {
  /** Path of the network namespace; undefined: the daemon's. */
  readonly netns: string | undefined;
  readonly instances: readonly {
    readonly name: string;
    /** For so long after its last sign of life its mastership can be gone on with, milliseconds. */
    readonly freshMs: number;
    readonly addresses: readonly NamedAddress[];
  }[];
}

/** What the supervisor remembers of processes that died; all but the weights, the timeouts and `past` is of VRRP. */
export interface Memory {
  readonly held: Held;
  readonly beat: Beat;
  /** How the process before ended. */
  readonly death?: Death;
  /** Of the checkers: weights that were set by hand, see `WeightOverrides`. */
  readonly weights: Readonly<Record<string, number>>;
  /** Of the checkers: the kernel's timeouts before `lvs_timeouts`; absent: untouched. */
  readonly timeouts?: IpvsTimeouts;
  /** Paths of other halves that processes of this side may have put to work, see `PastHalves`. */
  readonly past: readonly string[];
}

export interface Death {
  readonly pid: number;
  /** `died by signal 9 (SIGKILL)`. */
  readonly ending: string;
  readonly atMs: number;
}

export type ChildReport =
  /** `becomes`: the side that a first child goes on as; undefined when nothing is to be run. */
  | { readonly kind: 'read'; readonly outcome: ReadOutcome; readonly becomes?: Side | undefined }
  /** The half of `side` is in its hand-over file. */
  | { readonly kind: 'half'; readonly side: Side }
  | { readonly kind: 'ready'; readonly summary: string }
  /** For `systemctl status`. */
  | { readonly kind: 'summary'; readonly text: string }
  | { readonly kind: 'held'; readonly held: Held }
  /** Weights that are set by hand now. */
  | { readonly kind: 'weights'; readonly weights: Readonly<Record<string, number>> }
  /** `lvs_timeouts` is about to be set: what they are. */
  | { readonly kind: 'timeouts'; readonly timeouts: IpvsTimeouts }
  /** Before a configuration is put to work (what was before it, too), after it, and at the end: nothing. */
  | { readonly kind: 'left'; readonly left: Left }
  /** The engine is about to be started. */
  | { readonly kind: 'begun' }
  /** A child was sent SIGHUP. */
  | { readonly kind: 'reload' }
  /** It cannot start, and ends. */
  | { readonly kind: 'failed'; readonly status: number; readonly message: string; readonly errno: number };

export type FromChild =
  { readonly kind: 'report'; readonly report: ChildReport } | ControlReply | ControlTold;

export type ToChild = ControlRequest;

/** Parameters of a child's own method `daemon.reload`. Its result is a list of lines. */
export interface ReloadParams {
  readonly path: string;
  readonly generation: number;
}

/** Parameters of `daemon.read`. Its result is a ReadOutcome, or undefined when it is not for that process to read. */
export interface ReadParams {
  /** Of the hand-over files to write. */
  readonly paths: Readonly<Record<Side, string>>;
  readonly generation: number;
  /** Mistakes that were told before, as `code message`. */
  readonly known: readonly string[];
}

/** What is in a hand-over file. */
export interface Half {
  readonly side: Side;
  readonly generation: number;
  readonly config: Config;
}

export const ownMethods = {
  /** To the checkers: read the configuration for a reload. */
  read: 'daemon.read',
  reload: 'daemon.reload',
  /** To the checkers: the instances that are MASTER now, a list of names. */
  masters: 'daemon.masters',
  /** To VRRP: a configuration was refused; the reason, for the flight recorder. */
  refused: 'daemon.refused',
  dump: 'daemon.dump',
  dumpParent: 'daemon.dump-parent',
} as const;

/** Now, for `Beat`. CLOCK_MONOTONIC is the same in all processes. */
export function beatNow(): Beat {
  return { monotonicUs: Number(process.hrtime.bigint() / 1000n), wallMs: systemClock.wallMs() };
}

// What comes from another process of the daemon was made by the same program, from the types above.

export function parseOrder(text: string): ChildOrder {
  return JSON.parse(text) as ChildOrder;
}

export function reloadParams(params: unknown): ReloadParams {
  return params as ReloadParams;
}

export function readParams(params: unknown): ReadParams {
  return params as ReadParams;
}

export function readOutcome(result: unknown): ReadOutcome | undefined {
  return result as ReadOutcome | undefined;
}

export function mastersParams(params: unknown): readonly string[] {
  return params as readonly string[];
}

export function refusedParams(params: unknown): string {
  return String(params);
}

export function recordedEntry(value: unknown): Entry {
  return value as Entry;
}

export function dumpParams(params: unknown): DumpKind {
  return params as DumpKind;
}
