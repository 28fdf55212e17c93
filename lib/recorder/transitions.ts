/** Why a transition happened: the engine's own cause, and what the timeline adds to it. Pure. */
import {
  describeRun,
  engineEntries,
  foreignAnswer,
  lastHeard,
  linkState,
  ownHealth,
  runs,
  type Case,
} from './evidence.js';
import { describeTracker, lastBefore, lastCommand, reloadFacts, trackerFacts } from './facts.js';
import type { Finding, Reason } from './finding.js';
import { held, released } from './holds.js';
import type { ProcessEntry, TransitionEntry } from './timeline.js';
import { clockTime, duration, refusal } from './words.js';

/** What led to `change`; `earlier` are the router's transitions before it, oldest first. */
export function explainTransition(
  given: Case,
  change: TransitionEntry,
  earlier: readonly TransitionEntry[],
): Finding {
  const freeze = freezeBefore(given, change);
  const reason = reasonOf(given, change, earlier);
  if (freeze === undefined || reason.cause === 'command' || reason.cause === 'stopped')
    return { atMs: change.atMs, ...reason };
  return {
    atMs: change.atMs,
    cause: 'frozen',
    text: `${freeze.text}; then ${reason.text}`,
    evidence: [...freeze.evidence, ...reason.evidence],
  };
}

function reasonOf(given: Case, change: TransitionEntry, earlier: readonly TransitionEntry[]): Reason {
  const { cause } = change;
  switch (cause.kind) {
    case 'started':
      return restarted(given, change, earlier) ?? { cause: 'started', text: 'it was started', evidence: [] };
    case 'owner':
      return (
        restarted(given, change, earlier) ?? {
          cause: 'owner',
          text: 'it owns the addresses, or held them a moment ago: it did not wait',
          evidence: [],
        }
      );
    case 'silence':
      return silence(given, change);
    case 'preempted':
      return preempted(given, change, earlier);
    case 'peer-left':
      return {
        cause: 'peer-left',
        text: `${cause.peer ?? 'the master'} gave up in order (priority 0): it was stopped, or is in fault`,
        evidence: heardOf(given, change, cause.peer),
      };
    case 'higher-priority':
      return higherPriority(given, change, earlier);
    case 'held':
      return held(given, change);
    case 'released':
      return released(given, change, earlier);
    case 'group':
      return ofGroup(given, change, earlier);
    case 'command':
      return commanded(given, change);
    case 'params':
      return { cause: 'reload', text: 'a reload changed it', evidence: reloadFacts(given, change.atMs) };
    case 'removed':
      return { cause: 'removed', text: 'it is no longer configured', evidence: [] };
    case 'shutdown':
      return { cause: 'stopped', text: 'ka-node was stopped', evidence: [] };
    case 'absent':
      return {
        cause: 'frozen',
        text: `${cause.peer ?? 'a peer'} is master since (priority ${cause.peerPriority ?? '?'}), which preemption leaves as it is`,
        evidence: heardOf(given, change, cause.peer),
      };
    case 'address-lost':
      return {
        cause: 'address',
        text: 'a virtual address was deleted by someone else and could not be put back',
        evidence: [],
      };
  }
}

// ---- the process ----

/** The first transition under another process. */
function restarted(
  given: Case,
  change: TransitionEntry,
  earlier: readonly TransitionEntry[],
): Reason | undefined {
  const before = earlier.at(-1)?.atMs ?? 0;
  const entry = given.others.findLast(({ kind, atMs }) => kind === 'process' && atMs <= change.atMs + 50);
  return entry?.kind === 'process' && entry.atMs > before ? describeRestart(given, entry) : undefined;
}

export function describeRestart({ router, nowMs }: Case, entry: ProcessEntry): Reason {
  const { pid, ending, endedMs, atMs, resumed } = entry;
  const next = resumed.includes(router) ? 'resumed' : 'was started again';
  return {
    cause: 'restarted',
    text: `the VRRP process ${ending} and ${next}`,
    evidence: [
      `process ${pid} ended at ${clockTime(endedMs, nowMs)}, the next one began ${duration(Math.max(0, atMs - endedMs))} later`,
    ],
  };
}

// ---- nothing was heard ----

function silence(given: Case, change: TransitionEntry): Reason {
  const { cause, record, atMs } = change;
  const { nowMs } = given;
  const last = lastHeard(record, cause.peer, atMs);
  const refused = runs(record, 'refused').filter(
    (run) => run.reason !== 'held' && run.lastMs > (last?.lastMs ?? 0) && atMs - run.lastMs < 5000,
  );
  const facts = refused.map((run) => describeRun(run, nowMs));
  const worst = refused.at(-1);
  if (worst?.reason !== undefined) {
    return {
      cause: 'refused-adverts',
      text: `adverts from ${worst.peer} arrive and are refused: ${refusal(worst.reason)}`,
      evidence: facts,
    };
  }
  if (cause.peer === undefined || last === undefined) {
    return {
      cause: 'no-master',
      text: 'no master was heard: nobody else advertises this VRID here',
      evidence: ownHealth(given, record, atMs - 4 * given.advertIntervalMs, atMs),
    };
  }
  const quiet = duration(atMs - last.lastMs);
  const alive = foreignAnswer(given, atMs);
  const evidence = [
    `the last of ${describeRun(last, nowMs)}; it did not announce leaving`,
    ...ownHealth(given, record, last.lastMs, atMs),
  ];
  const again = runs(given.record, 'received', cause.peer).at(-1);
  if (again !== undefined && again.firstMs > atMs) evidence.push(`since then: ${describeRun(again, nowMs)}`);
  if (alive === undefined) {
    return {
      cause: 'silence',
      text: `no advert from ${cause.peer} for ${quiet}, and its last one did not announce leaving: it died, froze, or the path from it is cut`,
      evidence,
    };
  }
  return {
    cause: 'silence',
    text: `no advert from ${cause.peer} for ${quiet}, while ${alive.mac} still answers for ${alive.address}: its VRRP process died or froze, or only its adverts are lost on the way`,
    evidence,
  };
}

function heardOf(given: Case, change: TransitionEntry, peer: string | undefined): readonly string[] {
  return runs(change.record, 'received', peer).map((run) => describeRun(run, given.nowMs));
}

// ---- somebody was heard ----

function preempted(given: Case, change: TransitionEntry, earlier: readonly TransitionEntry[]): Reason {
  const { cause } = change;
  const text = `${cause.peer ?? 'the master'} advertised the lower priority ${cause.peerPriority ?? '?'}, ours is ${change.priority}`;
  const facts = heardOf(given, change, cause.peer);
  const command = lastCommand(given, change);
  if (command?.endsMaintenance === true && command.atMs > (earlier.at(-1)?.atMs ?? 0))
    return { cause: 'command', text: `${command.text}; ${text}`, evidence: facts };
  const why = whyPriority(given, change, earlier, (previous) => previous <= (cause.peerPriority ?? 0));
  if (why === undefined) return { cause: 'preempted', text, evidence: facts };
  return { cause: why.cause, text: `${why.text}; ${text}`, evidence: [...why.evidence, ...facts] };
}

function higherPriority(given: Case, change: TransitionEntry, earlier: readonly TransitionEntry[]): Reason {
  const { cause } = change;
  const peer = cause.peer ?? 'a peer';
  const theirs = cause.peerPriority ?? 0;
  const facts = heardOf(given, change, cause.peer);
  const why = whyPriority(given, change, earlier, (previous) => previous >= theirs);
  if (why !== undefined) {
    return {
      cause: why.cause,
      text: `${why.text}, and ${peer} advertises ${theirs}`,
      evidence: [...why.evidence, ...facts],
    };
  }
  const compared =
    theirs === change.priority
      ? `advertises the same priority ${theirs} and has the higher address`
      : `advertises priority ${theirs}, ours is ${change.priority}`;
  if (earlier.some((each) => each.cause.peer === peer && each.cause.kind === 'silence')) {
    return { cause: 'higher-priority', text: `${peer} is back: it ${compared}`, evidence: facts };
  }
  const first = runs(change.record, 'received', cause.peer)[0];
  const isNew =
    first !== undefined &&
    change.atMs - first.firstMs < 2 * given.advertIntervalMs &&
    !earlier.some((each) => each.cause.peer === peer || knew(each, peer));
  return {
    cause: 'higher-priority',
    text: isNew
      ? `${peer}, never heard before, ${compared}: a node that was just started, or one that does not belong here`
      : `${peer} ${compared}`,
    evidence: facts,
  };
}

function knew(change: TransitionEntry, peer: string): boolean {
  return runs(change.record, 'received', peer).length > 0;
}

/** Why our priority is what it is, when with the one before this transition would not have come. */
function whyPriority(
  given: Case,
  change: TransitionEntry,
  earlier: readonly TransitionEntry[],
  differs: (previous: number) => boolean,
): Reason | undefined {
  const sinceMs = earlier.at(-1)?.atMs ?? 0;
  const last = engineEntries(given).findLast(
    ({ event, atMs }) => event.kind === 'priority' && atMs > sinceMs && atMs <= change.atMs,
  );
  if (last?.event.kind !== 'priority' || !differs(last.event.previous)) return undefined;
  const moved = `our priority went from ${last.event.previous} to ${last.event.priority}`;
  const reload = lastBefore(given, 'reload', last.atMs);
  const touches = reload?.changed.some(({ router }) => router === given.router) === true;
  if (reload !== undefined && touches && last.atMs - reload.atMs < 1000) {
    return {
      cause: 'reload',
      text: `the reload at ${clockTime(reload.atMs, given.nowMs)} changed our priority from ${last.event.previous} to ${last.event.priority}`,
      evidence: reloadFacts(given, change.atMs),
    };
  }
  const tracker = lastBefore(given, 'tracker', last.atMs);
  if (tracker !== undefined && last.atMs - tracker.atMs < 1000) {
    return {
      cause: 'tracker',
      text: `${describeTracker(tracker)}, so ${moved}`,
      evidence: [...trackerFacts(given, tracker)],
    };
  }
  const link = engineEntries(given).findLast(({ event, atMs }) => event.kind === 'link' && atMs <= last.atMs);
  if (link?.event.kind === 'link' && last.atMs - link.atMs < 1000) {
    return {
      cause: 'link',
      text: `${link.event.name} was ${linkState(link.event)}, so ${moved}`,
      evidence: [],
    };
  }
  return { cause: 'tracker', text: moved, evidence: [] };
}

// ---- with others, and by command ----

function ofGroup(given: Case, change: TransitionEntry, earlier: readonly TransitionEntry[]): Reason {
  const who = change.member ?? 'another member';
  if (change.cause.memberKind === undefined || change.cause.memberKind === 'group')
    return { cause: 'group', text: `its sync group moved with ${who}`, evidence: [] };
  const own = { ...change, cause: { ...change.cause, kind: change.cause.memberKind } };
  const reason = reasonOf(given, own, earlier);
  return {
    cause: 'group',
    text: `its sync group moved with ${who}: ${reason.text}`,
    evidence: reason.evidence,
  };
}

function commanded(given: Case, change: TransitionEntry): Reason {
  return {
    cause: 'command',
    text: lastCommand(given, change)?.text ?? 'an operator asked for it',
    evidence: [],
  };
}

// ---- this node ----

/** This node did not run shortly before the transition, for long enough that others took over. */
function freezeBefore(given: Case, change: TransitionEntry): Reason | undefined {
  const { kind } = change.cause;
  if (kind === 'started' || kind === 'removed' || kind === 'shutdown' || kind === 'held') return undefined;
  const found = engineEntries(given).findLast(
    ({ event, atMs }) =>
      event.kind === 'late' &&
      event.lateUs / 1000 >= 2 * given.advertIntervalMs &&
      atMs <= change.atMs + 50 &&
      change.atMs - atMs < 5 * given.advertIntervalMs,
  );
  return found?.event.kind === 'late' ? describeFreeze(found.event, given.nowMs) : undefined;
}

export function describeFreeze(
  event: { readonly atMs: number; readonly lateUs: number; readonly suspended: boolean },
  nowMs: number,
): Reason {
  const length = event.lateUs / 1000;
  const span = `${clockTime(event.atMs - length, nowMs)} to ${clockTime(event.atMs, nowMs)}`;
  return {
    cause: 'frozen',
    text: event.suspended
      ? `this machine was suspended for ${duration(length)}`
      : `this node itself was not running for ${duration(length)}: its process was stopped, its machine paused, or the CPU taken`,
    evidence: [`not running from ${span}`],
  };
}
