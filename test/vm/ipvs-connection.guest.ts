/** The addon's IPVS part against the kernel; `ipvsadm` is the witness. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test, { afterEach } from 'node:test';
import { IpvsConnection } from '../../bindings/ipvs.js';
import { NativeError } from '../../bindings/errors.js';
import type { IpvsCommand, IpvsDestination, IpvsService, IpvsServiceKey } from '../../bindings/ipvs-types.js';

const ipvsadm = (...args: readonly string[]): string =>
  execFileSync('ipvsadm', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const saved = (): readonly string[] => ipvsadm('-Sn').split('\n').filter(Boolean);

afterEach(() => void ipvsadm('-C'));

const web: IpvsServiceKey = { kind: 'address', protocol: 'TCP', address: '10.0.0.1', port: 80 };

function service(key: IpvsServiceKey, more: Partial<IpvsService> = {}): IpvsService {
  return { key, scheduler: 'wlc', schedFlags: 0, onePacket: false, persistence: undefined, ...more };
}

function destination(address: string, port: number, more: Partial<IpvsDestination> = {}): IpvsDestination {
  const plain = {
    forward: 'NAT' as const,
    tunnel: undefined,
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
  };
  return { address, port, ...plain, ...more };
}

async function run(...commands: readonly IpvsCommand[]): Promise<void> {
  await using ipvs = await IpvsConnection.open();
  assert.deepEqual(await ipvs.run(commands), []);
}

const add = (s: IpvsService, ...destinations: readonly IpvsDestination[]): readonly IpvsCommand[] => [
  { kind: 'add-service', service: s },
  ...destinations.map((d) => ({ kind: 'add-destination', service: s.key, destination: d }) as const),
];

test('every protocol, family and mark becomes the service that ipvsadm shows', async () => {
  await run(
    ...add(service(web)),
    ...add(service({ kind: 'address', protocol: 'UDP', address: '10.0.0.1', port: 53 }, { onePacket: true })),
    ...add(service({ kind: 'address', protocol: 'SCTP', address: '10.0.0.1', port: 9 })),
    ...add(service({ kind: 'address', protocol: 'TCP', address: '2001:db8::1', port: 443 })),
    ...add(service({ kind: 'fwmark', family: 4, fwmark: 7 })),
    ...add(service({ kind: 'fwmark', family: 6, fwmark: 2_147_483_647 })),
  );
  assert.deepEqual(saved().toSorted(), [
    '-A --sctp-service 10.0.0.1:9 -s wlc',
    '-A -f 2147483647 -6 -s wlc',
    '-A -f 7 -s wlc',
    '-A -t 10.0.0.1:80 -s wlc',
    '-A -t [2001:db8::1]:443 -s wlc',
    '-A -u 10.0.0.1:53 -s wlc -o',
  ]);
});

test('schedulers and their flags reach the kernel', async () => {
  const names = 'rr wrr lc wlc lblc lblcr dh fo ovf sed nq'.split(' ');
  const key = (port: number): IpvsServiceKey => ({ ...web, port });
  await run(
    ...names.map(
      (scheduler, i) => ({ kind: 'add-service', service: service(key(i + 1), { scheduler }) }) as const,
    ),
    ...add(service(key(100), { scheduler: 'sh', schedFlags: 0x18 })),
    ...add(service(key(101), { scheduler: 'mh', schedFlags: 0x10 })),
    ...add(service(key(102), { scheduler: 'wrr', schedFlags: 0x38 })),
  );
  const lines = saved();
  names.forEach((scheduler, i) =>
    assert.ok(lines.includes(`-A -t 10.0.0.1:${i + 1} -s ${scheduler}`), scheduler),
  );
  assert.ok(lines.includes('-A -t 10.0.0.1:100 -s sh -b sh-fallback,sh-port'), lines.join('\n'));
  assert.ok(lines.includes('-A -t 10.0.0.1:101 -s mh -b mh-port'), lines.join('\n'));
  assert.ok(lines.includes('-A -t 10.0.0.1:102 -s wrr -b flag-1,flag-2,flag-3'), lines.join('\n'));
});

test('persistence with granularity and engine reaches the kernel', async () => {
  await run(
    ...add(service(web, { persistence: { timeoutS: 300, granularity: '255.255.255.0', engine: undefined } })),
    ...add(
      service(
        { kind: 'address', protocol: 'UDP', address: '10.0.0.1', port: 5060 },
        { persistence: { timeoutS: 60, granularity: '255.255.255.255', engine: 'sip' } },
      ),
    ),
    ...add(
      service(
        { kind: 'address', protocol: 'TCP', address: '2001:db8::1', port: 0 },
        { persistence: { timeoutS: 360, granularity: '64', engine: undefined } },
      ),
    ),
  );
  assert.deepEqual(saved().toSorted(), [
    '-A -t 10.0.0.1:80 -s wlc -p 300 -M 255.255.255.0',
    '-A -t [2001:db8::1]:0 -s wlc -p 360 -M 64',
    '-A -u 10.0.0.1:5060 -s wlc -p 60 --pe sip',
  ]);
});

test('forwarding methods, tunnels, weights and thresholds reach the kernel', async () => {
  const tun = (
    type: 'ipip' | 'gue' | 'gre',
    port: number,
    csum: 'nocsum' | 'csum' | 'remcsum',
  ): Partial<IpvsDestination> => ({
    forward: 'TUN',
    tunnel: { type, port, csum },
  });
  await run(
    ...add(
      service(web),
      destination('10.1.0.1', 8080, { weight: 0 }),
      destination('10.1.0.2', 80, { forward: 'DR', weight: 2_147_483_647 }),
      destination('10.1.0.3', 80, tun('ipip', 0, 'nocsum')),
      destination('10.1.0.4', 80, tun('gue', 6080, 'remcsum')),
      destination('10.1.0.5', 80, tun('gre', 0, 'csum')),
      destination('2001:db8::5', 80, tun('ipip', 0, 'nocsum')),
      destination('10.1.0.6', 80, { upperThreshold: 100, lowerThreshold: 50 }),
    ),
  );
  const lines = saved().slice(1).toSorted();
  assert.deepEqual(lines, [
    '-a -t 10.0.0.1:80 -r 10.1.0.1:8080 -m -w 0',
    '-a -t 10.0.0.1:80 -r 10.1.0.2:80 -g -w 2147483647',
    '-a -t 10.0.0.1:80 -r 10.1.0.3:80 -i -w 1 --tun-type ipip',
    '-a -t 10.0.0.1:80 -r 10.1.0.4:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-remcsum',
    '-a -t 10.0.0.1:80 -r 10.1.0.5:80 -i -w 1 --tun-type gre --tun-csum',
    '-a -t 10.0.0.1:80 -r 10.1.0.6:80 -m -w 1',
    '-a -t 10.0.0.1:80 -r [2001:db8::5]:80 -i -w 1 --tun-type ipip',
  ]);
  assert.match(ipvsadm('-Ln', '--thresholds'), /10\.1\.0\.6:80\s+100\s+50\s/);
});

test('a dump gives back what was written', async () => {
  const wanted = service(web, {
    scheduler: 'mh',
    schedFlags: 0x18,
    persistence: { timeoutS: 100, granularity: '255.255.0.0', engine: undefined },
  });
  const gue = { type: 'gue', port: 6080, csum: 'csum' } as const;
  const first = destination('10.1.0.1', 80, {
    forward: 'TUN',
    tunnel: gue,
    weight: 5,
    upperThreshold: 9,
    lowerThreshold: 3,
  });
  await run(...add(wanted, first));
  await using ipvs = await IpvsConnection.open();
  const [entry, ...rest] = await ipvs.table();
  assert.deepEqual(rest, []);
  assert.deepEqual(entry?.service, wanted);
  const { activeConnections, inactiveConnections, persistentConnections, counters, ...plain } =
    entry?.destinations[0] ?? assert.fail();
  assert.deepEqual(plain, first);
  assert.deepEqual([activeConnections, inactiveConnections, persistentConnections], [0, 0, 0]);
  assert.equal(counters.bytesIn, 0n);
});

test('setting and deleting change what is there; a kept service keeps its destinations', async () => {
  await run(...add(service(web), destination('10.1.0.1', 80), destination('10.1.0.2', 80)));
  await run(
    { kind: 'set-service', service: service(web, { scheduler: 'rr' }) },
    {
      kind: 'set-destination',
      service: web,
      destination: destination('10.1.0.1', 80, { weight: 7, forward: 'DR' }),
    },
    { kind: 'delete-destination', service: web, destination: { address: '10.1.0.2', port: 80 } },
  );
  assert.deepEqual(saved(), ['-A -t 10.0.0.1:80 -s rr', '-a -t 10.0.0.1:80 -r 10.1.0.1:80 -g -w 7']);
  await run({ kind: 'delete-service', service: web });
  assert.deepEqual(saved(), []);
});

test('refusals name their commands and the others are carried out', async () => {
  await using ipvs = await IpvsConnection.open();
  const commands: readonly IpvsCommand[] = [
    { kind: 'add-service', service: service(web) },
    { kind: 'add-service', service: service(web) },
    { kind: 'add-destination', service: { ...web, port: 81 }, destination: destination('10.1.0.1', 80) },
    { kind: 'add-destination', service: web, destination: destination('10.1.0.1', 80) },
    { kind: 'delete-destination', service: web, destination: { address: '10.1.0.9', port: 80 } },
    { kind: 'add-service', service: service({ ...web, port: 82 }, { scheduler: 'nosuch' }) },
  ];
  const refusals = await ipvs.run(commands);
  assert.deepEqual(
    refusals.map(({ command, code }) => [commands.indexOf(command), code]),
    [
      [1, 'EEXIST'],
      [2, 'ESRCH'],
      [4, 'ENOENT'],
      [5, 'ENOENT'],
    ],
  );
  assert.deepEqual(saved(), ['-A -t 10.0.0.1:80 -s wlc', '-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 1']);
});

test('thousands of commands go through in one call, each refusal at its place', async () => {
  await using ipvs = await IpvsConnection.open();
  const commands: IpvsCommand[] = [];
  for (let i = 0; i < 400; i++) {
    const key: IpvsServiceKey = { ...web, address: `10.2.${i >> 8}.${i & 255}` };
    commands.push(...add(service(key), ...[1, 2, 3].map((n) => destination(`10.3.0.${n}`, 80))));
    commands.push({
      kind: 'delete-destination',
      service: key,
      destination: { address: '10.9.9.9', port: 80 },
    });
  }
  const refusals = await ipvs.run(commands);
  assert.equal(refusals.length, 400);
  assert.ok(refusals.every(({ command }, i) => commands.indexOf(command) === i * 5 + 4));
  const table = await ipvs.table();
  assert.equal(table.length, 400);
  assert.ok(table.every((entry) => entry.destinations.length === 3));
});

test('sync daemons start with all their settings and stop', async () => {
  execFileSync('ip', ['link', 'add', 'kasync', 'type', 'dummy']);
  execFileSync('ip', ['addr', 'add', '192.0.2.1/24', 'dev', 'kasync']);
  execFileSync('ip', ['link', 'set', 'kasync', 'up', 'multicast', 'on']);
  try {
    await using ipvs = await IpvsConnection.open();
    const master = {
      role: 'master',
      interface: 'kasync',
      syncId: 7,
      maxLength: 1000,
      group: '224.0.0.99',
      port: 9000,
      ttl: 3,
    } as const;
    assert.deepEqual(await ipvs.run([{ kind: 'start-daemon', daemon: master }]), []);
    assert.deepEqual(await ipvs.daemons(), [master]);
    assert.match(
      ipvsadm('-ln', '--daemon'),
      /master sync daemon \(mcast=kasync, syncid=7, maxlen=1000, group=224.0.0.99, port=9000, ttl=3\)/,
    );
    assert.deepEqual(await ipvs.run([{ kind: 'stop-daemon', role: 'master' }]), []);
    assert.deepEqual(await ipvs.daemons(), []);
  } finally {
    execFileSync('ip', ['link', 'del', 'kasync']);
  }
});

test('timeouts are set one by one; zero leaves one as it is', async () => {
  await using ipvs = await IpvsConnection.open();
  const before = await ipvs.timeouts();
  await ipvs.run([{ kind: 'set-timeouts', timeouts: { tcpS: 123, tcpFinS: 0, udpS: 45 } }]);
  assert.deepEqual(await ipvs.timeouts(), { tcpS: 123, tcpFinS: before.tcpFinS, udpS: 45 });
  await ipvs.run([{ kind: 'set-timeouts', timeouts: before }]);
});

test('flush empties the table and info tells the version', async () => {
  await run(...add(service(web), destination('10.1.0.1', 80)));
  await run({ kind: 'zero' }, { kind: 'zero', service: web }, { kind: 'flush' });
  assert.deepEqual(saved(), []);
  await using ipvs = await IpvsConnection.open();
  const { version, connectionTableSize } = await ipvs.info();
  assert.equal(version, '1.2.1');
  assert.ok(connectionTableSize >= 256);
});

test('a socket in another namespace changes the table of that namespace only', async () => {
  execFileSync('ip', ['netns', 'add', 'kaL-ipvs']);
  try {
    await using there = await IpvsConnection.open({ netns: 'kaL-ipvs' });
    assert.deepEqual(await there.run(add(service(web))), []);
    assert.deepEqual(saved(), []);
    const inside = execFileSync('ip', ['netns', 'exec', 'kaL-ipvs', 'ipvsadm', '-Sn'], { encoding: 'utf8' });
    assert.equal(inside, '-A -t 10.0.0.1:80 -s wlc\n');
  } finally {
    execFileSync('ip', ['netns', 'del', 'kaL-ipvs']);
  }
});

test('a namespace that is not there and a closed socket are errors with a code', async () => {
  const code = (expected: string) => (error: unknown) =>
    error instanceof NativeError && error.code === expected;
  await assert.rejects(IpvsConnection.open({ netns: 'kaL-nosuch' }), code('KA_IPVS_NOT_FOUND'));
  const ipvs = await IpvsConnection.open();
  await ipvs.close();
  await ipvs.close();
  await assert.rejects(ipvs.table(), code('KA_IPVS_CLOSED'));
});

test('wrong values are refused before anything is sent', async () => {
  await using ipvs = await IpvsConnection.open();
  const bad = (command: IpvsCommand): Promise<void> =>
    assert.rejects(
      ipvs.run([{ kind: 'add-service', service: service(web) }, command]),
      (error) => error instanceof NativeError && error.code === 'KA_IPVS_INVALID',
    );
  await bad({ kind: 'add-service', service: service({ ...web, address: '10.0.0.300' }) });
  await bad({ kind: 'add-service', service: service({ ...web, port: 70_000 }) });
  await bad({ kind: 'add-service', service: service(web, { scheduler: 'a-name-too-long-for-it' }) });
  await bad({
    kind: 'add-destination',
    service: web,
    destination: destination('10.1.0.1', 80, { weight: -1 }),
  });
  assert.deepEqual(saved(), []);
});
