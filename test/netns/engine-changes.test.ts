/** Changes while routers run, and the wishes that an engine is started with. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { stateName } from '../../bindings/engine.js';
import { Capture } from '../support/capture.js';
import { EngineHost, router } from '../support/engine-host.js';
import { NetLab, type LabHost } from '../support/net-lab.js';

const program = fileURLToPath(new URL('../lifecycle/engine-program.js', import.meta.url));

async function oneHost(lab: NetLab): Promise<LabHost> {
  const lan = await lab.switch('lan');
  return lab.host('a', [
    { switch: lan, addresses: ['10.0.0.18/16'] },
    { switch: lan, addresses: ['10.5.0.18/16'] },
  ]);
}

test('new parameters are taken over without a transition; only what changed of the addresses moves', async () => {
  await using lab = await NetLab.create('engine');
  const a = await oneHost(lab);
  const address = (last: number, label?: string) => ({
    address: `10.0.0.${last}/32`,
    dev: 'eth0',
    ...(label === undefined ? {} : { label }),
  });
  await using engine = await EngineHost.start(a, [
    router({ startActive: true, addresses: [address(100), address(101), address(102)] }),
  ]);
  await engine.waitForState('active');
  await a.waitForAddress('10.0.0.102');
  await using capture = await Capture.start(a);
  const monitor = await a.monitor();
  const before = engine.status().counters;
  await engine.engine.apply({
    routers: [router({ prioritySum: 150, addresses: [address(101), address(102, 'eth0:x'), address(103)] })],
  });
  await a.waitForAddress('10.0.0.103');
  await a.waitForAddress('10.0.0.100', false);
  await capture.waitForLine(
    /prio 150, intvl 10cs, length 20, addrs\(3\): 10\.0\.0\.101,10\.0\.0\.102,10\.0\.0\.103/,
  );
  await capture.waitForLine(/who-has 10\.0\.0\.103/);
  assert.doesNotMatch(monitor.text(), /inet 10\.0\.0\.101/);
  assert.equal((await a.addresses()).find((each) => each.address === '10.0.0.102')?.label, 'eth0:x');
  await engine.waitForInstalled(['10.0.0.101/32', '10.0.0.102/32', '10.0.0.103/32']);
  assert.equal(engine.of('transition').length, 1);
  assert.ok(engine.status().counters.sent >= before.sent, 'counters go on');
});

test('an address that is written twice is advertised twice, is there once, and goes', async () => {
  await using lab = await NetLab.create('engine');
  const a = await oneHost(lab);
  const address = { address: '10.0.0.100/24', dev: 'eth0' };
  await using capture = await Capture.start(a);
  await using engine = await EngineHost.start(a, [
    router({ startActive: true, addresses: [address, address] }),
  ]);
  await capture.waitForLine(/prio 100, .*addrs\(2\): 10\.0\.0\.100,10\.0\.0\.100/);
  await capture.waitForLine(/who-has 10\.0\.0\.100/);
  await engine.engine.apply({ routers: [router({ startActive: true, addresses: [address] })] });
  await capture.waitForLine(/prio 100, .*addrs: 10\.0\.0\.100$/);
  await engine.engine.apply({ holds: [{ id: 1, set: ['standby'], clear: [] }] });
  await a.waitForAddress('10.0.0.100', false);
});

test('addresses are announced again when their link has another MAC address, and when it comes up', async () => {
  await using lab = await NetLab.create('engine');
  const a = await oneHost(lab);
  const addresses = [
    { address: '10.0.0.100/24', dev: 'eth0' },
    { address: '10.5.0.100/24', dev: 'eth1' },
  ];
  await using capture = await Capture.start(a, 'arp');
  await using engine = await EngineHost.start(a, [
    router({ startActive: true, addresses, dontTrackPrimary: true }),
  ]);
  // It announces once when it becomes active; its probes for a second owner come from another address.
  const announced = /who-has 10\.0\.0\.100 .*tell 10\.0\.0\.100/;
  await capture.waitForLine(announced);
  const told = async (mac: string): Promise<boolean> =>
    (await capture.packets(['eth.src'], `arp.isgratuitous == 1 && eth.src == ${mac}`)).length > 0;
  for (const [link, mac] of [
    ['eth0', '02:00:00:00:00:77'],
    ['eth1', '02:00:00:00:00:78'],
  ] as const) {
    await a.ip('link', 'set', link, 'address', mac);
    await a.waitFor(`announcements from ${mac}`, () => told(mac));
  }
  await a.ip('link', 'set', 'eth0', 'down');
  const from = capture.program.lines.length;
  await a.ip('link', 'set', 'eth0', 'up');
  await capture.waitForLine(announced, { from });
  assert.equal(engine.of('transition').length, 1);
});

test('a router that moves to another interface and VRID leaves nothing on the old one', async () => {
  await using lab = await NetLab.create('engine');
  const a = await oneHost(lab);
  await using engine = await EngineHost.start(a, [router({ startActive: true })]);
  await engine.waitForState('active');
  await a.waitForAddress('10.0.0.100');
  await using capture = await Capture.start(a, undefined, 'eth1');
  await engine.engine.apply({
    routers: [
      router({ vrid: 77, interface: 'eth1', addresses: [{ address: '10.5.0.100/24', dev: 'eth1' }] }),
    ],
  });
  await capture.waitForLine(/10\.5\.0\.18 > 224\.0\.0\.18: .*vrid 77, prio 100/);
  await a.waitForAddress('10.5.0.100');
  await a.waitForAddress('10.0.0.100', false);
  assert.equal(engine.status().source, '10.5.0.18');
});

test('holds, commands and removal come from the owner, each with its cause', async () => {
  await using lab = await NetLab.create('engine');
  const a = await oneHost(lab);
  await using engine = await EngineHost.start(a, [router({ holds: ['waiting'] })]);
  // It starts when its group has been joined.
  await a.waitFor('its start', () => Promise.resolve(!engine.status().holds.includes('not-started')));
  assert.deepEqual(engine.status().holds, ['waiting']);
  await engine.engine.apply({ holds: [{ id: 1, set: [], clear: ['waiting'] }] });
  await engine.waitForState('backup');
  let from = engine.events.length;
  await engine.engine.apply({ commands: [{ id: 1, command: 'take-over' }] });
  assert.equal((await engine.waitForState('active', 1, { from })).cause.kind, 'command');
  from = engine.events.length;
  await engine.engine.apply({ commands: [{ id: 1, command: 'release' }] });
  assert.equal((await engine.waitForState('backup', 1, { from })).cause.kind, 'command');
  await engine.waitForState('active', 1, { from });
  from = engine.events.length;
  await engine.engine.apply({ priorities: [{ id: 1, prioritySum: 400 }] });
  assert.equal((await engine.waitFor('priority', () => true, { from })).priority, 254);
  await engine.engine.apply({ remove: [1] });
  const removed = await engine.waitForState('initialize', 1, { from });
  assert.equal(stateName(removed.to, removed.cause), 'DELETED');
  await a.waitForAddress('10.0.0.100', false);
  assert.deepEqual(engine.engine.status().routers, []);
});

test('--dont-release-vrrp: addresses stay and priority 0 is not sent', async () => {
  await using lab = await NetLab.create('engine');
  const a = await oneHost(lab);
  await using capture = await Capture.start(a);
  await using engine = await EngineHost.start(a, [router({ startActive: true })], { keepAddresses: true });
  await engine.waitForState('active');
  await a.waitForAddress('10.0.0.100');
  await capture.waitForLine(/vrid 51/);
  await engine.stop();
  assert.equal(await a.hasAddress('10.0.0.100'), true);
  assert.deepEqual(await capture.packets(['vrrp.prio'], 'vrrp.prio == 0'), []);
});

test('vrrp_startup_delay: nothing is said or done before it ends', async () => {
  await using lab = await NetLab.create('engine');
  const a = await oneHost(lab);
  const begin = performance.now();
  await using engine = await EngineHost.start(a, [router({ startActive: true })], {
    startupDelayUs: 400_000,
  });
  assert.deepEqual(engine.status().holds, ['not-started']);
  assert.equal(stateName(engine.status().state, engine.status().cause), 'INIT');
  await engine.waitForState('active');
  assert.ok(performance.now() - begin >= 400);
});

/** Fields of /proc/PID/task/TID/stat behind the name, of this process's engine threads. */
function engineThreads(): readonly (readonly string[])[] {
  return readdirSync('/proc/self/task').flatMap((tid) => {
    const stat = readFileSync(`/proc/self/task/${tid}/stat`, 'utf8');
    return stat.includes('(ka-engine)') ? [stat.slice(stat.lastIndexOf(')') + 2).split(' ')] : [];
  });
}

test('the engine thread, and it alone, gets the real-time class, CPUs and priority that were asked for', async () => {
  await using lab = await NetLab.create('engine');
  const a = await oneHost(lab);
  await using engine = await EngineHost.start(a, [router()], { realtimePriority: 7, cpuAffinity: [0] });
  const [thread] = engineThreads();
  // Fields 40 and 41 of proc(5): rt_priority, policy (SCHED_RR is 2).
  assert.deepEqual([thread?.[37], thread?.[38]], ['7', '2']);
  assert.deepEqual(engine.of('warning'), []);
  assert.equal(engineThreads().length, 1);
  await engine.stop();
  assert.equal(engineThreads().length, 0);
});

for (const [capability, message] of [
  ['net_raw', /CAP_NET_RAW is missing/],
  ['net_admin', /CAP_NET_ADMIN is missing/],
] as const) {
  test(`without the capability ${capability} the start is refused, and the message names it`, async () => {
    await using lab = await NetLab.create('engine');
    const a = await oneHost(lab);
    const drop = ['setpriv', `--inh-caps=-${capability}`, `--bounding-set=-${capability}`];
    const run = await a.run([...drop, process.execPath, program, 'run', JSON.stringify(router())]);
    assert.equal(run.code, 1);
    assert.match(run.stderr, message);
    assert.match(run.stderr, /KA_ENGINE_PERMISSION/);
  });
}
