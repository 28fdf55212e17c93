/** Maintenance over reloads, by the clock: what it is for, and when it ends. */
import assert from 'node:assert/strict';
import test from 'node:test';

import type { NativeEngineStatus } from '../../../bindings/native.js';
import { parseConfig } from '../../../lib/config/load.js';
import type { Config } from '../../../lib/config/model.js';
import { Maintenance, type MaintenanceNews } from '../../../lib/control/maintenance.js';
import { silentLogger } from '../../../lib/host.js';
import type { EnginePort } from '../../../lib/vrrp/engine-port.js';
import { createNode } from '../../../lib/vrrp/node.js';
import { ManualClock } from '../../support/manual-clock.js';

/** An engine without a kernel: it takes everything, and nothing happens. */
const engine: EnginePort = {
  start: () => Promise.resolve(),
  apply: () => Promise.resolve(),
  record: () => undefined,
  stop: () => Promise.resolve(),
  status: (): NativeEngineStatus => ({
    routers: [],
    wakeUps: 0,
    lateness: [],
    maxLatenessUs: 0,
    latenessSumUs: 0,
    netlinkOverruns: 0,
    droppedUnknown: {},
    links: [],
  }),
};

/** Instances that are one sync group. */
function group(...names: readonly string[]): Config {
  const instances = names.map(
    (name, index) =>
      `vrrp_instance ${name} {\ninterface eth0\nvirtual_router_id ${index + 1}\nvirtual_ipaddress {\n10.0.0.${index + 1}/24\n}\n}\n`,
  );
  const text = `vrrp_sync_group G {\ngroup {\n${names.join('\n')}\n}\n}\n${instances.join('')}`;
  const { model } = parseConfig({ text }, { offline: true });
  assert.ok(model !== undefined);
  return model;
}

async function setUp() {
  const clock = new ManualClock();
  const node = await createNode(group('A', 'B'), { openEngine: () => engine, clock });
  const news: MaintenanceNews[] = [];
  const maintenance = new Maintenance(node, { clock, logger: silentLogger }, (each) => news.push(each));
  const standbys = (): readonly string[] =>
    node.inspect().flatMap(({ plan, isStandby }) => (isStandby ? [plan.name] : []));
  const reload = async (...names: readonly string[]): Promise<void> => {
    await node.reload(group(...names));
    await maintenance.adopt();
  };
  return { clock, node, news, maintenance, standbys, reload };
}

test('a member that a reload adds to a group in standby comes back with it when its time is over', async () => {
  const { clock, node, news, maintenance, standbys, reload } = await setUp();
  await using _ = node;
  await maintenance.standby('G', { forMs: 60_000 });
  await reload('A', 'B', 'C');
  assert.deepEqual(standbys(), ['A', 'B', 'C']);
  await clock.advance(59_999);
  assert.deepEqual(standbys(), ['A', 'B', 'C']);
  await clock.advance(1);
  assert.deepEqual(standbys(), []);
  assert.deepEqual(
    news.map(({ what, because, instances }) => [what, because, instances.join()]),
    [
      ['standby', 'operator', 'A,B'],
      ['ended', 'time', 'A,B,C'],
    ],
  );
});

test('the time of what a reload removed ends nothing', async () => {
  const { clock, node, news, maintenance, standbys, reload } = await setUp();
  await using _ = node;
  await maintenance.standby('G', { forMs: 60_000 });
  await reload('C', 'D');
  await reload('A', 'B');
  assert.deepEqual(standbys(), []);
  await maintenance.standby('G', {});
  await clock.advance(120_000);
  assert.deepEqual(standbys(), ['A', 'B']);
  assert.deepEqual(
    news.map(({ what }) => what),
    ['standby', 'standby'],
  );
});
