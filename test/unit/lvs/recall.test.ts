import assert from 'node:assert/strict';
import test from 'node:test';
import { desiredTable } from '../../../lib/lvs/desired.js';
import { recall } from '../../../lib/lvs/recall.js';
import { lvsConfig, realServer, sorryServer, virtualServer } from '../../support/lvs-model.js';

const servers = [
  realServer({ weight: 2 }),
  realServer({ address: '10.1.0.2' }),
  realServer({ address: '10.1.0.3', inhibitOnFailure: true }),
];

/** The table that a balancer would have left with these servers down. */
function left(server: ReturnType<typeof virtualServer>, down: readonly number[], isSorryActive = false) {
  const health = {
    quorum: { isUp: !isSorryActive, isSorryActive },
    servers: server.realServer.map(({ weight }, i) => ({ weight, isAlive: !down.includes(i) })),
  };
  return desiredTable(lvsConfig([server]), [health]);
}

test('servers that are not in the table, or are there with an inhibited weight, were down', () => {
  const server = virtualServer({ realServer: servers });
  for (const down of [[], [1], [2], [0, 1, 2]]) {
    const [known] = recall(lvsConfig([server]), left(server, down));
    assert.deepEqual([...(known?.down ?? [])], down);
    assert.equal(known?.isQuorumKept, false);
  }
});

test('a virtual server that the kernel does not have is not known', () => {
  const server = virtualServer({ realServer: servers });
  assert.deepEqual(recall(lvsConfig([server]), []), [undefined]);
});

test('a weight of 0 says nothing of a server that leaves when it fails', () => {
  const server = virtualServer({ realServer: [realServer({ weight: 0 })] });
  assert.deepEqual(recall(lvsConfig([server]), left(server, []))[0]?.down, new Set());
});

test('between losing and gaining the quorum is what the sorry server says it was', () => {
  const server = virtualServer({
    quorum: 3,
    hysteresis: 1,
    sorryServer: sorryServer({ address: '10.1.0.99' }),
    realServer: servers,
  });
  const config = lvsConfig([server]);
  // 2 + 1 = 3: below the 4 that would gain it, above the 2 that would lose it.
  assert.equal(recall(config, left(server, [1]))[0]?.isQuorumKept, true);
  assert.equal(recall(config, left(server, [1], true))[0]?.isQuorumKept, false);
  assert.equal(recall(config, left(server, []))[0]?.isQuorumKept, false);
});
