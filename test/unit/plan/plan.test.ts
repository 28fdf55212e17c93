import assert from 'node:assert/strict';
import test from 'node:test';
import { parseConfig } from '../../../lib/config/load.js';
import { diffPlans, type Numbering, type Standing } from '../../../lib/plan/diff.js';
import { makePlan, type Plan, type PlanOptions } from '../../../lib/plan/plan.js';

function plan(text: string, options: PlanOptions = {}): Plan {
  const { model } = parseConfig({ text }, { offline: true });
  assert.ok(model !== undefined);
  return makePlan(model, options);
}

interface Instance {
  readonly name?: string;
  readonly vrid?: number;
  readonly device?: string;
  readonly lines?: readonly string[];
  readonly addresses?: readonly string[];
}

function instance({
  name = 'A',
  vrid = 6,
  device = 'eth0',
  lines = [],
  addresses = ['10.0.0.100/24'],
}: Instance): string {
  return [
    `vrrp_instance ${name} {`,
    `interface ${device}`,
    `virtual_router_id ${vrid}`,
    ...lines,
    'virtual_ipaddress {',
    ...addresses,
    '}',
    '}',
    '',
  ].join('\n');
}

const standing = (): Standing => ({ prioritySum: 100, isOwner: false, holds: [] });

test('an instance becomes the parameters of a router, with defaults filled in', () => {
  const [router] = plan(instance({})).routers;
  assert.ok(router !== undefined);
  const { params } = router;
  assert.equal(router.basePriority, 100);
  assert.deepEqual(
    [
      params.vrid,
      params.version,
      params.family,
      params.interface,
      params.advertIntervalUs,
      params.downTimerAdverts,
    ],
    [6, 2, 4, 'eth0', 1_000_000, 3],
  );
  assert.deepEqual([params.preempt, params.startActive, params.multicastGroup], [true, false, '224.0.0.18']);
  assert.deepEqual(params.unicastPeers, []);
  assert.equal(params.authPass, undefined);
  assert.deepEqual(params.addresses, [{ address: '10.0.0.100/24', dev: 'eth0', scope: 0, dad: false }]);
  assert.deepEqual(params.announce, {
    delayUs: 5_000_000,
    repeat: 5,
    refreshUs: 0,
    refreshRepeat: 1,
    lowerPrioDelayUs: 5_000_000,
    lowerPrioRepeat: 5,
  });
});

test('address options reach the kernel as written, and an IPv6 host address is deprecated at once', () => {
  const addresses = [
    '10.0.0.1/24 brd + label eth0:1 scope link',
    '10.0.0.2/24 dev eth1 noprefixroute no_track',
  ];
  const [first] = plan(instance({ addresses })).routers;
  assert.deepEqual(first?.params.addresses, [
    { address: '10.0.0.1/24', dev: 'eth0', scope: 253, label: 'eth0:1', broadcast: '10.0.0.255', dad: false },
    { address: '10.0.0.2/24', dev: 'eth1', scope: 0, dad: false, noprefixroute: true, noTrack: true },
  ]);
  const [second] = plan(
    instance({ addresses: ['fe80::1/64 -nodad home', 'fd00::1', 'fd00::2/64 preferred_lft 30'] }),
  ).routers;
  assert.deepEqual(second?.params.addresses, [
    { address: 'fe80::1/64', dev: 'eth0', home: true, dad: true },
    { address: 'fd00::1/128', dev: 'eth0', dad: false, preferredLifetimeS: 0 },
    { address: 'fd00::2/64', dev: 'eth0', dad: false, preferredLifetimeS: 30 },
  ]);
});

test('the password is its first eight bytes', () => {
  const lines = ['authentication {', 'auth_type PASS', 'auth_pass 0123456789', '}'];
  const [router] = plan(instance({ lines })).routers;
  assert.deepEqual(router?.params.authPass, new Uint8Array([48, 49, 50, 51, 52, 53, 54, 55]));
});

test('only an owner whose whole group owns starts active [keepalived: state MASTER, priority 255]', () => {
  const owner = (name: string, vrid: number, priority: number): string =>
    instance({
      name,
      vrid,
      lines: ['state MASTER', `priority ${priority}`],
      addresses: [`10.0.0.${vrid}/24`],
    });
  assert.equal(plan(owner('A', 6, 255)).routers[0]?.params.startActive, true);
  assert.equal(plan(owner('A', 6, 200)).routers[0]?.params.startActive, false);
  const group = 'vrrp_sync_group G {\ngroup {\nA\nB\n}\n}\n';
  const started = (text: string): readonly boolean[] =>
    plan(text).routers.map(({ params }) => params.startActive);
  assert.deepEqual(started(group + owner('A', 6, 255) + owner('B', 7, 255)), [true, true]);
  assert.deepEqual(started(group + owner('A', 6, 255) + owner('B', 7, 200)), [false, false]);
});

test('only what is tracked is run, and lists of a group hold for its members', () => {
  const text =
    'track_file used {\nfile /tmp/used\n}\ntrack_file unused {\nfile /tmp/unused\n}\n' +
    'vrrp_sync_group G {\ngroup {\nA\nB\n}\ntrack_interface {\neth9\n}\ntrack_file {\nused weight 0\n}\n}\n' +
    instance({ name: 'A' }) +
    instance({ name: 'B', vrid: 7, addresses: ['10.0.0.101/24'] });
  const { files, routers, groups } = plan(text);
  assert.deepEqual(
    files.map(({ name }) => name),
    ['used'],
  );
  assert.deepEqual(
    routers.map(({ tracked, group }) => [group, tracked]),
    [
      ['G', [{ kind: 'file', name: 'used', weight: 0, reverse: false }]],
      ['G', [{ kind: 'file', name: 'used', weight: 0, reverse: false }]],
    ],
  );
  assert.deepEqual(routers[0]?.params.trackedLinks, [{ name: 'eth9', weight: 0, reverse: false }]);
  assert.deepEqual(
    groups[0]?.members,
    routers.map(({ key }) => key),
  );
});

test('a model that another thread has parsed and posted means the same', () => {
  const { model } = parseConfig(
    { text: instance({ lines: ['track_interface {', 'eth1 weight 5', '}'] }) },
    { offline: true },
  );
  assert.ok(model !== undefined);
  assert.deepEqual(makePlan(structuredClone(model)), makePlan(model));
});

test('the engine gets its scheduling, its namespace, and the longer of the two start-up delays', () => {
  const globals = (...lines: readonly string[]): string => ['global_defs {', ...lines, '}', ''].join('\n');
  assert.deepEqual(plan(instance({})).engine, {});
  const text = globals(
    'vrrp_rt_priority 50',
    'vrrp_cpu_affinity 0 1',
    'vrrp_no_swap',
    'vrrp_startup_delay 2',
  );
  assert.deepEqual(plan(text + instance({})).engine, {
    realtimePriority: 50,
    cpuAffinity: [0, 1],
    lockMemory: true,
    rlimitRttimeUs: 10_000,
    startupDelayUs: 2_000_000,
  });
  const automatic = globals('max_auto_priority 5', 'min_auto_priority_delay 3000') + instance({});
  assert.deepEqual(plan(automatic).engine, {
    maxAutoPriority: 5,
    autoPriorityDelayUs: 3000,
    rlimitRttimeUs: 10_000,
  });
  assert.deepEqual(plan(globals('max_auto_priority -1') + instance({})).engine, {});
  const boot = globals('vrrp_delay_after_boot 30', 'vrrp_startup_delay 5') + instance({});
  assert.equal(plan(boot, { uptimeS: 10 }).engine.startupDelayUs, 20_000_000);
  assert.equal(plan(boot, { uptimeS: 28 }).engine.startupDelayUs, 5_000_000);
  assert.equal(plan(instance({}), { netns: '/run/netns/x' }).engine.netns, '/run/netns/x');
});

test('the event loop watches over the instances that were chosen, or over all', () => {
  const text = instance({}) + instance({ name: 'B', vrid: 7, addresses: ['10.0.0.101/24'] });
  const watched = (options: PlanOptions): readonly boolean[] =>
    plan(text, options).routers.map(({ params }) => params.watchdog);
  assert.deepEqual(watched({}), [false, false]);
  assert.deepEqual(watched({ eventLoopTimeoutMs: 500 }), [true, true]);
  assert.deepEqual(watched({ eventLoopTimeoutMs: 500, eventLoopTimeoutInstances: ['B'] }), [false, true]);
});

function step(before: { readonly plan: Plan; readonly numbering: Numbering } | undefined, text: string) {
  const after = plan(text);
  const diff = diffPlans(before, after, standing);
  return { ...diff, plan: after };
}

test('the first plan adds everything, the same one again changes nothing', () => {
  const text = instance({}) + instance({ name: 'B', vrid: 7, addresses: ['10.0.0.101/24'] });
  const first = step(undefined, text);
  assert.deepEqual(
    first.transaction.routers?.map(({ id, name }) => [id, name]),
    [
      [1, 'A'],
      [2, 'B'],
    ],
  );
  const second = step(first, text);
  assert.deepEqual([second.added, second.changed, second.removed], [[], [], []]);
  assert.deepEqual(second.transaction.routers, []);
  assert.deepEqual(second.numbering, first.numbering);
});

test('a renamed instance is the same router; another VRID, interface or peer source is another [keepalived: B11]', () => {
  const first = step(undefined, instance({}));
  const renamed = step(first, instance({ name: 'NEW' }));
  assert.deepEqual([renamed.added.length, renamed.changed.length, renamed.removed.length], [0, 1, 0]);
  assert.equal(renamed.numbering.routers.get(renamed.plan.routers[0]?.key ?? ''), 1);
  const others = [
    instance({ vrid: 9 }),
    instance({ device: 'eth1' }),
    instance({ lines: ['unicast_src_ip 10.0.0.1', 'unicast_peer {', '10.0.0.2', '}'] }),
    instance({ addresses: ['fe80::1/64'] }),
  ];
  for (const text of others) {
    const { added, removed, transaction } = step(first, text);
    assert.deepEqual([added.length, removed.length], [1, 1], text);
    assert.deepEqual(transaction.remove, [1]);
    assert.equal(transaction.routers?.[0]?.id, 2);
  }
});

test('what changes in place: priority, interval, addresses, tracking, preemption', () => {
  const first = step(undefined, instance({}));
  for (const lines of [
    ['priority 90'],
    ['advert_int 2'],
    ['nopreempt'],
    ['track_interface {', 'eth1', '}'],
  ]) {
    const { added, changed, removed } = step(first, instance({ lines }));
    assert.deepEqual([added.length, changed.length, removed.length], [0, 1, 0], lines.join(' '));
  }
});

test('two instances that swap their VRIDs keep their routers', () => {
  const pair = (a: number, b: number): string =>
    instance({ name: 'A', vrid: a }) + instance({ name: 'B', vrid: b, addresses: ['10.0.0.101/24'] });
  const first = step(undefined, pair(6, 7));
  const swapped = step(first, pair(7, 6));
  assert.deepEqual([swapped.added.length, swapped.changed.length, swapped.removed.length], [0, 2, 0]);
  assert.deepEqual(
    swapped.transaction.routers?.map(({ id, name, vrid }) => [id, name, vrid]),
    [
      [2, 'A', 7],
      [1, 'B', 6],
    ],
  );
});

test('a group that goes is removed, and one that stays keeps its number', () => {
  const group = (name: string): string => `vrrp_sync_group ${name} {\ngroup {\nA\nB\n}\n}\n`;
  const members = instance({}) + instance({ name: 'B', vrid: 7, addresses: ['10.0.0.101/24'] });
  const first = step(undefined, group('G') + members);
  assert.deepEqual(first.transaction.groups, [{ id: 3, name: 'G', members: [1, 2] }]);
  assert.deepEqual(step(first, group('G') + members).transaction.removeGroups, []);
  const renamed = step(first, group('H') + members);
  assert.deepEqual(renamed.transaction.removeGroups, [3]);
  assert.deepEqual(renamed.transaction.groups, [{ id: 4, name: 'H', members: [1, 2] }]);
});
