/**
 * kill -9 of the checkers process while the table is edited by hand: the next one repairs it before it does anything else, no service
 * or server is removed and added again, a server that was found down does not come back without a check, and a weight by hand stays.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import type { IpvsEntryStatus } from '../../bindings/ipvs-types.js';
import { Ipvs } from '../../lib/lvs/ipvs.js';
import { post } from '../../lib/control/client.js';
import { serviceId } from '../../lib/lvs/table.js';
import { DaemonProgram, eventually } from './daemon-program.js';
import { end, freshNamespace, ip, savedTable, startIn, until } from './namespaces.js';

const netns = 'kaK-lvs';
const limitMs = 180_000;
freshNamespace(netns, ['10.8.0.1/32', '10.9.0.1/32', '10.9.0.2/32', '10.9.0.3/32']);
const socket = join(mkdtempSync(join(tmpdir(), 'kaK-')), 'c.sock');
const daemon = new DaemonProgram(netns, 'ka-node', ['-C', '--control-socket', socket]);
const others: ReturnType<typeof startIn>[] = [];
after(async () => {
  await daemon.stop('SIGKILL');
  for (const other of others) await end(other, 'SIGKILL');
  ip('netns', 'del', netns);
});

const real = (address: string, more = ''): string =>
  `real_server ${address} 8080 {\n${more}\nTCP_CHECK {\nconnect_timeout 20\nretry 0\nwarmup 0\ndelay_loop 2\n}\n}\n`;
const configuration =
  `virtual_server 10.8.0.1 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n` +
  `${real('10.9.0.1')}${real('10.9.0.2')}${real('10.9.0.3', 'inhibit_on_failure')}}\n` +
  'virtual_server fwmark 7 {\nlvs_sched rr\nlvs_method DR\nreal_server 10.9.0.1 0 {\nweight 5\n}\n}\n';
const table = [
  '-A -f 7 -s rr',
  '-A -t 10.8.0.1:80 -s rr',
  '-a -f 7 -r 10.9.0.1:0 -g -w 5',
  '-a -t 10.8.0.1:80 -r 10.9.0.1:8080 -m -w 1',
  '-a -t 10.8.0.1:80 -r 10.9.0.3:8080 -m -w 0',
].join('\n');

/** Every server with its weight, and of the services whether their counters are those from before. */
function shown(entries: readonly IpvsEntryStatus[]): string {
  const line = ({ service, counters, destinations }: IpvsEntryStatus): string => {
    const servers = destinations.map(({ address, weight }) => `${address} ${weight}`).toSorted();
    return `${serviceId(service.key)} ${counters.connections > 0n ? 'used' : 'new'}: ${servers.join(', ')}`;
  };
  return entries.map(line).toSorted().join('\n');
}
const rightly = 'FWM 7 new: 10.9.0.1 5\nTCP [10.8.0.1]:80 used: 10.9.0.1 4, 10.9.0.3 0';

const pidOfCheckers = (): number => Number(readFileSync(join(daemon.work, 'pid-c'), 'utf8'));
const edit = (...args: readonly string[]): void =>
  void execFileSync('ip', ['netns', 'exec', netns, 'ipvsadm', ...args]);

test('a killed checkers process leaves a table that the next one only repairs [keepalived: virtual_server]', async () => {
  const listen = startIn(netns, ['socat', 'TCP-LISTEN:8080,bind=10.9.0.1,fork,reuseaddr,backlog=50', 'PIPE']);
  others.push(listen);
  daemon.start(configuration);
  await eventually(() => savedTable(netns), table, limitMs, daemon);
  await daemon.says('TCP connection to [10.9.0.1]:tcp:8080 success', limitMs);
  // A weight by hand is remembered too.
  const weight = { virtualServer: '10.8.0.1:80', realServer: '10.9.0.1:8080', weight: 4 };
  await post({ path: socket }, '/v1/lvs/weight', weight);
  const client = startIn(netns, ['socat', '-,ignoreeof', 'TCP:10.8.0.1:80']);
  others.push(client);
  await using ipvs = new Ipvs({ netns });
  const now = async (): Promise<string> => shown(await ipvs.table());
  let latest = '';
  const isUsed = async (): Promise<void> => void (latest = await now());
  await until(
    () => {
      void isUsed();
      return latest;
    },
    () => rightly,
    limitMs,
  );
  assert.equal(latest, rightly, daemon.log);

  const first = pidOfCheckers();
  const from = daemon.log.length;
  const told = (): string => daemon.log.slice(from);
  const killedMs = performance.now();
  process.kill(first, 'SIGKILL');
  edit('-e', '-f', '7', '-r', '10.9.0.1:0', '-g', '-w', '9');
  const edited = rightly.replace('10.9.0.1 5', '10.9.0.1 9');

  const seen: string[] = [];
  let [runsMs, rightMs] = [Infinity, Infinity];
  for await (const entries of ipvs.stats({ intervalMs: 20, signal: AbortSignal.timeout(limitMs) })) {
    const it = shown(entries);
    if (seen.at(-1) !== it) seen.push(it);
    if (runsMs === Infinity && told().includes('Activating healthchecker')) runsMs = performance.now();
    if (rightMs === Infinity && it === rightly) rightMs = performance.now();
    // The new process has made its own checks: what it did not know it knows now.
    if (told().includes('TCP connection to [10.9.0.1]:tcp:8080 success')) break;
  }
  assert.deepEqual(seen, [edited, rightly], daemon.log);
  // Nothing but a new process has repaired it, within a second of its restart; an emulated machine gets as long as the program
  // took to be loaded.
  await eventually(() => String(pidOfCheckers() === first), 'false', limitMs, daemon);
  assert.match(told(), /Healthcheck child process\(\d+\) died: Respawning/i);
  const takenMs = rightMs - runsMs;
  assert.ok(takenMs < Math.max(1000, runsMs - killedMs), `${takenMs} ms\n${daemon.log}`);

  // The dead server was told of once; a check that succeeds brings it back.
  assert.doesNotMatch(told(), /(Removing|Disabling) service/);
  others.push(startIn(netns, ['socat', 'TCP-LISTEN:8080,bind=10.9.0.2,fork,reuseaddr', 'PIPE']));
  await daemon.says('Adding service [10.9.0.2]:tcp:8080 to VS [10.8.0.1]:tcp:80', limitMs);
  // While there is a service to carry its end to the server.
  await end(client, 'SIGKILL');
  await daemon.stop();
  assert.equal(savedTable(netns), '', daemon.log);
});
