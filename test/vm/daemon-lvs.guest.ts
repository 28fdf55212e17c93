/** The daemon and what surrounds its IPVS services: sync daemons, timeouts, flushes, ha_suspend. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test, { after, beforeEach } from 'node:test';
import { DaemonProgram, eventually } from './daemon-program.js';
import { freshNamespace, ip, savedTable } from './namespaces.js';

const netns = 'kaD-lvs';
const limitMs = 120_000;
const running: DaemonProgram[] = [];
beforeEach(() => freshNamespace(netns, ['10.9.0.1/32']));
after(async () => {
  for (const daemon of running) await daemon.stop('SIGKILL');
  ip('netns', 'del', netns);
});

const ipvsadm = (...args: readonly string[]): string =>
  execFileSync('ip', ['netns', 'exec', netns, 'ipvsadm', ...args], { encoding: 'utf8' });

function daemon(options: readonly string[] = []): DaemonProgram {
  const made = new DaemonProgram(netns, 'ka-node', options);
  running.push(made);
  return made;
}

const virtual = (more = '', servers = 'real_server 10.9.0.1 8080 {\n}\n'): string =>
  `virtual_server 10.8.0.1 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n${more}\n${servers}}\n`;
const globals = (text: string): string => `global_defs {\nscript_user root\n${text}\n}\n`;
const table = ['-A -t 10.8.0.1:80 -s rr', '-a -t 10.8.0.1:80 -r 10.9.0.1:8080 -m -w 1'].join('\n');

test('timeouts are set, changed by a reload and given back at the end', async () => {
  const timeouts = (): string => ipvsadm('-l', '--timeout').trim();
  const before = timeouts();
  const it = daemon();
  it.start(globals('lvs_timeouts tcp 100 udp 50') + virtual());
  const [, tcpFin = ''] = /(\d+) \d+$/.exec(before) ?? [];
  await eventually(timeouts, `Timeout (tcp tcpfin udp): 100 ${tcpFin} 50`, limitMs, it);
  await it.reload(globals('lvs_timeouts tcp 200') + virtual(), limitMs);
  const udp = /(\d+)$/.exec(before)?.[1] ?? '';
  assert.equal(timeouts(), `Timeout (tcp tcpfin udp): 200 ${tcpFin} ${udp}`);
  await it.stop();
  assert.equal(timeouts(), before);
});

test('lvs_flush empties the table at the start, lvs_flush_on_stop at the end; VS leaves what others made', async () => {
  const others = '-A -t 10.66.0.1:80 -s rr';
  ipvsadm('-A', '-t', '10.66.0.1:80', '-s', 'rr');
  const first = daemon();
  first.start(globals('lvs_flush_on_stop VS') + virtual());
  await eventually(
    () => savedTable(netns),
    [others, table].join('\n').split('\n').toSorted().join('\n'),
    limitMs,
    first,
  );
  await first.stop();
  assert.equal(savedTable(netns), others);
  assert.equal(first.count('Shutting down service'), 0);

  const second = daemon();
  second.start(globals('lvs_flush\nlvs_flush_on_stop') + virtual());
  await eventually(() => savedTable(netns), table, limitMs, second);
  ipvsadm('-A', '-t', '10.66.0.1:80', '-s', 'rr');
  await second.stop();
  assert.equal(savedTable(netns), '');
});

test('ha_suspend: nothing is checked while the address is elsewhere', async () => {
  const it = daemon();
  const check = 'TCP_CHECK {\nconnect_timeout 5\nretry 0\n}\n';
  const real = `real_server 10.9.0.1 8080 {\n${check}}\n`;
  it.start(globals('') + virtual('ha_suspend\ndelay_loop 1\nwarmup 0', real));
  await it.says(
    'Deactivating healthchecker for service [10.9.0.1]:tcp:8080 for VS [10.8.0.1]:tcp:80',
    limitMs,
  );
  // Nobody listens: the first check that runs would remove the server.
  ip('-n', netns, 'addr', 'add', '10.8.0.1/32', 'dev', 'lo');
  await it.says('Activating healthchecker for service [10.9.0.1]:tcp:8080 for VS [10.8.0.1]:tcp:80', limitMs);
  await it.says('Removing service [10.9.0.1]:tcp:8080 from VS [10.8.0.1]:tcp:80', limitMs);
  const order = ['Deactivating', 'reports IP 10.8.0.1 added', 'Activating', 'Removing service'].map((text) =>
    it.log.indexOf(text),
  );
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
    it.log,
  );
  ip('-n', netns, 'addr', 'del', '10.8.0.1/32', 'dev', 'lo');
  await it.says('Suspending healthchecker for service [10.9.0.1]:tcp:8080 for VS [10.8.0.1]:tcp:80', limitMs);
  await it.stop();
});

const syncDaemons = (): string =>
  ipvsadm('-L', '--daemon')
    .split('\n')
    .map((line) => line.trim().replaceAll(/\s+/g, ' '))
    .filter(Boolean)
    .join('\n');

test('sync daemons without an instance: both run until the end, with all that was asked for', async () => {
  ip('-n', netns, 'link', 'add', 'wire', 'type', 'dummy');
  ip('-n', netns, 'addr', 'add', '192.168.7.1/24', 'dev', 'wire');
  ip('-n', netns, 'link', 'set', 'wire', 'multicast', 'on', 'up');
  const options = 'wire id 7 maxlen 1200 port 8850 ttl 3 group 224.0.0.90';
  const it = daemon();
  it.start(globals(`lvs_sync_daemon ${options}`) + virtual());
  const shown = (role: string): string =>
    `${role} sync daemon (mcast=wire, syncid=7, maxlen=1200, group=224.0.0.90, port=8850, ttl=3)`;
  await eventually(syncDaemons, [shown('master'), shown('backup')].join('\n'), limitMs, it);
  await it.reload(virtual(), limitMs);
  assert.equal(syncDaemons(), '', it.log);
  await it.stop();
});
