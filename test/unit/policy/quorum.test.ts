import assert from 'node:assert/strict';
import test from 'node:test';
import {
  aliveWeight,
  initialQuorum,
  kernelWeight,
  serverWeight,
  sorryWeight,
  stepQuorum,
  type QuorumRules,
  type QuorumState,
} from '../../../lib/policy/quorum.js';

const rules = (more: Partial<QuorumRules> = {}): QuorumRules => ({
  quorum: 1,
  hysteresis: 0,
  hasSorryServer: false,
  ...more,
});
const alive = (...weights: readonly number[]) => weights.map((weight) => ({ isAlive: true, weight }));
const up: QuorumState = { isUp: true, isSorryActive: false };

test('a virtual server with enough weight gains its quorum when it starts [keepalived: quorum]', () => {
  const { state, change } = stepQuorum(initialQuorum, rules({ quorum: 2 }), alive(1, 1), true);
  assert.deepEqual(state, { isUp: true, isSorryActive: false });
  assert.deepEqual(change, {
    kind: 'gained',
    quorum: 2,
    hysteresis: 0,
    isStart: true,
    threshold: 2,
    total: 2,
    sorry: undefined,
  });
});

test('one without enough weight starts down with its sorry server, and silently without one', () => {
  const withSorry = stepQuorum(initialQuorum, rules({ quorum: 3, hasSorryServer: true }), alive(1), true);
  assert.deepEqual(withSorry.state, { isUp: false, isSorryActive: true });
  assert.equal(withSorry.change?.kind, 'started-down');
  assert.equal(withSorry.change.sorry, 'added');
  const between = rules({ quorum: 4, hysteresis: 2, hasSorryServer: true });
  // What it has not reached.
  assert.equal(stepQuorum(initialQuorum, between, alive(4), true).change?.threshold, 6);
  const without = stepQuorum(initialQuorum, rules({ quorum: 3 }), alive(1), true);
  assert.deepEqual(without, { state: initialQuorum, change: undefined });
});

test('hysteresis keeps the state between quorum - h and quorum + h', () => {
  const r = rules({ quorum: 10, hysteresis: 3 });
  assert.equal(stepQuorum(initialQuorum, r, alive(12)).change, undefined);
  assert.equal(stepQuorum(initialQuorum, r, alive(13)).change?.kind, 'gained');
  assert.equal(stepQuorum(up, r, alive(7)).change, undefined);
  const lost = stepQuorum(up, r, alive(6));
  assert.equal(lost.change?.kind, 'lost');
  assert.equal(lost.change.threshold, 7);
  assert.equal(lost.change.total, 6);
});

test('a total of 0 loses the quorum whatever the hysteresis', () => {
  const r = rules({ quorum: 2, hysteresis: 5, hasSorryServer: true });
  const { state, change } = stepQuorum(up, r, [{ isAlive: false, weight: 5 }]);
  assert.deepEqual(state, { isUp: false, isSorryActive: true });
  assert.equal(change?.sorry, 'added');
});

test('a regained quorum sends the sorry server away', () => {
  const down: QuorumState = { isUp: false, isSorryActive: true };
  const { state, change } = stepQuorum(down, rules({ hasSorryServer: true }), alive(1));
  assert.deepEqual(state, up);
  assert.equal(change?.sorry, 'removed');
});

test('a lost quorum is announced once', () => {
  const first = stepQuorum(up, rules({ hasSorryServer: true }), []);
  assert.equal(stepQuorum(first.state, rules({ hasSorryServer: true }), []).change, undefined);
});

test('weights count and reach the kernel within its range, and the dead count for nothing', () => {
  assert.equal(kernelWeight(-5), 0);
  assert.equal(kernelWeight(3_000_000_000), 2_147_483_647);
  assert.equal(aliveWeight([...alive(3, -2), { isAlive: false, weight: 100 }]), 3);
});

test('a dead server leaves the pool, or stays with weight 0 when it is inhibited', () => {
  const dead = { isAlive: false, weight: 5 };
  assert.equal(serverWeight({ ...dead, inhibitOnFailure: false }, up), undefined);
  assert.equal(serverWeight({ ...dead, inhibitOnFailure: true }, up), 0);
  assert.equal(serverWeight({ isAlive: true, weight: 5, inhibitOnFailure: false }, up), 5);
  const sorry: QuorumState = { isUp: false, isSorryActive: true };
  assert.equal(serverWeight({ isAlive: true, weight: 5, inhibitOnFailure: false }, sorry), undefined);
  assert.equal(sorryWeight(false, sorry), 1);
  assert.equal(sorryWeight(false, up), undefined);
  assert.equal(sorryWeight(true, up), 0);
});
