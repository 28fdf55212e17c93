/** Runs inside the machine: measures both daemons on the same files, one after the other, and writes rows as JSON. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import type { IpvsEntry } from '../../bindings/ipvs-types.js';
import { Ipvs } from '../../lib/lvs/ipvs.js';
import { cpuNs, memory } from '../process-cost.js';
import { median } from '../statistics.js';
import type { Unit } from '../result.js';
import { BenchDaemon, destinations, directorNamespace, type DaemonName } from './daemon.js';
import { watchRefusals } from './refusals.js';
import { configuration, realAddress, type Check } from './tables.js';

/** One figure. `subject` is a daemon, or what stands beside both. */
export interface GuestRow {
  readonly table: 'programming' | 'reload' | 'checks' | 'memory' | 'removal';
  readonly label: string;
  readonly unit: Unit;
  readonly subject: DaemonName | 'ipvsadm';
  readonly value: number;
}

const [output = '', how = '', ...only] = process.argv.slice(2);
const isQuick = how === 'quick';
const rounds = isQuick ? 1 : 3;
const rows: GuestRow[] = [];
const names: readonly DaemonName[] = ['keepalived', 'ka-node'];

const add = (row: GuestRow): void => {
  rows.push(row);
  process.stdout.write(`${row.subject}: ${row.label}: ${row.value.toFixed(3)} ${row.unit}\n`);
  writeFileSync(output, JSON.stringify(rows));
};

const filled = 'from nothing to 1,000 services with 4,000 destinations';
const commands = 'the commands alone, from the first service to the last destination';
const thousand = { virtualServers: 1000, realServers: 4, check: 'none', delayLoop: 60, warmup: 0 } as const;

const sections: Readonly<Record<GuestRow['table'], () => Promise<void>>> = {
  programming: async () => {
    for (let round = 0; round < rounds; round++) for (const name of names) await programming(name);
    floor();
    await library();
    bareStart();
  },
  reload: async () => {
    for (const name of names) await reloads(name);
  },
  checks: async () => {
    for (const check of ['tcp', 'http'] as const) for (const name of names) await checks(name, check);
  },
  memory: async () => {
    for (const name of names) await memoryOf(name);
  },
  removal: async () => {
    for (const name of names) await removal(name);
  },
};
for (const [name, measure] of Object.entries(sections))
  if (only.length === 0 || only.includes(name)) await measure();

/** From execve to the last destination in the kernel, and from SIGHUP to the changed weight. */
async function programming(name: DaemonName): Promise<void> {
  const netns = directorNamespace(`kaB-${name}`);
  await using daemon = BenchDaemon.start(name, netns, configuration(thousand));
  const begunMs = await daemon.tableIs((table) => destinations(table) > 0, 5);
  const doneMs = await daemon.tableIs((table) => destinations(table) === 4000);
  const cpu = cpuNs(daemon.pid) / 1e6;
  add({ table: 'programming', label: filled, unit: 'ms', subject: name, value: doneMs - daemon.startedMs });
  add({ table: 'programming', label: `${filled}: processor time`, unit: 'ms', subject: name, value: cpu });
  add({ table: 'programming', label: commands, unit: 'ms', subject: name, value: doneMs - begunMs });
}

/** From SIGHUP to one changed weight in the same table, again and again: the first time much of a daemon's program runs for the first time. */
async function reloads(name: DaemonName): Promise<void> {
  const netns = directorNamespace(`kaB-${name}`);
  await using daemon = BenchDaemon.start(name, netns, configuration(thousand));
  await daemon.tableIs((table) => destinations(table) === 4000);
  // A daemon that has just started has things left to do that are no part of a reload.
  await idle(daemon.pid);
  for (let round = 0; round < 6; round++) {
    const before = cpuNs(daemon.pid);
    const weight = round + 2;
    const text = configuration({ ...thousand, lastWeight: weight });
    const askedMs = performance.now();
    daemon.reload(text);
    const isChanged = new RegExp(` ${weight} +0 +0\\s*$`, 'm');
    const changedMs = await daemon.tableIs((table) => isChanged.test(table));
    await wait(2_000);
    const spent = (cpuNs(daemon.pid) - before) / 1e6;
    const what = round === 0 ? 'the first' : 'the next five';
    add({ table: 'reload', label: what, unit: 'ms', subject: name, value: changedMs - askedMs });
    add({ table: 'reload', label: `${what}: processor time`, unit: 'ms', subject: name, value: spent });
  }
}

/** Waits until a daemon uses less than a tenth of a processor for two seconds. */
async function idle(pid: number): Promise<void> {
  const until = performance.now() + 120_000;
  let before = cpuNs(pid);
  for (;;) {
    await wait(2_000);
    const now = cpuNs(pid);
    if (now - before < 0.2e9) return;
    if (performance.now() > until) throw new Error('the daemon never came to rest');
    before = now;
  }
}

/** The same table from nothing, by ipvsadm alone. */
function floor(): void {
  const netns = directorNamespace('kaB-floor');
  const file = join(mkdtempSync(join(tmpdir(), 'ka-bench-')), 'rules');
  let text = '';
  for (let v = 0; v < 1000; v++) {
    const service = `-t 172.16.${v >> 8}.${v & 255}:80`;
    text += `-A ${service} -s rr\n`;
    for (let r = 0; r < 4; r++) text += `-a ${service} -r ${realAddress(v * 4 + r)}:8080 -m -w 1\n`;
  }
  writeFileSync(file, text);
  for (let i = 0; i < rounds; i++) {
    const startMs = performance.now();
    execFileSync('ip', ['netns', 'exec', netns, 'sh', '-c', `ipvsadm -R < ${file}`]);
    add({
      table: 'programming',
      label: filled,
      unit: 'ms',
      subject: 'ipvsadm',
      value: performance.now() - startMs,
    });
    execFileSync('ip', ['netns', 'exec', netns, 'ipvsadm', '-C']);
  }
  execFileSync('ip', ['netns', 'del', netns]);
}

/** The same table once more, by the library in this process, which runs already: what of the daemon's time is no start and no reading. */
async function library(): Promise<void> {
  const netns = directorNamespace('kaB-library');
  const desired = Array.from({ length: 1000 }, (_, v): IpvsEntry => {
    const key = {
      kind: 'address',
      protocol: 'TCP',
      address: `172.16.${v >> 8}.${v & 255}`,
      port: 80,
    } as const;
    const service = { key, scheduler: 'rr', schedFlags: 0, onePacket: false, persistence: undefined };
    const destinations = Array.from({ length: 4 }, (_each, r) => ({
      address: realAddress(v * 4 + r),
      port: 8080,
      forward: 'NAT' as const,
      tunnel: undefined,
      weight: 1,
      upperThreshold: 0,
      lowerThreshold: 0,
    }));
    return { service, destinations };
  });
  await using ipvs = new Ipvs({ netns });
  for (let i = 0; i < rounds; i++) {
    const startMs = performance.now();
    await ipvs.apply(desired);
    const value = performance.now() - startMs;
    add({ table: 'programming', label: `${filled}: library alone`, unit: 'ms', subject: 'ka-node', value });
    await ipvs.flush();
  }
  execFileSync('ip', ['netns', 'del', netns]);
}

/** An empty script in Node, from start to end: the daemon starts two one after the other before it programs anything. */
function bareStart(): void {
  for (let i = 0; i < rounds; i++) {
    const startMs = performance.now();
    execFileSync(process.execPath, ['-e', '0']);
    const value = performance.now() - startMs;
    add({ table: 'programming', label: 'node -e 0', unit: 'ms', subject: 'ka-node', value });
  }
}

/** Processor time of a daemon by 1,000 checks, counted by the kernel as connections that it opened. */
async function checks(name: DaemonName, check: Check): Promise<void> {
  const netns = directorNamespace(`kaB-${name}`);
  await using _server = await nginx(netns);
  const shape = { virtualServers: 50, realServers: 100, check, delayLoop: 10, warmup: 10 };
  await using daemon = BenchDaemon.start(name, netns, configuration(shape));
  await daemon.tableIs((table) => destinations(table) === 5000);
  // Four checks of each server: whatever is done at the start, and compiled for it, is over.
  await opens(daemon.pid, 20_000);
  const [cpu, before] = [cpuNs(daemon.pid), activeOpens(daemon.pid)];
  await opens(daemon.pid, before + (isQuick ? 5_000 : 10_000));
  const made = activeOpens(daemon.pid) - before;
  const label = check === 'tcp' ? 'TCP checks' : 'HTTP checks';
  add({
    table: 'checks',
    label: `processor time by 1,000 ${label}`,
    unit: 'ms',
    subject: name,
    value: (cpuNs(daemon.pid) - cpu) / 1e3 / made,
  });
  add({ table: 'checks', label: `${label} in the time measured`, unit: '', subject: name, value: made });
}

async function memoryOf(name: DaemonName): Promise<void> {
  const netns = directorNamespace(`kaB-${name}`);
  await using _server = await nginx(netns);
  const shape = { virtualServers: 100, realServers: 100, check: 'tcp', delayLoop: 60, warmup: 20 } as const;
  await using daemon = BenchDaemon.start(name, netns, configuration(shape));
  await daemon.tableIs((table) => destinations(table) === 10_000);
  await wait(30_000);
  const used = memory(daemon.pid);
  add({ table: 'memory', label: 'proportional (PSS)', unit: 'MB', subject: name, value: used.pssMb });
  add({ table: 'memory', label: 'resident (RSS), summed', unit: 'MB', subject: name, value: used.rssMb });
}

/** Servers that die at one instant; how long after their last forgiven failure each is out of the table. */
async function removal(name: DaemonName): Promise<void> {
  const netns = directorNamespace(`kaB-${name}`);
  await using _server = await nginx(netns);
  const count = 40;
  const shape = { virtualServers: 1, realServers: count, check: 'tcp', delayLoop: 4, warmup: 4 } as const;
  await using daemon = BenchDaemon.start(name, netns, configuration(shape));
  await daemon.tableIs((table) => destinations(table) === count);
  await wait(10_000);
  await using refusals = await watchRefusals(netns);
  execFileSync('ip', [
    'netns',
    'exec',
    netns,
    'nft',
    'add table ip dead; add chain ip dead in { type filter hook input priority 0; }; add rule ip dead in tcp dport 8080 reject with tcp reset',
  ]);
  const goneMs = new Map<string, number>();
  await daemon.tableIs((table) => {
    const now = Date.now();
    for (let i = 0; i < count; i++) {
      const address = realAddress(i);
      if (!goneMs.has(address) && !table.includes(hexAddress(address))) goneMs.set(address, now);
    }
    return goneMs.size === count;
  }, 2);
  const late: number[] = [];
  for (const [address, at] of goneMs) {
    const first = await refusals.first(address);
    // retry 1, delay_before_retry 1: out a second after the first refusal.
    late.push(at - first - 1000);
  }
  const label = 'from the end of the configured time to the removal';
  add({ table: 'removal', label: `${label}: median`, unit: 'ms', subject: name, value: median(late) ?? 0 });
  add({
    table: 'removal',
    label: `${label}: largest of ${count}`,
    unit: 'ms',
    subject: name,
    value: Math.max(...late),
  });
}

function hexAddress(address: string): string {
  const hex = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return `${hex.join('').toUpperCase()}:1F90`;
}

/** Connections that were opened in a process's namespace so far. */
function activeOpens(pid: number): number {
  const [heads = '', values = ''] = readFileSync(`/proc/${pid}/net/snmp`, 'latin1')
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'));
  return Number(values.split(' ')[heads.split(' ').indexOf('ActiveOpens')]);
}

/** Waits until so many were opened. */
async function opens(pid: number, wanted: number): Promise<void> {
  const until = performance.now() + 400_000;
  for (let seen = 0; seen < wanted; seen = activeOpens(pid)) {
    if (performance.now() > until) throw new Error(`${seen} of ${wanted} checks were made`);
    await wait(200);
  }
}

/** nginx on port 8080 of every address of the namespace. */
async function nginx(netns: string): Promise<AsyncDisposable> {
  const work = mkdtempSync(join(tmpdir(), 'ka-nginx-'));
  const file = join(work, 'nginx.conf');
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${join(work, 'pid')}; error_log stderr notice;
    events { worker_connections 4096; }
    http { access_log off; ${folders.map((name) => `${name}_temp_path ${join(work, name)};`).join(' ')}
      server { listen 8080 backlog=4096; return 200 'good'; } }`,
  );
  const child = spawn('ip', ['netns', 'exec', netns, 'nginx', '-c', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await new Promise<void>((resolve, reject) => {
    let text = '';
    child.stderr.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      if (text.includes('using the "epoll"')) resolve();
    });
    child.once('exit', () => reject(new Error(`nginx: ${text}`)));
  });
  return {
    async [Symbol.asyncDispose]() {
      child.removeAllListeners('exit');
      const exit = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await exit;
    },
  };
}
