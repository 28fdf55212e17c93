import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { ScriptTracker } from '../../../lib/track/script.js';
import { ManualClock } from '../../support/manual-clock.js';
import { RecordingLogger } from '../../support/recording-logger.js';

interface Setup {
  readonly clock: ManualClock;
  readonly log: RecordingLogger;
  readonly directory: string;
  readonly states: string[];
  readonly tracker: ScriptTracker;
  /** Resolves when `count` lines have been written to the file `runs`. */
  runs(count: number): Promise<void>;
}

function setUp(context: TestContext, script: string, timeoutMs = 1000, rise = 1, fall = 1): Setup {
  const directory = mkdtempSync(join(tmpdir(), 'ka-script-'));
  const file = join(directory, 'check');
  writeFileSync(file, `#!/bin/sh\ncd ${directory}\n${script}\n`);
  chmodSync(file, 0o755);
  const clock = new ManualClock();
  const log = new RecordingLogger();
  const states: string[] = [];
  const tracker = new ScriptTracker({
    name: 'check',
    command: { argv: [file] },
    intervalMs: 1000,
    timeoutMs,
    rise,
    fall,
    host: { clock, logger: log },
    onState: ({ state }) => states.push(state.kind),
  });
  context.after(async () => {
    tracker.close();
    // Past SIGTERM and SIGKILL, so that no process is left.
    await clock.advance(5000);
    rmSync(directory, { recursive: true });
  });
  const count = (): number =>
    existsSync(join(directory, 'runs'))
      ? readFileSync(join(directory, 'runs'), 'utf8').split('\n').length - 1
      : 0;
  const runs = (wanted: number): Promise<void> => until(`${wanted} runs`, () => count() >= wanted);
  return { clock, log, directory, states, tracker, runs };
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.fail(`never happened: ${what}`);
}

test('the first run is at once and its result is the state', async (context) => {
  const { tracker, states, log } = setUp(context, 'exit 0');
  assert.equal(tracker.state.kind, 'unknown');
  tracker.start();
  await until('a state', () => states.length > 0);
  assert.deepEqual(states, ['up']);
  assert.deepEqual(log.lines, ['VRRP_Script(check) succeeded']);
});

test('a status is logged when it changes, a state when it changes [keepalived: log lines]', async (context) => {
  const { tracker, clock, states, log, runs } = setUp(
    context,
    'echo >>runs; n=$(wc -l <runs); [ "$n" = 1 ] && exit 0; [ "$n" -ge 5 ] && exit 0; exit $((n / 4 + 1))',
    900,
    1,
    2,
  );
  tracker.start();
  await until('up', () => states.length === 1);
  for (let run = 2; run <= 5; run++) {
    await clock.advance(1000);
    await runs(run);
    await until('the result', () => clock.pending === 1);
  }
  await until('up again', () => states.length === 3);
  assert.deepEqual(states, ['up', 'down', 'up']);
  assert.deepEqual(log.lines, [
    'VRRP_Script(check) succeeded',
    'Script `check` now returning 1',
    'VRRP_Script(check) failed (exited with status 1)',
    'Script `check` now returning 2',
    'Script `check` now returning 0',
    'VRRP_Script(check) succeeded',
  ]);
});

test('a hanging script is failed at its limit, killed, and skipped while it lives', async (context) => {
  const { tracker, clock, states, log, runs } = setUp(
    context,
    'trap "" TERM; echo >>runs; while :; do sleep 0.05; done',
    2000,
  );
  tracker.start();
  await runs(1);
  await clock.advance(1000);
  assert.deepEqual(log.lines, ['Track script check is already running, expect idle - skipping run']);
  await clock.advance(1000);
  assert.deepEqual(states, ['down']);
  assert.ok(log.lines.includes('VRRP_Script(check) timed_out'), log.lines.join('\n'));
  assert.equal(tracker.detail, 'did not end within 2 s');
  await clock.advance(1000);
  assert.equal(log.lines.at(-1), 'Track script check is being timed out, expect idle - skipping run');
  // SIGKILL comes two seconds after SIGTERM; the next run may start then.
  await clock.advance(1000);
  await until('the process is gone', () => clock.pending === 1);
  await clock.advance(1000);
  await runs(2);
});

/** Starts a tracker whose times are to be `earlyMs` sooner, and says when its script ran, milliseconds from the first run. */
async function timesOf(context: TestContext, earlyMs: number): Promise<readonly number[]> {
  const { tracker, clock, runs } = setUp(context, 'echo >>runs', 60_000);
  const times: number[] = [];
  tracker.start(earlyMs);
  for (let atMs = 0; atMs < 3000; atMs += 125) {
    if (atMs > 0) await clock.advance(125);
    // Its next time, and the limit of a run.
    if (clock.pending < 2) continue;
    times.push(atMs);
    await runs(times.length);
    await until('the end of the run', () => clock.pending === 1);
  }
  return times;
}

test('a script that runs apart from others has sooner times, at least half an interval after each other', async (context) => {
  assert.deepEqual(await timesOf(context, 0), [0, 1000, 2000]);
  assert.deepEqual(await timesOf(context, 250), [0, 750, 1750, 2750]);
  assert.deepEqual(await timesOf(context, 500), [0, 500, 1500, 2500]);
  assert.deepEqual(await timesOf(context, 875), [0, 500, 1125, 2125]);
});

test('a script that still runs at its sooner time keeps its times', async (context) => {
  const { tracker, clock, log, runs } = setUp(context, 'echo >>runs; exec sleep 600', 60_000);
  tracker.start(875);
  await runs(1);
  await clock.advance(999);
  assert.deepEqual(log.lines, []);
  await clock.advance(1);
  assert.deepEqual(log.lines, ['Track script check is already running, expect idle - skipping run']);
});

test('a script that cannot be started is down and says why', async (context) => {
  const { tracker, states, log, directory } = setUp(context, 'exit 0');
  rmSync(join(directory, 'check'));
  tracker.start();
  await until('a state', () => states.length > 0);
  assert.deepEqual(states, ['down']);
  assert.match(
    log.lines.join('\n'),
    /^VRRP_Script\(check\) failed \(could not be started: no such file or directory \(ENOENT\)\)$/,
  );
});

test('a closed tracker reports nothing more and leaves no process', async (context) => {
  const { tracker, clock, states, runs } = setUp(context, 'echo >>runs; exec sleep 600');
  tracker.start();
  await runs(1);
  tracker.close();
  tracker.close();
  await until('the process group is gone', () => clock.pending === 0);
  assert.deepEqual(states, []);
});

test('a megabyte of output does not matter', async (context) => {
  const { tracker, states } = setUp(context, 'head -c 1048576 /dev/zero | tr "\\0" x');
  tracker.start();
  await until('a state', () => states.length > 0);
  assert.deepEqual(states, ['up']);
  assert.equal(tracker.output.length, 1024);
});
