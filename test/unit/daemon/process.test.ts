import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { PidFile, runningDaemon } from '../../../lib/daemon/process.js';

async function started(context: TestContext, program: string, argument: string): Promise<ChildProcess> {
  const child = spawn(program, [argument], { stdio: ['pipe', 'ignore', 'ignore'] });
  context.after(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  return child;
}

/** A pid file that was written so long ago. */
function pidFile(context: TestContext, { pid }: ChildProcess, secondsAgo: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'ka-pid-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'keepalived.pid');
  writeFileSync(file, `${pid ?? 0}\n`);
  const at = Date.now() / 1000 - secondsAgo;
  utimesSync(file, at, at);
  return file;
}

test('a pid file whose number another program got after it was written names no daemon', async (context) => {
  const other = await started(context, '/bin/cat', '-');
  assert.equal(runningDaemon(pidFile(context, other, 3600)), undefined);
});

test('a process that ran when the pid file was written is a daemon, whatever it is called', async (context) => {
  const wrapped = await started(context, '/bin/cat', '-');
  assert.equal(runningDaemon(pidFile(context, wrapped, 0)), wrapped.pid);
});

test('a process that runs our program is a daemon, whatever the clock says', async (context) => {
  const daemon = await started(context, process.execPath, '-');
  assert.equal(runningDaemon(pidFile(context, daemon, 3600)), daemon.pid);
});

test('a process that has ended is no daemon', async (context) => {
  const child = await started(context, '/bin/cat', '-');
  const file = pidFile(context, child, 0);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(runningDaemon(file), undefined);
});

test('a pid file below /proc is refused at once', () => {
  assert.throws(
    () => new PidFile('/proc/ka-node/a/keepalived.pid'),
    /the pid file cannot be written: ENOENT/,
  );
});
