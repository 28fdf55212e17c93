import assert from 'node:assert/strict';
import test from 'node:test';
import { BfdChecker, FileChecker, fileEffect } from '../../../lib/checkers/event-checkers.js';
import { nowhere } from '../../support/lvs-model.js';
import { ManualClock } from '../../support/manual-clock.js';

function rig() {
  const seen: string[] = [];
  return {
    seen,
    host: {
      clock: new ManualClock(),
      logger: { log: (_level: string, text: string) => void seen.push(text) },
    },
    listener: {
      onVerdict: (isUp: boolean) => void seen.push(isUp ? 'up' : 'down'),
      onWeight: (weight: number | undefined) => void seen.push(`weight ${String(weight)}`),
    },
  };
}

test('FILE_CHECK: the number times the weight, or a fault [keepalived: FILE_CHECK]', () => {
  assert.equal(fileEffect({ weight: 3, reverse: false }, 5), 15);
  assert.equal(fileEffect({ weight: 3, reverse: true }, 5), -15);
  assert.equal(fileEffect({ weight: 1, reverse: false }, -2_147_483_647), -2_147_483_647);
  assert.equal(fileEffect({ weight: 1, reverse: false }, -2_147_483_648), 'fault');
  assert.equal(fileEffect({ weight: 0, reverse: false }, 1), 'fault');
  assert.equal(fileEffect({ weight: 0, reverse: false }, 0), 0);
  assert.equal(fileEffect({ weight: 0, reverse: true }, 0), 'fault');
  assert.equal(fileEffect({ weight: 0, reverse: true }, 1), 0);
});

test('FILE_CHECK: changes are reported once, and none after close', () => {
  const { seen, host, listener } = rig();
  const config = { kind: 'FILE_CHECK', trackFile: 'F', weight: 0, reverse: false, at: nowhere } as const;
  const checker = new FileChecker(config, 0, 'RS', host, listener);
  for (const value of [0, 1, 2, 0]) checker.onValue(value);
  checker.close();
  checker.onValue(1);
  assert.deepEqual(seen, [
    '(RS): tracked file F now FAULT state',
    'down',
    '(RS): tracked file F leaving FAULT state',
    'up',
  ]);
});

test('FILE_CHECK: a weight is reported when it changes', () => {
  const { seen, host, listener } = rig();
  const config = { kind: 'FILE_CHECK', trackFile: 'F', weight: 2, reverse: false, at: nowhere } as const;
  const checker = new FileChecker(config, 1, 'RS', host, listener);
  assert.equal(checker.weight, 2);
  for (const value of [1, 4, 4, 0]) checker.onValue(value);
  assert.deepEqual(seen, ['weight 8', 'weight 0']);
});

test('BFD_CHECK: the session decides, from its first event on', () => {
  const { seen, host, listener } = rig();
  const checker = new BfdChecker(
    { kind: 'BFD_CHECK', name: 'B', alpha: true, at: nowhere },
    'RS',
    host,
    listener,
  );
  assert.deepEqual([checker.status.isUp, checker.status.hasRun], [false, false]);
  for (const isUp of [false, true, true, false]) checker.onSession(isUp);
  assert.deepEqual(seen, [
    'BFD check of [B] RS(RS) is DOWN',
    'down',
    'BFD check of [B] RS(RS) is UP',
    'up',
    'BFD check of [B] RS(RS) is DOWN',
    'down',
  ]);
});
