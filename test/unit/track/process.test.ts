import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import test from 'node:test';
import {
  listProcesses,
  ProcessTable,
  ProcessTracker,
  scanMs,
  type ProcessEntry,
} from '../../../lib/track/process.js';
import { ManualClock } from '../../support/manual-clock.js';
import { RecordingLogger } from '../../support/recording-logger.js';

const entry = (comm: string, ...commandLine: readonly string[]): ProcessEntry => ({
  pid: 1,
  comm,
  commandLine: () => commandLine,
});

interface Options {
  readonly process: readonly string[];
  readonly paramMatch?: 'exact' | 'initial' | 'partial';
  readonly fullCommand?: boolean;
  readonly quorum?: number;
  readonly quorumMax?: number;
  readonly forkDelayMs?: number;
  readonly terminateDelayMs?: number;
}

function setUp(options: Options) {
  const clock = new ManualClock();
  const log = new RecordingLogger();
  let all: readonly ProcessEntry[] = [];
  const states: string[] = [];
  const table = new ProcessTable(clock, () => all);
  const tracker = new ProcessTracker({
    name: 'p',
    fullCommand: false,
    quorum: 1,
    quorumMax: Infinity,
    forkDelayMs: 0,
    terminateDelayMs: 0,
    ...options,
    processes: table,
    host: { clock, logger: log },
    onState: ({ state }) => states.push(state.kind),
  });
  return {
    clock,
    log,
    states,
    tracker,
    set: (...now: readonly ProcessEntry[]) => (all = now),
    scan: () => clock.advance(scanMs),
  };
}

test('a process is up while it runs and down when it is gone', async () => {
  const { tracker, states, set, scan, log } = setUp({ process: ['haproxy'] });
  tracker.start();
  set(entry('haproxy'));
  await scan();
  set();
  await scan();
  assert.deepEqual(states, ['down', 'up', 'down']);
  assert.deepEqual(log.lines, ['Quorum gained for tracked process p', 'Quorum lost for tracked process p']);
});

test('quorum and quorum_max bound the count', async () => {
  const { tracker, states, set, scan } = setUp({ process: ['w'], quorum: 2, quorumMax: 3 });
  tracker.start();
  for (const count of [1, 2, 3, 4, 3]) {
    set(...Array.from({ length: count }, () => entry('w')));
    await scan();
  }
  assert.deepEqual(states, ['down', 'up', 'down', 'up']);
});

test('quorum_max 0: up while no such process runs', async () => {
  const { tracker, states, set, scan } = setUp({ process: ['backup'], quorum: 0, quorumMax: 0 });
  tracker.start();
  set(entry('backup'));
  await scan();
  assert.deepEqual(states, ['up', 'down']);
});

test('a change must last for its delay, and one that does not is forgotten', async () => {
  const { tracker, clock, states, set, scan } = setUp({
    process: ['w'],
    forkDelayMs: 1000,
    terminateDelayMs: 2000,
  });
  tracker.start();
  set(entry('w'));
  await scan();
  await clock.advance(999);
  assert.deepEqual(states, ['down']);
  await clock.advance(1);
  assert.deepEqual(states, ['down', 'up']);
  set();
  await scan();
  set(entry('w'));
  await scan();
  await clock.advance(5000);
  assert.deepEqual(states, ['down', 'up']);
  set();
  await clock.advance(2000 + 2 * scanMs);
  assert.deepEqual(states, ['down', 'up', 'down']);
});

test('names are compared in the 15 characters that the kernel keeps, without directory', async () => {
  const { tracker, states, set, scan } = setUp({ process: ['/usr/bin/a-very-long-process-name'] });
  tracker.start();
  set(entry('a-very-long-pro'));
  await scan();
  assert.deepEqual(states, ['down', 'up']);
});

test('parameters match exactly, from the start, or with the last one partial', async () => {
  const line = ['/usr/sbin/d', '-c', 'file.conf', '-v'];
  const cases: readonly (readonly [
    readonly string[],
    'exact' | 'initial' | 'partial' | undefined,
    boolean,
  ])[] = [
    [['/usr/sbin/d', '-c', 'file.conf', '-v'], undefined, true],
    [['/usr/sbin/d', '-c', 'file.conf'], undefined, false],
    [['/usr/sbin/d', '-c', 'file.conf'], 'initial', true],
    [['/usr/sbin/d', '-c', 'file'], 'initial', false],
    [['/usr/sbin/d', '-c', 'file'], 'partial', true],
    [['/usr/sbin/d', 'c'], 'partial', false],
    [['/usr/sbin/d'], 'exact', false],
    [['/usr/sbin/d'], 'initial', true],
    [['d', '-c', 'file.conf', '-v'], undefined, false],
  ];
  for (const [process, paramMatch, expected] of cases) {
    const { tracker, states, set, scan } = setUp({
      process,
      ...(paramMatch === undefined ? {} : { paramMatch }),
    });
    tracker.start();
    set(entry('d', ...line));
    await scan();
    assert.equal(states.includes('up'), expected, `${process.join(' ')} ${paramMatch ?? ''}`);
  }
});

test('nothing is scanned or told after close', async () => {
  const { tracker, clock, states, set } = setUp({ process: ['w'] });
  tracker.start();
  tracker.close();
  set(entry('w'));
  await clock.advance(1000);
  assert.deepEqual(states, ['down']);
  assert.equal(clock.pending, 0);
});

test('a real child process is found with its name and arguments', async () => {
  const child = spawn('sleep', ['300.25']);
  const mine = (): ProcessEntry | undefined => listProcesses().find(({ pid }) => pid === child.pid);
  while (mine()?.comm !== 'sleep') await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(mine()?.commandLine(), ['sleep', '300.25']);
  child.kill();
  await new Promise((resolve) => child.once('exit', resolve));
  assert.equal(mine(), undefined);
});
