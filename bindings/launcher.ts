/**
 * Typed face of the addon's launcher: starts programs and tells how they ended, without costing the event loop more than the
 * telling. One native thread serves all of a process; it starts with the first program.
 */
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { NativeError } from './errors.js';
import { loadAddon } from './load.js';
import type { NativeLaunch, NativeLauncher, NativeLaunchReport } from './native-launcher.js';

export type { NativeFileIdentity as FileIdentity } from './native-launcher.js';

export type LaunchRequest = Omit<NativeLaunch, 'id'>;

/** How a program ended. */
export type LaunchEnd =
  | { readonly kind: 'exited'; readonly status: number }
  | { readonly kind: 'signalled'; readonly signal: NodeJS.Signals }
  /** It never ran; `code` is an errno name such as ENOENT or EACCES, ESTALE when the file is not the one that was looked at. */
  | { readonly kind: 'not-started'; readonly code: string; readonly message: string };

export interface LaunchResult {
  readonly end: LaunchEnd;
  /** Kept output. */
  readonly output: Buffer;
  /** Bytes written in all. */
  readonly outputBytes: number;
}

export interface Launched {
  /** Signals its process group; from then on the group dies with its leader. Harmless after the end. */
  signal(signal: 'SIGTERM' | 'SIGKILL'): void;
}

interface Waiting {
  readonly onEnd: (result: LaunchResult) => void;
  readonly isBackground: boolean;
}

/** Programs of this process. */
class Launcher {
  readonly #native: NativeLauncher;
  readonly #waiting = new Map<number, Waiting>();
  #foreground = 0;
  #lastId = 0;

  constructor() {
    try {
      this.#native = new (loadAddon().Launcher)((reports) => {
        for (const report of reports) this.#onReport(report);
      });
    } catch (error) {
      throw NativeError.from(error);
    }
  }

  launch(request: LaunchRequest, isBackground: boolean, onEnd: (result: LaunchResult) => void): Launched {
    let id = this.#lastId;
    do id = (id % 0xffff_fffe) + 1;
    while (this.#waiting.has(id));
    this.#lastId = id;
    this.#waiting.set(id, { onEnd, isBackground });
    if (!isBackground && ++this.#foreground === 1) this.#native.ref();
    this.#native.launch({ id, ...request });
    return {
      signal: (signal) => {
        if (this.#waiting.has(id)) this.#native.signal(id, constants.signals[signal]);
      },
    };
  }

  #onReport(report: NativeLaunchReport): void {
    const waiting = this.#waiting.get(report.id);
    if (waiting === undefined) return;
    this.#waiting.delete(report.id);
    if (!waiting.isBackground && --this.#foreground === 0) this.#native.unref();
    const { output = noOutput, outputBytes } = report;
    waiting.onEnd({ end: endOf(report), output, outputBytes });
  }
}

const noOutput = Buffer.alloc(0);
let launcher: Launcher | undefined;

/**
 * Starts a program. `onEnd` is called once, later, whatever happens; a program that cannot be started is a result too, also when
 * that is for want of the addon, or of a kernel that can do it.
 * @param isBackground it does not keep this process alive.
 */
export function launch(
  request: LaunchRequest,
  isBackground: boolean,
  onEnd: (result: LaunchResult) => void,
): Launched {
  try {
    launcher ??= new Launcher();
  } catch (error) {
    if (!(error instanceof NativeError)) throw error;
    const { code, message } = error;
    setImmediate(() =>
      onEnd({ end: { kind: 'not-started', code, message }, output: noOutput, outputBytes: 0 }),
    );
    return { signal: () => undefined };
  }
  return launcher.launch(request, isBackground, onEnd);
}

function endOf({ end, status, errno, syscall }: NativeLaunchReport): LaunchEnd {
  if (end === 0) return { kind: 'exited', status };
  if (end === 1) return { kind: 'signalled', signal: signalName(status) };
  // Node.js has no words for ESTALE, the name alone is among its constants.
  const code = Object.entries(constants.errno).find(([, each]) => each === errno)?.[0] ?? `E${errno}`;
  const words = getSystemErrorMap().get(-errno)?.[1] ?? 'unknown error';
  const message =
    code === 'ESTALE' && syscall === 'open'
      ? 'it was replaced or changed since it was looked at'
      : `${syscall.startsWith('execve') ? '' : `${syscall}: `}${words} (${code})`;
  return { kind: 'not-started', code, message };
}

function signalName(number: number): NodeJS.Signals {
  const found = Object.entries(constants.signals).find(([, each]) => each === number);
  // Real-time signals have no names in Node.js.
  return (found?.[0] ?? `SIG${number}`) as NodeJS.Signals;
}
