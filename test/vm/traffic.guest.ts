/** Packets through the balancer: a client, a director and two real servers as namespaces. */
import assert from 'node:assert/strict';
import { execFileSync, type ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import test, { after } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { IpvsEntryStatus } from '../../bindings/ipvs-types.js';
import { Prober } from '../../bindings/prober.js';
import type { LvsMethod } from '../../lib/config/model-lvs.js';
import { silentLogger, systemClock } from '../../lib/host.js';
import { Balancer } from '../../lib/lvs/balancer.js';
import { drain } from '../../lib/lvs/drain.js';
import { Ipvs } from '../../lib/lvs/ipvs.js';
import { milliseconds, seconds } from '../../lib/units.js';
import { lvsConfig, nat, realServer, tcpCheck, virtualServer } from '../support/lvs-model.js';
import { end, freshNamespace, ip, startIn, until } from './namespaces.js';

const [client, director, one, two] = ['kaL-client', 'kaL-director', 'kaL-one', 'kaL-two'] as const;
const vip = '192.168.50.100';
const limitMs = 90_000;
const servers = new Map<string, ChildProcess>();

function sysctl(netns: string, ...settings: readonly string[]): void {
  execFileSync('ip', ['netns', 'exec', netns, 'sysctl', '-qw', ...settings]);
}

/** A wire from the director to another host: .1 is the director's end, .2 the other one. */
function wire(name: string, net: string): void {
  freshNamespace(name, []);
  const device = `d-${name.slice(4)}`;
  ip('-n', director, 'link', 'add', device, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  ip('-n', director, 'addr', 'add', `${net}.1/24`, 'dev', device);
  ip('-n', director, 'link', 'set', device, 'up');
  ip('-n', name, 'addr', 'add', `${net}.2/24`, 'dev', 'eth0');
  ip('-n', name, 'link', 'set', 'eth0', 'up');
  ip('-n', name, 'route', 'add', 'default', 'via', `${net}.1`);
}

freshNamespace(director, []);
// Replies of DR and TUN come back through the director with its own virtual address as their source.
const loose = ['rp_filter=0', 'accept_local=1'].flatMap((setting) =>
  ['all', 'default'].map((scope) => `net.ipv4.conf.${scope}.${setting}`),
);
sysctl(director, 'net.ipv4.ip_forward=1', ...loose);
wire(client, '192.168.50');
wire(one, '192.168.61');
wire(two, '192.168.62');
ip('-n', director, 'addr', 'add', `${vip}/32`, 'dev', 'lo');
for (const name of [one, two]) {
  // For DR and TUN the real servers take packets for the virtual address, which the director alone answers ARP for.
  ip('-n', name, 'addr', 'add', `${vip}/32`, 'dev', 'lo');
  // The kernel makes tunl0 in every namespace; it takes the packets of any tunnel.
  ip('-n', name, 'link', 'set', 'tunl0', 'up');
  sysctl(
    name,
    'net.ipv4.conf.all.rp_filter=0',
    'net.ipv4.conf.eth0.rp_filter=0',
    'net.ipv4.conf.tunl0.rp_filter=0',
  );
}
after(async () => {
  for (const server of servers.values()) await end(server, 'SIGKILL');
  for (const name of [client, director, one, two]) ip('netns', 'del', name);
});

/** A server that says its name and then repeats what it hears. */
function up(name: string): void {
  const serve = `SYSTEM:"echo ${name}; cat"`;
  servers.set(
    name,
    startIn(name, ['socat', 'TCP-LISTEN:8080,fork,reuseaddr,backlog=50', serve], () => undefined),
  );
}

async function down(name: string): Promise<void> {
  const server = servers.get(name);
  if (server !== undefined) await end(server, 'SIGKILL');
}

const outside = new Prober({ netns: client });
after(() => outside.close());

/** What comes next on a connection. */
function heard(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once('data', (data: Buffer) => resolve(data.toString()));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection ended without a word')));
  });
}

/** A connection of the client to the virtual address; `hello` is the name of the server that got it. */
async function connect(): Promise<{ readonly socket: Socket; readonly hello: string }> {
  const connected = await outside.connect({ address: vip, port: 8080, timeoutMs: 30_000 });
  assert.ok(connected.kind === 'ok', JSON.stringify(connected));
  const socket = new Socket({ fd: connected.fd, readable: true, writable: true });
  return { socket, hello: (await heard(socket)).trim() };
}

/** The servers that answer so many requests, sorted, each once. */
async function answers(count: number): Promise<string> {
  const names = new Set<string>();
  for (let i = 0; i < count; i++) {
    const { socket, hello } = await connect();
    socket.destroy();
    names.add(hello);
  }
  return [...names].toSorted().join(' ');
}

function config(method: LvsMethod) {
  const check = (connectIp: string) =>
    tcpCheck({
      connectIp,
      connectPort: 8080,
      connectTimeout: seconds(20),
      // Each check makes socat start a shell: more of them would keep a slow machine from everything else.
      delayLoop: seconds(1),
      delayBeforeRetry: milliseconds(300),
      retry: 1,
    });
  const server = (address: string) =>
    realServer({ address, port: 8080, lvsMethod: method, checkers: [check(address)] });
  return lvsConfig([
    virtualServer({
      key: { kind: 'address', family: 4, address: vip, port: 8080 },
      lvsSched: 'rr',
      lvsMethod: method,
      realServer: [server('192.168.61.2'), server('192.168.62.2')],
    }),
  ]);
}

/**
 * Ends when a server that has just died must be out: delay_loop and retry, as this machine keeps them, by the same clock and the same
 * prober, and one delay_loop more for what it does at once besides.
 */
async function allowedTime(address: string): Promise<string> {
  for (const pauseMs of [1000, 300, 1000]) {
    await wait(pauseMs);
    await inside.tcp({ address, port: 8080, timeoutMs: 20_000 });
  }
  return 'it is still in, though delay_loop and retry are over';
}

const methods: readonly LvsMethod[] = [nat, { ...nat, method: 'DR' }, { ...nat, method: 'TUN' }];

for (const name of [one, two]) up(name);
const inside = new Prober({ netns: director });
after(() => inside.close());
for (const address of ['192.168.61.2', '192.168.62.2']) {
  let state = '';
  const knock = (): string => {
    void inside.tcp({ address, port: 8080, timeoutMs: 1_000 }).then((result) => (state = result.kind));
    return state;
  };
  assert.equal(await until(knock, () => 'ok', limitMs), 'ok', 'the server does not listen');
}

async function balancer(ipvs: Ipvs, method: LvsMethod): Promise<Balancer> {
  const made = new Balancer({
    ipvs,
    prober: inside,
    host: { clock: systemClock, logger: silentLogger },
    onEvent: () => undefined,
    command: () => undefined,
  });
  await made.load(config(method));
  return made;
}

const alive = (made: Balancer): string =>
  made
    .status()[0]
    ?.servers.map(({ isAlive }) => (isAlive ? '+' : '-'))
    .join('') ?? '';

for (const method of methods)
  test(`${method.method}: requests reach both servers; a dead one is taken out and comes back`, async () => {
    await using ipvs = new Ipvs({ netns: director });
    await using made = await balancer(ipvs, method);
    assert.equal(await answers(4), `${one} ${two}`);
    await down(one);
    const isOut = until(
      () => alive(made),
      () => '-+',
      limitMs,
    );
    assert.equal(await Promise.race([isOut, allowedTime('192.168.61.2')]), '-+');
    await made.settled();
    assert.equal(await answers(4), two);
    up(one);
    assert.equal(
      await until(
        () => alive(made),
        () => '++',
        limitMs,
      ),
      '++',
    );
    await made.settled();
    assert.equal(await answers(4), `${one} ${two}`);
  });

test('the kernel’s counters of a service are told, and zero makes them none', async () => {
  await using ipvs = new Ipvs({ netns: director });
  await using _made = await balancer(ipvs, nat);
  const key = { kind: 'address', protocol: 'TCP', address: vip, port: 8080 } as const;
  // Each request has a handshake and an end; headers alone are 40 bytes a packet.
  const tells = ({ counters, destinations }: IpvsEntryStatus, wanted: bigint): boolean =>
    counters.connections === wanted &&
    counters.packetsIn >= wanted * 3n &&
    counters.packetsOut >= wanted &&
    counters.bytesIn >= counters.packetsIn * 40n &&
    destinations.every((each) => each.counters.connections >= wanted / 2n);
  // The kernel adds its counters up every two seconds.
  const counted = async (wanted: bigint): Promise<void> => {
    const untilMs = performance.now() + limitMs;
    for (;;) {
      const [entry] = await ipvs.table();
      assert.ok(entry !== undefined);
      if (tells(entry, wanted)) return;
      assert.ok(performance.now() < untilMs, inspect(entry, { depth: 4 }));
      await wait(200);
    }
  };
  await answers(4);
  await counted(4n);
  await ipvs.zero(key);
  await answers(2);
  await counted(2n);
});

test('a reload that changes a weight leaves an established connection alone', async () => {
  await using ipvs = new Ipvs({ netns: director });
  await using made = await balancer(ipvs, nat);
  const { socket } = await connect();
  const before = config(nat);
  const servers = before.virtualServer[0]?.realServer.map((server) => ({ ...server, weight: 9 })) ?? [];
  await made.load({
    ...before,
    virtualServer: [{ ...virtualServer(before.virtualServer[0]), realServer: servers }],
  });
  socket.write('still here\n');
  assert.equal(await heard(socket), 'still here\n');
  socket.destroy();
});

test('a drained server keeps its connections, gets no new ones, and no request fails', async () => {
  await using ipvs = new Ipvs({ netns: director });
  await using made = await balancer(ipvs, nat);
  let held = await connect();
  for (let tries = 0; held.hello !== one; tries++) {
    assert.ok(tries < 10, `${one} gets no connection`);
    held.socket.destroy();
    held = await connect();
  }
  const [virtual] = made.status();
  const [server] = virtual?.servers ?? [];
  assert.ok(virtual !== undefined && server !== undefined);
  const setWeightZero = async (): Promise<void> => {
    assert.ok(made.setWeight(virtual.name, server.name, 0));
    await made.settled();
  };
  const key = { kind: 'address', protocol: 'TCP', address: vip, port: 8080 } as const;
  const place = { address: '192.168.61.2', port: 8080 };
  const options = { clock: systemClock, intervalMs: 50, setWeightZero };
  assert.deepEqual(await drain(ipvs, key, place, { ...options, timeoutMs: 300 }), {
    kind: 'timeout',
    connections: 1,
  });
  assert.equal(await answers(6), two);
  held.socket.write('still here\n');
  assert.equal(await heard(held.socket), 'still here\n');
  held.socket.destroy();
  assert.deepEqual(await drain(ipvs, key, place, { ...options, timeoutMs: limitMs }), { kind: 'empty' });
  made.setWeight(virtual.name, server.name, undefined);
  await made.settled();
  assert.equal(await answers(4), `${one} ${two}`);
});
