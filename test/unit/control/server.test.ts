/** The control server on real sockets: who may do what, and what a client cannot do to it. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync, existsSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import test, { after } from 'node:test';
import { ControlError, get, getText, post } from '../../../lib/control/client.js';
import { ControlListener, type ControlOptions } from '../../../lib/control/listener.js';
import { adminPath } from '../../../lib/control/paths.js';
import { KaError } from '../../../lib/errors.js';
import { systemClock } from '../../../lib/host.js';
import type { ReloadReport } from '../../../lib/control/messages.js';
import { HandlersHost } from '../../support/control-host.js';
import { ManualClock } from '../../support/manual-clock.js';
import { RecordingLogger } from '../../support/recording-logger.js';

const work = mkdtempSync(join(tmpdir(), 'ka-control-'));
after(() => rmSync(work, { recursive: true, force: true }));
let sockets = 0;

async function open(host: HandlersHost, more: Partial<ControlOptions> = {}) {
  const path = join(work, `c${++sockets}.sock`);
  const logger = new RecordingLogger();
  const listener = await ControlListener.open(host, { path, logger, clock: systemClock, ...more });
  return { listener, path: more.path ?? path, logger };
}

const handlers = {
  status: () => ({ atMs: Date.now(), instances: [], groups: [] }),
  standby: (params: unknown) => ({ atMs: Date.now(), members: ['VI_1'], text: JSON.stringify(params) }),
};

function failsWith(code: string): (error: unknown) => boolean {
  return (error) => error instanceof ControlError && error.code === code;
}

/** What a socket answers to raw text, until it is closed. */
function raw(path: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(path, () => socket.write(text));
    socket.setEncoding('utf8');
    socket.on('data', (part: string) => (answer += part));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
  });
}

test('a look is answered with its age, a change is done through the admin socket', async () => {
  const { listener, path } = await open(new HandlersHost({ vrrp: handlers }));
  await using _ = listener;
  const status = await get({ path }, '/v1/status');
  assert.ok(typeof status === 'object' && status !== null && 'ageMs' in status && 'version' in status);
  assert.equal(status.version, '1.2.3');
  assert.ok(typeof status.ageMs === 'number' && status.ageMs >= 0 && status.ageMs < 5000);
  const done = await post({ path: adminPath(path) }, '/v1/instances/VI%201/standby', { forMs: 5000 });
  assert.ok(typeof done === 'object' && done !== null && 'text' in done);
  assert.equal(done.text, '{"forMs":5000,"name":"VI 1"}');
});

test('the socket for the group has mode 0660 and takes no change, that of root has 0600', async () => {
  const { listener, path } = await open(new HandlersHost({ vrrp: handlers }));
  await using _ = listener;
  assert.equal(statSync(path).mode & 0o777, 0o660);
  assert.equal(statSync(adminPath(path)).mode & 0o777, 0o600);
  const text = 'POST /v1/instances/VI_1/standby HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}';
  assert.match(await raw(path, text), /^HTTP\/1\.1 403 .*KA_CONTROL_FORBIDDEN/s);
  assert.match(await raw(adminPath(path), text), /^HTTP\/1\.1 200 /);
});

const needsRoot = process.getuid?.() === 0 ? false : 'must be root';

test('root and the group get in, others do not', { skip: needsRoot }, async () => {
  const group = '64123';
  chmodSync(work, 0o755);
  const { listener, path } = await open(new HandlersHost({ vrrp: handlers }), { group });
  await using _ = listener;
  const asked = (gid: string, uid: string, socket: string): string => {
    const who = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
    const argv = [...who, 'socat', '-u', 'OPEN:/dev/null', `UNIX-CONNECT:${socket}`];
    const { status, stderr } = spawnSync('setpriv', argv, { encoding: 'utf8' });
    return status === 0 ? 'in' : stderr.includes('Permission denied') ? 'out' : stderr;
  };
  const people = { root: ['0', '0'], member: [group, '65534'], stranger: ['65534', '65534'] } as const;
  const seen = Object.entries(people).map(([name, [gid, uid]]) =>
    [name, asked(gid, uid, path), asked(gid, uid, adminPath(path))].join(' '),
  );
  assert.deepEqual(seen, ['root in in', 'member in out', 'stranger out out']);
});

test('the group may change things when it is told so', async () => {
  const { listener, path } = await open(new HandlersHost({ vrrp: handlers }), { groupMayChange: true });
  await using _ = listener;
  const text = 'POST /v1/instances/VI_1/standby HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}';
  assert.match(await raw(path, text), /^HTTP\/1\.1 200 /);
});

test('wrong paths, methods and bodies are told apart', async () => {
  const { listener, path } = await open(new HandlersHost({ vrrp: handlers }), { groupMayChange: true });
  await using _ = listener;
  await assert.rejects(get({ path }, '/v2'), failsWith('KA_CONTROL_NOT_FOUND'));
  await assert.rejects(get({ path }, '/v1/reload'), failsWith('KA_CONTROL_ALLOW'));
  const wrong = await raw(path, 'DELETE /v1/status HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.match(wrong, /^HTTP\/1\.1 405 .*^Allow: GET\r$.*answers to GET, not to DELETE/ms);
  const standby = '/v1/instances/x/standby';
  await assert.rejects(post({ path }, standby, { forMs: -1 }), failsWith('KA_CONTROL_REQUEST'));
  await assert.rejects(post({ path }, standby, { nonsense: 1 }), failsWith('KA_CONTROL_REQUEST'));
  await assert.rejects(get({ path }, '/v1/lvs'), failsWith('KA_CONTROL_GONE'));
});

test('a refusal of a side reaches the client with its code', async () => {
  const refuse = () => {
    throw new KaError('KA_CONTROL_REFUSED', 'nobody would take over');
  };
  const { listener, path } = await open(new HandlersHost({ vrrp: { resume: refuse } }), {
    groupMayChange: true,
  });
  await using _ = listener;
  await assert.rejects(post({ path }, '/v1/instances/x/resume', {}), failsWith('KA_CONTROL_REFUSED'));
});

test('a side that is frozen is not asked to change anything: it would do so later', async () => {
  const done: string[] = [];
  const ping = () => {
    throw new KaError('KA_CONTROL_TIMEOUT', 'the vrrp process does not answer');
  };
  const standby = () => done.push('standby');
  const { listener, path } = await open(new HandlersHost({ vrrp: { ping, standby } }));
  await using _ = listener;
  const standing = post({ path: adminPath(path) }, '/v1/instances/VI_1/standby', {});
  await assert.rejects(standing, failsWith('KA_CONTROL_TIMEOUT'));
  assert.deepEqual(done, []);
});

test('an interim answer comes at once, and only to those who want it', async () => {
  let release: () => void = () => undefined;
  const thinking = new Promise<void>((resolve) => (release = resolve));
  const status = async () => {
    await thinking;
    return { atMs: Date.now(), instances: [], groups: [] };
  };
  const { listener, path } = await open(new HandlersHost({ vrrp: { status } }));
  await using _ = listener;
  const interim = new Promise<number | undefined>((resolve) => {
    const request = httpRequest({
      socketPath: path,
      path: '/v1/status',
      headers: { Prefer: 'sign-of-life' },
    });
    request.on('information', ({ statusCode }) => resolve(statusCode));
    request.end();
  });
  assert.equal(await interim, 102);
  const plain = raw(path, 'GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n');
  release();
  assert.match(await plain, /^HTTP\/1\.1 200 /);
});

test('a side that does not answer is answered for with what was known, and its age', async () => {
  let isDead = false;
  const status = () => {
    if (isDead) throw new KaError('KA_CONTROL_TIMEOUT', 'the vrrp process does not answer');
    return { atMs: Date.now() - 1000, instances: ['known'], groups: [] };
  };
  const { listener, path } = await open(new HandlersHost({ vrrp: { status } }));
  await using _ = listener;
  await get({ path }, '/v1/status');
  isDead = true;
  const late = await get({ path }, '/v1/status');
  assert.ok(
    typeof late === 'object' && late !== null && 'ageMs' in late && 'instances' in late && 'sides' in late,
  );
  assert.deepEqual(late.instances, ['known']);
  assert.ok(Number(late.ageMs) >= 1000);
  assert.match(JSON.stringify(late.sides), /the vrrp process does not answer/);
});

test('many who ask at once cost one question', async () => {
  let asked = 0;
  let release: (() => void) | undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const status = async () => {
    asked += 1;
    await released;
    return { atMs: Date.now(), instances: [], groups: [] };
  };
  const { listener, path } = await open(new HandlersHost({ vrrp: { status } }));
  await using _ = listener;
  const first = get({ path }, '/v1/status');
  while (asked === 0) await new Promise((resolve) => setImmediate(resolve));
  const others = Array.from({ length: 20 }, () => get({ path }, '/v1/status'));
  // The others are inside once a later request that needs nobody has been answered.
  await getText({ path }, '/openapi.json');
  release?.();
  await Promise.all([first, ...others]);
  assert.ok(asked <= 2, `${asked} questions`);
});

test('a body without end, a head without end and nonsense end their connection alone', async () => {
  const { listener, path } = await open(new HandlersHost({ vrrp: handlers }), { groupMayChange: true });
  await using _ = listener;
  const head = 'POST /v1/instances/x/standby HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
  assert.match(await raw(path, head + chunk + chunk), /KA_CONTROL_TOO_LARGE/);
  assert.match(
    await raw(path, `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}`),
    /^HTTP\/1\.1 431 .*16384 bytes/s,
  );
  assert.match(await raw(path, '\0\0\0\n\n'), /^HTTP\/1\.1 400 .*this is no HTTP request/s);
  await get({ path }, '/v1/status');
});

test('a reload that takes minutes is answered, and whoever does not take an answer is cut off', async () => {
  const clock = new ManualClock();
  class SlowHost extends HandlersHost {
    override async reload(): Promise<ReloadReport> {
      await clock.advance(100_000);
      return super.reload();
    }
  }
  const { listener, path } = await open(new SlowHost({ vrrp: handlers }), { clock });
  await using _ = listener;
  const done = await post({ path: adminPath(path) }, '/v1/reload', {});
  assert.ok(typeof done === 'object' && done !== null && 'lines' in done);
  assert.deepEqual(done.lines, ['nothing changed']);
  const idle = connect(path);
  await new Promise((resolve) => idle.once('connect', resolve));
  const closed = new Promise((resolve) => idle.once('close', resolve));
  await get({ path }, '/v1/status');
  await clock.advance(100_000);
  await closed;
});

test('more connections than the limit are closed, and there is room again afterwards', async () => {
  const { listener, path } = await open(new HandlersHost({ vrrp: handlers }));
  await using _ = listener;
  let closed = 0;
  const crowd: Socket[] = [];
  await new Promise<void>((resolve) => {
    for (let i = 0; i < 70; i++) {
      const socket = connect(path);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        closed += 1;
        if (closed === 6) resolve();
      });
      crowd.push(socket);
    }
  });
  for (const socket of crowd) socket.destroy();
  for (;;) {
    try {
      await get({ path }, '/v1/status');
      return;
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
    }
  }
});

test('the socket file of a killed daemon is replaced, that of a live one is not', async () => {
  const path = join(work, 'stale.sock');
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script]);
  assert.ok(existsSync(path));
  const { listener } = await open(new HandlersHost({ vrrp: handlers }), { path });
  await using _ = listener;
  await get({ path }, '/v1/status');
  const second = await open(new HandlersHost({}), { path });
  assert.match(second.logger.lines.join('\n'), /another daemon answers there/);
  await second.listener.close();
  await get({ path }, '/v1/status');
});

test('folders that are made for the socket can be entered, whatever the umask', async () => {
  const umask = process.umask(0o177);
  const path = join(work, 'made/for/it.sock');
  const { listener, logger } = await open(new HandlersHost({}), { path });
  process.umask(umask);
  await using _ = listener;
  assert.deepEqual(logger.lines, []);
  for (const folder of ['made', 'made/for']) assert.equal(statSync(join(work, folder)).mode & 0o777, 0o755);
});

test('what is no socket is left alone', async () => {
  const path = join(work, 'file.sock');
  writeFileSync(path, 'precious');
  const { listener, logger } = await open(new HandlersHost({}), { path });
  await listener.close();
  assert.match(logger.lines.join('\n'), /a file that is no socket/);
  assert.equal(statSync(path).size, 8);
});

test('closing removes the files, but not those of a successor', async () => {
  const { listener, path } = await open(new HandlersHost({ vrrp: handlers }));
  rmSync(path);
  const successor = createServer().listen(path);
  await new Promise((resolve) => successor.once('listening', resolve));
  await listener.close();
  assert.ok(existsSync(path));
  assert.ok(!existsSync(adminPath(path)));
  await new Promise((resolve) => successor.close(resolve));
});

test('metrics on TCP are metrics alone', async () => {
  const { listener } = await open(new HandlersHost({ vrrp: handlers }), { metrics: '127.0.0.1:0' });
  await using _ = listener;
  const base = `http://127.0.0.1:${listener.metricsPort ?? 0}`;
  const page = await fetch(`${base}/metrics`);
  assert.match(await page.text(), /^ka_node_info\{version="1\.2\.3"\} 1$/m);
  assert.ok(page.headers.get('age') !== null);
  assert.equal((await fetch(`${base}/v1/status`)).status, 404);
});
