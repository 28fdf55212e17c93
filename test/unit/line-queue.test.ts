import assert from 'node:assert/strict';
import test from 'node:test';
import { LineQueue, type LineQueueState, type WriteOutcome } from '../../lib/line-queue.js';
import { ManualClock } from '../support/manual-clock.js';

/** A receiver with room for some bytes, which the test changes. */
class Receiver {
  text = '';
  room = Infinity;
  failure: string | undefined;
  readonly clock = new ManualClock();
  readonly states: LineQueueState[] = [];

  queue(options: { limitBytes?: number; goneLimitBytes?: number; retryFailures?: boolean } = {}): LineQueue {
    return new LineQueue({
      clock: this.clock,
      write: (bytes) => this.#write(bytes),
      limitBytes: options.limitBytes ?? 100,
      ...(options.goneLimitBytes === undefined ? {} : { goneLimitBytes: options.goneLimitBytes }),
      retryFailures: options.retryFailures ?? false,
      onChange: (state) => this.states.push(state),
    });
  }

  #write(bytes: Uint8Array): WriteOutcome {
    if (this.failure !== undefined) return { kind: 'failed', code: this.failure };
    const taken = Math.min(bytes.length, this.room);
    if (taken === 0) return { kind: 'busy' };
    this.room -= taken;
    this.text += Buffer.from(bytes.subarray(0, taken)).toString();
    return { kind: 'sent', bytes: taken };
  }
}

const line = (text: string): Uint8Array => Buffer.from(`${text}\n`);

test('lines pass at once while the receiver takes them', () => {
  const receiver = new Receiver();
  const queue = receiver.queue();
  queue.push(line('a'));
  queue.push(line('b'));
  assert.equal(receiver.text, 'a\nb\n');
  assert.deepEqual([queue.written, queue.waiting, queue.lost], [2, 0, 0]);
  assert.deepEqual(receiver.states, []);
});

test('what cannot be written waits, also the rest of a line, and follows in order', async () => {
  const receiver = new Receiver();
  receiver.room = 3;
  const queue = receiver.queue();
  queue.push(line('one'));
  queue.push(line('two'));
  assert.equal(receiver.text, 'one');
  assert.equal(queue.waiting, 2);
  receiver.room = Infinity;
  await receiver.clock.advance(1000);
  assert.equal(receiver.text, 'one\ntwo\n');
  assert.deepEqual(receiver.states, [
    { kind: 'behind', why: 'EAGAIN' },
    { kind: 'clear', lost: 0 },
  ]);
});

test('beyond the limit the oldest lines are given up and counted, but never the rest of a line', async () => {
  const receiver = new Receiver();
  receiver.room = 1;
  const queue = receiver.queue({ limitBytes: 10 });
  for (const text of ['first', 'lost1', 'lost2', 'last']) queue.push(line(text));
  assert.equal(queue.lost, 2);
  receiver.room = Infinity;
  await receiver.clock.advance(1000);
  assert.equal(receiver.text, 'first\nlast\n');
  assert.deepEqual(receiver.states, [
    { kind: 'behind', why: 'EAGAIN' },
    { kind: 'losing', why: 'EAGAIN' },
    { kind: 'clear', lost: 2 },
  ]);
});

test('a failing receiver costs each line once, and is said to be well again when it takes one', () => {
  const receiver = new Receiver();
  receiver.failure = 'ENOSPC';
  const queue = receiver.queue();
  queue.push(line('a'));
  queue.push(line('b'));
  assert.deepEqual([queue.lost, queue.waiting], [2, 0]);
  assert.deepEqual(receiver.states, [{ kind: 'losing', why: 'ENOSPC' }]);
  receiver.failure = undefined;
  queue.push(line('c'));
  assert.equal(receiver.text, 'c\n');
  assert.deepEqual(receiver.states.at(-1), { kind: 'clear', lost: 2 });
});

test('a receiver that may come back is waited for', async () => {
  const receiver = new Receiver();
  receiver.failure = 'ECONNREFUSED';
  const queue = receiver.queue({ retryFailures: true });
  queue.push(line('a'));
  await receiver.clock.advance(60_000);
  assert.equal(queue.waiting, 1);
  receiver.failure = undefined;
  await receiver.clock.advance(10_000);
  assert.equal(receiver.text, 'a\n');
});

test('closing tries once more, counts the rest as lost, and leaves no timer', async () => {
  const receiver = new Receiver();
  receiver.room = 0;
  const queue = receiver.queue();
  queue.push(line('a'));
  queue.push(line('b'));
  receiver.room = 2;
  queue.close();
  queue.close();
  queue.push(line('c'));
  await receiver.clock.advance(1000);
  assert.equal(receiver.text, 'a\n');
  assert.deepEqual([queue.written, queue.lost, receiver.clock.pending], [1, 2, 0]);
});

test('a receiver that is gone is tried ever more rarely, one that is full twice a second', async () => {
  const tries = async (failure: string | undefined): Promise<number> => {
    const clock = new ManualClock();
    let count = 0;
    const queue = new LineQueue({
      clock,
      limitBytes: 100,
      retryFailures: true,
      write: () => {
        count += 1;
        return failure === undefined ? { kind: 'busy' } : { kind: 'failed', code: failure };
      },
    });
    queue.push(line('x'));
    for (let i = 0; i < 600; i++) await clock.advance(1000);
    return count;
  };
  const gone = await tries('ENOENT');
  assert.ok(gone >= 60 && gone <= 85, `${gone} tries in ten minutes`);
  assert.ok((await tries(undefined)) >= 1100);
});

test('of a long queue every line comes in order, however often it grows and shrinks', async () => {
  const receiver = new Receiver();
  const queue = receiver.queue({ limitBytes: 1_000_000 });
  const wanted: string[] = [];
  for (let round = 0; round < 20; round++) {
    receiver.room = 1000;
    for (let i = 0; i < 700; i++) {
      wanted.push(`${round} ${i}`);
      queue.push(line(wanted.at(-1) ?? ''));
    }
    await receiver.clock.advance(1000);
  }
  assert.ok(queue.waiting > 10_000, `${queue.waiting} wait`);
  receiver.room = Infinity;
  await receiver.clock.advance(1000);
  assert.equal(receiver.text, `${wanted.join('\n')}\n`);
  assert.deepEqual([queue.written, queue.waiting, queue.lost], [14_000, 0, 0]);
});

test('less waits for a receiver that is gone than for one that is busy', async () => {
  const receiver = new Receiver();
  const queue = receiver.queue({ limitBytes: 100, goneLimitBytes: 20, retryFailures: true });
  receiver.failure = 'ENOENT';
  for (let i = 0; i < 10; i++) queue.push(line(`line ${i}`));
  assert.deepEqual([queue.waiting, queue.lost], [2, 8]);
  receiver.failure = undefined;
  receiver.room = 0;
  await receiver.clock.advance(10_000);
  for (let i = 0; i < 10; i++) queue.push(line(`line ${i}`));
  assert.deepEqual([queue.waiting, queue.lost], [12, 8]);
});
