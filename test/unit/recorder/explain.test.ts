/** The explanation as a function of a recorded timeline. */
import assert from 'node:assert/strict';
import test from 'node:test';

import type { NativeAdvertRun, NativeRecord } from '../../../bindings/native.js';
import { explain, type Question } from '../../../lib/recorder/explain.js';
import { formatExplanation } from '../../../lib/recorder/format.js';
import {
  Timeline,
  type EngineEntry,
  type OtherEntry,
  type TransitionEntry,
} from '../../../lib/recorder/timeline.js';
import { clockTime, duration } from '../../../lib/recorder/words.js';

const start = new Date(2026, 0, 15, 12, 0, 0).getTime();

function heard(peer: string, priority: number, fromS: number, toS: number): NativeAdvertRun {
  return {
    fate: 'received',
    peer,
    priority,
    intervalUs: 1_000_000,
    count: Math.round(toS - fromS) + 1,
    firstMs: start + fromS * 1000,
    lastMs: start + toS * 1000,
    longestGapMs: 1000,
  };
}

function record(
  adverts: readonly NativeAdvertRun[],
  late: NativeRecord['late'] = [{ atMs: start + 9500, lateUs: 400 }],
): NativeRecord {
  return { adverts, late };
}

function transition(atS: number, changes: Partial<TransitionEntry>): TransitionEntry {
  return {
    kind: 'transition',
    atMs: start + atS * 1000,
    router: 'WEB',
    from: 'BACKUP',
    to: 'MASTER',
    priority: 100,
    cause: { kind: 'silence', peer: '10.0.0.18', peerPriority: 150 },
    faults: [],
    record: undefined,
    ...changes,
  };
}

function engine(atS: number, event: EngineEntry['event']): EngineEntry {
  const atMs = start + atS * 1000;
  return { kind: 'engine', atMs, router: 'WEB', event: { ...event, atMs } };
}

function ask(changes: Partial<Question>): ReturnType<typeof explain> {
  return explain({
    instance: 'WEB',
    state: 'MASTER',
    priority: 100,
    sinceMs: start + 10_000,
    interface: 'eth0',
    advertIntervalMs: 1000,
    tracked: [],
    nowMs: start + 20_000,
    transitions: [],
    others: [],
    record: undefined,
    ...changes,
  });
}

test('silence: how long, that nobody announced leaving, and how this node did', () => {
  const known = record([heard('10.0.0.18', 150, -60, 6.4)]);
  const answer = ask({ transitions: [transition(10, { record: known })], record: known });
  assert.equal(answer.cause, 'silence');
  assert.equal(
    formatExplanation(answer),
    `WEB is MASTER since 12:00:10.000 (10.0 s): no advert from 10.0.0.18 for 3.6 s, and its last one did not announce leaving: it died, froze, or the path from it is cut

what happened, newest first:
  12:00:10.000  BACKUP -> MASTER: no advert from 10.0.0.18 for 3.6 s, and its last one did not announce leaving: it died, froze, or the path from it is cut
      the last of 67 adverts from 10.0.0.18 with priority 150, 11:59:00.000 to 12:00:06.400; it did not announce leaving
      this node woke at most 0.40 ms late meanwhile
      our interface eth0 did not change meanwhile
`,
  );
});

test('silence while the link changed or this node was late says so, and does not claim the opposite', () => {
  const known = record([heard('10.0.0.18', 150, -60, 6.4)], [{ atMs: start + 8000, lateUs: 1_200_000 }]);
  const others = [
    engine(7, { kind: 'link', atMs: 0, index: 2, name: 'eth0', present: true, enabled: true, up: true }),
  ];
  const { steps } = ask({ transitions: [transition(10, { record: known })], record: known, others });
  assert.deepEqual(steps[0]?.evidence.slice(1), [
    'this node woke at most 1.2 s late meanwhile',
    'our interface eth0 was up at 12:00:07.000',
  ]);
});

test('silence of a peer whose host still answers for the address is not a dead host', () => {
  const known = record([heard('10.0.0.18', 150, -60, 6.4)]);
  const others = [
    engine(13, {
      kind: 'split-brain',
      atMs: 0,
      router: 1,
      active: true,
      sign: 'neighbour',
      address: '10.0.0.100',
      mac: '02:00:00:00:00:18',
    }),
  ];
  const answer = ask({ transitions: [transition(10, { record: known })], record: known, others });
  assert.equal(answer.cause, 'silence');
  assert.match(answer.headline, /while 02:00:00:00:00:18 still answers for 10\.0\.0\.100: its VRRP process/);
  assert.equal(answer.troubles[0]?.cause, 'split-brain');
});

test('a peer that left in order is not called dead', () => {
  const { headline, cause } = ask({
    transitions: [transition(10, { cause: { kind: 'peer-left', peer: '10.0.0.18', peerPriority: 0 } })],
  });
  assert.equal(cause, 'peer-left');
  assert.match(headline, /^10\.0\.0\.18 gave up in order \(priority 0\)/);
});

test('adverts that arrive and are refused come before the silence that they look like', () => {
  const refused: NativeAdvertRun = {
    fate: 'refused',
    peer: '10.0.0.18',
    reason: 'auth-failed',
    count: 9,
    firstMs: start + 1000,
    lastMs: start + 9500,
    longestGapMs: 1000,
  };
  const known = record([refused]);
  const answer = ask({ transitions: [transition(10, { cause: { kind: 'silence' }, record: known })] });
  assert.equal(answer.cause, 'refused-adverts');
  assert.match(answer.headline, /^adverts from 10\.0\.0\.18 arrive and are refused: wrong password/);
});

test('after a link came back the chain leads to it, not to the election that followed', () => {
  const link = (atS: number, up: boolean, enabled = true): OtherEntry =>
    engine(atS, { kind: 'link', atMs: 0, index: 2, name: 'eth0', present: true, enabled, up });
  const transitions = [
    transition(5, {
      from: 'MASTER',
      to: 'FAULT',
      cause: { kind: 'held', holds: ['link-down'], links: ['eth0'] },
    }),
    transition(6, { from: 'FAULT', to: 'BACKUP', cause: { kind: 'released', holds: ['link-down'] } }),
    transition(10, { cause: { kind: 'silence' } }),
  ];
  const others = [link(5, false), link(6, true)];
  assert.match(ask({ transitions, others }).headline, /^eth0 was down for 1\.0 s and is up again/);
  const fault = ask({
    state: 'FAULT',
    transitions: transitions.slice(0, 1),
    others: [link(5, false, false)],
  });
  assert.match(fault.headline, /^eth0 is set down by someone/);
});

test('a lowered priority is traced to the tracker or the reload that lowered it', () => {
  const cause = { kind: 'higher-priority', peer: '10.0.0.28', peerPriority: 90 } as const;
  const transitions = [transition(10, { from: 'MASTER', to: 'BACKUP', priority: 50, cause })];
  const lowered = engine(9.5, { kind: 'priority', atMs: 0, router: 1, priority: 50, previous: 100 });
  const tracker: OtherEntry = {
    kind: 'tracker',
    atMs: start + 9490,
    what: 'script check',
    state: 'down',
    detail: 'exited with status 3',
    output: 'no connection\nmore\n',
  };
  const byScript = ask({
    state: 'BACKUP',
    transitions,
    others: [tracker, lowered],
    tracked: ['script check'],
  });
  assert.equal(
    byScript.headline,
    'script check exited with status 3, so our priority went from 100 to 50, and 10.0.0.28 advertises 90',
  );
  assert.ok(byScript.steps[0]?.evidence.includes('it said: "no connection"'));
  const reload: OtherEntry = {
    kind: 'reload',
    atMs: start + 9480,
    refusedFor: undefined,
    added: [],
    removed: [],
    changed: [{ router: 'WEB', what: ['priority 100 -> 50'] }],
  };
  const byReload = ask({ state: 'BACKUP', transitions, others: [reload, lowered] });
  assert.equal(
    byReload.headline,
    'the reload at 12:00:09.480 changed our priority from 100 to 50, and 10.0.0.28 advertises 90',
  );
});

test('a refused reload right behind one that changed the state is told, and takes no blame', () => {
  const transitions = [transition(10, { from: 'MASTER', to: 'BACKUP', cause: { kind: 'params' } })];
  const good: OtherEntry = {
    kind: 'reload',
    atMs: start + 9_480,
    refusedFor: undefined,
    added: [],
    removed: [],
    changed: [{ router: 'WEB', what: ['priority 100 -> 50'] }],
  };
  const bad: OtherEntry = {
    ...good,
    atMs: start + 11_000,
    refusedFor: 'VRID 600 is out of range',
    changed: [],
  };
  const { headline, cause, steps } = ask({ state: 'BACKUP', transitions, others: [good, bad] });
  assert.equal(headline, 'a reload was refused and changed nothing: VRID 600 is out of range');
  assert.equal(cause, 'reload-refused');
  assert.equal(
    steps.some((step) => step.to === 'BACKUP'),
    true,
  );
});

test('who preempts because an operator ended its patience says so, and a refused command says nothing', () => {
  const command = (atS: number, text: string, endsMaintenance: boolean): OtherEntry => ({
    kind: 'command',
    atMs: start + atS * 1000,
    router: 'WEB',
    text,
    endsMaintenance,
  });
  const preempted = { kind: 'preempted', peer: '10.0.0.28', peerPriority: 90 } as const;
  const transitions = [
    transition(6, { from: 'MASTER', to: 'BACKUP', cause: { kind: 'command' } }),
    transition(10, { cause: preempted }),
  ];
  const switchover = command(6, 'an operator asked for switchover', false);
  const resumed = ask({
    transitions,
    others: [switchover, command(9.5, 'an operator asked for resume', true)],
  });
  assert.equal(resumed.cause, 'command');
  assert.equal(
    resumed.headline,
    'an operator asked for resume; 10.0.0.28 advertised the lower priority 90, ours is 100',
  );
  const refused = command(9.5, 'resume was refused: it is not in maintenance', false);
  assert.doesNotMatch(ask({ transitions, others: [switchover, refused] }).headline, /resume/);
});

test('a node that was not running says so before anything about others', () => {
  const transitions = [
    transition(10, {
      from: 'MASTER',
      to: 'BACKUP',
      cause: { kind: 'absent', peer: '10.0.0.28', peerPriority: 90 },
    }),
  ];
  const others = [
    engine(10, { kind: 'late', atMs: 0, lateUs: 7_000_000, suspended: false, missed: true, listens: true }),
  ];
  const answer = ask({ state: 'BACKUP', transitions, others });
  assert.equal(answer.cause, 'frozen');
  assert.match(
    answer.headline,
    /^this node itself was not running for 7\.0 s: .*; then 10\.0\.0\.28 is master since/,
  );
  const slept = ask({
    transitions: [],
    others: [
      engine(10, { kind: 'late', atMs: 0, lateUs: 7_000_000, suspended: true, missed: true, listens: true }),
    ],
  });
  assert.match(slept.headline, /^this machine was suspended for 7\.0 s/);
});

test('nothing recorded is said, not guessed', () => {
  assert.equal(ask({ sinceMs: 0, state: 'INIT' }).headline, 'nothing is recorded of it yet');
});

test('the timeline is bounded, and transitions are not pushed out by what is frequent', () => {
  const timeline = new Timeline();
  timeline.add(transition(1, {}));
  for (let i = 0; i < 10_000; i++)
    timeline.add({ kind: 'command', atMs: start + i, router: undefined, text: String(i) });
  assert.equal(timeline.transitions('WEB').length, 1);
  const others = timeline.others();
  assert.equal(others.length, 4096);
  assert.deepEqual([others[0]?.atMs, others.at(-1)?.atMs], [start + 5904, start + 9999]);
});

test('durations and times in the words of an operator', () => {
  assert.deepEqual([0.4, 5, 340, 3600, 123_000, 18_120_000, 270_000_000].map(duration), [
    '0.40 ms',
    '5.0 ms',
    '340 ms',
    '3.6 s',
    '2 min 3 s',
    '5 h 2 min',
    '3 days 3 h',
  ]);
  assert.equal(clockTime(start, start + 1), '12:00:00.000');
  assert.equal(clockTime(start, start + 86_400_000), '2026-01-15 12:00:00.000');
});
