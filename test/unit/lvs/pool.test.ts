import assert from 'node:assert/strict';
import test from 'node:test';
import { initialPool, stepPool, type PoolEvent, type PoolState } from '../../../lib/lvs/pool.js';
import type { VirtualServer } from '../../../lib/config/model-lvs.js';
import { realServer, sorryServer, tcpCheck, virtualServer } from '../../support/lvs-model.js';

const names = { virtual: 'VS', servers: ['RS0', 'RS1'], sorry: 'SORRY' };

/** Plays events on a virtual server; every effect as one word or line. */
function play(config: VirtualServer, events: readonly PoolEvent[]) {
  let state: PoolState = initialPool(config);
  const seen = events.map((event) => {
    const step = stepPool(config, names, state, event);
    state = step.state;
    return step.effects.map((effect) => {
      switch (effect.kind) {
        case 'log':
          return effect.text;
        case 'kernel':
          return 'kernel';
        case 'server':
          return `RS${effect.server} ${effect.isUp ? 'UP' : 'DOWN'}`;
        case 'virtual':
          return `VS ${effect.isUp ? 'UP' : 'DOWN'}`;
      }
    });
  });
  return { seen, state };
}

const start: PoolEvent = { kind: 'start', rsInitNotifies: false };
const verdict = (server: number, isUp: boolean, checker = 0): PoolEvent => ({
  kind: 'verdict',
  server,
  checker,
  isUp,
});
const weight = (server: number, amount: number): PoolEvent => ({
  kind: 'weight',
  server,
  checker: 0,
  weight: amount,
});
const two = (more: Partial<VirtualServer> = {}): VirtualServer =>
  virtualServer({
    realServer: [
      realServer({ weight: 10, checkers: [tcpCheck()] }),
      realServer({ weight: 5, address: '10.1.0.2', checkers: [tcpCheck()] }),
    ],
    ...more,
  });

test('loss and return of the quorum with a sorry server are told in keepalived’s order', () => {
  const { seen } = play(two({ quorum: 2, sorryServer: sorryServer() }), [
    start,
    verdict(0, false),
    verdict(1, false),
    verdict(1, true),
    verdict(0, true),
  ]);
  assert.deepEqual(seen, [
    ['kernel', 'Gained quorum 2+0=2 <= 15 for VS VS', 'VS UP'],
    ['Removing service RS0 from VS VS', 'kernel', 'RS0 DOWN'],
    [
      'Removing service RS1 from VS VS',
      'kernel',
      'RS1 DOWN',
      'Lost quorum 2-0=2 > 0 for VS VS',
      'Adding sorry server SORRY to VS VS',
      'Removing alive servers from the pool for VS VS',
      'kernel',
      'VS DOWN',
    ],
    [
      'Adding service RS1 to VS VS',
      'RS1 UP',
      'Gained quorum 2+0=2 <= 5 for VS VS',
      'Removing sorry server SORRY from VS VS',
      'Adding alive servers to the pool for VS VS',
      'kernel',
      'VS UP',
    ],
    ['Adding service RS0 to VS VS', 'kernel', 'RS0 UP'],
  ]);
});

test('a server is alive when none of its checkers is down', () => {
  const config = virtualServer({ realServer: [realServer({ checkers: [tcpCheck(), tcpCheck()] })] });
  const { seen, state } = play(config, [
    start,
    verdict(0, false, 1),
    verdict(0, false, 0),
    verdict(0, true, 1),
  ]);
  assert.equal(state.servers[0]?.isAlive, false);
  assert.deepEqual(seen.slice(2), [[], []]);
});

test('alpha: the server waits outside; its first failure is told without having been in', () => {
  const config = virtualServer({ realServer: [realServer({ checkers: [tcpCheck({ alpha: true })] })] });
  const { seen } = play(config, [start, verdict(0, false), verdict(0, false), verdict(0, true)]);
  assert.deepEqual(seen, [
    ['kernel'],
    ['RS0 DOWN'],
    [],
    ['Adding service RS0 to VS VS', 'kernel', 'RS0 UP', 'Gained quorum 1+0=1 <= 1 for VS VS', 'VS UP'],
  ]);
});

test('inhibit_on_failure disables and enables instead', () => {
  const config = virtualServer({
    realServer: [
      realServer({ inhibitOnFailure: true, checkers: [tcpCheck()] }),
      realServer({ address: '10.1.0.2' }),
    ],
  });
  const { seen } = play(config, [start, verdict(0, false), verdict(0, true)]);
  assert.deepEqual(seen.slice(1), [
    ['Disabling service RS0 of VS VS', 'kernel', 'RS0 DOWN'],
    ['Enabling service RS0 of VS VS', 'kernel', 'RS0 UP'],
  ]);
});

test('a changed weight reaches the kernel and may cost the quorum', () => {
  const { seen, state } = play(two({ quorum: 12 }), [start, weight(0, -8), weight(0, -8), weight(0, -20)]);
  assert.deepEqual(seen.slice(1), [
    [
      'Changing weight from 10 to 2 for active service RS0 of VS VS',
      'kernel',
      'Lost quorum 12-0=12 > 7 for VS VS',
      'VS DOWN',
    ],
    [],
    ['Changing weight from 2 to 0 for active service RS0 of VS VS', 'kernel'],
  ]);
  assert.equal(state.servers[0]?.weight, -10);
});

test('a weight that changes on a dead server is told and kept for later', () => {
  const { seen, state } = play(two(), [start, verdict(0, false), weight(0, 5)]);
  assert.deepEqual(seen[2], ['Changing weight from 10 to 15 for inactive service RS0 of VS VS']);
  assert.equal(state.servers[0]?.weight, 15);
});

test('a server without checkers is always alive; rs_init_notifies tells so before the quorum', () => {
  const config = virtualServer({ realServer: [realServer()] });
  const { seen } = play(config, [{ kind: 'start', rsInitNotifies: true }]);
  assert.deepEqual(seen, [['kernel', 'RS0 UP', 'Gained quorum 1+0=1 <= 1 for VS VS', 'VS UP']]);
});
