/**
 * From the record of one instance to the reasons why it is what it is: what is wrong now, the chain of the last transitions, and one
 * sentence that comes first. Pure: a timeline in, an explanation out.
 */
import type { NativeRecord } from '../../bindings/native.js';
import type { StateName } from '../../bindings/engine.js';
import type { Case } from './evidence.js';
import type { CauseName, Finding } from './finding.js';
import type { OtherEntry, TransitionEntry } from './timeline.js';
import { explainTransition } from './transitions.js';
import { incidents, troubles } from './troubles.js';

export interface Question {
  readonly instance: string;
  readonly state: StateName;
  readonly priority: number;
  /** Wall clock of the last transition; 0: none yet. */
  readonly sinceMs: number;
  readonly interface: string;
  readonly advertIntervalMs: number;
  /** `script check`, `process nginx`. */
  readonly tracked: readonly string[];
  readonly nowMs: number;
  /** Of the instance, oldest first. */
  readonly transitions: readonly TransitionEntry[];
  /** Of all, oldest first. */
  readonly others: readonly OtherEntry[];
  /** Adverts and lateness now. */
  readonly record: NativeRecord | undefined;
}

/** One link of the chain. */
export interface Step extends Finding {
  /** Absent: something happened and the state stayed. */
  readonly from?: StateName;
  readonly to?: StateName;
}

export interface Explanation {
  readonly instance: string;
  readonly state: StateName;
  readonly sinceMs: number;
  /** When this was worked out. */
  readonly atMs: number;
  /** The cause that the first line names. */
  readonly cause: CauseName;
  /** Why the instance is what it is, in one sentence. */
  readonly headline: string;
  /** What is wrong now, worst first. */
  readonly troubles: readonly Finding[];
  /** What happened, newest first. */
  readonly steps: readonly Step[];
}

/** Steps that are shown. */
const shownSteps = 12;

export function explain(question: Question): Explanation {
  const given: Case = {
    router: question.instance,
    interface: question.interface,
    advertIntervalMs: question.advertIntervalMs,
    nowMs: question.nowMs,
    others: question.others,
    record: question.record,
  };
  const changes = question.transitions.map((change, i): Step => {
    const finding = explainTransition(given, change, question.transitions.slice(0, i));
    return { ...finding, from: change.from, to: change.to };
  });
  const wrong = troubles(given, {
    isMaster: question.state === 'MASTER',
    priority: question.priority,
    tracked: question.tracked,
  });
  const happened = incidents(given).filter((incident) => !isTold(incident, changes, question));
  const steps = [...changes, ...happened].toSorted((a, b) => b.atMs - a.atMs);
  const first = headline(question, wrong, steps);
  return {
    instance: question.instance,
    state: question.state,
    sinceMs: question.sinceMs,
    atMs: question.nowMs,
    cause: first.cause,
    headline: first.text,
    troubles: wrong,
    steps: steps.slice(0, shownSteps),
  };
}

/** A transition right behind the incident has told of it already. */
function isTold(incident: Finding, changes: readonly Step[], { advertIntervalMs }: Question): boolean {
  return changes.some(
    ({ cause, atMs }) => cause === incident.cause && Math.abs(atMs - incident.atMs) < 5 * advertIntervalMs,
  );
}

/**
 * What comes first: a cause that makes others blind or deaf; else the newest thing that happened, and of several that follow from each
 * other the one that began it; but a trouble that goes on without a consequence yet before the mere start.
 */
function headline(question: Question, wrong: readonly Finding[], steps: readonly Step[]): Finding {
  const [worst] = wrong;
  const grave: readonly CauseName[] = ['sending-fails', 'refused-adverts', 'split-brain', 'address'];
  const root = rootOf(question, steps);
  // A peer that fell silent, while its host answers for the address: the silence tells both.
  if (worst?.cause === 'split-brain' && root?.cause === 'silence') return root;
  if (worst !== undefined && grave.includes(worst.cause)) return worst;
  const isOrdinary = root === undefined || ordinary.includes(root.cause);
  if (worst !== undefined && (isOrdinary || worst.atMs > root.atMs)) return worst;
  return (
    root ?? { atMs: question.nowMs, cause: 'unknown', text: 'nothing is recorded of it yet', evidence: [] }
  );
}

/** Causes of a transition that only says that the instance found its place. */
const ordinary: readonly CauseName[] = ['started', 'no-master', 'preempted', 'owner'];

/** The newest step, or, when that only follows from an earlier one, the one that began the episode. */
function rootOf({ advertIntervalMs }: Question, steps: readonly Step[]): Step | undefined {
  const [newest] = steps;
  let root = newest;
  for (const step of steps) {
    if (root === undefined || step === root) continue;
    const isNear = root.atMs - step.atMs < 10_000 + 5 * advertIntervalMs;
    if (!ordinary.includes(root.cause) || !isNear) break;
    if (!ordinary.includes(step.cause)) return step;
    root = step;
  }
  return root !== undefined && ordinary.includes(root.cause) ? newest : root;
}
