/**
 * Notification pipes (notify_fifo, vrrp_notify_fifo, lvs_notify_fifo) and the scripts that read them. Makes the pipe, writes
 * keepalived's lines in order without ever waiting for a reader, says when nobody keeps up. Which line is due when is decided
 * by its callers.
 */
import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  lchownSync,
  lstatSync,
  openSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { constants as errnos } from 'node:os';
import { NativeError } from '../../bindings/errors.js';
import { makeFifo } from '../../bindings/syslog.js';
import { KaError } from '../errors.js';
import { describeEnd, start, type Command, type Running } from '../exec.js';
import { sleep, type Host } from '../host.js';
import { LineQueue, type LineQueueState, type WriteOutcome } from '../line-queue.js';

/** States as they are written into a pipe. The last three are no states but events that share the form. */
export type NotifiedState =
  | 'MASTER'
  | 'BACKUP'
  | 'FAULT'
  | 'STOP'
  | 'DELETED'
  | 'MASTER_RX_LOWER_PRI'
  /** Words of ours: another router holds the addresses beside this master, and no more. */
  | 'MASTER_SPLIT_BRAIN'
  | 'MASTER_SPLIT_BRAIN_END'
  | 'MASTER_PRIORITY'
  | 'BACKUP_PRIORITY';

export interface NotifyFifoOptions {
  /** The global keyword that asked for it; names it in the log. */
  readonly keyword: 'notify_fifo' | 'vrrp_notify_fifo' | 'lvs_notify_fifo';
  readonly path: string;
  /** Owner of the pipe; absent: this process. */
  readonly uid?: number;
  readonly gid?: number;
  /** Reader, started with the path after its own arguments. */
  readonly script?: Command;
  /** Bytes that wait for a slow reader, beyond the 64 KiB of the pipe itself. */
  readonly limitBytes?: number;
}

export interface NotifyFifoStatus {
  readonly path: string;
  /** Lines in the pipe or read, lines that wait, lines given up. */
  readonly written: number;
  readonly waiting: number;
  readonly lost: number;
  readonly isScriptRunning: boolean;
}

/** keepalived's mode; its umask (0177 by default) is applied by the process. */
const fifoMode = 0o644;
const defaultLimitBytes = 1_048_576;
/** keepalived: how long scripts may take at the end. */
const scriptGraceMs = 1_000;

/** A VRRP instance's line. */
export function instanceLine(name: string, state: NotifiedState, priority: number): string {
  return `INSTANCE "${name}" ${state} ${priority}\n`;
}

/** A sync group's line; its priority is always 0. */
export function groupLine(name: string, state: NotifiedState): string {
  return `GROUP "${name}" ${state} 0\n`;
}

/** A virtual server's line. LVS names are not quoted, `FWM 7` stays two words. */
export function virtualServerLine(virtualServer: string, isUp: boolean): string {
  return `VS ${virtualServer} ${isUp ? 'UP' : 'DOWN'}\n`;
}

/** A real server's line. */
export function realServerLine(realServer: string, virtualServer: string, isUp: boolean): string {
  return `RS ${realServer} ${virtualServer} ${isUp ? 'UP' : 'DOWN'}\n`;
}

/** One open pipe. */
export class NotifyFifo {
  readonly #options: NotifyFifoOptions;
  readonly #host: Host;
  readonly #fd: number;
  readonly #isOurs: boolean;
  readonly #queue: LineQueue;
  #script: Running | undefined;
  #closing: Promise<void> | undefined;

  private constructor(options: NotifyFifoOptions, host: Host, opened: { fd: number; isOurs: boolean }) {
    this.#options = options;
    this.#host = host;
    this.#fd = opened.fd;
    this.#isOurs = opened.isOurs;
    this.#queue = new LineQueue({
      clock: host.clock,
      write: (bytes) => writeNow(this.#fd, bytes),
      limitBytes: options.limitBytes ?? defaultLimitBytes,
      retryFailures: false,
      onChange: (state) => this.#report(state),
    });
    if (options.script !== undefined) this.#start(options.script);
  }

  /**
   * Makes the pipe, or takes one that is there, and starts its script.
   * @throws {KaError} KA_NOTIFY_FIFO: something else is at that path, it belongs to somebody else, or it cannot be made.
   */
  static open(options: NotifyFifoOptions, host: Host): NotifyFifo {
    return new NotifyFifo(options, host, openFifo(options));
  }

  get status(): NotifyFifoStatus {
    return {
      path: this.#options.path,
      written: this.#queue.written,
      waiting: this.#queue.waiting,
      lost: this.#queue.lost,
      isScriptRunning: this.#script !== undefined,
    };
  }

  /** Writes one line (which ends in a newline), or keeps it until there is room. Never waits, never throws. */
  write(line: string): void {
    this.#queue.push(Buffer.from(line));
  }

  /**
   * Gives the script a second to read what is written and end (the end of the file tells it), then ends it; removes the pipe
   * if it was made here. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#queue.close();
    closeSync(this.#fd);
    const script = this.#script;
    this.#script = undefined;
    if (script !== undefined) {
      const grace = new AbortController();
      await Promise.race([
        script.finished,
        sleep(this.#host.clock, scriptGraceMs, grace.signal).catch(() => undefined),
      ]);
      grace.abort();
      script.terminate();
      await script.finished;
    }
    if (this.#isOurs) unlinkIfFifo(this.#options.path);
  }

  #start(script: Command): void {
    const command = { ...script, argv: [...script.argv, this.#options.path] };
    const running = start(command, { clock: this.#host.clock });
    this.#script = running;
    void running.finished.then(({ end }) => {
      if (this.#script !== running) return;
      this.#script = undefined;
      // keepalived's words first: monitors look for them.
      const words = this.#options.keyword.replaceAll('_', ' ');
      this.#host.logger.log('warning', `${words} script terminated (${script.argv[0]} ${describeEnd(end)})`);
    });
  }

  #report(state: LineQueueState): void {
    const words = `${this.#options.keyword.replaceAll('_', ' ')} ${this.#options.path}`;
    const { logger } = this.#host;
    if (state.kind === 'behind')
      logger.log('warning', `${words}: its reader is slow or gone, lines are kept until it reads on`);
    else if (state.kind === 'losing')
      logger.log('warning', `${words}: lines are being lost (${state.why}), the oldest first`);
    else
      logger.log('info', `${words}: is being read again, ${state.lost === 0 ? 'no' : state.lost} lines lost`);
  }
}

/** One write(2) on the pipe. Up to 4096 bytes go in as a whole or not at all. */
function writeNow(fd: number, bytes: Uint8Array): WriteOutcome {
  try {
    return { kind: 'sent', bytes: writeSync(fd, bytes) };
  } catch (error) {
    const code = errnoCode(error);
    return code === 'EAGAIN' ? { kind: 'busy' } : { kind: 'failed', code };
  }
}

function openFifo(options: NotifyFifoOptions): { fd: number; isOurs: boolean } {
  const isOurs = makeIfMissing(options);
  let fd: number;
  try {
    fd = openAsOwner(options);
  } catch (cause) {
    throw refusal(options, `cannot be opened (${errnoCode(cause)})`, cause);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFIFO()) throw refusal(options, 'is not a fifo: remove it, or name another path');
    if (isOurs) {
      if (options.uid !== undefined || options.gid !== undefined)
        fchownSync(fd, options.uid ?? stat.uid, options.gid ?? stat.gid);
    } else if (stat.uid !== process.geteuid?.() && stat.uid !== options.uid) {
      throw refusal(options, `belongs to user ${stat.uid}, not to us: remove it, or name another path`);
    }
    return { fd, isOurs };
  } catch (error) {
    closeSync(fd);
    if (isOurs) unlinkIfFifo(options.path);
    throw KaError.is(error)
      ? error
      : refusal(options, `cannot be given its owner (${errnoCode(error)})`, error);
  }
}

function openAsOwner({ path, uid }: NotifyFifoOptions): number {
  // Reading as well as writing: opening never waits for a reader, and a reader that goes away is not an error.
  const flags = constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW;
  try {
    return openSync(path, flags);
  } catch (error) {
    // A pipe that an earlier process gave to its owner: root without CAP_DAC_OVERRIDE (see the systemd unit) may not open it.
    const stat = lstatSync(path, { throwIfNoEntry: false });
    const self = process.geteuid?.();
    if (errnoCode(error) !== 'EACCES' || stat?.isFIFO() !== true || stat.uid !== uid || self === undefined)
      throw error;
    lchownSync(path, self, stat.gid);
    try {
      return openSync(path, flags);
    } finally {
      lchownSync(path, stat.uid, stat.gid);
    }
  }
}

/** True when the pipe was made now, false when something is there already. */
function makeIfMissing(options: NotifyFifoOptions): boolean {
  try {
    makeFifo(options.path, fifoMode);
    return true;
  } catch (cause) {
    if (cause instanceof NativeError && cause.errno === errnos.errno.EEXIST) return false;
    throw refusal(options, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function refusal(options: NotifyFifoOptions, what: string, cause?: unknown): KaError {
  const text = `${options.keyword} ${options.path} ${what}; nothing will be written to it`;
  return new KaError('KA_NOTIFY_FIFO', text, { cause });
}

function unlinkIfFifo(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Somebody removed it before us, which is what was wanted.
  }
}

function errnoCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'EUNKNOWN';
}
