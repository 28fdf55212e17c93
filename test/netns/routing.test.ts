/** Routes and rules that a master, or the daemon itself, has in the kernel, whatever others do to them. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { startKaNode } from '../support/daemons.js';
import { NetLab, type LabHost } from '../support/net-lab.js';

async function oneHost(lab: NetLab): Promise<LabHost> {
  const lan = await lab.switch('lan');
  return lab.host('a', [
    { switch: lan, addresses: ['10.0.0.18/24'] },
    { switch: lan, addresses: ['10.5.0.18/24'] },
  ]);
}

/** `changes`: lines of the instance; `routes`, `rules`: of virtual_routes and virtual_rules. */
function instance({ lines = [], routes = [], rules = [] }: Record<string, readonly string[]>): string {
  return [
    'vrrp_instance VI {',
    'interface eth0',
    'virtual_router_id 5',
    'version 3',
    'advert_int 0.1',
    ...(lines.length > 0 ? lines : ['priority 100']),
    'virtual_ipaddress {\n10.0.0.100/24\n}',
    `virtual_routes {\n${routes.join('\n')}\n}`,
    `virtual_rules {\n${rules.join('\n')}\n}`,
    '}',
    '',
  ].join('\n');
}

const shown = (host: LabHost, ...what: string[]): Promise<string> => host.runOk(['ip', ...what]);

/** Waits for the news of `ip monitor`, and looks at the kernel in between. */
async function until(
  host: LabHost,
  what: readonly string[],
  wanted: (text: string) => boolean,
): Promise<void> {
  const deadline = performance.now() + 15_000;
  for (;;) {
    const text = await shown(host, ...what);
    if (wanted(text)) return;
    assert.ok(performance.now() < deadline, `ip ${what.join(' ')}: ${text}`);
    await host.runOk(['sleep', '0.05']);
  }
}

const route = (to: string): readonly string[] => ['route', 'show', to];
const present = (text: string): boolean => text.trim() !== '';
const absent = (text: string): boolean => text.trim() === '';

test('a master has its routes and rules, puts back what others delete, and leaves with them', async () => {
  await using lab = await NetLab.create('routing');
  const a = await oneHost(lab);
  const text = instance({
    routes: [
      'src 10.0.0.100 to 10.8.0.0/16 via 10.0.0.2 dev eth0',
      '10.9.0.0/16 dev eth1',
      '10.10.0.0/16 dev eth0 no_track',
    ],
    rules: ['from 10.8.0.0/16 table 100 priority 500'],
  });
  const node = await startKaNode(a, text);
  await until(a, ['rule', 'show', 'pref', '500'], present);
  assert.match(
    await shown(a, ...route('10.8.0.0/16')),
    /via 10\.0\.0\.2 dev eth0 proto keepalived src 10\.0\.0\.100/,
  );

  await shown(a, 'route', 'del', '10.8.0.0/16');
  await node.waitForLine(/\(VI\) Restoring deleted virtual route 10\.8\.0\.0\/16 via 10\.0\.0\.2 dev eth0/);
  await until(a, route('10.8.0.0/16'), present);
  await shown(a, 'rule', 'del', 'pref', '500');
  await node.waitForLine(/Restoring deleted virtual route rule 500/);
  await until(a, ['rule', 'show', 'pref', '500'], present);

  // The kernel drops the route together with its source, without a word of it.
  await shown(a, 'address', 'del', '10.0.0.100/24', 'dev', 'eth0');
  await node.waitForLine(/reports IP 10\.0\.0\.100\/24 removed/);
  await until(a, route('10.8.0.0/16'), present);

  await shown(a, 'route', 'del', '10.10.0.0/16');
  await shown(a, 'route', 'del', '10.9.0.0/16');
  await until(a, route('10.9.0.0/16'), present);
  assert.equal(await shown(a, ...route('10.10.0.0/16')), '', 'no_track: it stays away');

  // The interface of a tracked route is tracked.
  await shown(a, 'link', 'set', 'eth1', 'down');
  await node.waitForLine(/\(VI\) entering FAULT state \(interface eth1 down\)/);
  await until(a, route('10.8.0.0/16'), absent);
  assert.equal(await shown(a, 'rule', 'show', 'pref', '500'), '');
  await shown(a, 'link', 'set', 'eth1', 'up');
  await until(a, route('10.9.0.0/16'), present);

  await node.stop();
  assert.doesNotMatch(await shown(a, 'route'), /keepalived/);
  assert.equal(await shown(a, 'rule', 'show', 'pref', '500'), '');
});

test('a reload moves only what it changes, and leftovers of a killed daemon go', async () => {
  await using lab = await NetLab.create('routing');
  const a = await oneHost(lab);
  const node = await startKaNode(a, instance({ routes: ['10.8.0.0/16 dev eth0', '10.9.0.0/16 dev eth0'] }));
  await until(a, route('10.9.0.0/16'), present);
  const monitor = await a.monitor();
  // One of ours: what comes behind it is news.
  await shown(a, 'route', 'add', '10.99.0.0/16', 'dev', 'eth0');
  await monitor.waitForLine(/\] 10\.99\.0\.0\/16/);
  const from = monitor.lines.length;
  node.reload(instance({ routes: ['10.8.0.0/16 dev eth0', '10.9.0.0/16 dev eth0 metric 3'] }));
  await monitor.waitForLine(/\] 10\.9\.0\.0\/16 .*metric 3/, { from });
  await monitor.waitForLine(/\] Deleted 10\.9\.0\.0\/16/, { from });
  const news = monitor.lines.slice(from).map(({ text }) => text);
  assert.ok(!news.some((text) => text.includes('10.8.0.0')), 'what stays is not touched');
  await node.crash();
  assert.ok(present(await shown(a, ...route('10.8.0.0/16'))));
  await shown(a, 'link', 'set', 'eth1', 'down');
  const next = await startKaNode(
    a,
    instance({
      lines: ['priority 50', 'track_interface {\neth1\n}'],
      routes: ['10.8.0.0/16 dev eth0'],
    }),
  );
  await until(a, route('10.8.0.0/16'), absent);
  await next.stop();
});

test('static addresses and routes are there without any instance, come back, and go with the daemon', async () => {
  await using lab = await NetLab.create('routing');
  const a = await oneHost(lab);
  const text = (metric: string): string =>
    `global_defs {\ndefault_interface eth1\n}\nstatic_ipaddress {\n10.77.0.1/24\n10.5.0.18/24\n}\nstatic_routes {\n10.78.0.0/16 via 10.77.0.9 dev eth1${metric}\n}\n`;
  const node = await startKaNode(a, text(''));
  await a.waitForAddress('10.77.0.1');
  await until(a, route('10.78.0.0/16'), present);
  await shown(a, 'route', 'del', '10.78.0.0/16');
  await node.waitForLine(/Restoring deleted static route 10\.78\.0\.0\/16 via 10\.77\.0\.9 dev eth1/);
  await shown(a, 'address', 'del', '10.77.0.1/24', 'dev', 'eth1');
  await a.waitForAddress('10.77.0.1');
  await until(a, route('10.78.0.0/16'), present);
  // The kernel says nothing of the routes that go with a link.
  await shown(a, 'link', 'set', 'eth1', 'down');
  await until(a, route('10.78.0.0/16'), absent);
  await shown(a, 'link', 'set', 'eth1', 'up');
  await until(a, route('10.78.0.0/16'), present);
  node.reload(text(' metric 7'));
  await until(a, route('10.78.0.0/16'), (found) => found.includes('metric 7'));
  await node.stop();
  assert.doesNotMatch(await shown(a, 'route'), /keepalived/);
  const addresses = (await a.addresses()).map(({ address }) => address);
  assert.ok(!addresses.includes('10.77.0.1'));
  assert.ok(addresses.includes('10.5.0.18'), 'what the host had before it keeps');
});

test('track_group: instances follow the interface of a static entry', async () => {
  await using lab = await NetLab.create('routing');
  const a = await oneHost(lab);
  const node = await startKaNode(
    a,
    `track_group G {\ngroup {\nVI\n}\n}\nstatic_ipaddress {\n10.77.0.1/24 dev eth1 track_group G\n}\n${instance({})}`,
  );
  await node.waitForLine(/\(VI\) Entering MASTER STATE/);
  await shown(a, 'link', 'set', 'eth1', 'down');
  await node.waitForLine(/\(VI\) entering FAULT state \(interface eth1 down\)/);
  const from = node.program.lines.length;
  await shown(a, 'link', 'set', 'eth1', 'up');
  await node.waitForLine(/\(VI\) Entering MASTER STATE/, { from });
});

test('a route that the kernel refuses is told of', async () => {
  await using lab = await NetLab.create('routing');
  const a = await oneHost(lab);
  const node = await startKaNode(a, instance({ routes: ['10.8.0.0/16 via 10.66.0.2 dev eth0'] }));
  await node.waitForLine(/\(VI\) the kernel refuses 10\.8\.0\.0\/16 via 10\.66\.0\.2 dev eth0: E/);
  await node.stop();
});
