/**
 * The one place that starts child processes: as a given user, in a process group of its own, without a shell, with a time
 * limit that ends the whole group, and with output that cannot grow. The addon launches (native/launch/): Node's own spawn
 * costs many times as much, and waits for the file system on this thread. It knows nothing of what the commands mean;
 * whether a script may run at all is decided in script-security.ts.
 */
import {
  launch,
  type FileIdentity,
  type Launched,
  type LaunchEnd,
  type LaunchRequest,
} from '../bindings/launcher.js';
import type { Clock, Timer } from './host.js';

/** A command that can be started. */
export interface Command {
  /** Arguments; the first is the name that the process sees of itself. */
  readonly argv: readonly string[];
  /** File to execute; absent: argv[0], searched in PATH when it has no slash. */
  readonly file?: string;
  /** Numeric user and group, given together; absent: those of this process. */
  readonly uid?: number;
  readonly gid?: number;
  /** Supplementary groups that come with `uid`; absent: none. */
  readonly groups?: readonly number[];
  /** With `file`: it runs only while it is this very file, unchanged. */
  readonly identity?: FileIdentity;
  /** Called when the file is another one now: its identity if it may run as well, else the reason why not. */
  readonly renew?: () => FileIdentity | string;
}

export interface RunOptions {
  readonly clock: Clock;
  /** Milliseconds until SIGTERM is sent to the process group; absent: no limit. */
  readonly timeoutMs?: number;
  /** Called once, at the moment the limit passes; the process may live on for a while. */
  readonly onTimeout?: () => void;
  /** Ends the process group in the same way as the time limit. */
  readonly signal?: AbortSignal;
  /** What the command reads from stdin; absent: /dev/null. */
  readonly input?: string;
  /** Bytes of output (stdout and stderr together) to keep, from the start. 0, the default: both are /dev/null. */
  readonly captureBytes?: number;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A child in the background does not keep this process alive. */
  readonly background?: boolean;
}

/** How a command ended. */
export type RunEnd = LaunchEnd;

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
  /** Never rejects. */
  readonly finished: Promise<RunResult>;
  /** SIGTERM to the group now, SIGKILL later as after the time limit. Idempotent. */
  terminate(): void;
}

/** keepalived: SIGKILL 2 s after SIGTERM, again 2 s later, then every 10 s. */
const killDelaysMs = [2_000, 2_000];
const killRepeatMs = 10_000;

/** Starts a command and waits for its end. Never rejects: a command that cannot be started is a result too. */
export function run(command: Command, options: RunOptions): Promise<RunResult> {
  return start(command, options).finished;
}

/** Starts a command. */
export function start(command: Command, options: RunOptions): Running {
  const startedMs = options.clock.nowMs();
  const reaper = new GroupReaper(options.clock);
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

  const finished = new Promise<RunResult>((resolve) => {
    const finish = (end: RunEnd, output: string, outputBytes: number): void => {
      limit?.cancel();
      options.signal?.removeEventListener('abort', onAbort);
      reaper.over();
      resolve({ end, timedOut, durationMs: options.clock.nowMs() - startedMs, output, outputBytes });
    };
    const attempt = (identity: FileIdentity | undefined, isFirst: boolean): void => {
      const launched = launch(request(command, identity, options), options.background === true, (result) => {
        const { end } = result;
        const isOther = end.kind === 'not-started' && end.code === 'ESTALE' && isFirst;
        const renewed = isOther ? command.renew?.() : undefined;
        if (typeof renewed === 'object') {
          if (command.identity !== undefined) renewals.set(command.identity, renewed);
          attempt(renewed, false);
        } else {
          const final = renewed === undefined ? end : { ...notAnyMore, message: renewed };
          finish(final, result.output.toString('utf8'), result.outputBytes);
        }
      });
      reaper.takes(launched);
    };
    attempt(command.identity && (renewals.get(command.identity) ?? command.identity), true);
  });
  if (options.signal?.aborted === true) onAbort();
  else options.signal?.addEventListener('abort', onAbort, { once: true });
  return { finished, terminate: () => reaper.begin() };
}

/** In words: `exited with status 3`, `killed by SIGTERM`, `could not be started: ENOENT`. */
export function describeEnd(end: RunEnd): string {
  if (end.kind === 'exited') return `exited with status ${end.status}`;
  return end.kind === 'signalled' ? `killed by ${end.signal}` : `could not be started: ${end.message}`;
}

/** What a changed file was found to be, by the identity that its commands still carry. */
const renewals = new WeakMap<FileIdentity, FileIdentity>();

const notAnyMore = { kind: 'not-started', code: 'ESTALE' } as const;

function request(command: Command, identity: FileIdentity | undefined, options: RunOptions): LaunchRequest {
  const { argv, uid, gid, groups } = command;
  const name = command.file ?? argv[0] ?? '';
  return {
    files: name.includes('/') || name === '' ? [name] : alongPath(name),
    argv,
    ...(uid === undefined || gid === undefined
      ? {}
      : { account: { uid, gid, ...(groups === undefined ? {} : { groups }) } }),
    ...(identity === undefined ? {} : { identity }),
    ...(options.env === undefined
      ? {}
      : { env: Object.entries(options.env).map(([key, value]) => `${key}=${value}`) }),
    ...(options.cwd === undefined ? {} : { directory: options.cwd }),
    ...(options.input === undefined ? {} : { input: options.input }),
    captureBytes: options.captureBytes ?? 0,
  };
}

/** As execvp(3); directories that are not absolute are left out: they are wherever the daemon happens to be. */
function alongPath(name: string): readonly string[] {
  const directories = (process.env['PATH'] ?? '/usr/bin:/bin').split(':');
  return directories.filter((each) => each.startsWith('/')).map((each) => `${each}/${name}`);
}

/** Ends a process group: SIGTERM, then SIGKILL until it is gone. */
class GroupReaper {
  readonly #clock: Clock;
  #launched: Launched | undefined;
  #timer: Timer | undefined;
  #kills = 0;
  #begun = false;
  #over = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  takes(launched: Launched): void {
    this.#launched = launched;
    if (this.#begun) launched.signal('SIGTERM');
  }

  begin(): void {
    if (this.#begun || this.#over) return;
    this.#begun = true;
    this.#launched?.signal('SIGTERM');
    this.#armKill();
  }

  /** The leader was reaped; the launcher has killed what was left of a group that was asked to end. */
  over(): void {
    this.#over = true;
    this.#timer?.cancel();
  }

  #armKill(): void {
    const delayMs = killDelaysMs[this.#kills] ?? killRepeatMs;
    this.#timer = this.#clock.schedule(
      delayMs,
      () => {
        this.#kills += 1;
        this.#launched?.signal('SIGKILL');
        this.#armKill();
      },
      { background: true },
    );
  }
}
