/**
 * Reloads and stops while no checkers process runs: what the one that died left in the kernel goes, what somebody else made stays.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test, { after, beforeEach } from 'node:test';
import { DaemonProgram, eventually } from './daemon-program.js';
import { freshNamespace, ip, savedTable, until } from './namespaces.js';

const netns = 'kaG-lvs';
const limitMs = 180_000;
const daemons: DaemonProgram[] = [];
let daemon: DaemonProgram;
beforeEach(() => {
  freshNamespace(netns, []);
  ip('-n', netns, 'link', 'add', 'wire', 'up', 'type', 'dummy');
  daemon = new DaemonProgram(netns, 'ka-node', ['-C']);
  daemons.push(daemon);
});
after(async () => {
  for (const each of daemons) await each.stop('SIGKILL');
  ip('netns', 'del', netns);
});

const virtual = (last: number): string =>
  `virtual_server 10.8.0.${last} 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\nreal_server 10.9.0.${last} 8080 {\nweight 1\n}\n}\n`;
const lines = (last: number): readonly string[] => [
  `-A -t 10.8.0.${last}:80 -s rr`,
  `-a -t 10.8.0.${last}:80 -r 10.9.0.${last}:8080 -m -w 1`,
];
const foreign = '-A -t 10.8.0.9:80 -s wrr';
const table = (...lists: readonly (readonly string[])[]): string => lists.flat().toSorted().join('\n');
const says = (wanted: string): Promise<void> => eventually(() => savedTable(netns), wanted, limitMs, daemon);

/** Kills checkers processes, the younger ones before they do anything, until the next one is to wait for so many seconds. */
async function kill(pauseS: number): Promise<void> {
  const isDelayed = (): boolean =>
    daemon.log.includes(`Restart of Healthcheck process delayed ${pauseS} seconds`);
  const started = (): string =>
    [...daemon.log.matchAll(/Starting Healthcheck child process, pid=(\d+)/g)].at(-1)?.[1] ?? '';
  for (let last = ''; !isDelayed();) {
    const next = (): string => (isDelayed() || started() !== last ? 'next' : 'same');
    assert.equal(await until(next, () => 'next', limitMs), 'next', daemon.log);
    last = started();
    if (!isDelayed()) process.kill(Number(last), 'SIGKILL');
  }
}

/** The kernel's timeouts, and the interfaces of its sync daemons. */
const settings = (): string =>
  ['--timeout', '--daemon']
    .map((what) => execFileSync('ip', ['netns', 'exec', netns, 'ipvsadm', '-l', what], { encoding: 'utf8' }))
    .join('')
    .trim();

const timeouts = (): string => /: (.*)/.exec(settings())?.[1] ?? '';

async function startAndKill(pauseS: number, globals = ''): Promise<void> {
  daemon.start(globals + virtual(1) + virtual(2));
  await says(table(lines(1), lines(2)));
  await daemon.says('Startup complete', limitMs);
  execFileSync('ip', ['netns', 'exec', netns, 'ipvsadm', '-A', '-t', '10.8.0.9:80', '-s', 'wrr']);
  await kill(pauseS);
  assert.equal(savedTable(netns), table(lines(1), lines(2), [foreign]));
}

test('a virtual server that a reload removes while no process runs goes, also after a second reload', async () => {
  await startAndKill(8);
  await daemon.reload(virtual(1) + virtual(3), limitMs);
  await daemon.reload(virtual(3) + virtual(4), limitMs);
  await says(table(lines(3), lines(4), [foreign]));
  await daemon.stop();
  assert.equal(savedTable(netns), foreign, daemon.log);
});

test('all virtual servers that a reload removes while no process runs go', async () => {
  await startAndKill(4);
  await daemon.reload('global_defs {\nrouter_id x\n}\n', limitMs);
  await says(foreign);
});

test('a daemon that is stopped while no checkers process runs leaves no service', async () => {
  await startAndKill(1);
  await daemon.stop();
  assert.equal(savedTable(netns), foreign, daemon.log);
});

const globals =
  'global_defs {\nlvs_timeouts tcp 123 udp 45\nlvs_sync_daemon wire inst V\n}\n' +
  'vrrp_instance V {\ninterface wire\nvirtual_router_id 51\npriority 100\nvirtual_ipaddress {\n10.7.0.1\n}\n}\n';
const syncs = (): string => String(settings().includes('daemon (mcast=wire, syncid=51'));

test('timeouts are given back by the process after the one that was killed, and sync daemons end with it', async () => {
  const before = settings();
  daemon.start(globals + virtual(1));
  await daemon.says('Startup complete', limitMs);
  await eventually(timeouts, before.replace(/^.* (\d+) \d+$/, '123 $1 45'), limitMs, daemon);
  await eventually(syncs, 'true', limitMs, daemon);
  process.kill(Number(/Starting Healthcheck child process, pid=(\d+)/.exec(daemon.log)?.[1]), 'SIGKILL');
  await daemon.says('Respawning', limitMs);
  await daemon.reload(globals.replace('tcp 123', 'tcpfin 67') + virtual(1), limitMs);
  await eventually(timeouts, before.replace(/^.* (\d+) \d+ \d+$/, '$1 67 45'), limitMs, daemon);
  assert.equal(syncs(), 'true', daemon.log);
  await daemon.stop();
  assert.equal(settings(), before, daemon.log);
});

test('timeouts and sync daemons go with a reload that comes while no process runs', async () => {
  const before = settings();
  await startAndKill(1, globals);
  assert.equal(syncs(), 'true', daemon.log);
  await daemon.reload(virtual(1), limitMs);
  await eventually(settings, before, limitMs, daemon);
});

test('timeouts and sync daemons go at an end that comes while no process runs', async () => {
  const before = settings();
  await startAndKill(1, globals);
  assert.equal(syncs(), 'true', daemon.log);
  await daemon.stop();
  assert.equal(settings(), before, daemon.log);
});
