/** The daemon's life: signals, pid files, reload, the background. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { Capture } from '../../support/capture.js';
import { projectRoot, startKaNode, type Daemon } from '../../support/daemons.js';
import { exampleLab, vip } from '../../support/examples.js';
import { monitorTimeS } from '../../support/lab-host.js';
import type { LabHost } from '../../support/net-lab.js';
import { Stalls } from '../../support/stalls.js';

const program = join(projectRoot, 'bin/ka-node');

function configuration(priority = 100, more = ''): string {
  return `
vrrp_instance WEB {
  interface eth0
  virtual_router_id 6
  version 3
  priority ${priority}
  advert_int 0.1
  virtual_ipaddress {
    10.0.0.100/24 dev eth0
  }
}
${more}`;
}

async function master(host: LabHost, text = configuration()): Promise<Daemon> {
  const daemon = await startKaNode(host, text);
  await daemon.waitForLine(/\(WEB\) Entering MASTER STATE/);
  await host.waitForAddress(vip);
  return daemon;
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal}: priority 0 first, then the addresses go, exit status 0, no pid file is left`, async () => {
    await using lab = await exampleLab('sig');
    const { ka1, client } = lab;
    await using capture = await Capture.start(client, 'proto 112');
    const daemon = await master(ka1);
    const monitor = await ka1.monitor();
    const pidFile = ka1.path(daemon.configuration.replace('.conf', '.pid'));
    assert.equal(readFileSync(pidFile, 'utf8'), `${daemon.program.pid}\n`);
    assert.deepEqual(await daemon.program.stop(signal), { code: 0, signal: null });
    assert.equal(await ka1.hasAddress(vip), false);
    await capture.waitForLine(/vrid 6, prio 0,/);
    const deleted = await monitor.waitForLine(/Deleted.* 10\.0\.0\.100\/24/);
    await capture.stop();
    const [goodbye] = await capture.packets(['frame.time_epoch'], 'vrrp.virt_rtr_id == 6 && vrrp.prio == 0');
    // The one is the kernel's clock, the other that of `ip`, which is told of the removal after it.
    const sentS = Number(goodbye?.['frame.time_epoch']);
    assert.ok(sentS < monitorTimeS(deleted), 'said before it is done');
    assert.equal(existsSync(pidFile), false);
    await daemon.waitForLine(/\(WEB\) sent 0 priority/);
    await daemon.waitForLine(/Stopped Keepalived/);
  });
}

test('signals that mean nothing to it end nothing: without a goodbye the address would stay [keepalived: signals]', async () => {
  await using lab = await exampleLab('stray');
  const { ka1 } = lab;
  const daemon = await master(ka1);
  // 36 is what --signum=JSON says; Node.js has no name for it.
  for (const signal of ['SIGQUIT', 'SIGALRM', 'SIGVTALRM', 'SIGIO', 'SIGPWR', 36, 63] as const) {
    process.kill(daemon.program.pid, signal);
  }
  daemon.reload(configuration(120));
  await daemon.waitForLine(/Reload complete: changed WEB/);
  assert.equal(await ka1.hasAddress(vip), true);
  assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
  assert.equal(await ka1.hasAddress(vip), false);
});

test('a pid file that is a link or a pipe is refused, and what it leads to is not touched', async () => {
  await using lab = await exampleLab('pidl');
  const { ka1 } = lab;
  const precious = ka1.write('precious', 'not to be lost\n');
  await ka1.runOk(['ln', '-s', precious, ka1.path('link')]);
  await ka1.runOk(['mkfifo', ka1.path('pipe')]);
  const file = ka1.write('x.conf', configuration());
  for (const name of ['link', 'pipe']) {
    const options = ['-n', '-l', '-G', '-f', file, '-p', ka1.path(name), '-r', ka1.path('r')];
    const { code, stderr } = await ka1.run([program, ...options]);
    assert.equal(code, 4, stderr);
    assert.match(stderr, /the pid file cannot be written/);
  }
  assert.equal(readFileSync(precious, 'utf8'), 'not to be lost\n');
});

test('a second daemon on the same pid file says that one is running and ends with 0', async () => {
  await using lab = await exampleLab('twice');
  const { ka1 } = lab;
  const daemon = await master(ka1);
  const pidFile = ka1.path(daemon.configuration.replace('.conf', '.pid'));
  const second = await ka1.run([
    program,
    '-n',
    '-l',
    '-G',
    '-f',
    ka1.path(daemon.configuration),
    '-p',
    pidFile,
  ]);
  assert.equal(second.code, 0);
  assert.match(second.stderr, /daemon is already running/);
  assert.equal(existsSync(pidFile), true);
});

test('daemons of different instances run side by side, and a second one of the same ends with 0', async () => {
  await using lab = await exampleLab('insts');
  const { ka1 } = lab;
  // The pid file of an instance has a fixed place: the name is this test's own.
  const instance = `ka${process.pid}`;
  const file = `/run/keepalived/keepalived_${instance}.pid`;
  const text = `instance ${instance}\n${configuration(110)}`;
  const argv = [program, '-n', '-l', '-f', ka1.write('inst.conf', text), '--control-socket', 'none'];
  const first = await ka1.start(argv);
  try {
    await first.waitForLine(/Startup complete/, { timeoutMs: 60_000 });
    assert.equal(readFileSync(file, 'utf8').trim(), String(first.pid));
    const second = await ka1.run(argv);
    assert.equal(second.code, 0);
    assert.match(second.stdout + second.stderr, /daemon is already running/);
    assert.equal(readFileSync(file, 'utf8').trim(), String(first.pid));
    assert.doesNotMatch(first.text(), /deleted|Removed/);
    const other = await ka1.start(
      argv.map((each) =>
        each.endsWith('inst.conf') ? ka1.write('other.conf', text.replace(instance, `${instance}b`)) : each,
      ),
    );
    await other.waitForLine(/Startup complete/, { timeoutMs: 60_000 });
    await other.stop();
  } finally {
    await first.stop();
  }
  assert.equal(existsSync(file), false);
});

/** So that other programs of a busy machine delay no advert: what is measured is the daemon. */
const unhindered = 'global_defs {\n  vrrp_rt_priority 20\n}\n';

test('SIGHUP applies what changed, keeps the mastership, and sends no advert late', async () => {
  await using lab = await exampleLab('hup');
  const { ka1, client } = lab;
  const daemon = await master(ka1, configuration(100, unhindered));
  await using stalls = await Stalls.start();
  await using capture = await Capture.start(client, 'proto 112');
  daemon.reload(configuration(120, unhindered));
  await daemon.waitForLine(/Reload complete: changed WEB/);
  await daemon.waitForLine(/\(WEB\) Changing effective priority from 100 to 120/);
  await capture.waitForLine(/vrid 6, prio 120,/);
  const from = daemon.program.lines.length;
  daemon.reload();
  await daemon.waitForLine(/Reload complete: nothing changed/, { from });
  const other =
    'vrrp_instance NEW {\n interface eth0\n virtual_router_id 7\n version 3\n advert_int 0.1\n virtual_ipaddress {\n 10.0.0.101/24 dev eth0\n }\n}\n';
  daemon.reload(configuration(120, unhindered + other));
  await daemon.waitForLine(/Reload complete: new NEW/);
  await ka1.waitForAddress('10.0.0.101');
  daemon.reload(configuration(120, unhindered));
  await ka1.waitForAddress('10.0.0.101', false);
  await daemon.waitForLine(/Reload complete: removed NEW/);
  await capture.program.waitForLines(
    'twenty adverts',
    (lines) => lines.filter(({ text }) => text.includes('vrid 6,')).length >= 20,
  );
  await capture.stop();
  const stall = await stalls.end();
  const states = daemon.program.lines
    .filter(({ text }) => text.includes('(WEB) Entering'))
    .map(({ text }) => text.slice(26));
  assert.deepEqual(states, ['(WEB) Entering BACKUP STATE (init)', '(WEB) Entering MASTER STATE']);
  const times = (await capture.packets(['frame.time_epoch'], 'vrrp.virt_rtr_id == 6')).map((packet) =>
    Number(packet['frame.time_epoch']),
  );
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  assert.ok(times.length >= 20);
  assert.ok(Math.max(...gaps) < 0.15 + stall, `longest gap ${Math.max(...gaps)} s, stalls ${stall} s`);
});

test('an invalid file changes nothing, and its mistakes are shown with their places', async () => {
  await using lab = await exampleLab('bad');
  const { ka1 } = lab;
  const daemon = await master(ka1);
  daemon.reload(configuration().replace('virtual_router_id 6', 'virtual_router_id 600'));
  await daemon.waitForLine(/\.conf:4:21: error KA\d+: /);
  await daemon.waitForLine(/New config failed validation, the old one runs on/);
  assert.equal(await ka1.hasAddress(vip), true);
  daemon.reload(configuration(130));
  await daemon.waitForLine(/\(WEB\) Changing effective priority from 100 to 130/);
});

test('without -n a file that is not there is told at once, with the status of keepalived', async () => {
  await using lab = await exampleLab('none');
  const { ka1 } = lab;
  const missing = ka1.path('none.conf');
  const ours = await ka1.run([program, '-f', missing, '-p', ka1.path('none.pid')]);
  assert.equal(ours.code, 6);
  assert.match(ours.stderr, /^ka-node: Config files missing '.*none\.conf'\. -f names another one\.$/);
  assert.equal((await ka1.run(['keepalived', '-f', missing, '-p', ka1.path('none.pid')])).code, 6);
});

test('without -n it runs in the background with its pid file, and leaves in order', async () => {
  await using lab = await exampleLab('bg');
  const { ka1 } = lab;
  const file = ka1.write('bg.conf', configuration());
  const pidFile = ka1.path('bg.pid');
  const log = ka1.path('bg.log');
  const { code } = await ka1.run([
    program,
    '-G',
    `-g${log}`,
    '-f',
    file,
    '-p',
    pidFile,
    '-r',
    ka1.path('bgv.pid'),
  ]);
  assert.equal(code, 0);
  await ka1.waitForAddress(vip);
  const pid = Number(readFileSync(pidFile, 'utf8'));
  process.kill(pid, 'SIGTERM');
  await ka1.waitForAddress(vip, false);
});
