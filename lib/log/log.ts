/**
 * The daemon's log: one logger over console, file and syslog, in keepalived's forms or as JSON lines. Logging never waits
 * and never throws; what a full disk or a stuck reader costs is counted here, and told in the log when it takes lines again.
 */
import { systemClock, type Clock, type LogLevel, type Logger } from '../host.js';
import type { LineQueueState } from '../line-queue.js';
import { consoleLine, jsonLine, splitEntry, syslogDatagram, type LogEntry } from './format.js';
import { daemonFacility } from './names.js';
import { descriptorSink, fileSink, syslogSink, type LogSink, type SinkReport } from './sinks.js';

export interface LogOptions {
  /** See `logIdent`. */
  readonly ident: string;
  /** -D: lines of level `detail` are logged. */
  readonly detail: boolean;
  /** -l: standard error. A number: another descriptor. */
  readonly console: boolean | number;
  /** -g: path of a file (see `logFilePath`). Every line is in the file before `log` returns: --flush-log-file is always on. */
  readonly file?: string;
  /** Absent with -G. */
  readonly syslog?: {
    /** -S, see `parseFacility`. */
    readonly facility?: number;
    /** Socket of the system's log; /dev/log when absent. */
    readonly socket?: string;
  };
  /** JSON lines on console and in the file; syslog keeps its form. */
  readonly json?: boolean;
  readonly clock?: Clock;
}

/** What is written for one entry, in as many pieces. */
type Form = (entry: LogEntry) => readonly string[];

export class Log implements Logger {
  readonly #options: LogOptions;
  readonly #clock: Clock;
  readonly #sinks: { sink: LogSink; readonly form: Form; readonly reopen?: () => LogSink }[] = [];
  #ident: string;
  #lostInClosedFiles = 0;

  /** @throws {KaError} KA_LOG_FILE when the file cannot be opened. */
  constructor(options: LogOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#ident = options.ident;
    const form: Form =
      options.json === true ? (entry) => [jsonLine(entry)] : (entry) => splitEntry(entry).map(consoleLine);
    const report: SinkReport = (name, state) => this.#tell(name, state);
    if (options.console !== false) {
      const fd = options.console === true ? 2 : options.console;
      this.#sinks.push({ sink: descriptorSink('console', fd, this.#clock, report), form });
    }
    const { file, syslog } = options;
    if (file !== undefined) {
      const reopen = (): LogSink => fileSink(file, this.#clock, report);
      this.#sinks.push({ sink: reopen(), form, reopen });
    }
    if (syslog !== undefined) {
      const facility = syslog.facility ?? daemonFacility;
      const sink = syslogSink(this.#clock, report, syslog.socket);
      this.#sinks.push({
        sink,
        form: (entry) => splitEntry(entry).map((line) => syslogDatagram(line, facility)),
      });
    }
  }

  log(level: LogLevel, text: string): void {
    if (level === 'detail' && !this.#options.detail) return;
    const entry = this.#entry(level, text);
    for (const { sink, form } of this.#sinks) for (const line of form(entry)) sink.write(line);
  }

  /** Lines lost so far in each place. */
  get lost(): ReadonlyMap<string, number> {
    return new Map(
      this.#sinks.map(({ sink, reopen }) => [
        sink.name,
        sink.lost + (reopen === undefined ? 0 : this.#lostInClosedFiles),
      ]),
    );
  }

  /** A new name from here on; says so as keepalived does. */
  rename(ident: string): void {
    if (ident === this.#ident) return;
    this.log('info', `Changing syslog ident to ${ident}`);
    this.#ident = ident;
  }

  /**
   * Opens the file anew, after it was moved away by log rotation.
   * @throws {KaError} KA_LOG_FILE; the old one is written on then.
   */
  reopen(): void {
    for (const each of this.#sinks) {
      if (each.reopen === undefined) continue;
      const next = each.reopen();
      each.sink.close();
      this.#lostInClosedFiles += each.sink.lost;
      each.sink = next;
    }
  }

  /** Writes what waits, as far as it goes without waiting. Idempotent. */
  close(): void {
    for (const { sink } of this.#sinks) sink.close();
  }

  /** Trouble in one place is told in the others; the place itself hears of it when it is over. */
  #tell(name: string, state: LineQueueState): void {
    if (state.kind === 'behind' || (state.kind === 'clear' && state.lost === 0)) return;
    const text =
      state.kind === 'losing'
        ? `Log lines to ${name} are being lost: ${state.why}`
        : `${state.lost} log lines to ${name} were lost`;
    const entry = this.#entry('warning', text);
    for (const { sink, form } of this.#sinks)
      if (state.kind === 'clear' || sink.name !== name) for (const line of form(entry)) sink.write(line);
  }

  #entry(level: LogLevel, text: string): LogEntry {
    return { level, text, wallMs: this.#clock.wallMs(), ident: this.#ident, pid: process.pid };
  }
}
