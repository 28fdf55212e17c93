import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { daemonNodeOptions, installService } from '../../../lib/daemon/install-service.js';
import { SystemdNotifier } from '../../../lib/daemon/systemd.js';
import { KaError } from '../../../lib/errors.js';
import { systemClock } from '../../../lib/host.js';
import { kaNodeProgram, projectRoot } from '../../support/daemons.js';
import { DatagramReceiver } from '../../support/datagram-receiver.js';
import { ManualClock } from '../../support/manual-clock.js';
import { hasProgram, run } from '../../support/program.js';

function folder(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'ka-systemd-'));
  context.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

test('systemd hears of readiness, reloads, status, failures and the end', async (context) => {
  for (const path of [join(folder(context), 'notify'), `@ka-node-test-${process.pid}`]) {
    await using receiver = await DatagramReceiver.start(path);
    const notifier = new SystemdNotifier(systemClock, path);
    assert.equal(notifier.isActive, true);
    const beforeUs = process.hrtime.bigint() / 1000n;
    notifier.ready('2 instances');
    notifier.reloading();
    notifier.status('two\nlines');
    notifier.failed(22, 'bad configuration');
    notifier.stopping();
    notifier.close();
    const [ready, reloading = '', ...rest] = await receiver.waitFor(5);
    assert.equal(ready, `READY=1\nMAINPID=${process.pid}\nSTATUS=2 instances`);
    const [, usec = '0'] = /^RELOADING=1\nMONOTONIC_USEC=(\d+)\nSTATUS=Reloading$/.exec(reloading) ?? [];
    assert.ok(BigInt(usec) >= beforeUs && BigInt(usec) <= process.hrtime.bigint() / 1000n);
    // The clock of the kernel that systemd reads: /proc/uptime counts suspension too, but is never behind it.
    assert.ok(Number(usec) / 1e6 <= Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) + 1);
    assert.deepEqual(rest, [
      'STATUS=two lines',
      'ERRNO=22\nSTATUS=bad configuration',
      'STOPPING=1\nSTATUS=Stopping',
    ]);
  }
});

test('the watchdog is fed at half of its time, while all is well', async (context) => {
  const path = join(folder(context), 'notify');
  await using receiver = await DatagramReceiver.start(path);
  const clock = new ManualClock();
  const notifier = new SystemdNotifier(clock, path, 2_000_000);
  let isHealthy = true;
  notifier.startWatchdog(() => isHealthy);
  await clock.advance(3_500);
  isHealthy = false;
  await clock.advance(10_000);
  isHealthy = true;
  await clock.advance(1_000);
  notifier.status('end');
  assert.deepEqual(await receiver.waitFor(6), [...Array<string>(5).fill('WATCHDOG=1'), 'STATUS=end']);
  notifier.close();
  assert.equal(clock.pending, 0);
});

test('the environment is taken, and withheld from scripts', async (context) => {
  const path = join(folder(context), 'notify');
  await using receiver = await DatagramReceiver.start(path);
  const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: '1000000', WATCHDOG_PID: String(process.pid), HOME: '/' };
  const clock = new ManualClock();
  const notifier = SystemdNotifier.fromEnvironment(clock, env);
  assert.deepEqual(env, { HOME: '/' });
  notifier.startWatchdog(() => true);
  assert.deepEqual(await receiver.waitFor(1), ['WATCHDOG=1']);
  notifier.close();
  const other = SystemdNotifier.fromEnvironment(clock, {
    ...env,
    NOTIFY_SOCKET: path,
    WATCHDOG_USEC: '1',
    WATCHDOG_PID: '1',
  });
  other.startWatchdog(() => assert.fail('the watchdog of another process was fed'));
  assert.equal(clock.pending, 0);
});

test('without systemd nothing is sent, and a socket that is gone harms nobody', () => {
  const none = SystemdNotifier.fromEnvironment(systemClock, {});
  assert.equal(none.isActive, false);
  none.ready('x');
  none.close();
  const gone = new SystemdNotifier(systemClock, '/nonexistent/notify');
  gone.ready('x');
  gone.close();
});

test('the unit is installed for the program that runs, once', (context) => {
  const directory = folder(context);
  const options = {
    packageRoot: projectRoot,
    directory,
    interpreter: '/opt/node/bin/node',
    program: '/opt/ka-node/bin/ka-node',
  };
  const first = installService(options);
  assert.equal(first.path, join(directory, 'ka-node.service'));
  assert.equal(first.isChanged, true);
  assert.equal((statSync(first.path).mode & 0o777).toString(8), '644');
  assert.match(
    readFileSync(first.path, 'utf8'),
    /^ExecStart=\/opt\/node\/bin\/node --single-threaded [-=\w ]*\/opt\/ka-node\/bin\/ka-node --dont-fork \$DAEMON_ARGS$/m,
  );
  assert.equal(installService(options).isChanged, false);
  for (const path of ['/opt/my node/bin/node', 'node', '/opt/100%', ''])
    assert.throws(
      () => installService({ ...options, ...(path === 'node' ? { program: path } : { interpreter: path }) }),
      (error) => KaError.is(error) && error.code === 'KA_SERVICE_COMMAND',
    );
  assert.throws(
    () => installService({ ...options, directory: join(directory, 'none') }),
    (error) =>
      KaError.is(error) &&
      error.code === 'KA_SERVICE_WRITE' &&
      error.message.includes('Make its folder first'),
  );
});

test('install-service installs, says what is next, and prints the unit that leaves before the network does', async (context) => {
  const directory = folder(context);
  const program = [kaNodeProgram, 'install-service'];
  const installed = await run([...program, '--directory', directory]);
  assert.deepEqual([installed.code, installed.stderr], [0, '']);
  assert.match(installed.stdout, /ka-node\.service is written\. Next:\n {2}systemctl daemon-reload\n/);
  const unit = readFileSync(join(directory, 'ka-node.service'), 'utf8');
  const printed = await run([...program, '--print']);
  assert.deepEqual([printed.code, `${printed.stdout}\n`], [0, unit]);
  const command = [process.execPath, ...daemonNodeOptions, kaNodeProgram].join(' ');
  assert.ok(unit.includes(`ExecStart=${command} --dont-fork`));
  // Started by hand it is started alike.
  const script = readFileSync(kaNodeProgram, 'utf8');
  assert.ok(script.includes(`exec node ${daemonNodeOptions.join(' ')} "$0"`));
  // systemd stops in the reverse of this order: the goodbye still finds a network.
  assert.match(unit, /^After=network\.target /m);
  const refused = await run([...program, '--directory', join(directory, 'none')]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^ka-node: .*cannot be written: .*Make its folder first/);
});

const skip = hasProgram('systemd-analyze') ? false : 'systemd-analyze is missing: apt-get install systemd';

test('systemd finds no fault with the unit', { skip }, async (context) => {
  const directory = folder(context);
  const { path } = installService({
    packageRoot: projectRoot,
    directory,
    interpreter: process.execPath,
    program: kaNodeProgram,
  });
  const verify = await run(['systemd-analyze', 'verify', path]);
  assert.deepEqual([verify.code, verify.stdout + verify.stderr], [0, '']);
});

test('the unit is at most medium exposed in the eyes of systemd', { skip }, async (context) => {
  const { path } = installService({
    packageRoot: projectRoot,
    directory: folder(context),
    interpreter: process.execPath,
    program: kaNodeProgram,
  });
  const { code, stdout } = await run([
    'systemd-analyze',
    'security',
    '--offline=true',
    '--threshold=45',
    path,
  ]);
  assert.equal(code, 0, stdout);
});
