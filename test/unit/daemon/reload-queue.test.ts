import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { ReloadReport } from '../../../lib/control/messages.js';
import { ReloadQueue } from '../../../lib/daemon/reload-queue.js';
import { readReloadResult } from '../../../lib/daemon/reload-result.js';
import { RecordingLogger } from '../../support/recording-logger.js';

interface Setup {
  readonly queue: ReloadQueue;
  readonly pidFile: string;
  readonly log: RecordingLogger;
  /** Ends of the reloads that have begun. */
  readonly begun: ((report: ReloadReport | Error) => void)[];
  /** What `onDone` heard. */
  readonly done: readonly ReloadReport[];
  start(): void;
  stop(): void;
}

function setUp(context: TestContext): Setup {
  const folder = mkdtempSync(join(tmpdir(), 'ka-reload-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const pidFile = join(folder, 'keepalived.pid');
  const log = new RecordingLogger();
  const begun: Setup['begun'] = [];
  const done: ReloadReport[] = [];
  let isStopping = false;
  let start: () => void = () => undefined;
  const after = new Promise<void>((resolve) => {
    start = resolve;
  });
  const queue = new ReloadQueue({
    after,
    run: () =>
      new Promise((resolve, reject) => {
        begun.push((report) => (report instanceof Error ? reject(report) : resolve(report)));
      }),
    isStopping: () => isStopping,
    pidFile: () => pidFile,
    onDone: (report) => done.push(report),
    logger: log,
  });
  return { queue, pidFile, log, begun, done, start: () => start(), stop: () => (isStopping = true) };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a reload waits for the start; those asked for while one waits are one', async (context) => {
  const { queue, begun, start, pidFile } = setUp(context);
  const early = [queue.ask(), queue.ask(), queue.ask()];
  await turn();
  assert.equal(begun.length, 0);
  start();
  await turn();
  assert.equal(begun.length, 1);
  const later = [queue.ask(), queue.ask()];
  const askedUs = Number(process.hrtime.bigint() / 1000n);
  begun[0]?.({ isGood: true, lines: ['first'] });
  assert.deepEqual(
    (await Promise.all(early)).map(({ lines }) => lines),
    [['first'], ['first'], ['first']],
  );
  assert.deepEqual(readReloadResult(pidFile)?.lines, ['first']);
  await turn();
  assert.equal(begun.length, 2);
  const last = queue.ask();
  begun[1]?.({ isGood: true, lines: ['second'] });
  assert.deepEqual(
    (await Promise.all(later)).map(({ lines }) => lines),
    [['second'], ['second']],
  );
  await turn();
  begun[2]?.({ isGood: false, lines: ['third'] });
  await last;
  const result = readReloadResult(pidFile);
  assert.equal(result?.isGood, false);
  assert.ok(result.askedUs >= askedUs, 'the result is as new as who asked last');
});

test('a reload that throws is reported, and the next one runs', async (context) => {
  const { queue, begun, done, start, log, pidFile } = setUp(context);
  start();
  const failed = queue.ask();
  await turn();
  begun[0]?.(new Error('no descriptor is left'));
  assert.deepEqual(await failed, { isGood: false, lines: ['no descriptor is left'] });
  assert.equal(readReloadResult(pidFile)?.isGood, false);
  assert.ok(log.lines.some((line) => line.includes('no descriptor is left')));
  const next = queue.ask();
  await turn();
  begun[1]?.({ isGood: true, lines: [] });
  assert.equal((await next).isGood, true);
  assert.deepEqual(
    done.map(({ isGood }) => isGood),
    [false, true],
  );
});

test('a daemon that is stopping reads nothing more', async (context) => {
  const { queue, begun, start, stop } = setUp(context);
  start();
  stop();
  assert.deepEqual(await queue.ask(), { isGood: false, lines: ['The daemon is stopping.'] });
  assert.equal(begun.length, 0);
});
