/** Checks that go on without the loop while they succeed, and what of them is seen and told. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import { createServer, type Server } from 'node:net';
import test from 'node:test';
import { CheckLoop, type Check } from '../../../lib/checkers/checker.js';
import { httpCheck } from '../../../lib/checkers/http.js';
import { tcpCheck } from '../../../lib/checkers/tcp.js';
import { systemRandom } from '../../../lib/host.js';
import { micros, milliseconds, seconds } from '../../../lib/units.js';
import { checkRig, listen } from '../../support/check-rig.js';
import { httpCheck as httpModel, tcpCheck as tcpModel } from '../../support/lvs-model.js';

const rig = checkRig();
const timing = {
  connectTimeout: seconds(5),
  delayLoop: milliseconds(30),
  delayBeforeRetry: milliseconds(10),
  warmup: micros(0),
  retry: 1,
};

/** A running loop, its verdicts as they come, and the number of its attempts that JavaScript saw. */
function run(check: Check) {
  const verdicts: string[] = [];
  let heard = (): void => undefined;
  let attempts = 0;
  const loop = new CheckLoop({
    check: {
      ...check,
      attempt: (step, signal) => {
        attempts++;
        return check.attempt(step, signal);
      },
      watch: (intervalMs, onEnd) => {
        attempts++;
        return check.watch?.(intervalMs, onEnd);
      },
    },
    host: rig.context.host,
    random: systemRandom,
    listener: {
      onVerdict: (isUp, reason) => {
        verdicts.push(isUp ? 'up' : reason);
        heard();
      },
      onWeight: () => undefined,
    },
  });
  loop.start();
  return {
    loop,
    verdicts,
    attempts: () => attempts,
    async count(wanted: number): Promise<void> {
      while (verdicts.length < wanted) await new Promise<void>((resolve) => (heard = resolve));
    },
  };
}

/** Connections that a server has taken. */
function counted(server: Server): { readonly count: () => number; until(wanted: number): Promise<void> } {
  let count = 0;
  server.on('connection', () => count++);
  return {
    count: () => count,
    async until(wanted) {
      while (count < wanted) await once(server, 'connection');
    },
  };
}

test('TCP_CHECK: while it succeeds nothing reaches JavaScript; the first failure does, and retries are counted from it', async () => {
  const server = createServer((socket) => socket.on('error', () => undefined).destroy());
  const taken = counted(server);
  const port = await listen(server);
  const { loop, verdicts, attempts, count } = run(
    tcpCheck(tcpModel({ ...timing, connectPort: port }), rig.context),
  );
  await count(1);
  await taken.until(6);
  assert.equal(attempts(), 2, 'the first attempt, and the repeated one');
  const { latencyMs, atMs, isUp } = loop.status;
  assert.ok(isUp && latencyMs !== undefined && latencyMs < 5_000 && atMs !== undefined);
  server.close();
  await count(2);
  assert.deepEqual(verdicts, ['connected', 'ECONNREFUSED'].with(0, 'up'));
  // The failure that ended the repetition and one retry.
  assert.equal(attempts(), 3);
  loop.close();
});

test('HTTP_GET: another status ends the repetition and is judged; another length is judged good and goes on', async () => {
  let [status, body] = [200, 'hello'];
  const server = createHttp((_request, response) => {
    response.writeHead(status, { connection: 'close' });
    response.end(body);
  });
  const taken = counted(server);
  const port = await listen(server);
  const model = httpModel({ ...timing, connectPort: port });
  const { loop, verdicts, attempts, count } = run(httpCheck(model, rig.context));
  await count(1);
  await taken.until(6);
  assert.equal(attempts(), 2);
  body = 'another length';
  await taken.until(taken.count() + 4);
  assert.equal(attempts(), 3);
  status = 500;
  await count(2);
  assert.deepEqual(verdicts, ['up', 'HTTP status code error to']);
  loop.close();
  server.close();
});

test('a suspended check stops repeating at once, and goes on when it is resumed', async () => {
  const server = createServer((socket) => socket.on('error', () => undefined).destroy());
  const taken = counted(server);
  const port = await listen(server);
  const { loop, count } = run(tcpCheck(tcpModel({ ...timing, connectPort: port }), rig.context));
  await count(1);
  await taken.until(4);
  loop.suspend();
  const before = taken.count();
  // Ten intervals of the prober's own clock, measured by a repeated probe beside it.
  const other = createServer((socket) => socket.on('error', () => undefined).destroy());
  const otherTaken = counted(other);
  const otherPort = await listen(other);
  const target = { address: '127.0.0.1', port: otherPort, timeoutMs: 5_000 };
  const beside = rig.context.prober.watchTcp(target, 30, () => assert.fail('it was ended'));
  await otherTaken.until(10);
  assert.ok((beside.pulse()?.rounds ?? 0) >= 9);
  beside.end();
  assert.equal(beside.pulse(), undefined);
  assert.ok(taken.count() <= before + 1, 'one probe may have been on its way');
  loop.resume();
  await taken.until(taken.count() + 2);
  loop.close();
  server.close();
  other.close();
});
