/**
 * The contract of health checks, and the loop that repeats one: first delay, interval, retries (judge.ts), suspension.
 * A check itself is one attempt; it knows neither of time between attempts nor of what its result means for the pool.
 */
import type { Vigil } from '../../bindings/prober.js';
import type { CheckerTiming } from '../config/model-lvs.js';
import type { Host, Random, Timer } from '../host.js';
import { initialStanding, judge, type Judgement, type JudgeRules, type Standing } from './judge.js';

/** What one attempt brought. */
export type Outcome =
  | {
      readonly kind: 'success';
      /** For people: what was seen, e.g. `status 200, 512 bytes`. */
      readonly detail?: string | undefined;
      /** Weight that the check asks for, in place of the configured one; undefined: the configured one. */
      readonly weight?: number | undefined;
      /** Duration, where the attempt knows it better than the loop. */
      readonly elapsedMs?: number | undefined;
    }
  | { readonly kind: 'failure'; readonly reason: string; readonly elapsedMs?: number | undefined }
  /** The check could not be made (no socket, no address to bind): the server is not to blame. */
  | { readonly kind: 'postponed'; readonly reason: string };

/** A check that can be repeated. */
export interface Check {
  /** Keyword of the configuration. */
  readonly name: string;
  readonly timing: CheckerTiming;
  /** How results are judged; absent: plain, one step. */
  readonly rules?: Pick<JudgeRules, 'policy' | 'steps' | 'fastRecovery'>;
  /** MISC_CHECK: the interval runs from the start of an attempt, else from its end. */
  readonly isIntervalFromStart?: boolean;
  /**
   * One attempt. Never rejects; ends soon after `signal` aborts. `step`: which url.
   */
  attempt(step: number, signal: AbortSignal): Promise<Outcome>;
  /**
   * After a success: makes attempts without the loop, each so long after the one before, until one does not succeed as the last one did.
   * `onEnd` is told of that, later. Undefined: it cannot.
   */
  watch?(intervalMs: number, onEnd: (outcome: Outcome) => void): Vigil | undefined;
  /** The log line of an event, in keepalived's words; undefined: none. */
  describe(event: CheckEvent): string | undefined;
}

/** What a check may have a log line for. */
export type CheckEvent =
  | { readonly kind: 'up'; readonly outcome: Outcome }
  /** `retries`: those that were used up before. */
  | { readonly kind: 'down'; readonly reason: string; readonly retries: number }
  /** A step passed while the checker is down or new. */
  | { readonly kind: 'step'; readonly step: number; readonly outcome: Outcome }
  /** A failed attempt; asked for with log_all_failures only. `attempt` of `retry`; 0: not a retry. */
  | {
      readonly kind: 'attempt';
      readonly reason: string;
      readonly step: number;
      readonly isForgiven: boolean;
      readonly attempt: number;
    }
  | { readonly kind: 'postponed'; readonly reason: string };

/** Last result of a checker, for people. */
export interface CheckerStatus {
  readonly name: string;
  readonly isUp: boolean;
  readonly hasRun: boolean;
  readonly isSuspended: boolean;
  /** Reason of the last failure or detail of the last success. */
  readonly detail: string;
  /** Duration of the last attempt, milliseconds. */
  readonly latencyMs: number | undefined;
  /** Monotonic milliseconds of its end. */
  readonly atMs: number | undefined;
}

/** Who follows a checker. */
export interface CheckerListener {
  /** The checker's own state was settled: the first time, and at every change. */
  onVerdict(isUp: boolean, reason: string): void;
  /** A success named another weight than the last one; undefined: back to the configured weight. */
  onWeight(weight: number | undefined): void;
}

/** Something that has a state of its own and reports it; `CheckLoop` and the event-driven checkers are ones. */
export interface Checker {
  readonly status: CheckerStatus;
  start(): void;
  /** ha_suspend: nothing is attempted until `resume`; the state stays. */
  suspend(): void;
  resume(): void;
  /** No report comes after it. Idempotent. */
  close(): void;
}

export interface CheckLoopOptions {
  readonly check: Check;
  readonly host: Host;
  /** Phase of the first attempt within `warmup`. */
  readonly random: Random;
  readonly listener: CheckerListener;
  /** State before a reload. */
  readonly standing?: Standing | undefined;
  /** Another process found the server down: it is until a check succeeds. */
  readonly isPresumedDown?: boolean;
}

/** keepalived: the first attempt comes 1 s after the start plus a part of `warmup`. */
const firstDelayMs = 1000;

/** Repeats a check for as long as it is open. */
export class CheckLoop implements Checker {
  readonly #check: Check;
  readonly #host: Host;
  readonly #random: Random;
  readonly #listener: CheckerListener;
  readonly #rules: JudgeRules;
  /** Of the attempt that runs. */
  #abort: AbortController | undefined;
  /** What goes on without the loop. */
  #vigil: Vigil | undefined;
  #isClosed = false;
  #standing: Standing;
  #timer: Timer | undefined;
  #isSuspended = false;
  #weight: number | undefined;
  #last: { readonly detail: string; readonly latencyMs: number; readonly atMs: number } | undefined;

  constructor(options: CheckLoopOptions) {
    this.#check = options.check;
    this.#host = options.host;
    this.#random = options.random;
    this.#listener = options.listener;
    const { policy, steps, fastRecovery } = options.check.rules ?? plain;
    const { retry, delayBeforeRetry, delayLoop, alpha } = options.check.timing;
    this.#rules = { policy, retry, delayBeforeRetry, delayLoop, alpha, steps, fastRecovery };
    const initial = initialStanding(this.#rules);
    this.#standing =
      options.standing ?? (options.isPresumedDown === true ? { ...initial, isUp: false } : initial);
  }

  get standing(): Standing {
    return this.#standing;
  }

  get status(): CheckerStatus {
    const { isUp, hasRun } = this.#standing;
    const pulse = this.#vigil?.pulse();
    return {
      name: this.#check.name,
      isUp,
      hasRun,
      isSuspended: this.#isSuspended,
      detail: this.#last?.detail ?? '',
      latencyMs: pulse === undefined ? this.#last?.latencyMs : pulse.elapsedUs / 1000,
      atMs: pulse === undefined ? this.#last?.atMs : this.#host.clock.nowMs() - pulse.ageUs / 1000,
    };
  }

  start(): void {
    this.#schedule(firstDelayMs + (this.#random.next() * this.#check.timing.warmup) / 1000);
  }

  suspend(): void {
    this.#isSuspended = true;
    if (this.#vigil === undefined) return;
    this.#endVigil();
    this.#schedule(this.#check.timing.delayLoop / 1000);
  }

  resume(): void {
    this.#isSuspended = false;
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#abort?.abort();
    this.#endVigil();
  }

  #endVigil(): void {
    this.#vigil?.end();
    this.#vigil = undefined;
  }

  #schedule(delayMs: number): void {
    this.#timer = this.#host.clock.schedule(delayMs, () => {
      this.#timer = undefined;
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    if (this.#isSuspended) {
      this.#schedule(this.#check.timing.delayLoop / 1000);
      return;
    }
    const startedMs = this.#host.clock.nowMs();
    const abort = new AbortController();
    this.#abort = abort;
    const outcome = await this.#attempt(this.#standing.step, abort.signal);
    if (this.#abort === abort) this.#abort = undefined;
    if (!abort.signal.aborted) this.#take(outcome, startedMs);
  }

  /** A check that throws against its contract costs one failed attempt, never the loop. */
  async #attempt(step: number, signal: AbortSignal): Promise<Outcome> {
    try {
      return await this.#check.attempt(step, signal);
    } catch (error) {
      return { kind: 'failure', reason: error instanceof Error ? error.message : String(error) };
    }
  }

  #take(outcome: Outcome, startedMs: number): void {
    if (this.#isClosed) return;
    const nowMs = this.#host.clock.nowMs();
    const known = outcome.kind === 'postponed' ? undefined : outcome.elapsedMs;
    const latencyMs = known ?? nowMs - startedMs;
    const detail = outcome.kind === 'success' ? (outcome.detail ?? '') : outcome.reason;
    this.#last = { detail, latencyMs, atMs: nowMs };
    if (outcome.kind === 'postponed') {
      this.#log({ kind: 'postponed', reason: outcome.reason });
      this.#schedule(this.#check.timing.delayLoop / 1000);
      return;
    }
    const before = this.#standing;
    const judgement = judge(before, this.#rules, outcome.kind === 'success');
    this.#standing = judgement.standing;
    // Scheduled first: a listener that closes the checker then ends it.
    const delayMs = this.#nextDelayMs(judgement, latencyMs);
    if (!this.#watch(outcome, delayMs)) this.#schedule(delayMs);
    this.#report(outcome, before, judgement);
  }

  /** Up, and nothing but the same success again is expected: the loop is not needed until that ends. */
  #watch(outcome: Outcome, delayMs: number): boolean {
    const { isUp, hasRun, step, failedStep } = this.#standing;
    if (outcome.kind !== 'success' || outcome.weight !== undefined || this.#rules.steps !== 1) return false;
    if (this.#isSuspended || !isUp || !hasRun || step !== 0 || failedStep !== undefined) return false;
    this.#vigil = this.#check.watch?.(delayMs, (end) => {
      this.#vigil = undefined;
      this.#take(end, this.#host.clock.nowMs());
    });
    return this.#vigil !== undefined;
  }

  #nextDelayMs({ delay }: Judgement, latencyMs: number): number {
    const delayMs = delay / 1000;
    return this.#check.isIntervalFromStart === true ? Math.max(0, delayMs - latencyMs) : delayMs;
  }

  #report(outcome: Outcome, before: Standing, { standing, verdict, isForgiven }: Judgement): void {
    if (outcome.kind === 'success') {
      if (!before.isUp || !before.hasRun) this.#log({ kind: 'step', step: before.step, outcome });
      if (verdict === 'up') this.#log({ kind: 'up', outcome });
      if (verdict === 'up') this.#listener.onVerdict(true, outcome.detail ?? '');
      if (standing.isUp) this.#setWeight(outcome.weight);
      return;
    }
    const reason = outcome.kind === 'failure' ? outcome.reason : '';
    if (this.#check.timing.logAllFailures) {
      const attempt = before.retries + 1;
      this.#log({ kind: 'attempt', reason, step: before.step, isForgiven, attempt });
    }
    if (verdict !== 'down') return;
    this.#log({ kind: 'down', reason, retries: before.hasRun ? this.#rules.retry : 0 });
    // The dynamic weight is forgotten before the server leaves, so that it comes back with its own.
    this.#setWeight(undefined);
    this.#listener.onVerdict(false, reason);
  }

  #setWeight(weight: number | undefined): void {
    if (weight === this.#weight) return;
    this.#weight = weight;
    this.#listener.onWeight(weight);
  }

  #log(event: CheckEvent): void {
    const line = this.#check.describe(event);
    if (line !== undefined) this.#host.logger.log('info', line);
  }
}

const plain = { policy: 'plain', steps: 1, fastRecovery: false } as const;

/** Fractions that lie apart from one another however many are drawn: thousands of checks fall evenly over their interval. */
export function evenPhases(random: Random): Random {
  let last = random.next();
  return {
    next: () => {
      last = (last + goldenFraction) % 1;
      return last;
    },
  };
}

const goldenFraction = 0.618_033_988_749_895;
