/**
 * The one place that starts child processes: as a given user, in a process group of its own, without a shell, with a time
 * limit that ends the whole group, and with output that cannot grow. It knows nothing of what the commands mean;
 * whether a script may run at all is decided in script-security.ts.
 */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { Clock, Timer } from './host.js';

/** A command that can be started. */
export interface Command {
  /** Arguments; the first is the name that the process sees of itself. */
  readonly argv: readonly string[];
  /** File to execute; absent: argv[0], searched in PATH when it has no slash. */
  readonly file?: string;
  /** Numeric user and group; absent: those of this process. */
  readonly uid?: number;
  readonly gid?: number;
}

export interface RunOptions {
  readonly clock: Clock;
  /** Milliseconds until SIGTERM is sent to the process group; absent: no limit. */
  readonly timeoutMs?: number;
  /** Called once, at the moment the limit passes; the process may live on for a while. */
  readonly onTimeout?: () => void;
  /** Ends the process group in the same way as the time limit. */
  readonly signal?: AbortSignal;
  /** Bytes of output (stdout and stderr together) to keep, from the start. 0, the default: both are /dev/null. */
  readonly captureBytes?: number;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A child in the background does not keep this process alive. */
  readonly background?: boolean;
}

/** How a command ended. */
export type RunEnd =
  | { readonly kind: 'exited'; readonly status: number }
  | { readonly kind: 'signalled'; readonly signal: NodeJS.Signals }
  /** It never ran; `code` is an errno name such as ENOENT or EACCES. */
  | { readonly kind: 'not-started'; readonly code: string; readonly message: string };

export interface RunResult {
  readonly end: RunEnd;
  /** The time limit passed before the end. */
  readonly timedOut: boolean;
  readonly durationMs: number;
  /** Captured output, cut at `captureBytes`. */
  readonly output: string;
  /** Bytes written in all, kept or not; 0 when nothing is captured. */
  readonly outputBytes: number;
}

/** A started command. */
export interface Running {
  /** Process id, which is the process group id too; undefined when it could not be started. */
  readonly pid: number | undefined;
  /** Never rejects. */
  readonly finished: Promise<RunResult>;
  /** SIGTERM to the group now, SIGKILL later as after the time limit. Idempotent. */
  terminate(): void;
}

/** keepalived: SIGKILL 2 s after SIGTERM, again 2 s later, then every 10 s. */
const killDelaysMs = [2_000, 2_000];
const killRepeatMs = 10_000;

/** Variables of this process that scripts must not inherit (keepalived removes the same). */
const withheldVariables = new Set(['IFS', 'LD_PRELOAD', 'LD_LIBRARY_PATH']);

/** Starts a command and waits for its end. Never rejects: a command that cannot be started is a result too. */
export function run(command: Command, options: RunOptions): Promise<RunResult> {
  return start(command, options).finished;
}

/** Starts a command. */
export function start(command: Command, options: RunOptions): Running {
  const startedMs = options.clock.nowMs();
  const [name = ''] = command.argv;
  const capture = new Capture(options.captureBytes ?? 0);
  let child: ChildProcess;
  try {
    child = spawn(command.file ?? name, command.argv.slice(1), {
      argv0: name,
      detached: true,
      stdio: capture.stdio,
      env: { ...inheritedEnvironment(), ...options.env },
      ...(command.uid === undefined ? {} : { uid: command.uid }),
      ...(command.gid === undefined ? {} : { gid: command.gid }),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
  } catch (error) {
    return notStarted(errorCode(error), error instanceof Error ? error.message : String(error));
  }
  if (options.background === true) child.unref();
  capture.attach(child);
  const reaper = new GroupReaper(child.pid, options.clock);
  let timedOut = false;
  const limit =
    options.timeoutMs === undefined
      ? undefined
      : options.clock.schedule(options.timeoutMs, () => {
          timedOut = true;
          reaper.begin();
          options.onTimeout?.();
        });
  const onAbort = (): void => reaper.begin();
  if (options.signal?.aborted === true) onAbort();
  else options.signal?.addEventListener('abort', onAbort, { once: true });

  const finished = new Promise<RunResult>((resolve) => {
    const finish = (end: RunEnd): void => {
      limit?.cancel();
      options.signal?.removeEventListener('abort', onAbort);
      reaper.leaderGone();
      const durationMs = options.clock.nowMs() - startedMs;
      resolve({ end, timedOut, durationMs, output: capture.text(), outputBytes: capture.total });
    };
    child.once('error', (error) => {
      // After a successful start `error` only says that a signal could not be sent; the exit follows.
      if (child.pid === undefined)
        finish({ kind: 'not-started', code: errorCode(error), message: error.message });
    });
    child.once('exit', (status, signal) => {
      const end: RunEnd =
        signal === null ? { kind: 'exited', status: status ?? 0 } : { kind: 'signalled', signal };
      // What the command wrote before its end is already in the pipes: one turn of the loop reads it.
      if (capture.enabled) setImmediate(() => finish(end));
      else finish(end);
    });
  });
  return { pid: child.pid, finished, terminate: () => reaper.begin() };
}

/** In words: `exited with status 3`, `killed by SIGTERM`, `could not be started: ENOENT`. */
export function describeEnd(end: RunEnd): string {
  if (end.kind === 'exited') return `exited with status ${end.status}`;
  return end.kind === 'signalled' ? `killed by ${end.signal}` : `could not be started: ${end.message}`;
}

function notStarted(code: string, message: string): Running {
  const end: RunEnd = { kind: 'not-started', code, message };
  const result = { end, timedOut: false, durationMs: 0, output: '', outputBytes: 0 };
  return { pid: undefined, finished: Promise.resolve(result), terminate: () => undefined };
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'EUNKNOWN';
}

function inheritedEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !withheldVariables.has(name)));
}

/** Ends a process group: SIGTERM, then SIGKILL until it is gone. */
class GroupReaper {
  readonly #pid: number | undefined;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #kills = 0;
  #begun = false;
  #over = false;

  constructor(pid: number | undefined, clock: Clock) {
    this.#pid = pid;
    this.#clock = clock;
  }

  begin(): void {
    if (this.#begun || this.#over || this.#pid === undefined) return;
    this.#begun = true;
    this.#signal('SIGTERM');
    this.#armKill();
  }

  /** The leader was reaped. A group that was asked to end and whose other members did not is killed now. */
  leaderGone(): void {
    if (this.#begun && !this.#over) this.#signal('SIGKILL');
    this.#over = true;
    this.#timer?.cancel();
  }

  #armKill(): void {
    const delayMs = killDelaysMs[this.#kills] ?? killRepeatMs;
    this.#timer = this.#clock.schedule(
      delayMs,
      () => {
        this.#kills += 1;
        this.#signal('SIGKILL');
        this.#armKill();
      },
      { background: true },
    );
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#pid === undefined) return;
    try {
      process.kill(-this.#pid, signal);
    } catch {
      // ESRCH: the group is empty. EPERM: it changed its user; there is nothing more that can be done.
    }
  }
}

/** Keeps the first bytes of the output and reads the rest away, so that the command never blocks on a full pipe. */
class Capture {
  readonly #limit: number;
  readonly #chunks: Buffer[] = [];
  #kept = 0;
  total = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get enabled(): boolean {
    return this.#limit > 0;
  }

  get stdio(): StdioOptions {
    return this.enabled ? ['ignore', 'pipe', 'pipe'] : 'ignore';
  }

  attach(child: ChildProcess): void {
    for (const stream of [child.stdout, child.stderr]) if (stream !== null) this.#read(stream);
    // A daemon that the command leaves behind may hold the pipes: it is read on, but nothing waits for it.
    child.once('exit', () => {
      for (const stream of [child.stdout, child.stderr]) if (stream instanceof Socket) stream.unref();
    });
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }

  #read(stream: Readable): void {
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => {
      this.total += chunk.length;
      const room = this.#limit - this.#kept;
      if (room <= 0) return;
      this.#chunks.push(Buffer.from(chunk.subarray(0, room)));
      this.#kept += Math.min(room, chunk.length);
    });
  }
}
