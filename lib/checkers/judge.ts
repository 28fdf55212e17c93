/**
 * From single attempts to the standing of a checker: retries, first results, rounds over several urls. Pure; it is told
 * what an attempt brought and says what the checker is now and when to try again.
 */
import { micros, type Micros } from '../units.js';

/** `plain`: TCP, UDP, PING, DNS, MISC. `rounds`: SMTP. `steps`: HTTP_GET and SSL_GET with their urls. */
export type Policy = 'plain' | 'rounds' | 'steps';

export interface JudgeRules {
  readonly policy: Policy;
  /** Further attempts before a failure counts. */
  readonly retry: number;
  readonly delayBeforeRetry: Micros;
  readonly delayLoop: Micros;
  readonly alpha: boolean;
  /** `steps`: number of urls. */
  readonly steps: number;
  /** `steps`: no delay between urls while the checker is new or down. */
  readonly fastRecovery: boolean;
}

/** What a checker is, between two attempts. Keep it over a reload to keep the checker's state. */
export interface Standing {
  readonly isUp: boolean;
  /** A verdict was given since the start. */
  readonly hasRun: boolean;
  readonly retries: number;
  /** The url that is tried next. */
  readonly step: number;
  /** The url that brought the checker down: it alone is tried until it works. */
  readonly failedStep: number | undefined;
}

export interface Judgement {
  readonly standing: Standing;
  /** The checker's own state was settled: for the first time, or anew. */
  readonly verdict: 'up' | 'down' | undefined;
  /** The failure is one of those that retries forgive. */
  readonly isForgiven: boolean;
  readonly delay: Micros;
}

/** Before the first attempt: up unless alpha. Except in rounds the first failure is final: retries count as used. */
export function initialStanding(rules: JudgeRules): Standing {
  const retries = rules.policy === 'rounds' ? 0 : rules.retry;
  return { isUp: !rules.alpha, hasRun: false, retries, step: 0, failedStep: undefined };
}

/** Takes the result of one attempt. */
export function judge(before: Standing, rules: JudgeRules, isSuccess: boolean): Judgement {
  if (rules.policy === 'steps') return isSuccess ? stepPassed(before, rules) : stepFailed(before, rules);
  return isSuccess ? passed(before, rules) : failed(before, rules);
}

function passed(before: Standing, rules: JudgeRules): Judgement {
  const verdict = before.isUp && before.hasRun ? undefined : 'up';
  const standing = { ...before, isUp: true, hasRun: true, retries: 0 };
  return { standing, verdict, isForgiven: false, delay: rules.delayLoop };
}

function failed(before: Standing, rules: JudgeRules): Judgement {
  // In rounds a server that is down is tried as often as one that is up.
  const mayRetry = before.isUp || rules.policy === 'rounds';
  if (mayRetry && before.retries < rules.retry)
    return {
      standing: { ...before, retries: before.retries + 1 },
      verdict: undefined,
      isForgiven: true,
      delay: rules.delayBeforeRetry,
    };
  const verdict = before.isUp || !before.hasRun ? 'down' : undefined;
  const standing = { ...before, isUp: false, hasRun: true, retries: 0 };
  return { standing, verdict, isForgiven: false, delay: rules.delayLoop };
}

function stepPassed(before: Standing, rules: JudgeRules): Judgement {
  const hurry = rules.fastRecovery && !(before.isUp && before.hasRun);
  const between = hurry ? micros(0) : rules.delayLoop;
  if (before.failedStep !== undefined) {
    // The url that failed works again: now the whole list must.
    const standing = { ...before, retries: 0, step: 0, failedStep: undefined };
    return { standing, verdict: undefined, isForgiven: false, delay: between };
  }
  if (before.step + 1 < rules.steps) {
    const standing = { ...before, retries: 0, step: before.step + 1 };
    return { standing, verdict: undefined, isForgiven: false, delay: between };
  }
  const verdict = before.isUp && before.hasRun ? undefined : 'up';
  const standing = { ...before, isUp: true, hasRun: true, retries: 0, step: 0 };
  return { standing, verdict, isForgiven: false, delay: rules.delayLoop };
}

function stepFailed(before: Standing, rules: JudgeRules): Judgement {
  if (before.isUp && before.retries < rules.retry)
    return {
      standing: { ...before, retries: before.retries + 1 },
      verdict: undefined,
      isForgiven: true,
      delay: rules.delayBeforeRetry,
    };
  const verdict = before.isUp || !before.hasRun ? 'down' : undefined;
  return {
    standing: { isUp: false, hasRun: true, retries: 0, step: before.step, failedStep: before.step },
    verdict,
    isForgiven: false,
    delay: rules.delayBeforeRetry > rules.delayLoop ? rules.delayBeforeRetry : rules.delayLoop,
  };
}
