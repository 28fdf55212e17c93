/** Why an instance was held, and what ended that. Pure. */
import type { NativeHold } from '../../bindings/native.js';
import { linkChanges, linkState, type Case } from './evidence.js';
import { commandFacts, describeTracker, lastOf, trackerFacts } from './facts.js';
import type { CauseName, Reason } from './finding.js';
import type { TransitionEntry } from './timeline.js';
import { clockTime, duration, times } from './words.js';

export function held(given: Case, change: TransitionEntry): Reason {
  const reasons = (change.cause.holds ?? []).map((hold) => ofHold(given, change, hold));
  return joined(reasons, 'it is held');
}

function joined(reasons: readonly Reason[], otherwise: string): Reason {
  const [first] = reasons;
  if (first === undefined) return { cause: 'unknown', text: otherwise, evidence: [] };
  return {
    cause: first.cause,
    text: reasons.map(({ text }) => text).join('; '),
    evidence: reasons.flatMap(({ evidence }) => evidence),
  };
}

function ofHold(given: Case, change: TransitionEntry, hold: NativeHold): Reason {
  const plain = (cause: CauseName, text: string): Reason => ({ cause, text, evidence: [] });
  switch (hold) {
    case 'link-down':
    case 'tracked-link':
      return ofLinks(given, change);
    case 'policy':
      return ofFaults(given, change);
    case 'waiting':
      return plain('tracker', 'a tracked object has given no result yet');
    case 'no-source':
      return plain('no-source', `${given.interface || 'the host'} has no address to advertise from`);
    case 'group':
      return plain('group', 'another member of its sync group is held');
    case 'watchdog':
      return plain('watchdog', 'JavaScript did not answer for too long');
    case 'standby':
      return { ...plain('standby', 'an operator put it in standby'), evidence: commandFacts(given, change) };
    case 'address-failed':
      return plain('address', 'the kernel refuses its virtual addresses');
    case 'no-multicast':
      return plain(
        'no-multicast',
        `${given.interface} does not support multicast, and there are no unicast peers`,
      );
    case 'not-started':
      return plain('started', 'it is not started yet');
  }
}

function ofLinks(given: Case, change: TransitionEntry): Reason {
  const names = change.cause.links ?? [given.interface];
  const facts = names.map((name) => {
    const last = linkChanges(given, change.atMs - 60_000, change.atMs + 1, [name]).findLast(
      ({ event }) => !event.up,
    );
    return last === undefined ? `${name} is down or missing` : `${name} is ${linkState(last.event)}`;
  });
  return { cause: 'link', text: facts.join(', '), evidence: flaps(given, names, change.atMs) };
}

/** How often links went down in the minute before. */
function flaps(given: Case, names: readonly string[], untilMs: number): readonly string[] {
  return names.flatMap((name) => {
    const down = linkChanges(given, untilMs - 60_000, untilMs + 1, [name]).filter(({ event }) => !event.up);
    const first = down[0];
    return down.length < 2 || first === undefined
      ? []
      : [`${name} went down ${times(down.length)} since ${clockTime(first.atMs, given.nowMs)}: it flaps`];
  });
}

function ofFaults(given: Case, change: TransitionEntry): Reason {
  const reasons = change.faults.map((what): Reason => {
    const tracker = lastOf(given, what, change.atMs);
    return tracker === undefined
      ? { cause: 'tracker', text: `${what} failed`, evidence: [] }
      : { cause: 'tracker', text: describeTracker(tracker), evidence: trackerFacts(given, tracker) };
  });
  return joined(reasons, 'a tracked object failed');
}

export function released(given: Case, change: TransitionEntry, earlier: readonly TransitionEntry[]): Reason {
  const before = earlier.at(-1);
  const lasted = before === undefined ? '' : ` (it lasted ${duration(change.atMs - before.atMs)})`;
  const holds = change.cause.holds ?? [];
  if (before !== undefined && holds.some((hold) => hold === 'link-down' || hold === 'tracked-link')) {
    const names = before.cause.links ?? [given.interface];
    const was = ofLinks(given, before);
    const many = flaps(given, names, change.atMs);
    const flapped = many.length > 0 ? 'flapped: it ' : '';
    return {
      cause: 'link',
      text: `${names.join(', ')} ${flapped}was down for ${duration(change.atMs - before.atMs)} and is up again`,
      evidence: [`before: ${was.text}`, ...many],
    };
  }
  if (before !== undefined && holds.includes('policy')) {
    const was = ofFaults(given, before);
    return { cause: 'tracker', text: `what held it is over${lasted}: ${was.text}`, evidence: was.evidence };
  }
  if (holds.includes('standby'))
    return {
      cause: 'standby',
      text: `its standby is over${lasted}`,
      evidence: commandFacts(given, change),
    };
  if (holds.includes('waiting') || holds.includes('not-started'))
    return { cause: 'started', text: 'it was started', evidence: [] };
  const was = joined(
    holds.map((hold) => ofHold(given, change, hold)),
    'it was held',
  );
  return { cause: was.cause, text: `what held it is over${lasted}: ${was.text}`, evidence: [] };
}
