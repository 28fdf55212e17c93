/** reload_time_file: a file with the time of the next reload, followed as it comes, changes and goes. */
import { readFileSync, unlinkSync, watch, type FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Host, Timer } from '../host.js';

export interface ReloadScheduleOptions {
  readonly host: Host;
  readonly reload: () => void;
}

/** A write is taken as complete after so long without another. */
const settleMs = 10;
/** Timers do not know of a wall clock that is set, and Node's end after 24 days: looked at again after so long. */
const longestMs = 600_000;
const dayMs = 86_400_000;

export class ReloadSchedule {
  readonly #options: ReloadScheduleOptions;
  #file: string | undefined;
  #repeats = false;
  #watch: FSWatcher | undefined;
  #settling: Timer | undefined;
  #timer: Timer | undefined;
  #dueMs: number | undefined;

  constructor(options: ReloadScheduleOptions) {
    this.#options = options;
  }

  /** Follows `file` from now on, as a configuration says; undefined: none. Its folder may have come only now. */
  follow(file: string | undefined, repeats: boolean): void {
    if (file !== this.#file) this.#schedule(undefined);
    this.#watch?.close();
    this.#watch = undefined;
    this.#file = file;
    this.#repeats = repeats;
    if (file === undefined) return;
    try {
      this.#watch = watch(dirname(file), (_event, changed) => {
        if (changed === null || changed === basename(file)) this.#onChange();
      });
      this.#watch.on('error', () => undefined);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log('error', `reload_time_file ${file}: ${reason}. Create its directory and reload.`);
    }
    this.#read();
  }

  close(): void {
    this.#watch?.close();
    this.#settling?.cancel();
    this.#timer?.cancel();
    this.#watch = this.#timer = this.#dueMs = this.#file = undefined;
  }

  #onChange(): void {
    this.#settling?.cancel();
    this.#settling = this.#options.host.clock.schedule(settleMs, () => this.#read());
  }

  #read(): void {
    if (this.#file === undefined) return;
    const text = contents(this.#file);
    if (text === undefined) return this.#schedule(undefined);
    const nowMs = this.#options.host.clock.wallMs();
    const dueMs = parseReloadTime(text, nowMs);
    if (dueMs === undefined) this.#log('warning', `Invalid reload time '${text}' specified - ignoring`);
    else if (dueMs < nowMs) this.#log('info', `Reload time ${shown(dueMs)} is over - ignoring`);
    this.#schedule(dueMs === undefined || dueMs < nowMs ? undefined : dueMs);
  }

  #schedule(dueMs: number | undefined): void {
    const before = this.#dueMs;
    if (dueMs === before) return;
    this.#dueMs = dueMs;
    if (dueMs === undefined && before !== undefined)
      this.#log('info', `Cancelling reload scheduled for ${shown(before)}`);
    else if (dueMs !== undefined && before !== undefined)
      this.#log('info', `Reload time updated from ${shown(before)} to ${shown(dueMs)}`);
    else if (dueMs !== undefined) this.#log('info', `Scheduling reload for ${shown(dueMs)}`);
    this.#arm();
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#dueMs === undefined) return;
    const { clock } = this.#options.host;
    const leftMs = this.#dueMs - clock.wallMs();
    if (leftMs <= 0) this.#fire();
    else this.#timer = clock.schedule(Math.min(leftMs, longestMs), () => this.#arm());
  }

  #fire(): void {
    this.#dueMs = undefined;
    // One that stayed would bring the next reload tomorrow.
    if (!this.#repeats && this.#file !== undefined) {
      try {
        unlinkSync(this.#file);
      } catch (error) {
        this.#log('error', `reload_time_file: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    this.#options.reload();
    this.#read();
  }

  #log(level: 'info' | 'warning' | 'error', text: string): void {
    this.#options.host.logger.log(level, text);
  }
}

/** The first line; undefined: there is no file. */
function contents(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1').split('\n', 1)[0] ?? '';
  } catch {
    return undefined;
  }
}

/**
 * `HH:MM:SS`, `YY-MM-DD HH:MM:SS` or `YYYY-MM-DD HH:MM:SS`, of local time, or with `Z` behind of UTC, as milliseconds since 1970. A time
 * without a date is the next one. Undefined: it is none of these.
 */
export function parseReloadTime(text: string, nowMs: number): number | undefined {
  const found = /^(?:((?:\d\d)?\d\d)-(\d\d)-(\d\d) )?(\d\d):(\d\d):(\d\d)(Z?)$/.exec(text);
  if (found === null) return undefined;
  const [, years, months, days, ...clock] = found;
  const [hour = 0, minute = 0, second = 0] = clock.slice(0, 3).map(Number);
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const isUtc = clock[3] === 'Z';
  const at = (year: number, month: number, day: number): number =>
    isUtc
      ? Date.UTC(year, month, day, hour, minute, second)
      : new Date(year, month, day, hour, minute, second).getTime();
  if (years !== undefined) {
    const year = Number(years) + (years.length === 2 ? 2000 : 0);
    const [month, day] = [Number(months) - 1, Number(days)];
    const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
    return month < 0 || month > 11 || day < 1 || day > lastDay ? undefined : at(year, month, day);
  }
  const now = new Date(nowMs);
  const day = (later: number): number =>
    isUtc
      ? at(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + later)
      : at(now.getFullYear(), now.getMonth(), now.getDate() + later);
  const today = day(0);
  return today > nowMs ? today : isUtc ? today + dayMs : day(1);
}

function shown(timeMs: number): string {
  const time = new Date(timeMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-');
  return `${date} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':')}`;
}
