/**
 * A `vrrp_script`: a command run at an interval, whose exit status says whether its object is up. Log lines are keepalived's.
 */
import { describeEnd, start, type Command, type RunResult, type Running } from '../exec.js';
import type { Host, Timer } from '../host.js';
import { RunTiming } from './timing.js';
import { RiseFall, type OnState, type TrackedState, type Tracker } from './tracker.js';

export interface ScriptTrackerOptions {
  readonly name: string;
  readonly command: Command;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly rise: number;
  readonly fall: number;
  /** State to begin with (a reload keeps the last verdict until the next result). */
  readonly initial?: 'unknown' | 'up' | 'down';
  readonly host: Host;
  readonly onState: OnState;
}

/** Bytes of output that are kept for operators. */
const keptOutput = 1024;

export class ScriptTracker implements Tracker {
  readonly name: string;
  readonly #options: ScriptTrackerOptions;
  readonly #riseFall: RiseFall;
  #running: Running | undefined;
  #isEnding = false;
  #timer: Timer | undefined;
  #isClosed = false;
  #nextMs = 0;
  /** By how much the following runs are to come sooner yet, and by how much the next one does. */
  #earlyMs = 0;
  #soonerMs = 0;
  #status = 0;
  #output = '';
  #startedMs = 0;
  readonly timing = new RunTiming();
  detail = 'no result yet';

  constructor(options: ScriptTrackerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#riseFall = new RiseFall(options.rise, options.fall, options.initial);
  }

  get intervalMs(): number {
    return this.#options.intervalMs;
  }

  get state(): TrackedState {
    return { kind: this.#riseFall.state };
  }

  /** Output of the last run that ended, cut to its first bytes. */
  get output(): string {
    return this.#output;
  }

  /**
   * The first run is at once; the following ones at fixed times, so that a slow run does not shift them.
   * @param earlyMs how much sooner these times are than whole intervals after the first run, below one interval; scripts that were
   *   started together run apart by it. The second and third run come up to half an interval sooner for it, none ever later; a script
   *   that still runs then keeps its times.
   */
  start(earlyMs = 0): void {
    this.#earlyMs = earlyMs;
    this.#nextMs = this.#options.host.clock.nowMs();
    this.#tick();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#running?.terminate();
  }

  #tick(): void {
    const { intervalMs } = this.#options;
    const { clock, logger } = this.#options.host;
    if (this.#running === undefined) {
      this.#run();
    } else if (this.#soonerMs > 0) {
      this.#nextMs += this.#soonerMs - intervalMs;
      this.#earlyMs = 0;
    } else {
      const doing = this.#isEnding ? 'being timed out' : 'already running';
      logger.log('info', `Track script ${this.name} is ${doing}, expect idle - skipping run`);
    }
    this.#soonerMs = Math.min(this.#earlyMs, intervalMs / 2);
    this.#earlyMs -= this.#soonerMs;
    this.#nextMs += intervalMs - this.#soonerMs;
    const now = clock.nowMs();
    // After a pause (the machine slept) missed runs are not made up for.
    if (this.#nextMs < now) this.#nextMs = now + intervalMs;
    this.#timer = clock.schedule(this.#nextMs - now, () => this.#tick());
  }

  #run(): void {
    const { command, timeoutMs, host } = this.#options;
    this.#isEnding = false;
    this.#startedMs = host.clock.nowMs();
    const running = start(command, {
      clock: host.clock,
      timeoutMs,
      captureBytes: keptOutput,
      onTimeout: () => this.#onTimeout(),
    });
    this.#running = running;
    void running.finished.then((result) => this.#onEnd(result));
  }

  /** The verdict does not wait for a process that may ignore its signals. */
  #onTimeout(): void {
    this.#isEnding = true;
    if (this.#isClosed) return;
    this.detail = `did not end within ${this.#options.timeoutMs / 1000} s`;
    this.#feed(false, 'timed_out');
  }

  #onEnd(result: RunResult): void {
    this.#running = undefined;
    if (this.#isClosed) return;
    this.#output = result.output;
    this.timing.add(this.#options.host.clock.nowMs() - this.#startedMs, result.timedOut);
    if (result.timedOut) return;
    this.detail = describeEnd(result.end);
    const { end } = result;
    switch (end.kind) {
      case 'exited':
        if (end.status !== this.#status) {
          this.#options.host.logger.log('info', `Script \`${this.name}\` now returning ${end.status}`);
        }
        this.#status = end.status;
        this.#feed(
          end.status === 0,
          end.status === 0 ? 'succeeded' : `failed (exited with status ${end.status})`,
        );
        return;
      case 'signalled':
        this.#feed(false, `failed (due to signal ${end.signal})`);
        return;
      case 'not-started':
        this.#feed(false, `failed (could not be started: ${end.message})`);
        return;
    }
  }

  #feed(isSuccess: boolean, words: string): void {
    if (!this.#riseFall.feed(isSuccess)) return;
    this.#options.host.logger.log('info', `VRRP_Script(${this.name}) ${words}`);
    this.#options.onState(this);
  }
}
