/** The daemon's processes: their names, their deaths, and who goes on with what. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { z } from 'zod';

import { Capture } from '../../support/capture.js';
import { projectRoot, startKaNode, startKeepalived, type Daemon } from '../../support/daemons.js';
import { exampleLab, vip } from '../../support/examples.js';
import type { LabHost } from '../../support/lab-host.js';
import { waitUntil } from '../../support/program.js';

const program = join(projectRoot, 'bin/ka-node');

function instance(intervalS: number, priority = 100, more = ''): string {
  return `
vrrp_instance WEB {
  interface eth0
  virtual_router_id 6
  version 3
  priority ${priority}
  advert_int ${intervalS}
  ${more}
  virtual_ipaddress {
    10.0.0.100/24 dev eth0
  }
}
`;
}

/** Process id of the VRRP child; 0 while there is none. */
function vrrpPid(daemon: Daemon): number {
  const file = daemon.host.path(daemon.configuration.replace('.conf', '-vrrp.pid'));
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
}

async function waitForChild(daemon: Daemon, other = 0): Promise<number> {
  await eventually('a VRRP process', () => vrrpPid(daemon) > 0 && vrrpPid(daemon) !== other);
  return vrrpPid(daemon);
}

/** Waits for something that no event tells of: a file, the end of somebody else's process. */
function eventually(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  return waitUntil(what, condition, (changed) => {
    const timer = setInterval(() => changed(), 20);
    return () => clearInterval(timer);
  });
}

const comm = (pid: number): string => readFileSync(`/proc/${pid}/comm`, 'utf8').trim();

test('each process has a name, a pid file and a log file of its own', async () => {
  await using lab = await exampleLab('names');
  const { ka1 } = lab;
  const daemon = await startKaNode(ka1, instance(0.1), [`-g${ka1.path('ka.log')}`]);
  await ka1.waitForAddress(vip);
  const pid = await waitForChild(daemon);
  assert.notEqual(pid, daemon.program.pid);
  assert.equal(comm(daemon.program.pid), 'keepalived');
  assert.equal(comm(pid), 'keepalived_vrrp');
  await daemon.waitForLine(new RegExp(`Starting VRRP child process, pid=${pid}$`));
  assert.equal((await daemon.stop()).code, 0);
  assert.match(readFileSync(ka1.path('ka.log'), 'utf8'), /: Startup complete\n/);
  const vrrpLog = readFileSync(ka1.path('ka_vrrp.log'), 'utf8');
  assert.match(vrrpLog, /\(WEB\) Entering MASTER STATE/);
  assert.doesNotMatch(vrrpLog, /Startup complete/);
  assert.equal(vrrpPid(daemon), 0);
});

test('with --log-json every line of console and file is an object, whichever process wrote it', async () => {
  await using lab = await exampleLab('json');
  const { ka1 } = lab;
  const daemon = await startKaNode(ka1, instance(0.1), ['--log-json', `-g${ka1.path('ka.log')}`]);
  await daemon.waitForLine(/Entering MASTER STATE/);
  const pid = await waitForChild(daemon);
  assert.equal((await daemon.stop()).code, 0);
  const entries = (lines: readonly string[]): readonly z.infer<typeof logEntry>[] =>
    lines.map((line) => logEntry.parse(JSON.parse(line)));
  const master = { level: 'info', ident: 'Keepalived_vrrp', pid, text: '(WEB) Entering MASTER STATE' };
  for (const lines of [
    daemon.program.lines.map(({ text }) => text),
    readFileSync(ka1.path('ka_vrrp.log'), 'utf8').trimEnd().split('\n'),
  ]) {
    const found = entries(lines).find(({ text }) => text.includes('Entering MASTER'));
    assert.deepEqual({ ...found, time: undefined }, { ...master, time: undefined });
  }
  const parents = entries(readFileSync(ka1.path('ka.log'), 'utf8').trimEnd().split('\n'));
  assert.ok(parents.every((each) => each.ident === 'Keepalived' && each.pid === daemon.program.pid));
});

const logEntry = z.strictObject({
  time: z.iso.datetime(),
  level: z.enum(['error', 'warning', 'info', 'detail']),
  ident: z.string(),
  pid: z.int(),
  text: z.string(),
});

test('--single-process: one process, one name, the same signals', async () => {
  await using lab = await exampleLab('single');
  const { ka1 } = lab;
  const daemon = await startKaNode(ka1, instance(0.1), ['--single-process']);
  await ka1.waitForAddress(vip);
  assert.equal(vrrpPid(daemon), daemon.program.pid);
  daemon.reload(instance(0.1, 120));
  await daemon.waitForLine(/Reload complete: changed WEB/);
  assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
  assert.equal(await ka1.hasAddress(vip), false);
});

test('a VRRP process that is killed resumes: a gap of 1.5 intervals at most, and keepalived never takes over', async (t) => {
  await using lab = await exampleLab('resume');
  const { ka1, ka2, client } = lab;
  await using peer = await startKeepalived(ka2, instance(1, 50));
  await using daemon = await startKaNode(ka1, instance(1));
  await ka1.waitForAddress(vip);
  await peer.waitForLine(/\(WEB\) Entering BACKUP STATE/);
  await using capture = await Capture.start(client, 'proto 112');
  await capture.waitForLine(/vrid 6, prio 100,/);
  const from = peer.program.lines.length;
  let pid = await waitForChild(daemon);
  const rounds: { readonly killedS: number; readonly startMs: number; readonly isResumed: boolean }[] = [];
  // The fourth death in a row would be followed by a pause.
  for (let round = 0; round < 3; round++) {
    const at = daemon.program.lines.length;
    const seen = capture.program.lines.length;
    const began = performance.now();
    // What the machine needs to start the program at this moment, without anything to do for it.
    const start = ka1.run([program, '--version']).then(() => performance.now() - began);
    const killedS = Date.now() / 1000;
    process.kill(pid, 'SIGKILL');
    await daemon.waitForLine(/pid \d+ exited due to signal 9/, { from: at });
    await daemon.waitForLine(/VRRP child process\(\d+\) died: Respawning/, { from: at });
    const next = await daemon.waitForLine(/\(WEB\) (resumes the mastership|Entering)/, { from: at });
    await daemon.waitForLine(/\(WEB\) Entering MASTER STATE/, { from: at });
    await capture.waitForLine(/vrid 6, prio 100,/, { from: seen });
    rounds.push({ killedS, startMs: await start, isResumed: next.text.includes('resumes') });
    pid = await waitForChild(daemon, pid);
  }
  await ka1.waitForAddress(vip);
  await capture.stop();
  const packets = await capture.packets(['frame.time_epoch'], 'vrrp.virt_rtr_id == 6 && vrrp.prio == 100');
  const times = packets.map((packet) => Number(packet['frame.time_epoch']));
  let longestS = 0;
  for (const { killedS, startMs, isResumed } of rounds) {
    const after = times.find((time) => time > killedS) ?? Infinity;
    const gapS = after - (times.findLast((time) => time <= killedS) ?? 0);
    longestS = Math.max(longestS, gapS);
    t.diagnostic(`a gap of ${gapS.toFixed(2)} s; the program starts in ${startMs.toFixed(0)} ms`);
    // A sixth of a second is what a start costs where nothing else runs; the process has three times as much to do.
    const owedS = Math.max(0, (3 * startMs) / 1000 - 0.5);
    if (isResumed) assert.ok(gapS <= 1.5 + owedS, `a gap of ${gapS} s, the machine owed ${owedS} s`);
    else assert.ok(owedS > 0.5, `it did not resume, and the machine owed ${owedS} s only`);
  }
  const states = peer.program.lines.slice(from).filter(({ text }) => text.includes('Entering'));
  // It takes over 3.8 s after the last advert: no gap of a machine that works comes near.
  if (longestS < 3) assert.deepEqual(states, [], 'keepalived never took over');
});

test('a supervisor that is killed: its children say goodbye and leave nothing', async () => {
  await using lab = await exampleLab('orphan');
  const { ka1, client } = lab;
  const daemon = await startKaNode(ka1, instance(1));
  await ka1.waitForAddress(vip);
  const pid = await waitForChild(daemon);
  await using capture = await Capture.start(client, 'proto 112');
  process.kill(daemon.program.pid, 'SIGKILL');
  await capture.waitForLine(/vrid 6, prio 0,/);
  await ka1.waitForAddress(vip, false);
  await eventually('the end of the child', () => !existsSync(`/proc/${pid}`));
});

/** An environment in which SIGPWR stops the JavaScript of a process for ever, and what sends it; it resolves when the process stands still. */
function freezing(host: LabHost): {
  readonly env: Readonly<Record<string, string>>;
  readonly freeze: (pid: number) => Promise<void>;
} {
  const frozen = host.path('frozen');
  const text = `process.on('SIGPWR', () => {
    require('node:fs').writeFileSync(${JSON.stringify(frozen)}, '');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });`;
  return {
    env: { NODE_OPTIONS: `--require=${host.write('freeze.cjs', text)}` },
    freeze: (pid) => {
      process.kill(pid, 'SIGPWR');
      return eventually('the child to stand still', () => existsSync(frozen));
    },
  };
}

test('a supervisor that is killed while the JavaScript of its child stands still: the engine leaves', async () => {
  await using lab = await exampleLab('frozen');
  const { ka1, client } = lab;
  const { env, freeze } = freezing(ka1);
  const daemon = await startKaNode(ka1, instance(1), [], { env });
  await ka1.waitForAddress(vip);
  const pid = await waitForChild(daemon);
  await freeze(pid);
  await using capture = await Capture.start(client, 'proto 112');
  process.kill(daemon.program.pid, 'SIGKILL');
  await capture.waitForLine(/vrid 6, prio 0,/);
  await ka1.waitForAddress(vip, false);
  assert.ok(existsSync(`/proc/${pid}`));
  process.kill(pid, 'SIGKILL');
});

test('a child that dies before its JavaScript could tell of a mastership: the address goes all the same', async () => {
  await using lab = await exampleLab('untold');
  const { ka1 } = lab;
  const { env, freeze } = freezing(ka1);
  // It takes over after 7.2 s: until then its JavaScript stands still, however slow the machine is.
  const daemon = await startKaNode(ka1, instance(2), ['-R'], { env });
  await daemon.waitForLine(/\(WEB\) Entering BACKUP STATE/);
  const pid = await waitForChild(daemon);
  await freeze(pid);
  // The engine takes over by itself.
  await ka1.waitForAddress(vip, true, 60_000);
  process.kill(pid, 'SIGKILL');
  assert.equal((await daemon.program.exited).code, 0);
  assert.equal(await ka1.hasAddress(vip), false);
  assert.doesNotMatch(daemon.program.text(), /Entering MASTER STATE/);
});

test('a child that somebody stopped delays neither TERM nor a reload for ever, and comes back with more priority [keepalived: max_auto_priority]', async () => {
  await using lab = await exampleLab('stopped');
  const { ka1 } = lab;
  const automatic = `global_defs {
  max_auto_priority 1
  min_auto_priority_delay 500000
  vrrp_rlimit_rttime 10000000
}
`;
  const daemon = await startKaNode(ka1, automatic + instance(0.1));
  await ka1.waitForAddress(vip);
  const pid = await waitForChild(daemon);
  const pidFile = ka1.path(daemon.configuration.replace('.conf', '.pid'));
  process.kill(pid, 'SIGSTOP');
  ka1.write(daemon.configuration, automatic + instance(0.1, 120));
  const late = await ka1.run([program, 'reload', '--pid', pidFile]);
  assert.equal(late.code, 1, late.stdout);
  assert.match(late.stderr, /does not answer; it takes the new configuration when it does/);
  process.kill(pid, 'SIGCONT');
  // As keepalived, it takes its own absence for a machine that is too busy.
  await daemon.waitForLine(/woke \d+ us late: set real-time priority 1/);
  await daemon.waitForLine(/Reload complete: changed WEB/);
  process.kill(pid, 'SIGSTOP');
  assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
  await ka1.waitForAddress(vip, false);
});

/** Processor time of the children that a process has collected, in hundredths of a second. */
function collectedTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return Number(fields[13]) + Number(fields[14]);
}

test('a child that dies over a reload is started again and takes the new configuration', async () => {
  await using lab = await exampleLab('dies');
  const { ka1, client } = lab;
  const daemon = await startKaNode(ka1, instance(1));
  await ka1.waitForAddress(vip);
  await using capture = await Capture.start(client, 'proto 112');
  const pid = await waitForChild(daemon);
  const pidFile = ka1.path(daemon.configuration.replace('.conf', '.pid'));
  const before = collectedTicks(daemon.program.pid);
  process.kill(pid, 'SIGSTOP');
  ka1.write(daemon.configuration, instance(1, 120));
  const reload = ka1.run([program, 'reload', '--pid', pidFile]);
  await eventually('the end of the reader', () => collectedTicks(daemon.program.pid) > before);
  process.kill(pid, 'SIGKILL');
  const { code, stdout, stderr } = await reload;
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /changed WEB/);
  await capture.waitForLine(/vrid 6, prio 120,/);
});

test('a side that is dropped and needed again while its old process says goodbye runs once', async () => {
  await using lab = await exampleLab('again');
  const { ka1 } = lab;
  const daemon = await startKaNode(ka1, instance(1, 100, 'notify_deleted "/bin/sleep 3"'));
  await ka1.waitForAddress(vip);
  const first = await waitForChild(daemon);
  const pidFile = ka1.path(daemon.configuration.replace('.conf', '.pid'));
  const reload = async (text: string): Promise<void> => {
    ka1.write(daemon.configuration, text);
    const { code, stderr } = await ka1.run([program, 'reload', '--pid', pidFile]);
    assert.equal(code, 0, stderr);
  };
  await reload('global_defs {\n  router_id NONE\n}\n');
  await reload(instance(1));
  const second = await waitForChild(daemon, first);
  await ka1.waitForAddress(vip);
  await eventually('the end of the old process', () => !existsSync(`/proc/${first}`));
  await reload(instance(1, 110));
  assert.equal(vrrpPid(daemon), second);
  assert.ok(!daemon.program.lines.some(({ text }) => text.includes('died: Respawning')));
});

test('with -R the death of a child ends the daemon, and no address stays', async () => {
  await using lab = await exampleLab('norespawn');
  const { ka1 } = lab;
  const daemon = await startKaNode(ka1, instance(1), ['-R']);
  await ka1.waitForAddress(vip);
  process.kill(await waitForChild(daemon), 'SIGKILL');
  await daemon.waitForLine(/VRRP child process\(\d+\) died: Exiting/);
  assert.equal((await daemon.program.exited).code, 0);
  assert.equal(await ka1.hasAddress(vip), false);
});

test('an address owner whose process dies: what it added goes, what the host had before it stays', async () => {
  await using lab = await exampleLab('owner');
  const { ka1 } = lab;
  const own = '10.0.0.55';
  await ka1.ip('addr', 'add', `${own}/24`, 'dev', 'eth0');
  const text = instance(1, 255).replace('virtual_ipaddress {', `virtual_ipaddress {\n    ${own}/24 dev eth0`);
  const daemon = await startKaNode(ka1, text, ['-R']);
  await ka1.waitForAddress(vip);
  process.kill(await waitForChild(daemon), 'SIGKILL');
  assert.equal((await daemon.program.exited).code, 0);
  assert.equal(await ka1.hasAddress(vip), false);
  assert.equal(await ka1.hasAddress(own), true);
});

test('signals to the supervisor or a child write their files, 0600, passwords masked', async () => {
  await using lab = await exampleLab('dumps');
  const { ka1 } = lab;
  const folder = ka1.path('dumps');
  mkdirSync(folder, { recursive: true });
  const text = `vrrp_instance OLD {\n interface eth0\n virtual_router_id 7\n advert_int 1\n authentication {\n  auth_type PASS\n  auth_pass secret12\n }\n virtual_ipaddress {\n  10.0.0.101/24\n }\n}\n`;
  const path = ka1.write('x.conf', text);
  const pids = ['-p', ka1.path('p'), '-r', ka1.path('r'), '-c', ka1.path('c')];
  const args = ['-n', '-l', '-D', '-G', '-f', path, ...pids];
  await using daemon = await ka1.start([process.execPath, program, ...args], { env: { TMPDIR: folder } });
  await ka1.waitForAddress('10.0.0.101');
  await eventually('the pid file', () => existsSync(ka1.path('r')));
  const child = Number(readFileSync(ka1.path('r'), 'utf8'));
  const file = (name: string): string => join(folder, name);
  const written = async (name: string, act: () => void, wanted: RegExp): Promise<string> => {
    rmSync(file(name), { force: true });
    act();
    await eventually(name, () => existsSync(file(name)));
    const said = readFileSync(file(name), 'utf8');
    assert.match(said, wanted);
    assert.equal(statSync(file(name)).mode & 0o777, 0o600);
    assert.doesNotMatch(said, /secret12/);
    return said;
  };
  for (const pid of [daemon.pid, child]) {
    await written('keepalived.data', () => process.kill(pid, 'SIGUSR1'), /VRRP Instance = OLD/);
    await written('keepalived.json', () => process.kill(pid, 36), /"iname":"OLD"/);
    await written('keepalived.stats', () => process.kill(pid, 'SIGUSR2'), /Became master: [01]/);
  }
  await written('keepalived_parent.data', () => daemon.signal('SIGUSR1'), /Global definitions/);
  await written('keepalived.stats', () => process.kill(daemon.pid, 63), /Became master: 1/);
  await written('keepalived.stats', () => daemon.signal('SIGUSR2'), /Became master: 0/);
});

test('--signum prints what keepalived prints', async () => {
  await using lab = await exampleLab('signum');
  for (const name of ['STOP', 'RELOAD', 'DATA', 'STATS', 'STATS_CLEAR', 'JSON']) {
    const theirs = await lab.ka1.runOk(['keepalived', `--signum=${name}`]);
    assert.equal(await lab.ka1.runOk([program, `--signum=${name}`]), theirs, name);
  }
});

test('ka-node reload: 0 good, 1 refused with the mistakes shown, 2 no daemon; an empty file is refused', async () => {
  await using lab = await exampleLab('reload');
  const { ka1 } = lab;
  const socket = ka1.path('reload.sock');
  const daemon = await startKaNode(ka1, instance(0.1), ['--control-socket', socket]);
  await ka1.waitForAddress(vip);
  const pidFile = ka1.path(daemon.configuration.replace('.conf', '.pid'));
  const reload = (): ReturnType<typeof ka1.run> => ka1.run([program, 'reload', '--pid', pidFile]);
  ka1.write(daemon.configuration, instance(0.1, 120));
  const good = await reload();
  assert.deepEqual([good.code, good.stdout], [0, 'changed WEB'], good.stderr);
  // The control socket is another way to the same answers.
  const through = (): ReturnType<typeof ka1.run> =>
    ka1.run([program, 'reload'], { env: { KA_NODE_CONTROL: socket } });
  ka1.write(daemon.configuration, instance(0.1, 130));
  const same = await through();
  assert.equal(same.code, 0, same.stderr);
  assert.match(same.stdout, /changed WEB/);
  ka1.write(daemon.configuration, instance(0.1).replace('router_id 6', 'router_id 600'));
  const refused = await reload();
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /\.conf:4:21: error KA\d+: /);
  ka1.write(daemon.configuration, '# nothing\n\n');
  const empty = await reload();
  assert.equal(empty.code, 1);
  assert.match(empty.stderr, /is empty: to end everything, stop the daemon/);
  assert.match((await through()).stderr, /is empty: to end everything, stop the daemon/);
  assert.equal(await ka1.hasAddress(vip), true);
  await daemon.stop();
  assert.equal((await reload()).code, 2);
  assert.equal((await through()).code, 2);
});

test('as process 1 of a container it collects orphans, needs no pid file, and ends with TERM', async () => {
  await using lab = await exampleLab('pid1');
  const { ka1 } = lab;
  // A notify script that leaves a grandchild to process 1.
  const script = ka1.write('leave.sh', '#!/bin/sh\n(sleep 600 &)\n', 0o755);
  const secure = 'global_defs {\n  script_user root\n  enable_script_security\n}\n';
  const file = ka1.write('x.conf', secure + instance(0.1, 100, `notify_master "${script}"`));
  const args = ['-n', '-l', '-G', '-f', file, '-p', '/proc/none/p', '-r', '/proc/none/r'];
  const container = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const daemon = await ka1.start([...container, process.execPath, program, ...args]);
  await ka1.waitForAddress(vip);
  await daemon.waitForLine(/Startup complete/);
  const [child = ''] = readFileSync(`/proc/${daemon.pid}/task/${daemon.pid}/children`, 'utf8').split(' ');
  const orphan = async (): Promise<number> => {
    const { stdout } = await ka1.run(['ps', '--ppid', child, '-o', 'pid=,comm=']);
    return Number(/^ *(\d+) sleep$/m.exec(stdout)?.[1] ?? 0);
  };
  await eventually('process 1 to inherit', async () => (await orphan()) > 0);
  const pid = await orphan();
  process.kill(pid, 'SIGKILL');
  // A process that nobody collects keeps its number.
  await eventually('its end to be collected', () => !existsSync(`/proc/${pid}`));
  process.kill(Number(child), 'SIGTERM');
  await daemon.exited;
  await daemon.waitForLine(/Stopped Keepalived/);
  assert.equal(await ka1.hasAddress(vip), false);
});
