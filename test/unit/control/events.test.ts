/** The stream of events: numbers, resuming, losses, slow readers. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { EventLog } from '../../../lib/control/event-log.js';
import { ControlListener } from '../../../lib/control/listener.js';
import { silentLogger, systemClock } from '../../../lib/host.js';
import { HandlersHost } from '../../support/control-host.js';

const work = mkdtempSync(join(tmpdir(), 'ka-events-'));
after(() => rmSync(work, { recursive: true, force: true }));
let sockets = 0;

async function open() {
  const host = new HandlersHost({});
  const path = join(work, `e${++sockets}.sock`);
  return {
    host,
    path,
    listener: await ControlListener.open(host, { path, logger: silentLogger, clock: systemClock }),
  };
}

/** A reader of the stream. */
class Reader {
  readonly socket: Socket;
  text = '';
  readonly #waiting = new Set<() => void>();

  constructor(path: string, lastId?: string) {
    const head = lastId === undefined ? '' : `Last-Event-ID: ${lastId}\r\n`;
    this.socket = connect(path, () => this.socket.write(`GET /v1/events HTTP/1.1\r\nHost: x\r\n${head}\r\n`));
    this.socket.setEncoding('utf8');
    this.socket.on('error', () => undefined);
    this.socket.on('data', (part: string) => {
      this.text += part;
      for (const look of this.#waiting) look();
    });
  }

  async waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.text);
      if (match !== null) return match;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }
}

test('a reader hears what comes, and resumes where it was', async () => {
  const { host, path, listener } = await open();
  await using _ = listener;
  const first = new Reader(path);
  await first.waitFor(/event: hello/);
  host.tell('vrrp', { kind: 'state', instance: 'VI_1', to: 'MASTER' });
  const [, id = ''] = await first.waitFor(/id: (\S+)\nevent: state\ndata: \{"sequence":1,.*"to":"MASTER"\}/);
  first.socket.destroy();
  host.tell('vrrp', { kind: 'state', instance: 'VI_1', to: 'BACKUP' });
  const second = new Reader(path, id);
  await second.waitFor(/event: state\ndata: \{"sequence":2,.*"to":"BACKUP"\}/);
  assert.equal(second.text.match(/event: state/g)?.length, 1);
  assert.doesNotMatch(second.text, /event: lost/);
  second.socket.destroy();
});

test('a reader that was away too long hears how many events it has missed', async () => {
  const { host, path, listener } = await open();
  await using _ = listener;
  host.tell('vrrp', { kind: 'state', n: 1 });
  const id = listener.events.id(1);
  for (let n = 2; n <= 5000; n++) host.tell('vrrp', { kind: 'state', n });
  const reader = new Reader(path, id);
  await reader.waitFor(/"sequence":5000,/);
  const [, lost = ''] = await reader.waitFor(/event: lost\ndata: \{"lost":(\d+)\}/);
  assert.equal(Number(lost), 5000 - 4096 - 1);
  assert.equal(reader.text.match(/event: state/g)?.length, 4096);
  reader.socket.destroy();
});

test('an id of another run of the daemon is told from one of ours', async () => {
  const { host, path, listener } = await open();
  await using _ = listener;
  host.tell('vrrp', { kind: 'state' });
  const reader = new Reader(path, '77-1.900');
  await reader.waitFor(/"isOtherRun":true/);
  await reader.waitFor(/"sequence":1,/);
  reader.socket.destroy();
});

test('a reader that does not read is cut off and costs bounded memory', async () => {
  const { host, path, listener } = await open();
  await using _ = listener;
  const slow = new Reader(path);
  await slow.waitFor(/event: hello/);
  slow.socket.pause();
  const text = 'x'.repeat(10_000);
  const before = process.memoryUsage().rss;
  for (let n = 0; n < 20_000; n++) {
    host.tell('vrrp', { kind: 'state', text });
    if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  // The log itself holds 4096 events of 10 kB.
  assert.ok(process.memoryUsage().rss - before < 250e6);
  slow.socket.destroy();
});

test('events are numbered without gaps, and the log keeps the newest', () => {
  const log = new EventLog('r', 3);
  for (let n = 1; n <= 5; n++) log.push('state', n, { n });
  assert.deepEqual(
    log.since(0).events.map(({ sequence }) => sequence),
    [3, 4, 5],
  );
  assert.equal(log.since(0).lost, 2);
  assert.deepEqual(log.since(5), { lost: 0, events: [] });
  assert.deepEqual(log.resume('r.4'), { after: 4, isOtherRun: false });
  assert.deepEqual(log.resume('r.9'), { after: 0, isOtherRun: true });
  assert.deepEqual(log.resume('x.1'), { after: 0, isOtherRun: true });
  assert.deepEqual(log.resume(undefined), { after: 5, isOtherRun: false });
});
