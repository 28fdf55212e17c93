import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { describeEnd, run, start } from '../../lib/exec.js';
import { systemClock } from '../../lib/host.js';
import { ManualClock } from '../support/manual-clock.js';

const clock = systemClock;
const sh = (script: string, ...args: readonly string[]): { readonly argv: readonly string[] } => ({
  argv: ['sh', '-c', script, 'sh', ...args],
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A zombie that nobody has reaped yet is not alive.
  return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
}

async function eventually(what: string, holds: () => boolean): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`never happened: ${what}`);
}

test('the exit status of a command is its result', async () => {
  const good = await run({ argv: ['true'] }, { clock });
  assert.deepEqual(good.end, { kind: 'exited', status: 0 });
  const bad = await run(sh('exit 3'), { clock });
  assert.deepEqual(bad.end, { kind: 'exited', status: 3 });
  assert.equal(describeEnd(bad.end), 'exited with status 3');
});

test('a command reads its input', async () => {
  const { output } = await run({ argv: ['cat'] }, { clock, input: 'one\ntwö\n', captureBytes: 100 });
  assert.equal(output, 'one\ntwö\n');
});

test('a command that dies of a signal says which', async () => {
  const { end, timedOut } = await run(sh('kill -SEGV $$'), { clock });
  assert.deepEqual(end, { kind: 'signalled', signal: 'SIGSEGV' });
  assert.equal(timedOut, false);
});

test('a command that cannot be started is a result, not an exception', async () => {
  const missing = await run({ argv: ['/no/such/file', 'x'] }, { clock });
  assert.equal(missing.end.kind === 'not-started' && missing.end.code, 'ENOENT');
  const notExecutable = await run({ argv: ['/etc/passwd'] }, { clock });
  assert.equal(notExecutable.end.kind === 'not-started' && notExecutable.end.code, 'EACCES');
  const empty = await run({ argv: [] }, { clock });
  assert.equal(empty.end.kind, 'not-started');
});

test('arguments reach the command untouched, without a shell', async () => {
  const args = ['a b', '$HOME', "it's", '*', '', 'é'];
  const { output } = await run({ argv: ['printf', '[%s]', ...args] }, { clock, captureBytes: 1000 });
  assert.equal(output, "[a b][$HOME][it's][*][][é]");
});

test('argv[0] is the configured name while another file is executed', async () => {
  const command = { argv: ['./my-name', '-c', 'echo $0'], file: '/bin/sh' };
  assert.equal((await run(command, { clock, captureBytes: 100 })).output, './my-name\n');
});

test('IFS and the loader variables are withheld, additions arrive', async () => {
  process.env['LD_LIBRARY_PATH'] = '/somewhere';
  try {
    const result = await run(sh('echo "$LD_LIBRARY_PATH|$EXTRA"'), {
      clock,
      captureBytes: 100,
      env: { EXTRA: 'yes' },
    });
    assert.equal(result.output, '|yes\n');
  } finally {
    delete process.env['LD_LIBRARY_PATH'];
  }
});

test('a megabyte of output is read away and only its start is kept', async () => {
  const result = await run(sh('head -c 1048576 /dev/zero | tr "\\0" x; echo end >&2'), {
    clock,
    captureBytes: 64,
  });
  assert.deepEqual(result.end, { kind: 'exited', status: 0 });
  assert.equal(result.output, 'x'.repeat(64));
  assert.ok(result.outputBytes >= 1_048_576, `${result.outputBytes} bytes seen`);
});

test('without capture output goes to /dev/null', async () => {
  const result = await run(
    sh('readlink /proc/$$/fd/1 >/proc/self/fd/2; test "$(readlink /proc/$$/fd/1)" = /dev/null'),
    { clock },
  );
  assert.deepEqual(result.end, { kind: 'exited', status: 0 });
});

test('the time limit ends the whole process group', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ka-exec-'));
  const pidFile = join(directory, 'pid');
  try {
    const manual = new ManualClock();
    let limits = 0;
    const running = start(sh('sleep 600 & echo $! >"$1.new"; mv "$1.new" "$1"; wait', pidFile), {
      clock: manual,
      timeoutMs: 1000,
      onTimeout: () => (limits += 1),
    });
    await eventually('the grandchild runs', () => existsSync(pidFile));
    const grandchild = Number(readFileSync(pidFile, 'utf8'));
    assert.equal(isAlive(grandchild), true);
    await manual.advance(999);
    assert.equal(limits, 0);
    await manual.advance(1);
    assert.equal(limits, 1);
    const result = await running.finished;
    assert.equal(result.timedOut, true);
    assert.deepEqual(result.end, { kind: 'signalled', signal: 'SIGTERM' });
    await eventually('the grandchild is gone', () => !isAlive(grandchild));
    assert.equal(manual.pending, 0);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('a command that ignores SIGTERM is killed two seconds later', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ka-exec-'));
  const ready = join(directory, 'ready');
  try {
    const manual = new ManualClock();
    const running = start(sh('trap "" TERM; : >"$1"; while :; do sleep 0.05; done', ready), {
      clock: manual,
      timeoutMs: 500,
    });
    let over = false;
    void running.finished.then(() => (over = true));
    await eventually('the trap is set', () => existsSync(ready));
    await manual.advance(500 + 1999);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(over, false);
    await manual.advance(1);
    assert.deepEqual((await running.finished).end, { kind: 'signalled', signal: 'SIGKILL' });
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('an abort signal ends the command, also one that came before the start', async () => {
  const controller = new AbortController();
  const running = start({ argv: ['sleep', '600'] }, { clock, signal: controller.signal });
  controller.abort();
  assert.deepEqual((await running.finished).end, { kind: 'signalled', signal: 'SIGTERM' });
  const late = await run({ argv: ['sleep', '600'] }, { clock, signal: controller.signal });
  assert.deepEqual(late.end, { kind: 'signalled', signal: 'SIGTERM' });
});

test('a daemon left behind does not delay the result', async () => {
  const result = await run(sh('(trap "" PIPE; exec sleep 60) & echo $!'), { clock, captureBytes: 100 });
  process.kill(Number(result.output), 'SIGKILL');
  assert.ok(result.durationMs < 60_000, `${result.durationMs} ms`);
});

test(
  'a command runs as the given user and group',
  { skip: process.getuid?.() !== 0 && 'needs root' },
  async () => {
    const command = { argv: ['sh', '-c', 'id -u; id -g; id -G'], uid: 65534, gid: 65534 };
    assert.equal((await run(command, { clock, captureBytes: 100 })).output, '65534\n65534\n65534\n');
  },
);
