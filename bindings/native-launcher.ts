/** The launcher part of the native surface, as types (see native.ts). `launcher.ts` is its typed face. */

/** The file that was found fit to run; numbers as `fs.stat` gives them with `bigint`. */
export interface NativeFileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly ctimeNs: bigint;
  /** Run from the opened descriptor; false for scripts, whose interpreter opens them by name. */
  readonly isProgram: boolean;
}

export interface NativeLaunch {
  readonly id: number;
  /** Tried in turn. */
  readonly files: readonly string[];
  readonly argv: readonly string[];
  /** NAME=VALUE, added to the environment of this process. */
  readonly env?: readonly string[];
  readonly directory?: string;
  /** Absent: nothing changes. `groups` absent: all supplementary ones are dropped. */
  readonly account?: { readonly uid: number; readonly gid: number; readonly groups?: readonly number[] };
  readonly identity?: NativeFileIdentity;
  /** What it reads from stdin; absent: /dev/null. */
  readonly input?: string;
  /** Bytes of output to keep; 0 or absent: it goes to /dev/null. */
  readonly captureBytes?: number;
}

export interface NativeLaunchReport {
  readonly id: number;
  /** 0 exited, 1 signalled, 2 not started. */
  readonly end: number;
  /** Exit status, or number of the signal. */
  readonly status: number;
  /** Not started: why. ESTALE of `open`: another file than the one of `identity`. */
  readonly errno: number;
  readonly syscall: string;
  readonly output?: Buffer;
  readonly outputBytes: number;
}

/** A thread that runs programs. It does not keep the process alive unless `ref` was called. */
export interface NativeLauncher {
  /** One report follows. */
  launch(launch: NativeLaunch): void;
  /** To the process group of a run; from then on the group dies with its leader. */
  signal(id: number, signal: number): void;
  ref(): void;
  unref(): void;
}

export interface NativeLauncherConstructor {
  /** Reports come in batches on the JavaScript thread. */
  new (onReports: (reports: readonly NativeLaunchReport[]) => void): NativeLauncher;
}
