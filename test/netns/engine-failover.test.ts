/** Two engines on one segment: who is master, when, and why; also while JavaScript does nothing. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { Capture } from '../support/capture.js';
import { EngineHost, router } from '../support/engine-host.js';
import { NetLab, type LabHost } from '../support/net-lab.js';
import { Stalls } from '../support/stalls.js';

async function twoHosts(lab: NetLab): Promise<readonly [LabHost, LabHost]> {
  const lan = await lab.switch('lan');
  return [
    await lab.host('a', [{ switch: lan, addresses: ['10.0.0.18/16'] }]),
    await lab.host('b', [{ switch: lan, addresses: ['10.0.0.28/16'] }]),
  ];
}

function blockEventLoop(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

test('the better router preempts; when it leaves, the other takes over after skew_time [RFC9568-6.4.2]', async () => {
  await using lab = await NetLab.create('engine');
  const [a, b] = await twoHosts(lab);
  await using worse = await EngineHost.start(b, [router({ prioritySum: 80 })]);
  assert.equal((await worse.waitForState('active')).cause.kind, 'silence');
  await using better = await EngineHost.start(a, [router({ prioritySum: 100 })]);
  const preempted = await better.waitForState('active');
  assert.equal(preempted.cause.kind, 'preempted');
  assert.equal(preempted.cause.peer, '10.0.0.28');
  const from = worse.events.length;
  const yielded = await worse.waitForState('backup', 1, {
    from: worse.events.findIndex((e) => e.kind === 'transition' && e.to === 'active'),
  });
  assert.equal(yielded.cause.kind, 'higher-priority');
  assert.equal(yielded.cause.peerPriority, 100);
  await b.waitForAddress('10.0.0.100', false);
  await better.stop();
  const taken = await worse.waitForState('active', 1, { from });
  assert.equal(taken.cause.kind, 'peer-left');
  await b.waitForAddress('10.0.0.100');
  const { counters } = worse.status();
  assert.equal(counters.becameActive, 2);
  assert.equal(counters.releasedActive, 1);
  assert.equal(counters.priorityZeroReceived, 1);
  assert.ok(counters.received > 0);
});

test('an event loop that stands still costs no advert and delays no failover', async () => {
  await using lab = await NetLab.create('engine');
  const [a, b] = await twoHosts(lab);
  // Another process plays the master that dies, so that only the backup's JavaScript is blocked.
  const program = new URL('../lifecycle/engine-program.js', import.meta.url).pathname;
  const master = await a.start([
    process.execPath,
    program,
    'run',
    JSON.stringify(router({ prioritySum: 200 })),
  ]);
  await master.waitForLine(/"to":"active"/);
  await using stalls = await Stalls.start();
  await using capture = await Capture.start(b);
  await using steady = await EngineHost.start(b, [
    router({ id: 1, prioritySum: 80 }),
    router({ id: 2, vrid: 52, startActive: true, addresses: [{ address: '10.0.0.101/24', dev: 'eth0' }] }),
  ]);
  await steady.waitForState('backup', 1);
  await steady.waitForState('active', 2);
  await capture.waitForLine(/10\.0\.0\.28 > 224\.0\.0\.18: .*vrid 52/);
  await capture.waitForLine(/10\.0\.0\.18 > 224\.0\.0\.18: .*vrid 51/);
  setTimeout(() => process.kill(master.pid, 'SIGKILL'), 1);
  await new Promise((resolve) => setTimeout(resolve, 5));
  const blockedFrom = Date.now() / 1000;
  blockEventLoop(3_000);
  const blockedUntil = Date.now() / 1000;
  await steady.waitForState('active', 1);
  await capture.waitForLine(/10\.0\.0\.28 > 224\.0\.0\.18: .*vrid 51/);
  await capture.stop();
  const stall = await stalls.end();

  const adverts = await capture.packets(
    ['frame.time_epoch', 'ip.src', 'vrrp.virt_rtr_id', 'vrrp.prio'],
    'vrrp',
  );
  const times = (vrid: string, source: string): number[] =>
    adverts
      .filter((advert) => advert['vrrp.virt_rtr_id'] === vrid && advert['ip.src'] === source)
      .map((advert) => Number(advert['frame.time_epoch']));
  const during = times('52', '10.0.0.28').filter((at) => at > blockedFrom && at < blockedUntil);
  const due = Math.floor((blockedUntil - blockedFrom - stall) / 0.1);
  assert.ok(during.length >= due - 1, `only ${during.length} adverts in 3 s, stalls ${stall} s`);
  const gaps = during.slice(1).map((at, index) => at - (during[index] ?? at));
  assert.ok(Math.max(...gaps) < 0.15 + stall, `${Math.max(...gaps)} s between adverts, stalls ${stall} s`);

  // active_down_interval: 3 x 0.1 s + skew 176/256 x 0.1 s = 368.75 ms after the last advert of the master.
  const last = times('51', '10.0.0.18').at(-1) ?? 0;
  const first = times('51', '10.0.0.28').at(0) ?? 0;
  assert.ok(first < blockedUntil, 'the failover came only after the event loop turned again');
  assert.ok(Math.abs(first - last - 0.36875) < 0.03 + stall, `after ${first - last} s, stalls ${stall} s`);
});

test('a sync group moves as one when one of its links fails [keepalived: vrrp_sync_group]', async () => {
  await using lab = await NetLab.create('engine');
  const [inside, outside] = [await lab.switch('in'), await lab.switch('out')];
  const make = (name: string, last: number): Promise<LabHost> =>
    lab.host(name, [
      { switch: inside, addresses: [`10.1.0.${last}/16`] },
      { switch: outside, addresses: [`10.2.0.${last}/16`] },
    ]);
  const [a, b] = [await make('a', 18), await make('b', 28)];
  const routers = (prioritySum: number) => [
    router({ id: 1, vrid: 1, prioritySum, addresses: [{ address: '10.1.0.100/24', dev: 'eth0' }] }),
    router({
      id: 2,
      vrid: 2,
      prioritySum,
      interface: 'eth1',
      addresses: [{ address: '10.2.0.100/24', dev: 'eth1' }],
    }),
  ];
  await using first = await EngineHost.start(a);
  await first.engine.apply({ routers: routers(100), groups: [{ id: 7, name: 'G', members: [1, 2] }] });
  await using second = await EngineHost.start(b);
  await second.engine.apply({ routers: routers(80), groups: [{ id: 7, name: 'G', members: [1, 2] }] });
  await first.waitFor('group-transition', (event) => event.to === 'active');
  await first.waitForState('active', 2);
  await a.unplug('eth1');
  const held = await first.waitFor(
    'transition',
    (event) => event.router === 1 && event.to === 'initialize' && event.from === 'active',
  );
  assert.equal(held.cause.kind, 'group');
  const cause = first
    .of('transition')
    .find((event) => event.router === 2 && event.to === 'initialize' && event.from === 'active')?.cause;
  assert.deepEqual(cause?.links, ['eth1']);
  await second.waitForState('active', 1);
  await second.waitForState('active', 2);
  await b.waitForAddress('10.1.0.100');
  await b.waitForAddress('10.2.0.100');
  assert.equal(await a.hasAddress('10.1.0.100'), false);
  const from = first.events.length;
  await a.plug('eth1');
  await first.waitForState('active', 1, { from });
  await first.waitForState('active', 2, { from });
  await b.waitForAddress('10.1.0.100', false);
});

test('eventLoopTimeout holds the routers that ask for it while JavaScript is silent', async () => {
  await using lab = await NetLab.create('engine');
  const [a] = await twoHosts(lab);
  await using engine = await EngineHost.start(
    a,
    [
      router({ id: 1, watchdog: true, startActive: true }),
      router({ id: 2, vrid: 52, startActive: true, addresses: [] }),
    ],
    { eventLoopTimeoutMs: 300 },
  );
  await engine.waitForState('active', 1);
  await engine.waitForState('active', 2);
  blockEventLoop(800);
  const held = await engine.waitForState('initialize', 1);
  assert.deepEqual(held.holds, ['watchdog']);
  assert.ok((await engine.waitFor('watchdog', (event) => event.held)).stalledMs >= 300);
  await engine.waitForState('backup', 1, { from: engine.events.indexOf(held) });
  assert.equal(engine.status(2).state, 'active');
});

test('priority follows tracked links by their weights, with and without reverse [keepalived: track_interface]', async () => {
  await using lab = await NetLab.create('engine');
  const lan = await lab.switch('lan');
  const a = await lab.host('a', [{ switch: lan, addresses: ['10.0.0.18/16'] }, { switch: lan }]);
  await a.unplug('eth1');
  const tracked = (weight: number, reverse = false) => [{ name: 'eth1', weight, reverse }];
  await using engine = await EngineHost.start(a, [
    router({ id: 1, vrid: 1, trackedLinks: tracked(10), addresses: [] }),
    router({ id: 2, vrid: 2, trackedLinks: tracked(-10), addresses: [] }),
    router({ id: 3, vrid: 3, trackedLinks: tracked(10, true), addresses: [] }),
    router({ id: 4, vrid: 4, trackedLinks: tracked(0), addresses: [] }),
    router({ id: 5, vrid: 5, trackedLinks: tracked(-200), addresses: [] }),
  ]);
  const priorities = (): number[] => engine.engine.status().routers.map(({ priority }) => priority);
  assert.deepEqual(priorities(), [100, 90, 100, 100, 1]);
  // Routers start, in their order, when their group has been joined.
  await engine.waitForState('backup', 5);
  assert.deepEqual(engine.status(4).holds, ['tracked-link']);
  await a.plug('eth1');
  await engine.waitFor('transition', (event) => event.router === 4 && event.to === 'backup');
  assert.deepEqual(priorities(), [110, 100, 90, 100, 100]);
});
