import assert from 'node:assert/strict';
import test from 'node:test';

import type { NativeEngineStatus, NativeTransaction } from '../../../bindings/native.js';
import { parseConfig } from '../../../lib/config/load.js';
import type { Config } from '../../../lib/config/model.js';
import type { EnginePort } from '../../../lib/vrrp/engine-port.js';
import { createNode } from '../../../lib/vrrp/node.js';

function config(...names: readonly string[]): Config {
  const instances = names.map(
    (name, index) =>
      `vrrp_instance ${name} {\ninterface eth0\nvirtual_router_id ${index + 1}\nvirtual_ipaddress {\n10.0.0.${index + 1}/24\n}\n}\n`,
  );
  const { model } = parseConfig({ text: instances.join('') }, { offline: true });
  assert.ok(model !== undefined);
  return model;
}

/** Takes transactions, or refuses the next one. */
class RefusingEngine implements EnginePort {
  readonly taken: NativeTransaction[] = [];
  refusesNext = false;

  start(): Promise<void> {
    return Promise.resolve();
  }

  apply(transaction: NativeTransaction): Promise<void> {
    if (this.refusesNext) {
      this.refusesNext = false;
      return Promise.reject(new Error('refused'));
    }
    this.taken.push(transaction);
    return Promise.resolve();
  }

  status(): NativeEngineStatus {
    throw new Error('not asked for here');
  }

  record(): undefined {
    return undefined;
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

test('a reload that the engine refuses is forgotten: the next one starts from what runs', async () => {
  const engine = new RefusingEngine();
  await using node = await createNode(config('A'), { openEngine: () => engine });
  const view = node.router('A');

  engine.refusesNext = true;
  await assert.rejects(node.reload(config('A', 'B')), /refused/);
  assert.deepEqual(
    node.routers.map(({ name }) => name),
    ['A'],
  );
  assert.equal(node.router('A'), view);

  assert.deepEqual(await node.reload(config('A', 'B')), { added: ['B'], changed: [], removed: [] });
  assert.deepEqual(
    engine.taken.at(-1)?.routers?.map(({ name }) => name),
    ['B'],
  );
  assert.deepEqual(await node.reload(config('A')), { added: [], changed: [], removed: ['B'] });
  assert.equal(engine.taken.at(-1)?.remove?.length, 1);
});

test('standby of an instance outlasts a reload that is refused, and ends with the instance', async () => {
  const engine = new RefusingEngine();
  await using node = await createNode(config('A', 'B'), { openEngine: () => engine });
  await node.setStandby(['B'], true);

  engine.refusesNext = true;
  await assert.rejects(node.reload(config('A')), /refused/);
  const [told] = engine.taken.at(-1)?.holds ?? [];
  assert.deepEqual([told?.set, told?.clear], [['standby'], []], 'the engine was told nothing since');
  await node.reload(config('A', 'B'));
  assert.ok(engine.taken.every(({ holds = [] }) => holds.every(({ clear }) => clear.length === 0)));

  await node.reload(config('A'));
  await node.reload(config('A', 'B'));
  const back = engine.taken.at(-1)?.routers?.find(({ name }) => name === 'B');
  assert.deepEqual(back?.holds, []);
});
