/**
 * `vrrp_track_process`: how many processes of a kind run. keepalived hears of them from the kernel's process connector; JavaScript
 * has no access to that, so /proc is read at an interval: a start or end is noticed within `scanMs`, and a process that lives
 * shorter than that may not be noticed at all.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { Clock, Host, Timer } from '../host.js';
import type { OnState, TrackedState, Tracker } from './tracker.js';

/** Longest time until a start or an end is noticed. */
export const scanMs = 250;

export interface ProcessTrackerOptions {
  readonly name: string;
  /** Process name or path, then parameters. */
  readonly process: readonly string[];
  readonly paramMatch?: 'exact' | 'initial' | 'partial' | undefined;
  readonly fullCommand: boolean;
  readonly quorum: number;
  /** Infinity: no upper limit. */
  readonly quorumMax: number;
  /** A quorum gained or lost by a new process must last so long. */
  readonly forkDelayMs: number;
  /** The same when a process ended. */
  readonly terminateDelayMs: number;
  readonly processes: ProcessTable;
  readonly host: Host;
  readonly onState: OnState;
}

export class ProcessTracker implements Tracker {
  readonly name: string;
  readonly #options: ProcessTrackerOptions;
  #count = 0;
  #isUp = false;
  #isKnown = false;
  #pending: Timer | undefined;
  #leave: (() => void) | undefined;

  constructor(options: ProcessTrackerOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get state(): TrackedState {
    if (!this.#isKnown) return { kind: 'unknown' };
    return { kind: this.#isUp ? 'up' : 'down' };
  }

  get detail(): string {
    return `${this.#count} ${this.#count === 1 ? 'process' : 'processes'}`;
  }

  start(): void {
    this.#leave = this.#options.processes.subscribe((all) => this.#onScan(all));
  }

  close(): void {
    this.#leave?.();
    this.#pending?.cancel();
  }

  #onScan(all: readonly ProcessEntry[]): void {
    const { quorum, quorumMax, forkDelayMs, terminateDelayMs, host } = this.#options;
    const count = all.filter((entry) => this.#matches(entry)).length;
    const hasGrown = count > this.#count;
    this.#count = count;
    const isUp = count >= quorum && count <= quorumMax;
    if (!this.#isKnown) {
      this.#isKnown = true;
      this.#set(isUp);
      return;
    }
    if (isUp === this.#isUp) {
      this.#pending?.cancel();
      this.#pending = undefined;
      return;
    }
    if (this.#pending !== undefined) return;
    const delayMs = hasGrown ? forkDelayMs : terminateDelayMs;
    if (delayMs === 0) {
      this.#announce(isUp);
      return;
    }
    this.#pending = host.clock.schedule(delayMs, () => {
      this.#pending = undefined;
      this.#announce(isUp);
    });
  }

  #announce(isUp: boolean): void {
    this.#options.host.logger.log(
      'info',
      `Quorum ${isUp ? 'gained' : 'lost'} for tracked process ${this.name}`,
    );
    this.#set(isUp);
  }

  #set(isUp: boolean): void {
    this.#isUp = isUp;
    this.#options.onState(this);
  }

  #matches(entry: ProcessEntry): boolean {
    const { process, paramMatch, fullCommand } = this.#options;
    const [name = '', ...parameters] = process;
    if (parameters.length === 0 && paramMatch === undefined && !fullCommand) {
      return entry.comm === baseName(name).slice(0, 15);
    }
    const [argument0, ...actual] = entry.commandLine();
    if (argument0 !== name) return false;
    return matchParameters(parameters, actual, paramMatch ?? 'exact');
  }
}

function matchParameters(
  wanted: readonly string[],
  actual: readonly string[],
  how: 'exact' | 'initial' | 'partial',
): boolean {
  if (how === 'exact' ? wanted.length !== actual.length : wanted.length > actual.length) return false;
  return wanted.every((word, index) => {
    const isLast = index === wanted.length - 1;
    return how === 'partial' && isLast ? actual[index]?.startsWith(word) === true : actual[index] === word;
  });
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** One live process. */
export interface ProcessEntry {
  readonly pid: number;
  /** The kernel's task name, at most 15 characters. */
  readonly comm: string;
  /** Arguments; empty for kernel threads and for processes that just ended. */
  commandLine(): readonly string[];
}

/** The processes of this machine, scanned once for all who ask. */
export class ProcessTable {
  readonly #clock: Clock;
  readonly #list: () => readonly ProcessEntry[];
  readonly #subscribers = new Set<(all: readonly ProcessEntry[]) => void>();
  #timer: Timer | undefined;

  constructor(clock: Clock, list: () => readonly ProcessEntry[] = listProcesses) {
    this.#clock = clock;
    this.#list = list;
  }

  /** Calls back at once and then after every scan, until the returned function is called. */
  subscribe(callback: (all: readonly ProcessEntry[]) => void): () => void {
    this.#subscribers.add(callback);
    callback(this.#list());
    if (this.#timer === undefined) this.#arm();
    return () => {
      this.#subscribers.delete(callback);
      if (this.#subscribers.size > 0) return;
      this.#timer?.cancel();
      this.#timer = undefined;
    };
  }

  #arm(): void {
    this.#timer = this.#clock.schedule(
      scanMs,
      () => {
        const all = this.#list();
        for (const callback of this.#subscribers) callback(all);
        if (this.#subscribers.size > 0) this.#arm();
      },
      { background: true },
    );
  }
}

/** All live processes; zombies are not alive. */
export function listProcesses(): readonly ProcessEntry[] {
  const found: ProcessEntry[] = [];
  for (const name of readdirSync('/proc')) {
    const first = name.charCodeAt(0);
    if (first < 48 || first > 57) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const end = stat.lastIndexOf(')');
      if (stat[end + 2] === 'Z' || stat[end + 2] === 'X') continue;
      const comm = stat.slice(stat.indexOf('(') + 1, end);
      found.push({ pid: Number(name), comm, commandLine: () => readCommandLine(name) });
    } catch {
      // It ended meanwhile.
    }
  }
  return found;
}

function readCommandLine(pid: string): readonly string[] {
  try {
    const text = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return text === '' ? [] : text.replace(/\0$/, '').split('\0');
  } catch {
    return [];
  }
}
