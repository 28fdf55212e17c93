import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  readFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { systemClock } from '../../../lib/host.js';
import { FileTracker, firstNumber } from '../../../lib/track/file.js';
import { RecordingLogger } from '../../support/recording-logger.js';

interface Setup {
  readonly directory: string;
  readonly file: string;
  readonly log: RecordingLogger;
  create(initFile?: { readonly value: number; readonly overwrite: boolean }): FileTracker;
  /** Resolves with the tracker's next value. */
  next(): Promise<number>;
}

function setUp(context: TestContext): Setup {
  const directory = mkdtempSync(join(tmpdir(), 'ka-file-'));
  const file = join(directory, 'number');
  const log = new RecordingLogger();
  const seen: number[] = [];
  const waiting: ((value: number) => void)[] = [];
  const trackers: FileTracker[] = [];
  context.after(() => {
    for (const tracker of trackers) tracker.close();
    rmSync(directory, { recursive: true });
  });
  return {
    directory,
    file,
    log,
    create(initFile) {
      const tracker = new FileTracker({
        name: 'number',
        file,
        initFile,
        host: { clock: systemClock, logger: log },
        onState: ({ state }) => {
          assert.equal(state.kind, 'value');
          const value = state.kind === 'value' ? state.value : NaN;
          const waiter = waiting.shift();
          if (waiter === undefined) seen.push(value);
          else waiter(value);
        },
      });
      trackers.push(tracker);
      tracker.start();
      return tracker;
    },
    next() {
      const value = seen.shift();
      return value === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(value);
    },
  };
}

test('the number is known as soon as the tracker is started; a missing file is 0', (context) => {
  const { create, file } = setUp(context);
  assert.deepEqual(create().state, { kind: 'value', value: 0 });
  writeFileSync(file, ' -17 and more');
  assert.deepEqual(create().state, { kind: 'value', value: -17 });
});

test(
  'writing, replacing, deleting and creating the file are all noticed',
  { timeout: 20_000 },
  async (context) => {
    const { create, file, directory, next } = setUp(context);
    create();
    writeFileSync(file, '5\n');
    assert.equal(await next(), 5);
    writeFileSync(file, '6\n');
    assert.equal(await next(), 6);
    writeFileSync(join(directory, 'new'), '7');
    renameSync(join(directory, 'new'), file);
    assert.equal(await next(), 7);
    writeFileSync(file, '8');
    assert.equal(await next(), 8);
    unlinkSync(file);
    assert.equal(await next(), 0);
    writeFileSync(file, '9');
    assert.equal(await next(), 9);
  },
);

test('rewriting a file is not seen as an empty one in between', { timeout: 20_000 }, async (context) => {
  const { create, file, next } = setUp(context);
  writeFileSync(file, '3');
  create();
  writeFileSync(file, '');
  writeFileSync(file, '4');
  assert.equal(await next(), 4);
  writeFileSync(file, '');
  assert.equal(await next(), 0);
});

test('init_file writes the file when it is absent, and over it with overwrite', (context) => {
  const { create, file } = setUp(context);
  assert.deepEqual(create({ value: 12, overwrite: false }).state, { kind: 'value', value: 12 });
  assert.equal(readFileSync(file, 'utf8'), '12\n');
  assert.deepEqual(create({ value: 13, overwrite: false }).state, { kind: 'value', value: 12 });
  assert.deepEqual(create({ value: 13, overwrite: true }).state, { kind: 'value', value: 13 });
});

test('a directory that does not exist is reported with what to do', (context) => {
  const { directory, log } = setUp(context);
  const tracker = new FileTracker({
    name: 'number',
    file: join(directory, 'sub', 'number'),
    host: { clock: systemClock, logger: log },
    onState: () => assert.fail('no state'),
  });
  tracker.start();
  tracker.close();
  assert.match(log.lines.join('\n'), /Track file number: ENOENT.*Create the directory .*sub and reload/);
});

test('a pipe, a folder, a huge file and noise in place of the file hold nobody up', (context) => {
  const { directory } = setUp(context);
  const place = (name: string): string => join(directory, name);
  execFileSync('mkfifo', [place('pipe')]);
  mkdirSync(place('folder'));
  writeFileSync(place('noise'), Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 167 + 13) & 0xff)));
  writeFileSync(place('huge'), '7');
  truncateSync(place('huge'), 2 ** 40);
  // In a process of its own, which can be ended should it wait for ever.
  const program = `
    import { FileTracker } from ${JSON.stringify(new URL('../../../lib/track/file.js', import.meta.url))};
    import { systemClock } from ${JSON.stringify(new URL('../../../lib/host.js', import.meta.url))};
    const values = ${JSON.stringify(['pipe', 'folder', 'noise', 'huge'].map(place))}.map((file) => {
      const host = { clock: systemClock, logger: { log: () => undefined } };
      const tracker = new FileTracker({ name: 'number', file, host, onState: () => undefined });
      tracker.start();
      tracker.close();
      return tracker.state.value;
    });
    console.log(values.join(' '));`;
  const argv = ['--input-type=module', '--eval', program];
  const { stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8', timeout: 60_000 });
  assert.equal(stdout, '0 0 0 7\n', stderr);
});

test('the number is read as strtol with base 0 does', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['', 0],
    ['x', 0],
    ['12', 12],
    ['  +12\n13', 12],
    ['-0x1F', -31],
    ['010', 8],
    ['08', 0],
    ['1e3', 1],
    ['-0', 0],
    ['99999999999', 2147483647],
  ];
  for (const [text, expected] of cases) assert.equal(firstNumber(text), expected, JSON.stringify(text));
});
