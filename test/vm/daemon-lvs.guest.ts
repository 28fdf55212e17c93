/** The daemon and everything around its IPVS services: sync daemons, timeouts, flushes, omega, ha_suspend, repair. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, beforeEach } from 'node:test';
import { DaemonProgram, eventually } from './daemon-program.js';
import { freshNamespace, ip, savedTable } from './namespaces.js';

const netns = 'kaD-lvs';
const limitMs = 240_000;
const running: DaemonProgram[] = [];
const allCpus = /Cpus_allowed_list:\s+(.*)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
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
/** A slow machine gets time to leave in order. */
const globals = (text: string): string =>
  `child_wait_time 120\nglobal_defs {\nscript_user root\n${text}\n}\n`;
const table = ['-A -t 10.8.0.1:80 -s rr', '-a -t 10.8.0.1:80 -r 10.9.0.1:8080 -m -w 1'].join('\n');

/** Scheduling of the process of the checkers, as the kernel tells it. */
function scheduling(it: DaemonProgram): string {
  const pid = readFileSync(join(it.work, 'pid-c'), 'utf8').trim();
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const cpus = /Cpus_allowed_list:\s+(.*)/.exec(status)?.[1] ?? '';
  const isLocked = !/VmLck:\s+0 kB/.test(status);
  const limit = /Max realtime timeout\s+(\S+)/.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1] ?? '';
  return `nice ${stat[16]} policy ${stat[38]} priority ${stat[37]} CPUs ${cpus} locked ${isLocked} limit ${limit}`;
}

test('timeouts and scheduling are set, changed by a reload and given back at the end', async () => {
  const timeouts = (): string => ipvsadm('-l', '--timeout').trim();
  const before = timeouts();
  const it = daemon();
  const wishes =
    'checker_priority -7\nchecker_rt_priority 12\nchecker_cpu_affinity 0\nchecker_no_swap\nchecker_rlimit_rttime 90000000\n';
  it.start(globals(`lvs_timeouts tcp 100 udp 50\n${wishes}`) + virtual());
  const [, tcpFin = ''] = /(\d+) \d+$/.exec(before) ?? [];
  await eventually(timeouts, `Timeout (tcp tcpfin udp): 100 ${tcpFin} 50`, limitMs, it);
  await it.says('Startup complete', limitMs);
  // SCHED_RR is policy 2; the class is not inherited by programs that the process starts.
  const asked = 'nice -7 policy 2 priority 12 CPUs 0 locked true limit 90000000';
  await eventually(() => scheduling(it), asked, limitMs, it);
  await it.reload(globals('lvs_timeouts tcp 200') + virtual(), limitMs);
  // A process that was deaf for five seconds, which an emulator can make of one step, takes the configuration after the reload is over.
  const ordinary = `nice 0 policy 0 priority 0 CPUs ${allCpus ?? ''} locked false`;
  await eventually(() => scheduling(it).replace(/ limit.*/, ''), ordinary, limitMs, it);
  const udp = /(\d+)$/.exec(before)?.[1] ?? '';
  await eventually(timeouts, `Timeout (tcp tcpfin udp): 200 ${tcpFin} ${udp}`, limitMs, it);
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

test('omega: at the end the servers that are up are told to be down; without it nothing is told', async () => {
  for (const [omega, wanted] of [
    ['omega', 'RS [10.9.0.1]:tcp:8080 [10.8.0.1]:tcp:80 DOWN\nVS [10.8.0.1]:tcp:80 DOWN\n'],
    ['', ''],
  ] as const) {
    const it = daemon();
    const said = join(it.work, 'said');
    const script = join(it.work, 'notify');
    writeFileSync(script, `#!/bin/sh\necho "$*" >>${said}\n`, { mode: 0o755 });
    const notify = `quorum_down "${script} VS [10.8.0.1]:tcp:80 DOWN"`;
    const real = `real_server 10.9.0.1 8080 {\nnotify_down "${script} RS [10.9.0.1]:tcp:8080 [10.8.0.1]:tcp:80 DOWN"\n}\n`;
    it.start(globals('') + virtual(`${omega}\n${notify}`, real));
    await eventually(() => savedTable(netns), table, limitMs, it);
    await it.says('Startup complete', limitMs);
    await it.stop();
    const lines = (existsSync(said) ? readFileSync(said, 'utf8') : '').split('\n').filter(Boolean);
    assert.deepEqual(lines.toSorted(), wanted.split('\n').filter(Boolean).toSorted(), it.log);
    assert.equal(it.count('Shutting down service [10.9.0.1]:tcp:8080 from VS [10.8.0.1]:tcp:80'), 1, it.log);
  }
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

test('a table edited with ipvsadm is repaired and reported', async () => {
  const it = daemon();
  it.start(virtual());
  await eventually(() => savedTable(netns), table, limitMs, it);
  ipvsadm('-e', '-t', '10.8.0.1:80', '-r', '10.9.0.1:8080', '-m', '-w', '7');
  ipvsadm('-a', '-t', '10.8.0.1:80', '-r', '10.66.0.1:80', '-m');
  await eventually(() => savedTable(netns), table, limitMs, it);
  await it.says('IPVS repair: set-destination TCP [10.8.0.1]:80 -> [10.9.0.1]:8080', limitMs);
  await it.says('IPVS repair: delete-destination TCP [10.8.0.1]:80 -> [10.66.0.1]:80', limitMs);
  ipvsadm('-D', '-t', '10.8.0.1:80');
  await eventually(() => savedTable(netns), table, limitMs, it);
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
  await eventually(syncDaemons, '', limitMs, it);
  await it.stop();
});

test('a sync daemon follows the state of its instance, with the router id as its own', async () => {
  ip('-n', netns, 'link', 'add', 'wire', 'type', 'dummy');
  ip('-n', netns, 'addr', 'add', '192.168.7.1/24', 'dev', 'wire');
  ip('-n', netns, 'link', 'set', 'wire', 'multicast', 'on', 'up');
  const vrrp = (priority: number): string =>
    `vrrp_instance ONE {\ninterface wire\nvirtual_router_id 51\nadvert_int 0.2\npriority ${priority}\n` +
    'state BACKUP\nvirtual_ipaddress {\n10.8.0.1\n}\ntrack_file {\nfault weight 0\n}\n}\n';
  const it = daemon();
  const fault = join(it.work, 'fault');
  writeFileSync(fault, '1\n');
  const tracked = `vrrp_track_file fault {\nfile ${fault}\n}\n`;
  it.start(globals('lvs_sync_daemon wire inst ONE') + tracked + vrrp(100) + virtual());
  const role = (): string =>
    /^\w+ sync daemon \(mcast=wire, syncid=51/gm.exec(syncDaemons())?.[0] ?? syncDaemons();
  await eventually(role, 'backup sync daemon (mcast=wire, syncid=51', limitMs, it);
  writeFileSync(fault, '0\n');
  await eventually(role, 'master sync daemon (mcast=wire, syncid=51', limitMs, it);
  writeFileSync(fault, '1\n');
  await eventually(role, 'backup sync daemon (mcast=wire, syncid=51', limitMs, it);
  await it.stop();
  assert.equal(syncDaemons(), '', it.log);
});
