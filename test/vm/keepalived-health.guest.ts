/** The same file, the same servers, the same deaths: keepalived's table and ours stay the same, to the end. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { Prober } from '../../bindings/prober.js';
import { parseConfig } from '../../lib/config/load.js';
import type { LvsConfig } from '../../lib/config/model-lvs.js';
import { systemClock } from '../../lib/host.js';
import { Balancer, type BalancerEvent } from '../../lib/lvs/balancer.js';
import { Ipvs } from '../../lib/lvs/ipvs.js';
import { end, freshNamespace, ip, savedTable, startIn, until } from './namespaces.js';

const theirs = 'kaL-theirs2';
const ours = 'kaL-ours2';
const both = [theirs, ours];
const work = mkdtempSync(join(tmpdir(), 'kaL-'));
const file = join(work, 'keepalived.conf');
const limitMs = 90_000;

const real = (address: string, weight: number, more = ''): string =>
  `real_server ${address} 8080 {\nweight ${weight}\n${more}\nTCP_CHECK {\nconnect_timeout 20\nretry 1\ndelay_before_retry 1\nwarmup 0\n}\n}\n`;
const config = (servers: string, more = ''): string =>
  `virtual_server 10.8.0.1 80 {\ndelay_loop 1\nlvs_sched wrr\nlvs_method NAT\nprotocol TCP\nquorum 2\n` +
  `sorry_server 10.9.0.99 9999\n${more}\n${servers}}\n`;
const first = real('10.9.0.1', 3) + real('10.9.0.2', 1) + real('10.9.0.3', 1, 'inhibit_on_failure');

for (const name of both) freshNamespace(name, ['10.9.0.1/32', '10.9.0.2/32', '10.9.0.3/32']);
const servers = new Map<string, ChildProcess>();
after(async () => {
  for (const server of servers.values()) await end(server, 'SIGKILL');
  for (const name of both) ip('netns', 'del', name);
});

/** Starts the server of an address in both namespaces. */
function up(address: string): void {
  for (const name of both) {
    const listen = `TCP-LISTEN:8080,bind=${address},fork,reuseaddr,backlog=50`;
    servers.set(
      `${name} ${address}`,
      startIn(name, ['socat', listen, '/dev/null'], () => undefined),
    );
  }
}

async function down(address: string): Promise<void> {
  for (const name of both) {
    const server = servers.get(`${name} ${address}`);
    if (server !== undefined) await end(server, 'SIGKILL');
  }
}

function load(): LvsConfig {
  const { model } = parseConfig({ path: file }, { mode: 'daemon' });
  assert.ok(model !== undefined);
  return model;
}

const table = (...destinations: readonly string[]): string =>
  [
    '-A -t 10.8.0.1:80 -s wrr',
    ...destinations.map((text) => {
      const [server = '', weight = ''] = text.split(' ');
      return `-a -t 10.8.0.1:80 -r ${server} -m -w ${weight}`;
    }),
  ]
    .toSorted()
    .join('\n');

test('health, quorum, reload and stop leave the same table as keepalived [keepalived: quorum]', async (t) => {
  const events: string[] = [];
  const lines: string[] = [];
  await using ipvs = new Ipvs({ netns: ours });
  using prober = new Prober({ netns: ours });
  const balancer = new Balancer({
    ipvs,
    prober,
    host: { clock: systemClock, logger: { log: (_level, text) => void lines.push(text) } },
    onEvent: (event: BalancerEvent) => {
      if (event.kind === 'checker') return;
      const who =
        event.kind === 'server' ? `RS ${event.serverName} ${event.virtualName}` : `VS ${event.virtualName}`;
      events.push(`${who} ${event.isUp ? 'UP' : 'DOWN'}`);
    },
    command: () => undefined,
  });
  for (const address of ['10.9.0.1', '10.9.0.2', '10.9.0.3']) up(address);
  writeFileSync(file, config(first));
  let log = '';
  const pids = ['-p', '-c'].flatMap((option) => [option, join(work, `pid${option}`)]);
  const keepalived = startIn(
    theirs,
    ['keepalived', '-n', '-l', '-D', '-C', '-f', file, ...pids],
    (text) => (log += text),
  );
  await balancer.load(load());

  const both = async (expected: string): Promise<void> => {
    for (const name of [theirs, ours]) {
      const seen = await until(
        () => savedTable(name),
        () => expected,
        limitMs,
      );
      assert.equal(seen, expected, `${name}\n${log}\n---\n${lines.join('\n')}`);
    }
  };

  try {
    await t.test('start', () => both(table('10.9.0.1:8080 3', '10.9.0.2:8080 1', '10.9.0.3:8080 1')));
    // Every checker must have had its first result: until then a failure counts at once.
    const results = (text: string): string => String(text.split('connection to ').length - 1);
    for (const text of [() => log, () => lines.join('\n')])
      assert.equal(
        await until(
          () => results(text()),
          () => '3',
          limitMs,
        ),
        '3',
      );
    await t.test('a server goes down', async () => {
      await down('10.9.0.1');
      await both(table('10.9.0.2:8080 1', '10.9.0.3:8080 1'));
    });
    await t.test('the quorum is lost: the sorry server alone, inhibited servers with weight 0', async () => {
      await down('10.9.0.3');
      await both(table('10.9.0.3:8080 0', '10.9.0.99:9999 1'));
    });
    await t.test('the quorum is back', async () => {
      up('10.9.0.3');
      await both(table('10.9.0.2:8080 1', '10.9.0.3:8080 1'));
      up('10.9.0.1');
      await both(table('10.9.0.1:8080 3', '10.9.0.2:8080 1', '10.9.0.3:8080 1'));
    });
    await t.test('reload: weight, scheduler, a server gone', async () => {
      writeFileSync(
        file,
        config(real('10.9.0.1', 7) + real('10.9.0.3', 1, 'inhibit_on_failure'), 'persistence_timeout 50'),
      );
      keepalived.kill('SIGHUP');
      await balancer.load(load());
      const expected = table('10.9.0.1:8080 7', '10.9.0.3:8080 1').replace('-s wrr', '-s wrr -p 50');
      await both(expected);
    });
    await t.test('the servers that are gone and back were told in keepalived’s order', () => {
      assert.deepEqual(events, [
        'VS [10.8.0.1]:tcp:80 UP',
        'RS [10.9.0.1]:tcp:8080 [10.8.0.1]:tcp:80 DOWN',
        'RS [10.9.0.3]:tcp:8080 [10.8.0.1]:tcp:80 DOWN',
        'VS [10.8.0.1]:tcp:80 DOWN',
        'RS [10.9.0.3]:tcp:8080 [10.8.0.1]:tcp:80 UP',
        'VS [10.8.0.1]:tcp:80 UP',
        'RS [10.9.0.1]:tcp:8080 [10.8.0.1]:tcp:80 UP',
        'RS [10.9.0.2]:tcp:8080 [10.8.0.1]:tcp:80 DOWN',
      ]);
    });
    await t.test('the same lines were logged', () => {
      const wanted =
        /(TCP_CHECK|TCP connection|(Adding|Removing|Enabling|Disabling) |(Gained|Lost) quorum|Changing weight|no longer exist)/;
      const their = log
        .split('\n')
        .filter((line) => wanted.test(line))
        .map((line) => line.replace(/^.*? \d{4}: /, ''));
      assert.deepEqual(lines.filter((line) => wanted.test(line)).toSorted(), their.toSorted());
    });
  } finally {
    await end(keepalived, 'SIGTERM');
    await balancer.close();
  }
  assert.deepEqual([savedTable(theirs), savedTable(ours)], ['', '']);
});
