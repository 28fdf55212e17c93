/** What an engine makes of a hostile world: addresses deleted, links lost, firewalls, floods, a frozen process. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import type { NativeEngineOptions, NativeRouter } from '../../bindings/native.js';
import { Capture } from '../support/capture.js';
import { EngineHost, router } from '../support/engine-host.js';
import { NetLab, type LabHost } from '../support/net-lab.js';
import { Stalls } from '../support/stalls.js';

const flood = fileURLToPath(new URL('../../../test/netns/flood.py', import.meta.url));
const program = fileURLToPath(new URL('../lifecycle/engine-program.js', import.meta.url));

async function twoHosts(lab: NetLab): Promise<readonly [LabHost, LabHost]> {
  const lan = await lab.switch('lan');
  return [
    await lab.host('a', [{ switch: lan, addresses: ['10.0.0.18/16'] }]),
    await lab.host('b', [{ switch: lan, addresses: ['10.0.0.28/16'] }]),
  ];
}

async function active(
  host: LabHost,
  routers: readonly NativeRouter[],
  options: NativeEngineOptions = {},
): Promise<EngineHost> {
  const engine = await EngineHost.start(
    host,
    routers.map((each) => ({ ...each, startActive: true })),
    options,
  );
  for (const { id } of routers) await engine.waitForState('active', id);
  for (const { addresses } of routers) {
    for (const { address } of addresses) await host.waitForAddress(address.split('/')[0] ?? '');
  }
  return engine;
}

test('an address that someone deletes is put back and announced, and the router stays master', async () => {
  await using lab = await NetLab.create('engine');
  const [a, b] = await twoHosts(lab);
  await using engine = await active(a, [router()]);
  await using capture = await Capture.start(b, 'arp');
  await a.ip('address', 'del', '10.0.0.100/24', 'dev', 'eth0');
  const restored = await engine.waitFor('address');
  assert.deepEqual([restored.what, restored.address, restored.dev], ['restored', '10.0.0.100/24', 'eth0']);
  assert.equal(await a.hasAddress('10.0.0.100'), true);
  await capture.waitForLine(/who-has 10\.0\.0\.100 .*tell 10\.0\.0\.100/);
  assert.equal(engine.status().state, 'active');
  assert.equal(engine.of('transition').filter((event) => event.from === 'active').length, 0);
});

test('an address that someone else added goes when the router leaves, whoever added it [keepalived: set]', async () => {
  await using lab = await NetLab.create('engine');
  const [a] = await twoHosts(lab);
  await using engine = await EngineHost.start(a, [router({ holds: ['standby'] })]);
  // Before it is master ...
  await a.ip('address', 'add', '10.0.0.100/24', 'dev', 'eth0');
  await engine.engine.apply({ holds: [{ id: 1, set: [], clear: ['standby'] }] });
  await engine.waitForState('active');
  const leave = async (): Promise<void> => {
    await engine.engine.apply({ holds: [{ id: 1, set: ['standby'], clear: [] }] });
    await a.waitForAddress('10.0.0.100', false);
  };
  await leave();
  // ... and while it is, in place of its own.
  const from = engine.events.length;
  await engine.engine.apply({ holds: [{ id: 1, set: [], clear: ['standby'] }] });
  await engine.waitForState('active', 1, { from });
  await a.waitForAddress('10.0.0.100');
  const again = 'address del 10.0.0.100/24 dev eth0\naddress add 10.0.0.100/24 dev eth0\n';
  await a.run(['ip', '-batch', '-'], { input: again });
  await a.waitForAddress('10.0.0.100');
  await leave();
});

test('one who keeps deleting it is told of, and not fought for ever', async () => {
  await using lab = await NetLab.create('engine');
  const [a] = await twoHosts(lab);
  await using engine = await active(a, [router()]);
  for (let i = 0; i < 6; i++) {
    await a.waitForAddress('10.0.0.100');
    await a.ip('address', 'del', '10.0.0.100/24', 'dev', 'eth0');
  }
  await engine.waitFor('address', (event) => event.what === 'gave-up');
  assert.equal(engine.of('address').filter((event) => event.what === 'restored').length, 5);
  assert.equal(engine.status().state, 'active');
  await engine.waitForInstalled([]);
});

test('routers that share a subnet do not lose their addresses to each other', async () => {
  await using lab = await NetLab.create('engine');
  const [a] = await twoHosts(lab);
  // The kernel deletes the secondaries of a subnet together with its first address.
  await a.run(['sysctl', '-qw', 'net.ipv4.conf.all.promote_secondaries=0']);
  await using engine = await active(a, [
    router({ id: 1, vrid: 1 }),
    router({ id: 2, vrid: 2, addresses: [{ address: '10.0.0.101/24', dev: 'eth0' }] }),
  ]);
  await engine.engine.apply({ holds: [{ id: 1, set: ['standby'], clear: [] }] });
  await engine.waitForState('initialize', 1, {
    from: engine.events.findIndex((e) => e.kind === 'transition' && e.to === 'active'),
  });
  await a.waitForAddress('10.0.0.100', false);
  await a.waitForAddress('10.0.0.101');
  await engine.waitForInstalled(['10.0.0.101/24'], 2);
  assert.deepEqual(engine.of('address'), []);
});

test('promote_secondaries is set through netlink [keepalived: promote_secondaries]', async () => {
  await using lab = await NetLab.create('engine');
  const [a] = await twoHosts(lab);
  await a.run(['sysctl', '-qw', 'net.ipv4.conf.eth0.promote_secondaries=0']);
  await using engine = await active(a, [router({ promoteSecondaries: true })]);
  assert.equal(engine.status().state, 'active');
  assert.equal((await a.runOk(['sysctl', '-n', 'net.ipv4.conf.eth0.promote_secondaries'])).trim(), '1');
});

test('a pulled cable is a fault with its cause, and plugging it in ends it', async () => {
  await using lab = await NetLab.create('engine');
  const [a] = await twoHosts(lab);
  await using engine = await active(a, [router()]);
  await a.unplug();
  const lost = await engine.waitFor(
    'transition',
    (event) => event.to === 'initialize' && event.from === 'active',
  );
  assert.deepEqual(lost.cause, { kind: 'held', holds: ['link-down'], links: ['eth0'] });
  await a.waitForAddress('10.0.0.100', false);
  const from = engine.events.indexOf(lost);
  await a.plug();
  assert.deepEqual((await engine.waitForState('backup', 1, { from })).cause, {
    kind: 'released',
    holds: ['link-down'],
  });
  await engine.waitForState('active', 1, { from });
  await a.waitForAddress('10.0.0.100');
});

test('an interface may be missing at the start, appear, be renamed away and back, deleted and created again', async () => {
  await using lab = await NetLab.create('engine');
  const host = await lab.host('a');
  const create = async (): Promise<void> => {
    await host.ip('link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'far0');
    await host.ip('link', 'set', 'far0', 'up');
    await host.ip('link', 'set', 'eth0', 'up');
    await host.ip('address', 'add', '10.0.0.18/16', 'dev', 'eth0');
  };
  await using engine = await EngineHost.start(host, [router()]);
  assert.deepEqual(engine.status().holds, ['link-down', 'no-source']);

  let from = engine.events.length;
  await create();
  await engine.waitForState('active', 1, { from });
  await host.waitForAddress('10.0.0.100');

  from = engine.events.length;
  await host.ip('link', 'set', 'eth0', 'name', 'other0');
  await engine.waitForState('initialize', 1, { from });
  await host.waitForAddress('10.0.0.100', false);
  await host.ip('link', 'set', 'other0', 'name', 'eth0');
  await engine.waitForState('active', 1, { from });
  await host.waitForAddress('10.0.0.100');

  from = engine.events.length;
  await host.ip('link', 'del', 'eth0');
  await engine.waitForState('initialize', 1, { from });
  await create();
  await engine.waitForState('active', 1, { from });
  await host.waitForAddress('10.0.0.100');
  await engine.waitForInstalled(['10.0.0.100/24']);
});

test('a firewall that drops adverts is told of once, counted by errno, and so is its end', async () => {
  await using lab = await NetLab.create('engine');
  const [a] = await twoHosts(lab);
  await using engine = await active(a, [router()]);
  const rules = `table ip f { chain o { type filter hook output priority 0; ip protocol 112 drop; }; }\n`;
  await a.runOk(['nft', '-f', '-'], { input: rules });
  const failed = await engine.waitFor('send-failed');
  assert.deepEqual([failed.code, failed.destination], ['EPERM', '224.0.0.18']);
  const before = engine.status().counters;
  await a.runOk(['nft', 'delete', 'table', 'ip', 'f']);
  const works = await engine.waitFor('send-failed', (event) => event.errno === 0);
  assert.ok(works.failures >= 1);
  const after = engine.status().counters;
  assert.ok((after.sendFailedByErrno['EPERM'] ?? 0) >= 1);
  assert.equal(after.sendFailed, after.sendFailedByErrno['EPERM']);
  assert.ok(after.sent > before.sent);
  assert.equal(engine.of('send-failed').length, 2);
});

test('bad adverts faster than the interval delay none of ours and cost bounded work', async () => {
  await using lab = await NetLab.create('engine');
  const [a, b] = await twoHosts(lab);
  await using engine = await active(
    a,
    [router({ version: 2, advertIntervalUs: 1_000_000, authPass: Buffer.from('right') })],
    { realtimePriority: 20 },
  );
  await using stalls = await Stalls.start();
  await using capture = await Capture.start(b, 'ip proto 112 and src 10.0.0.18');
  await using attacker = await b.start(['python3', flood, '10.0.0.28', '51']);
  await attacker.waitForLine(/flooding/);
  const from = capture.program.lines.length;
  for (let i = 0, at = from; i < 4; i++) {
    const line = await capture.waitForLine(/vrid 51/, { from: at });
    at = capture.program.lines.indexOf(line) + 1;
  }
  await attacker.stop();
  await capture.stop();
  const stall = await stalls.end();
  const times = (await capture.packets(['frame.time_epoch'])).map((p) => Number(p['frame.time_epoch']));
  const errors = times.slice(1).map((at, index) => Math.abs(at - (times[index] ?? at) - 1));
  assert.ok(
    Math.max(...errors) < 0.05 + stall,
    `an advert was ${Math.max(...errors)} s off, stalls ${stall} s`,
  );
  const { dropped } = engine.status().counters;
  for (const reason of ['ttl', 'checksum', 'auth-failed', 'version', 'length'] as const) {
    assert.ok((dropped[reason] ?? 0) > 10, `${reason}: ${JSON.stringify(dropped)}`);
  }
  assert.equal(engine.status().counters.received, 0);
  assert.equal(engine.status().state, 'active');
  // One event a reason, however many packets.
  assert.ok(engine.of('advert-dropped').length <= 8);
});

test('bad adverts from ever new senders are counted each, and told of once a second', async () => {
  await using lab = await NetLab.create('engine');
  const [a, b] = await twoHosts(lab);
  await using engine = await active(a, [router({ version: 2, advertIntervalUs: 1_000_000 })]);
  await b.ip('route', 'add', '224.0.0.0/4', 'dev', 'eth0');
  await using capture = await Capture.start(b, 'ip proto 112 and src 10.0.0.18');
  await using attacker = await b.start(['python3', flood, '10.0', '51']);
  await attacker.waitForLine(/flooding/);
  const began = performance.now();
  for (let i = 0, at = capture.program.lines.length; i < 3; i++) {
    const line = await capture.waitForLine(/vrid 51/, { from: at });
    at = capture.program.lines.indexOf(line) + 1;
  }
  await attacker.stop();
  assert.ok((engine.status().counters.dropped['auth-mismatch'] ?? 0) > 100, 'the senders were heard');
  const seconds = (performance.now() - began) / 1000;
  const told = engine.of('advert-dropped').length;
  assert.ok(told >= 1 && told <= seconds + 2, `told ${told} times in ${seconds} s`);
  assert.equal(engine.status().state, 'active');
});

test('a process that was stopped for a while says so, and hears its peers before it takes over', async () => {
  await using lab = await NetLab.create('engine');
  const [a, b] = await twoHosts(lab);
  await using master = await active(a, [router({ prioritySum: 200 })]);
  const backup = await b.start([
    process.execPath,
    program,
    'run',
    JSON.stringify(router({ prioritySum: 100 })),
  ]);
  await backup.waitForLine(/"to":"backup"/);
  backup.signal('SIGSTOP');
  const { sent } = master.status().counters;
  while (master.status().counters.sent < sent + 15) await new Promise((resolve) => setTimeout(resolve, 50));
  backup.signal('SIGCONT');
  await backup.waitForLine(/"kind":"late"/);
  while (master.status().counters.sent < sent + 25) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.doesNotMatch(backup.text(), /"to":"active"/);
  assert.equal(master.of('lower-priority-heard').length, 0);
});

test('a router whose tracked source address is gone is held until it is back [keepalived: track_src_ip]', async () => {
  await using lab = await NetLab.create('engine');
  const [a] = await twoHosts(lab);
  await using engine = await active(a, [router({ source: '10.0.0.18', trackSource: true, addresses: [] })]);
  await a.ip('address', 'del', '10.0.0.18/16', 'dev', 'eth0');
  const held = await engine.waitFor(
    'transition',
    (event) => event.from === 'active' && event.to === 'initialize',
  );
  assert.deepEqual(held.holds, ['no-source']);
  await a.ip('address', 'add', '10.0.0.18/16', 'dev', 'eth0');
  await engine.waitForState('active', 1, { from: engine.events.indexOf(held) });
});

test('510 routers become master together, move their addresses in time and leave nothing', async () => {
  await using lab = await NetLab.create('engine');
  const [left, right] = [await lab.switch('l'), await lab.switch('r')];
  const host = await lab.host('a', [
    { switch: left, addresses: ['10.1.0.1/16'] },
    { switch: right, addresses: ['10.2.0.1/16'] },
  ]);
  const routers = ['eth0', 'eth1'].flatMap((dev, link) =>
    Array.from({ length: 255 }, (_, i) =>
      router({
        id: link * 255 + i,
        vrid: i + 1,
        interface: dev,
        addresses: [{ address: `10.${link + 1}.9.${i + 1}/32`, dev }],
      }),
    ),
  );
  await using engine = await EngineHost.start(host, routers);
  const held = async (): Promise<number> =>
    (await host.addresses()).filter(({ prefixLength }) => prefixLength === 32).length;
  await host.waitFor('510 addresses', async () => (await held()) === 510);
  await engine.waitForStatus('each router has its address', () =>
    engine.engine.status().routers.every(({ installed }) => installed.length === 1),
  );
  // One socket for each link, not for each router.
  const sockets = await host.runOk(['cat', '/proc/net/raw']);
  assert.equal(sockets.trim().split('\n').length - 1, 2);
  await engine.stop();
  assert.equal(await held(), 0);
});
