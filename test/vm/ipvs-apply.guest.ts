/** Desired state on the real kernel: repeated, tampered with, shared with others, large. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test, { after, beforeEach } from 'node:test';
import type { IpvsEntry } from '../../bindings/ipvs-types.js';
import { drain } from '../../lib/lvs/drain.js';
import { Ipvs, IpvsRefusedError } from '../../lib/lvs/ipvs.js';
import { systemClock } from '../../lib/host.js';
import { freshNamespace, ip, savedTable } from './namespaces.js';

const netns = 'kaL-apply';
beforeEach(() => freshNamespace(netns, []));
after(() => void ip('netns', 'del', netns));

const ipvsadm = (...args: readonly string[]): void =>
  void execFileSync('ip', ['netns', 'exec', netns, 'ipvsadm', ...args]);

function entry(port: number, servers: number, weight = 1): IpvsEntry {
  return {
    service: {
      key: { kind: 'address', protocol: 'TCP', address: '10.0.0.1', port },
      scheduler: 'rr',
      schedFlags: 0,
      onePacket: false,
      persistence: undefined,
    },
    destinations: Array.from({ length: servers }, (_, i) => ({
      address: `10.1.${i >> 8}.${i & 255}`,
      port: 80,
      forward: 'NAT',
      tunnel: undefined,
      weight,
      upperThreshold: 0,
      lowerThreshold: 0,
    })),
  };
}

test('what is applied again sends nothing', async () => {
  await using ipvs = new Ipvs({ netns });
  const desired = [entry(80, 3), entry(81, 2)];
  assert.equal((await ipvs.apply(desired)).commands.length, 7);
  assert.deepEqual((await ipvs.apply(desired)).commands, []);
});

test('another process that finds the right table after a crash sends nothing', async () => {
  const desired = [entry(80, 3)];
  await using before = new Ipvs({ netns });
  await before.apply(desired);
  await using next = new Ipvs({ netns });
  assert.deepEqual((await next.apply(desired)).commands, []);
});

test('a table edited by hand is repaired with as many commands as it was edited', async () => {
  await using ipvs = new Ipvs({ netns });
  const desired = [entry(80, 3)];
  await ipvs.apply(desired);
  const right = savedTable(netns);
  ipvsadm('-d', '-t', '10.0.0.1:80', '-r', '10.1.0.1:80');
  ipvsadm('-a', '-t', '10.0.0.1:80', '-r', '10.66.0.1:80', '-m');
  ipvsadm('-e', '-t', '10.0.0.1:80', '-r', '10.1.0.2:80', '-m', '-w', '9');
  ipvsadm('-E', '-t', '10.0.0.1:80', '-s', 'wlc');
  const { commands } = await ipvs.apply(desired);
  assert.deepEqual(
    commands.map((command) => command.kind),
    ['set-service', 'add-destination', 'set-destination', 'delete-destination'],
  );
  assert.equal(savedTable(netns), right);
});

test('services of others stay unless all are ours', async () => {
  await using ipvs = new Ipvs({ netns });
  ipvsadm('-A', '-t', '10.66.0.1:80', '-s', 'rr');
  await ipvs.apply([entry(80, 1), entry(81, 1)]);
  await ipvs.apply([entry(80, 1)]);
  assert.equal(
    savedTable(netns),
    ['-A -t 10.0.0.1:80 -s rr', '-A -t 10.66.0.1:80 -s rr', '-a -t 10.0.0.1:80 -r 10.1.0.0:80 -m -w 1'].join(
      '\n',
    ),
  );
  await ipvs.apply([], { scope: 'all' });
  assert.equal(savedTable(netns), '');
});

test('a refused command is an error that names it; the rest is done', async () => {
  await using ipvs = new Ipvs({ netns });
  const wrong = entry(80, 0);
  const desired = [{ ...wrong, service: { ...wrong.service, scheduler: 'nosuch' } }, entry(81, 1)];
  await assert.rejects(ipvs.apply(desired), (error) => {
    assert.ok(error instanceof IpvsRefusedError);
    assert.match(error.message, /refused 1 of 3 commands: add-service TCP \[10\.0\.0\.1\]:80: ENOENT/);
    return true;
  });
  assert.match(savedTable(netns), /10\.0\.0\.1:81 -r/);
});

test('statistics come again and again until the caller has enough', async () => {
  await using ipvs = new Ipvs({ netns });
  await ipvs.apply([entry(80, 2)]);
  const abort = new AbortController();
  let rounds = 0;
  for await (const table of ipvs.stats({ intervalMs: 1, signal: abort.signal })) {
    assert.equal(table[0]?.destinations[1]?.counters.bytesIn, 0n);
    rounds += 1;
    if (rounds === 3) abort.abort();
  }
  assert.equal(rounds, 3);
});

test('a drained server without connections is empty at once and gets no new ones', async () => {
  await using ipvs = new Ipvs({ netns });
  await ipvs.apply([entry(80, 2, 5)]);
  const service = entry(80, 0).service.key;
  const result = await drain(
    ipvs,
    service,
    { address: '10.1.0.1', port: 80 },
    { timeoutMs: 5_000, clock: systemClock },
  );
  assert.deepEqual(result, { kind: 'empty' });
  assert.match(savedTable(netns), /10\.1\.0\.1:80 -m -w 0/);
  const none = await drain(
    ipvs,
    service,
    { address: '10.9.9.9', port: 80 },
    { timeoutMs: 5_000, clock: systemClock },
  );
  assert.deepEqual(none, { kind: 'unknown' });
});

test('ten thousand real servers: the first table, one change, half of them gone', async () => {
  await using ipvs = new Ipvs({ netns });
  const all = Array.from({ length: 100 }, (_, i) => entry(1000 + i, 100));
  assert.equal((await ipvs.apply(all)).commands.length, 10_100);
  const one = all.map((e, i) => (i === 50 ? entry(1050, 100, 2) : e));
  assert.equal((await ipvs.apply(one)).commands.length, 100);
  const half = all.map((e) => ({ ...e, destinations: e.destinations.filter((_, i) => i % 2 === 0) }));
  assert.equal((await ipvs.apply(half)).commands.length, 5_050);
  const table = await ipvs.table();
  assert.equal(
    table.reduce((sum, e) => sum + e.destinations.length, 0),
    5_000,
  );
});
