import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { KaError } from '../../../lib/errors.js';
import { systemClock, type Host } from '../../../lib/host.js';
import {
  groupLine,
  instanceLine,
  NotifyFifo,
  realServerLine,
  virtualServerLine,
} from '../../../lib/notify/fifo.js';
import { Program, runOk } from '../../support/program.js';
import { RecordingLogger } from '../../support/recording-logger.js';

const needsRoot = process.getuid?.() === 0 ? false : 'needs root';

const keyword = 'vrrp_notify_fifo';

interface Setup extends Host {
  readonly logger: RecordingLogger;
  readonly directory: string;
  readonly path: string;
}

function setUp(context: TestContext): Setup {
  const directory = mkdtempSync(join(tmpdir(), 'ka-fifo-'));
  context.after(() => rmSync(directory, { recursive: true }));
  return { clock: systemClock, logger: new RecordingLogger(), directory, path: join(directory, 'fifo') };
}

function script(host: Setup, body: string): string {
  const file = join(host.directory, 'script.sh');
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
  return file;
}

/** Waits, by the event loop alone, for something that happens in another process. */
async function until(what: string, holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 15_000; !holds();) {
    if (Date.now() > deadline) assert.fail(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

test('lines have exactly the form of keepalived [keepalived: notify_fifo]', () => {
  assert.equal(instanceLine('VI_1', 'MASTER_RX_LOWER_PRI', 100), 'INSTANCE "VI_1" MASTER_RX_LOWER_PRI 100\n');
  assert.equal(groupLine('G1', 'FAULT'), 'GROUP "G1" FAULT 0\n');
  assert.equal(virtualServerLine('FWM 7', true), 'VS FWM 7 UP\n');
  assert.equal(
    realServerLine('[192.168.77.2]:tcp:8080', '[10.50.0.1]:tcp:80', false),
    'RS [192.168.77.2]:tcp:8080 [10.50.0.1]:tcp:80 DOWN\n',
  );
});

test(
  'a missing pipe is made with mode and owner, and removed at the end',
  { skip: needsRoot },
  async (context) => {
    const host = setUp(context);
    const before = process.umask(0o077);
    const fifo = NotifyFifo.open({ keyword, path: host.path, uid: 1, gid: 2 }, host);
    process.umask(before);
    const stat = statSync(host.path);
    assert.equal(stat.isFIFO(), true);
    assert.equal((stat.mode & 0o7777).toString(8), '600');
    assert.deepEqual([stat.uid, stat.gid], [1, 2]);
    await fifo.close();
    await fifo.close();
    assert.equal(existsSync(host.path), false);
  },
);

test('a pipe that was there is used and stays', async (context) => {
  const host = setUp(context);
  await runOk(['mkfifo', host.path]);
  const fifo = NotifyFifo.open({ keyword, path: host.path }, host);
  await fifo.close();
  assert.equal(statSync(host.path).isFIFO(), true);
});

test(
  'a file, a link and a pipe of another user are refused and left alone',
  { skip: needsRoot },
  async (context) => {
    const host = setUp(context);
    const refuses = (path: string, text: RegExp): void => {
      assert.throws(
        () => NotifyFifo.open({ keyword, path }, host),
        (error) => KaError.is(error) && error.code === 'KA_NOTIFY_FIFO' && text.test(error.message),
      );
    };
    const file = join(host.directory, 'file');
    writeFileSync(file, 'precious');
    refuses(file, /is not a fifo/);
    assert.equal(readFileSync(file, 'utf8'), 'precious');
    const link = join(host.directory, 'link');
    await runOk(['mkfifo', host.path]);
    symlinkSync(host.path, link);
    refuses(link, /cannot be opened \(ELOOP\)/);
    await runOk(['chown', 'nobody', host.path]);
    refuses(host.path, /belongs to user/);
    refuses(join(host.directory, 'no/such/folder'), /ENOENT/);
  },
);

test('a live reader gets 1,000 rapid flips, all and in order', async (context) => {
  const host = setUp(context);
  const fifo = NotifyFifo.open({ keyword, path: host.path }, host);
  context.after(() => fifo.close());
  await using reader = await Program.start(['cat', host.path]);
  const expected: string[] = [];
  for (let i = 0; i < 1000; i++) {
    const line = instanceLine(
      'VI_with_a_name_of_some_length_so_that_the_pipe_fills',
      i % 2 ? 'BACKUP' : 'MASTER',
      i % 256,
    );
    expected.push(line.trimEnd());
    fifo.write(line);
  }
  await reader.waitForLine(/./, { from: 999 });
  assert.deepEqual(
    reader.lines.map((line) => line.text),
    expected,
  );
  assert.equal(fifo.status.lost, 0);
});

test('a reader that stands still blocks nothing, is reported, and loses the oldest lines only', async (context) => {
  const host = setUp(context);
  const fifo = NotifyFifo.open({ keyword, path: host.path, limitBytes: 4096 }, host);
  context.after(() => fifo.close());
  const began = performance.now();
  const lines = 20_000;
  for (let i = 0; i < lines; i++) fifo.write(instanceLine('VI', 'MASTER', i));
  assert.ok(performance.now() - began < 5_000, 'writing took too long');
  const { lost } = fifo.status;
  assert.ok(lost > 10_000, `${lost} lines lost`);
  assert.deepEqual(host.logger.lines, [
    `vrrp notify fifo ${host.path}: its reader is slow or gone, lines are kept until it reads on`,
    `vrrp notify fifo ${host.path}: lines are being lost (EAGAIN), the oldest first`,
  ]);
  const read = await readAll(host.path, () => fifo.status.waiting === 0);
  assert.equal(read.length, lines - lost);
  assert.equal(read.at(-1), `INSTANCE "VI" MASTER ${lines - 1}`);
  assert.deepEqual(
    read.map((line) => Number(line.split(' ')[3])),
    [...read].map((line) => Number(line.split(' ')[3])).sort((a, b) => a - b),
  );
  assert.deepEqual(host.logger.lines.slice(2), [
    `vrrp notify fifo ${host.path}: is being read again, ${lost} lines lost`,
  ]);
});

/** Reads what is in a pipe until it is empty and `isDone`. */
async function readAll(path: string, isDone: () => boolean): Promise<string[]> {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const buffer = Buffer.alloc(65_536);
  let text = '';
  for (const deadline = Date.now() + 15_000; ;) {
    const done = isDone();
    try {
      text += buffer.toString('latin1', 0, readSync(fd, buffer));
      continue;
    } catch {
      if (done) break; // EAGAIN: empty, and nothing waited before we looked
    }
    if (Date.now() > deadline) assert.fail('the lines that waited never came');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  closeSync(fd);
  return text.trimEnd().split('\n');
}

test('the script gets its own arguments and then the path, and reads to the end before it is ended', async (context) => {
  const host = setUp(context);
  const out = join(host.directory, 'out');
  const file = script(
    host,
    `echo "$0 $*" > ${out}\nwhile read -r line; do echo "$line" >> ${out}; done < "$2"\necho end >> ${out}`,
  );
  const fifo = NotifyFifo.open({ keyword, path: host.path, script: { argv: [file, 'own argument'] } }, host);
  fifo.write(instanceLine('VI', 'MASTER', 100));
  await until('the script has read', () => existsSync(out) && readFileSync(out, 'utf8').includes('MASTER'));
  fifo.write(instanceLine('VI', 'STOP', 100));
  await fifo.close();
  assert.deepEqual(readFileSync(out, 'utf8').split('\n'), [
    `${file} own argument ${host.path}`,
    'INSTANCE "VI" MASTER 100',
    'INSTANCE "VI" STOP 100',
    'end',
    '',
  ]);
  assert.deepEqual(host.logger.lines, []);
});

test('a script that does not read is ended by SIGTERM at the end', async (context) => {
  const host = setUp(context);
  const out = join(host.directory, 'out');
  const file = script(
    host,
    `trap 'echo TERM >> ${out}; exit' TERM\necho begun > ${out}\nwhile :; do sleep 0.05; done`,
  );
  const fifo = NotifyFifo.open({ keyword, path: host.path, script: { argv: [file] } }, host);
  await until('the script has begun', () => existsSync(out) && readFileSync(out, 'utf8') === 'begun\n');
  await fifo.close();
  assert.equal(readFileSync(out, 'utf8'), 'begun\nTERM\n');
});

test('a script that ends by itself is reported in the words of keepalived', async (context) => {
  const host = setUp(context);
  const file = script(host, 'exit 3');
  const fifo = NotifyFifo.open({ keyword, path: host.path, script: { argv: [file] } }, host);
  context.after(() => fifo.close());
  await until('the end is reported', () => host.logger.lines.length > 0);
  assert.deepEqual(host.logger.lines, [`vrrp notify fifo script terminated (${file} exited with status 3)`]);
  assert.equal(fifo.status.isScriptRunning, false);
});
