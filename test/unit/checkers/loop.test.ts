import assert from 'node:assert/strict';
import test from 'node:test';
import { CheckLoop, evenPhases, type Check, type Outcome } from '../../../lib/checkers/checker.js';
import type { CheckerTiming } from '../../../lib/config/model-lvs.js';
import { seconds } from '../../../lib/units.js';
import { connection } from '../../support/lvs-model.js';
import { ManualClock } from '../../support/manual-clock.js';

const up: Outcome = { kind: 'success' };
const down: Outcome = { kind: 'failure', reason: 'no answer' };

/** A loop over given outcomes; `seen` has what happened with the time in seconds. */
function rig(outcomes: readonly Outcome[], timing: Partial<CheckerTiming> = {}, phase = 0) {
  const clock = new ManualClock();
  const seen: string[] = [];
  const left = [...outcomes];
  const note = (text: string): void => void seen.push(`${clock.nowMs() / 1000} ${text}`);
  const check: Check = {
    name: 'TEST',
    timing: { ...connection(), warmup: seconds(10), ...timing },
    attempt: () => {
      note('attempt');
      return Promise.resolve(left.shift() ?? up);
    },
    describe: (event) => (event.kind === 'step' ? undefined : `log ${event.kind}`),
  };
  const loop = new CheckLoop({
    check,
    host: { clock, logger: { log: (_level, text) => note(text) } },
    random: { next: () => phase },
    listener: {
      onVerdict: (isUp, reason) => note(`verdict ${isUp ? 'up' : 'down'} ${reason}`),
      onWeight: (weight) => note(`weight ${String(weight)}`),
    },
  });
  loop.start();
  return { clock, loop, seen };
}

test('the first attempt comes a second and a part of the warmup after the start', async () => {
  const { clock, seen } = rig([up], {}, 0.5);
  await clock.advance(5_999);
  assert.deepEqual(seen, []);
  await clock.advance(1);
  assert.deepEqual(seen, ['6 attempt', '6 log up', '6 verdict up ']);
});

test('failures are retried, then reported, then tried at the interval', async () => {
  const { clock, seen } = rig([up, down, down, down, up]);
  await clock.advance(190_000);
  assert.deepEqual(seen, [
    '1 attempt',
    '1 log up',
    '1 verdict up ',
    '61 attempt',
    '62 attempt',
    '62 log down',
    '62 verdict down no answer',
    '122 attempt',
    '182 attempt',
    '182 log up',
    '182 verdict up ',
  ]);
});

test('log_all_failures logs the forgiven ones as well', async () => {
  const { clock, seen } = rig([up, down, up], { logAllFailures: true });
  await clock.advance(62_000);
  assert.deepEqual(seen.slice(3), ['61 attempt', '61 log attempt', '62 attempt']);
});

test('an attempt that could not be made changes nothing', async () => {
  const { clock, loop, seen } = rig([{ kind: 'postponed', reason: 'bind: EADDRNOTAVAIL' }]);
  await clock.advance(1_000);
  assert.deepEqual(seen, ['1 attempt', '1 log postponed']);
  assert.deepEqual([loop.status.isUp, loop.status.hasRun], [true, false]);
  await clock.advance(60_000);
  assert.equal(seen[2], '61 attempt');
});

test('a dynamic weight is reported when it changes, and forgotten before the server goes', async () => {
  const heavy: Outcome = { kind: 'success', weight: 7 };
  const { clock, seen } = rig([heavy, heavy, up, heavy, down], { retry: 0 });
  await clock.advance(250_000);
  const weights = seen.filter((line) => /weight|verdict/.test(line));
  assert.deepEqual(weights, [
    '1 verdict up ',
    '1 weight 7',
    '121 weight undefined',
    '181 weight 7',
    '241 weight undefined',
    '241 verdict down no answer',
  ]);
});

test('a suspended checker attempts nothing and keeps its state', async () => {
  const { clock, loop, seen } = rig([up]);
  await clock.advance(1_000);
  loop.suspend();
  await clock.advance(300_000);
  assert.equal(seen.length, 3);
  assert.equal(loop.status.isUp, true);
  loop.resume();
  await clock.advance(60_000);
  assert.equal(seen.length, 4);
});

test('a closed checker reports nothing more and holds no timer', async () => {
  const { clock, loop, seen } = rig([up]);
  loop.close();
  loop.close();
  await clock.advance(100_000);
  assert.deepEqual(seen, []);
  assert.equal(clock.pending, 0);
});

test('thousands of phases fall evenly over the interval', () => {
  const phases = evenPhases({ next: () => 0.25 });
  const slots = new Array<number>(100).fill(0);
  for (let i = 0; i < 10_000; i++) {
    const slot = Math.floor(phases.next() * 100);
    slots[slot] = (slots[slot] ?? 0) + 1;
  }
  assert.ok(
    slots.every((count) => count >= 98 && count <= 102),
    slots.join(' '),
  );
});
