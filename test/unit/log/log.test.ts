import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { KaError } from '../../../lib/errors.js';
import { Log } from '../../../lib/log/log.js';
import { DatagramReceiver } from '../../support/datagram-receiver.js';
import { ManualClock } from '../../support/manual-clock.js';
import { runOk } from '../../support/program.js';

function folder(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'ka-log-'));
  context.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** A pipe of which the test has both ends. */
async function pipe(context: TestContext): Promise<{ readonly writer: number; read(): string }> {
  const path = join(folder(context), 'pipe');
  await runOk(['mkfifo', path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY);
  context.after(() => [reader, writer].forEach((fd) => closeSync(fd)));
  const buffer = Buffer.alloc(1_048_576);
  const read = (): string => {
    try {
      return buffer.toString('utf8', 0, readSync(reader, buffer));
    } catch {
      return ''; // EAGAIN
    }
  };
  return { writer, read };
}

const stamp = /^\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}: /;

test('a file gets lines in the form of keepalived, with detail only when asked for', (context) => {
  const file = join(folder(context), 'ka.log');
  const quiet = new Log({ ident: 'Keepalived', detail: false, console: false, file });
  quiet.log('info', 'Stopping');
  quiet.log('detail', 'Opening file');
  quiet.close();
  const detailed = new Log({ ident: 'Keepalived', detail: true, console: false, file });
  detailed.log('detail', 'more');
  detailed.close();
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  for (const line of lines) assert.match(line, stamp);
  assert.deepEqual(
    lines.map((line) => line.replace(stamp, '')),
    ['Stopping', 'more'],
  );
  assert.equal((statSync(file).mode & 0o777).toString(8), '600');
});

test('further lines of a text are indented, so that they cannot pass for entries', (context) => {
  const file = join(folder(context), 'ka.log');
  const log = new Log({ ident: 'Keepalived', detail: false, console: false, file });
  log.log('info', 'script said:\n(VI_1) Entering MASTER STATE\n');
  log.close();
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => line.replace(stamp, '')),
    ['script said:', '  (VI_1) Entering MASTER STATE'],
  );
});

test('JSON lines are one object each', (context) => {
  const file = join(folder(context), 'ka.log');
  const clock = new ManualClock();
  const log = new Log({ ident: 'Keepalived_vrrp', detail: false, console: false, file, json: true, clock });
  log.log('warning', 'a "quoted"\nname');
  log.close();
  const entry: unknown = JSON.parse(readFileSync(file, 'utf8'));
  assert.deepEqual(entry, {
    time: '2023-11-14T22:13:20.000Z',
    level: 'warning',
    ident: 'Keepalived_vrrp',
    pid: process.pid,
    text: 'a "quoted"\nname',
  });
});

test('a log file that is a symbolic link, or cannot be made, is refused', (context) => {
  const directory = folder(context);
  symlinkSync(join(directory, 'elsewhere'), join(directory, 'link'));
  for (const [file, words] of [
    [join(directory, 'link'), /symbolic link/],
    [join(directory, 'no/folder'), /ENOENT/],
  ] as const)
    assert.throws(
      () => new Log({ ident: 'Keepalived', detail: false, console: false, file }),
      (error) => KaError.is(error) && error.code === 'KA_LOG_FILE' && words.test(error.message),
    );
});

/** Twenty thousand lines with it are more than may wait. */
const long = 'x'.repeat(300);

test('two lines for each of ten thousand real servers are not lost on a reader that comes later', async (context) => {
  const { writer, read } = await pipe(context);
  const clock = new ManualClock();
  const log = new Log({ ident: 'Keepalived_healthcheckers', detail: false, console: writer, clock });
  for (let i = 0; i < 20_000; i++)
    log.log('info', `Removing service [10.9.123.${i}]:tcp:8080 from VS [10.8.123.1]:tcp:80`);
  assert.equal(log.lost.get('console'), 0);
  let text = '';
  for (let more = read(); more !== ''; more = read()) {
    text += more;
    await clock.advance(500);
  }
  assert.equal(text.match(/Removing service/g)?.length, 20_000);
  log.close();
});

test('after rotation a new file is opened', (context) => {
  const file = join(folder(context), 'ka.log');
  const log = new Log({ ident: 'Keepalived', detail: false, console: false, file });
  log.log('info', 'first');
  renameSync(file, `${file}.1`);
  log.reopen();
  log.log('info', 'second');
  log.close();
  assert.match(readFileSync(`${file}.1`, 'utf8'), /: first\n$/);
  assert.match(readFileSync(file, 'utf8'), /: second\n$/);
});

test('a stuck pipe costs lines, counted, and never waits; it is told when it reads again', async (context) => {
  const { writer, read } = await pipe(context);
  const file = join(folder(context), 'ka.log');
  const clock = new ManualClock();
  const log = new Log({ ident: 'Keepalived', detail: false, console: writer, file, clock });
  const count = 20_000;
  for (let i = 0; i < count; i++) log.log('info', `${long}line ${i}`);
  const lost = log.lost.get('console') ?? 0;
  assert.ok(lost > 1000, `${lost} lost`);
  assert.equal(log.lost.get(file), 0);
  assert.match(readFileSync(file, 'utf8'), /: Log lines to console are being lost: EAGAIN\n/);
  let text = '';
  for (let more = read(); more !== ''; more = read()) {
    text += more;
    await clock.advance(500);
  }
  const lines = text.trimEnd().split('\n');
  assert.match(lines.at(-1) ?? '', new RegExp(`: ${lost} log lines to console were lost$`));
  assert.equal(lines.length, count - lost + 1);
  assert.match(lines.at(-2) ?? '', new RegExp(`line ${count - 1}$`));
  log.close();
});

test('a full disk costs lines, counted', () => {
  const full = openSync('/dev/full', constants.O_WRONLY);
  const log = new Log({ ident: 'Keepalived', detail: false, console: full });
  log.log('info', 'one');
  log.log('info', 'two');
  assert.equal(log.lost.get('console'), 2);
  log.close();
  closeSync(full);
});

test('a pipe whose reader is gone costs lines, counted, and no signal', async (context) => {
  const path = join(folder(context), 'pipe');
  await runOk(['mkfifo', path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY);
  const log = new Log({ ident: 'Keepalived', detail: false, console: writer });
  closeSync(reader);
  log.log('info', 'one');
  assert.equal(log.lost.get('console'), 1);
  log.close();
  closeSync(writer);
});

test('a standard error that is a socket, as under systemd, is written to and never waited for', async (context) => {
  const path = join(folder(context), 'journal');
  const accepted = new Promise<Socket>((resolve) => {
    const server = createServer((socket) => {
      server.close();
      resolve(socket.pause());
    }).listen(path);
  });
  // A child with the connected socket as its standard error logs more than fits, while nobody reads.
  const client = connect(path);
  const socket = await accepted;
  const module = new URL('../../../lib/log/log.js', import.meta.url).href;
  const program = `
    import { Log } from ${JSON.stringify(module)};
    const log = new Log({ ident: 'Keepalived', detail: false, console: true });
    for (let i = 0; i < 50_000; i++) log.log('info', 'line ' + i + ${JSON.stringify(long)});
    console.log(log.lost.get('console') > 0);
    log.close();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', client],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  assert.equal(output, 'true\n');
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString())).resume();
  client.end();
  await new Promise((resolve) => socket.once('end', resolve));
  socket.destroy();
  assert.match(text, /: line 0x+\n/);
});

test('syslog gets datagrams with priority, ident and process id', async (context) => {
  const socket = join(folder(context), 'log');
  await using receiver = await DatagramReceiver.start(socket);
  const log = new Log({
    ident: 'Keepalived',
    detail: false,
    console: false,
    syslog: { socket, facility: 19 },
  });
  log.log('info', 'Stopping');
  log.rename('Keepalived_foo');
  log.log('error', 'two\r\nlines');
  log.log('warning', 'x'.repeat(20_000));
  const [first, second, third, indented, fourth] = await receiver.waitFor(5);
  const date = '\\w{3} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d';
  assert.match(first ?? '', new RegExp(`^<158>${date} Keepalived\\[${process.pid}\\]: Stopping$`));
  assert.match(
    second ?? '',
    new RegExp(`^<158>${date} Keepalived\\[${process.pid}\\]: Changing syslog ident to Keepalived_foo$`),
  );
  assert.match(third ?? '', new RegExp(`^<155>${date} Keepalived_foo\\[${process.pid}\\]: two\\\\x0d$`));
  assert.match(indented ?? '', new RegExp(`^<155>${date} Keepalived_foo\\[${process.pid}\\]:   lines$`));
  assert.match(fourth ?? '', /^<156>.*: x{8189}\.\.\.$/);
  log.close();
});

test('a syslog daemon that is started anew gets what was logged in between', async (context) => {
  const socket = join(folder(context), 'log');
  const log = new Log({ ident: 'Keepalived', detail: false, console: false, syslog: { socket } });
  log.log('info', 'before it runs');
  {
    await using receiver = await DatagramReceiver.start(socket);
    assert.match((await receiver.waitFor(1))[0] ?? '', /: before it runs$/);
  }
  log.log('info', 'while it is away');
  unlinkSync(socket);
  await using again = await DatagramReceiver.start(socket);
  assert.match((await again.waitFor(1))[0] ?? '', /: while it is away$/);
  assert.equal(log.lost.get('syslog'), 0);
  log.close();
});

test('a syslog daemon that stands still is not waited for', async (context) => {
  const socket = join(folder(context), 'log');
  await using receiver = await DatagramReceiver.start(socket);
  receiver.program.signal('SIGSTOP');
  const log = new Log({ ident: 'Keepalived', detail: false, console: false, syslog: { socket } });
  const count = 20_000;
  for (let i = 0; i < count; i++) log.log('info', `${long}line ${i}`);
  const lost = log.lost.get('syslog') ?? 0;
  assert.ok(lost > 0);
  receiver.program.signal('SIGCONT');
  const received = await receiver.waitFor(count - lost + 1);
  assert.match(received.at(-1) ?? '', new RegExp(`: ${lost} log lines to syslog were lost$`));
  assert.match(received.at(-2) ?? '', new RegExp(`line ${count - 1}$`));
  log.close();
});
