import assert from 'node:assert/strict';
import test from 'node:test';
import { effectivePolicy, type TrackedEntry, type TrackedState } from '../../../lib/policy/priority.js';

const up: TrackedState = { kind: 'up' };
const down: TrackedState = { kind: 'down' };
const unknown: TrackedState = { kind: 'unknown' };
const value = (n: number): TrackedState => ({ kind: 'value', value: n });
const entry = (state: TrackedState, weight: number, reverse = false): TrackedEntry => ({
  name: 'object',
  state,
  weight,
  reverse,
});

/** Recorded from keepalived 2.2.7: base priority 100, one tracked object; `fault` is state 3 of its JSON dump. */
const recorded: readonly (readonly [
  what: string,
  state: TrackedState,
  weight: number,
  reverse: boolean,
  outcome: number | 'fault',
])[] = [
  ['script or process up', up, 10, false, 110],
  ['script or process up', up, 10, true, 90],
  ['script or process up', up, -10, false, 100],
  ['script or process up', up, -10, true, 100],
  ['script or process up', up, 0, false, 100],
  ['script or process up', up, 0, true, 'fault'],
  ['script or process down', down, 10, false, 100],
  ['script or process down', down, 10, true, 100],
  ['script or process down', down, -10, false, 90],
  ['script or process down', down, -10, true, 110],
  ['script or process down', down, 0, false, 'fault'],
  ['script or process down', down, 0, true, 100],
  ['file with 3', value(3), 10, false, 130],
  ['file with 3', value(3), 10, true, 70],
  ['file with 3', value(3), -10, false, 70],
  ['file with 3', value(3), -10, true, 130],
  ['file with 3', value(3), 0, false, 'fault'],
  ['file with 3', value(3), 0, true, 100],
  ['file with 3', value(3), -100, false, 'fault'],
  ['file with 3', value(3), 100, true, 'fault'],
  ['file with 0', value(0), 10, false, 100],
  ['file with 0', value(0), -10, true, 100],
  ['file with 0', value(0), 0, false, 100],
  ['file with 0', value(0), 0, true, 'fault'],
];

for (const [what, state, weight, reverse, outcome] of recorded) {
  test(`${what}, weight ${weight}${reverse ? ' reverse' : ''}: ${outcome} [keepalived: track_*]`, () => {
    const result = effectivePolicy(100, [entry(state, weight, reverse)]);
    assert.deepEqual(result.holds, outcome === 'fault' ? ['policy'] : []);
    assert.equal(result.prioritySum, outcome === 'fault' ? 100 : outcome);
    assert.deepEqual(result.faults, outcome === 'fault' ? ['object'] : []);
  });
}

test('before its first result a weighted object adds nothing and one of weight 0 makes the router wait', () => {
  assert.deepEqual(effectivePolicy(100, [entry(unknown, -20), entry(unknown, 20)]), {
    prioritySum: 100,
    isOwner: false,
    holds: [],
    faults: [],
  });
  assert.deepEqual(effectivePolicy(100, [entry(unknown, 0)]).holds, ['waiting']);
});

test('the effect of a file above 253 counts as 253, so that other weights still show', () => {
  assert.equal(effectivePolicy(100, [entry(value(3), 100), entry(down, -120)]).prioritySum, 100 + 253 - 120);
});

test('the sum is not limited: the engine adds the weights of links before it limits', () => {
  assert.equal(effectivePolicy(200, [entry(up, 100)]).prioritySum, 300);
  assert.equal(effectivePolicy(10, [entry(down, -50)]).prioritySum, -40);
});

test('an address owner is marked, whatever the weights', () => {
  assert.equal(effectivePolicy(255, [entry(down, -50)]).isOwner, true);
  assert.equal(effectivePolicy(254, []).isOwner, false);
});

test('several entries add up and every fault is named', () => {
  const result = effectivePolicy(100, [
    entry(up, 5),
    entry(down, -30),
    { ...entry(down, 0), name: 'a' },
    { ...entry(unknown, 0), name: 'b' },
    { ...entry(value(9), 0), name: 'c' },
  ]);
  assert.deepEqual(result, {
    prioritySum: 75,
    isOwner: false,
    holds: ['policy', 'waiting'],
    faults: ['a', 'c'],
  });
});
