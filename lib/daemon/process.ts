/** What makes a program a daemon: pid files, signals, the background. */
import { spawn } from 'node:child_process';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { DaemonOptions } from './options.js';
import { KaError } from '../errors.js';
import { makeFolder } from '../folder.js';
import { systemClock } from '../host.js';

/** keepalived's words. */
export const alreadyRunning = 'daemon is already running';

/**
 * Process id of a live daemon that wrote `file`; undefined when there is none. A number that another program has got meanwhile, as
 * after the restart of a container, stands for no daemon.
 */
export function runningDaemon(file: string): number | undefined {
  let pid: number;
  let writtenMs: number;
  try {
    const stat = statSync(file);
    if (!stat.isFile()) return undefined; // reading a pipe would wait for a writer
    writtenMs = stat.mtimeMs;
    pid = Number(readFileSync(file, 'utf8').trim());
  } catch {
    return undefined;
  }
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return undefined;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return undefined;
  }
  return isForeign(pid, writtenMs) ? undefined : pid;
}

/** A process that was started so much later than the pid file was written has not written it. */
const slackMs = 2000;

/**
 * It has ended and waits to be collected; or it runs another program than a daemon does, and was started after the pid file was
 * written. Both are asked, since a clock may be set and a daemon may be wrapped; what cannot be known counts as a daemon.
 */
function isForeign(pid: number, writtenMs: number): boolean {
  try {
    const { state, startMs } = processFacts(pid);
    if (state === 'Z' || state === 'X') return true;
    const program = basename(readlinkSync(`/proc/${pid}/exe`)).replace(/ \(deleted\)$/, '');
    if (program === 'keepalived' || program === basename(process.execPath)) return false;
    const ageMs = process.uptime() * 1000 + processFacts(process.pid).startMs - startMs;
    return systemClock.wallMs() - writtenMs > ageMs + slackMs;
  } catch {
    return false;
  }
}

/** proc(5), stat: fields 3, and 22 in hundredths of a second since the boot. */
function processFacts(pid: number): { readonly state: string | undefined; readonly startMs: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return { state: fields[0], startMs: Number(fields[19]) * 10 };
}

/** A pid file that goes when it is closed. */
export class PidFile {
  readonly #file: string;

  get path(): string {
    return this.#file;
  }

  /** @throws {KaError} KA_DAEMON_PIDFILE when the file cannot be written. */
  constructor(file: string) {
    this.#file = file;
    try {
      // Only the last folder is made, such as /run/keepalived.
      makeFolder(dirname(file));
      writePid(file);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new KaError(
        'KA_DAEMON_PIDFILE',
        `the pid file cannot be written: ${reason}. Run as root, or choose another with -p and -r`,
        {
          cause,
        },
      );
    }
  }

  /** Another process that has written it meanwhile keeps it. */
  close(): void {
    try {
      if (readFileSync(this.#file, 'utf8') === `${process.pid}\n`) rmSync(this.#file, { force: true });
    } catch {
      // It is gone already.
    }
  }
}

/** What is no plain file is left alone: a link would lead root anywhere, a pipe would never be read. */
function writePid(file: string): void {
  const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_TRUNC, O_WRONLY } = constants;
  const fd = openSync(file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, 0o644);
  try {
    if (!fstatSync(fd).isFile()) throw new Error(`${file} is not a regular file`);
    writeSync(fd, `${process.pid}\n`);
    // keepalived: readable by all, whatever the umask.
    fchmodSync(fd, 0o644);
  } finally {
    closeSync(fd);
  }
}

export interface PidFiles {
  readonly main: string;
  readonly vrrp: string;
  readonly checkers: string;
}

/** keepalived's names, in /run or, with an instance or a namespace, in /run/keepalived. */
export function pidFiles(
  options: Partial<Pick<DaemonOptions, 'pidFile' | 'vrrpPidFile' | 'checkersPidFile'>>,
  instance: string | undefined,
  usesDirectory: boolean,
): PidFiles {
  const name = (what: string): string =>
    usesDirectory || instance !== undefined
      ? `/run/keepalived/${what}${instance === undefined ? '' : `_${instance}`}.pid`
      : `/run/${what}.pid`;
  return {
    main: options.pidFile ?? name('keepalived'),
    vrrp: options.vrrpPidFile ?? name('vrrp'),
    checkers: options.checkersPidFile ?? name('checkers'),
  };
}

/** Starts this program again without a terminal, in the foreground of its own session; the caller then exits. */
export function continueInBackground(argv: readonly string[], options: DaemonOptions): void {
  const [script = ''] = process.argv.slice(1);
  // Relative paths would mean something else in the new directory.
  const files = [`--use-file=${resolve(options.configFile)}`];
  const child = spawn(process.execPath, [...process.execArgv, script, ...argv, ...files, '--dont-fork'], {
    detached: true,
    stdio: 'ignore',
    cwd: '/',
  });
  child.unref();
}
