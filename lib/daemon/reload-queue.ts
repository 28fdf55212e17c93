/**
 * Reloads in turn: one runs, at most one waits. Whoever asks while one waits is answered by that one, which will read what is in the
 * file then. The result of each is left for `ka-node reload`.
 */
import type { ReloadReport } from '../control/messages.js';
import type { Logger } from '../host.js';
import { writeReloadResult } from './reload-result.js';

export interface ReloadQueueOptions {
  /** The first reload waits for this: the start. */
  readonly after: Promise<unknown>;
  readonly run: () => Promise<ReloadReport>;
  readonly isStopping: () => boolean;
  /** Where `ka-node reload` looks; undefined: nowhere. */
  readonly pidFile: () => string | undefined;
  /** Hears of the end of each, good or not. */
  readonly onDone: (report: ReloadReport) => void;
  readonly logger: Logger;
}

/** Why a configuration was refused, in one line for the flight recorder: the first of its mistakes, or `why`. */
export function refusalOf(lines: readonly string[], why: string): string {
  const [first] = lines.flatMap((each) => each.split('\n')).filter((each) => each.trim() !== '');
  return first ?? why;
}

export const stoppingReport: ReloadReport = { isGood: false, lines: ['The daemon is stopping.'] };

export class ReloadQueue {
  readonly #options: ReloadQueueOptions;
  #last: Promise<unknown>;
  #waiting: { askedUs: bigint; report: Promise<ReloadReport> } | undefined;

  constructor(options: ReloadQueueOptions) {
    this.#options = options;
    this.#last = options.after.catch(() => undefined);
  }

  /** Never rejects: what goes wrong is in the report. */
  ask(): Promise<ReloadReport> {
    const askedUs = process.hrtime.bigint() / 1000n;
    if (this.#waiting !== undefined) {
      this.#waiting.askedUs = askedUs;
      return this.#waiting.report;
    }
    const report = this.#last.then(() => this.#next());
    this.#waiting = { askedUs, report };
    this.#last = report;
    return report;
  }

  /** Resolves when what was asked for so far is over. */
  async settled(): Promise<void> {
    await this.#last;
  }

  async #next(): Promise<ReloadReport> {
    const { isStopping, logger, onDone, pidFile, run } = this.#options;
    const askedUs = this.#waiting?.askedUs ?? 0n;
    this.#waiting = undefined;
    let report: ReloadReport;
    try {
      report = isStopping() ? stoppingReport : await run();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      logger.log('error', message);
      report = { isGood: false, lines: [message] };
    }
    const path = pidFile();
    if (path !== undefined) writeReloadResult(path, askedUs, report);
    onDone(report);
    return report;
  }
}
