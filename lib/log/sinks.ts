/**
 * Where log lines go: an open descriptor (the console), a file, the system's log. Each write happens at once or not at all;
 * what cannot be written waits in a bounded queue and is lost, counted, when that overflows.
 */
import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { sendNoWait, UnixDatagram } from '../../bindings/syslog.js';
import { KaError } from '../errors.js';
import type { Clock } from '../host.js';
import { LineQueue, type LineQueueState, type WriteOutcome } from '../line-queue.js';

/** One destination. */
export interface LogSink {
  readonly name: string;
  /** Lines that were given up so far. */
  readonly lost: number;
  /** Text is one line, with or without newline as its form has it. */
  write(text: string): void;
  /** One last try to write what waits. Idempotent. */
  close(): void;
}

/** Told when a sink begins to lose lines and when it takes them again. */
export type SinkReport = (sink: string, state: LineQueueState) => void;

/** Bytes that may wait for each sink: some lines for each of ten thousand real servers that go down at one instant. */
const limitBytes = 4_194_304;
/** Bytes that may wait for a log daemon that is not there. */
const goneLimitBytes = 262_144;

/** Standard error, or another descriptor that is open already. It is not closed with the sink. */
export function descriptorSink(name: string, fd: number, clock: Clock, report: SinkReport): LogSink {
  const target = nonBlockingTarget(fd);
  return queueSink({ name, clock, report, write: target.write, close: target.close, retryFailures: false });
}

/**
 * A file that is appended to; made with mode 0600 if missing.
 * @throws {KaError} KA_LOG_FILE when it cannot be opened, or is a symbolic link.
 */
export function fileSink(path: string, clock: Clock, report: SinkReport): LogSink {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
  let fd: number;
  try {
    fd = openSync(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, 0o600);
  } catch (cause) {
    const code = errnoCode(cause);
    const hint = code === 'ELOOP' ? 'it is a symbolic link: name the file itself' : code;
    throw new KaError('KA_LOG_FILE', `log file ${path} cannot be opened: ${hint}`, { cause });
  }
  const write = (bytes: Uint8Array): WriteOutcome => attempt(() => writeSync(fd, bytes));
  return queueSink({ name: path, clock, report, write, close: () => closeSync(fd), retryFailures: false });
}

/** The system's log. Nobody there: lines wait for the daemon to come (back). The addon is loaded with the first line. */
export function syslogSink(clock: Clock, report: SinkReport, path = '/dev/log'): LogSink {
  let socket: UnixDatagram | undefined;
  const write = (bytes: Uint8Array): WriteOutcome => (socket ??= new UnixDatagram(path)).send(bytes);
  return queueSink({
    name: 'syslog',
    clock,
    report,
    write,
    close: () => socket?.close(),
    retryFailures: true,
  });
}

interface QueueSinkOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly report: SinkReport;
  readonly write: (bytes: Uint8Array) => WriteOutcome;
  readonly close: () => void;
  readonly retryFailures: boolean;
}

function queueSink(options: QueueSinkOptions): LogSink {
  const { name, clock, write, retryFailures } = options;
  const onChange = (state: LineQueueState): void => options.report(name, state);
  const queue = new LineQueue({ clock, write, limitBytes, goneLimitBytes, retryFailures, onChange });
  let isClosed = false;
  return {
    name,
    get lost() {
      return queue.lost;
    },
    write: (text) => queue.push(Buffer.from(text)),
    close() {
      if (isClosed) return;
      isClosed = true;
      queue.close();
      options.close();
    },
  };
}

interface Target {
  readonly write: (bytes: Uint8Array) => WriteOutcome;
  readonly close: () => void;
}

/**
 * O_NONBLOCK belongs to the open file, which others share: a pipe, terminal or file is opened once more to have one of our
 * own; a socket (the journal's) is written to with a flag on each call.
 */
function nonBlockingTarget(fd: number): Target {
  const stat = fstatSync(fd);
  // A file that others write to through the same descriptor: opened anew, it would have an offset of its own.
  if (stat.isFile()) return { write: (bytes) => attempt(() => writeSync(fd, bytes)), close: () => undefined };
  if (stat.isSocket()) return { write: (bytes) => sendNoWait(fd, bytes), close: () => undefined };
  try {
    const { O_APPEND, O_NOCTTY, O_NONBLOCK, O_WRONLY } = constants;
    const own = openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_NONBLOCK | O_APPEND | O_NOCTTY);
    return { write: (bytes) => attempt(() => writeSync(own, bytes)), close: () => closeSync(own) };
  } catch {
    // No /proc, or a file that we may write to but not open: as it is.
    return { write: (bytes) => attempt(() => writeSync(fd, bytes)), close: () => undefined };
  }
}

function attempt(write: () => number): WriteOutcome {
  try {
    return { kind: 'sent', bytes: write() };
  } catch (error) {
    const code = errnoCode(error);
    return code === 'EAGAIN' ? { kind: 'busy' } : { kind: 'failed', code };
  }
}

function errnoCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'EUNKNOWN';
}
