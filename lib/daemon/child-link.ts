/** The supervisor's end of one child: starts it, asks it, hears its reports and its end. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { defaultAskMs, type AskOptions, type ControlEvent } from '../control/messages.js';
import { replyError } from '../control/serve.js';
import { KaError } from '../errors.js';
import { systemClock, type Timer } from '../host.js';
import { exitStatus } from './exit-status.js';
import { openLifeSign, readLifeSign } from './handover.js';
import {
  childFlag,
  type Beat,
  type ChildOrder,
  type ChildReport,
  type FromChild,
  type Role,
} from './protocol.js';

export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** It was never started: why. */
  readonly notStarted?: string;
}

/** In words, behind the name of the process: `died by signal 9 (SIGKILL)`. */
export function endingOf({ code, signal, notStarted }: ChildEnd): string {
  if (notStarted !== undefined) return `could not be started (${notStarted})`;
  return signal === null
    ? `ended with status ${code}`
    : `died by signal ${constants.signals[signal]} (${signal})`;
}

/** In words: `SIGKILL`, `status 1`, `spawn EAGAIN`. */
export function describeChildEnd({ code, signal, notStarted }: ChildEnd): string {
  return notStarted ?? signal ?? `status ${code}`;
}

export interface ChildLinkOptions {
  readonly order: ChildOrder;
  /** Arguments of the daemon. */
  readonly argv: readonly string[];
  /** What become the descriptors of the child, see `childFds`; behind them comes its sign of life. */
  readonly fds: readonly [vrrp: number, checkers: number, memory: number, recorder: number];
  readonly onReport: (report: ChildReport) => void;
  readonly onTold: (event: ControlEvent) => void;
  readonly onEnd: (end: ChildEnd) => void;
}

interface Asked {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: Timer;
}

export class ChildLink {
  readonly role: Role;
  /** Resolves after `onEnd`. */
  readonly ended: Promise<ChildEnd>;
  readonly #child: ChildProcess | undefined;
  #resolveEnded: (end: ChildEnd) => void = () => undefined;
  readonly #asked = new Map<number, Asked>();
  #next = 1;
  #end: ChildEnd | undefined;
  #lifeSign: number | undefined;
  #lastBeat: Beat | undefined;

  /** Never throws: a process that cannot be started has ended a moment later. */
  constructor(options: ChildLinkOptions) {
    const { order, argv, fds } = options;
    this.role = order.role;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    const [script = ''] = process.argv.slice(1);
    let child: ChildProcess;
    try {
      this.#lifeSign = openLifeSign();
      // A session of its own: a terminal's ^C is for the supervisor, which ends its children in order.
      child = spawn(
        process.execPath,
        [...process.execArgv, script, childFlag, JSON.stringify(order), ...argv],
        {
          stdio: ['ignore', 'inherit', 'inherit', 'ipc', ...fds, this.#lifeSign],
          serialization: 'advanced',
          detached: true,
        },
      );
    } catch (error) {
      // Node.js emits some errors of fork(2), and throws others, such as ENOMEM.
      const notStarted = error instanceof Error ? error.message : String(error);
      queueMicrotask(() => this.#onEnd({ code: null, signal: null, notStarted }, options));
      return;
    }
    this.#child = child;
    child.on('message', (message: FromChild) => this.#heard(message, options));
    child.on('error', ({ message }) => {
      // Of one that runs, it says that something could not be sent: its end will tell.
      if (child.pid === undefined) this.#onEnd({ code: null, signal: null, notStarted: message }, options);
    });
    child.on('exit', (code, signal) => this.#onEnd({ code, signal }, options));
  }

  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  /** Of the engine that ran in it; known when it has ended. */
  get lastBeat(): Beat | undefined {
    return this.#lastBeat;
  }

  /** It has ended in order. */
  hasLeft(): boolean {
    return this.#end?.code === exitStatus.good;
  }

  get isRunning(): boolean {
    return this.#end === undefined;
  }

  /** @throws {KaError} see Sides.ask. */
  ask(method: string, params?: unknown, { timeoutMs = defaultAskMs }: AskOptions = {}): Promise<unknown> {
    const child = this.#child;
    if (this.#end !== undefined || child?.connected !== true) return Promise.reject(gone());
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const timer = systemClock.schedule(
        timeoutMs,
        () => {
          this.#asked.delete(id);
          reject(new KaError('KA_CONTROL_TIMEOUT', `process ${this.pid} does not answer`));
        },
        { background: true },
      );
      this.#asked.set(id, { resolve, reject, timer });
      child.send({ kind: 'request', id, method, params }, () => undefined);
    });
  }

  /** False when it has ended already. */
  signal(signal: NodeJS.Signals): boolean {
    return this.#end === undefined && this.#child?.kill(signal) === true;
  }

  #heard(message: FromChild, { onReport, onTold }: ChildLinkOptions): void {
    switch (message.kind) {
      case 'report':
        onReport(message.report);
        return;
      case 'told':
        for (const event of message.events) onTold(event);
        return;
      case 'reply': {
        const asked = this.#asked.get(message.id);
        if (asked === undefined) return;
        this.#asked.delete(message.id);
        asked.timer.cancel();
        if (message.isGood) asked.resolve(message.result);
        else asked.reject(replyError(message));
      }
    }
  }

  #onEnd(end: ChildEnd, { onEnd }: ChildLinkOptions): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    if (this.#lifeSign !== undefined) {
      this.#lastBeat = readLifeSign(this.#lifeSign);
      closeSync(this.#lifeSign);
    }
    for (const { reject, timer } of this.#asked.values()) {
      timer.cancel();
      reject(gone());
    }
    this.#asked.clear();
    onEnd(end);
    this.#resolveEnded(end);
  }
}

function gone(): KaError {
  return new KaError('KA_CONTROL_GONE', 'the process has ended');
}
