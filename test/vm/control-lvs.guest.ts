/** `ka-node lvs` against a running daemon: the table that people see, weights by hand, and a drain that counts what is left. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { schemas } from '../../lib/control/schema.js';
import { projectRoot } from '../support/daemons.js';
import { end, freshNamespace, ip, savedTable, startIn, until } from './namespaces.js';

const name = 'kaC-lvs';
const work = mkdtempSync(join(tmpdir(), 'kaC-'));
const socket = join(work, 'c.sock');
const limitMs = 60_000;
const children: ReturnType<typeof startIn>[] = [];
after(async () => {
  for (const child of children) await end(child, 'SIGKILL');
  ip('netns', 'del', name);
});

function startHere(argv: readonly string[], onText: (text: string) => void = () => undefined) {
  const child = startIn(name, argv, onText);
  children.push(child);
  return child;
}

const program = [process.execPath, join(projectRoot, 'bin/ka-node')];

function ka(...args: readonly string[]): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  const [file, ...rest] = [...program, 'lvs', ...args, '--control-socket', socket];
  return spawnSync(file, rest, { encoding: 'utf8' });
}

function configuration(weight: number): string {
  return `virtual_server 10.8.0.1 80 {
  delay_loop 1
  lvs_sched rr
  lvs_method NAT
  protocol TCP
  real_server 10.9.0.1 8080 {
    weight ${weight}
    TCP_CHECK {
      connect_timeout 5
      retry 1
      delay_before_retry 1
    }
  }
  real_server 10.9.0.2 8080 {
    weight 1
    TCP_CHECK {
      connect_timeout 5
      retry 0
    }
  }
}
`;
}

test('ka-node lvs shows health and connections, sets weights that outlast health and reloads, and drains', async () => {
  freshNamespace(name, ['10.9.0.1/32', '10.8.0.1/32']);
  execFileSync('ip', ['netns', 'exec', name, 'sysctl', '-qw', 'net.ipv4.vs.conntrack=0'], {
    stdio: 'ignore',
  });
  const file = join(work, 'x.conf');
  writeFileSync(file, configuration(3));
  const server = startHere(['socat', 'TCP-LISTEN:8080,bind=10.9.0.1,fork,reuseaddr', 'PIPE']);
  let log = '';
  const pids = ['-p', join(work, 'p'), '-r', join(work, 'r'), '-c', join(work, 'c')];
  const daemon = startHere(
    [...program, '-n', '-l', '-D', '-G', '-f', file, ...pids, '--control-socket', socket],
    (text) => (log += text),
  );
  const weightOf = (): string => /-r 10\.9\.0\.1:8080 -m -w (\d+)/.exec(savedTable(name))?.[1] ?? 'none';
  const becomes = async (wanted: string): Promise<void> =>
    assert.equal(await until(weightOf, () => wanted, limitMs), wanted, log);
  await becomes('3');

  // The second server has nobody who listens: it is down, and the page says why.
  const isDown = (): string => String(/10\.9\.0\.2\]:tcp:8080 +down/.test(ka().stdout));
  assert.equal(await until(isDown, () => 'true', limitMs), 'true', log);
  const page = ka();
  assert.equal(page.status, 1);
  assert.match(page.stdout, /^\[10\.8\.0\.1\]:tcp:80 {2}rr, quorum, /m);
  assert.match(
    page.stdout,
    /^ {2}\[10\.9\.0\.1\]:tcp:8080 +up +3 +0 .*TCP_CHECK good.* in [\d.]+ ms, \d+ s ago$/m,
  );
  schemas.Lvs.parse(JSON.parse(ka('--json').stdout));
  // Again and again, one line a look, until it is ended.
  let looks = '';
  const watch = startHere(
    [...program, 'lvs', '--watch', '--json', '--control-socket', socket],
    (text) => (looks += text),
  );
  const count = (): string => String(looks.split('\n').length > 2);
  assert.equal(await until(count, () => 'true', limitMs), 'true', looks);
  await end(watch, 'SIGTERM');
  for (const look of looks.split('\n').slice(0, 2)) schemas.Lvs.parse(JSON.parse(look));

  assert.match(
    ka('weight', '10.8.0.1:80', '10.9.0.1:8080', '7').stdout,
    /weight 7, until enable; 0 connections/,
  );
  await becomes('7');
  // A reload with another weight in the file leaves what was set by hand.
  writeFileSync(file, configuration(5));
  daemon.kill('SIGHUP');
  assert.equal(
    await until(
      () => String(log.includes('Reload complete')),
      () => 'true',
      limitMs,
    ),
    'true',
    log,
  );
  await becomes('7');
  assert.match(ka().stdout, /7 by hand/);
  assert.equal(ka('enable', '10.8.0.1:80', '10.9.0.1').status, 0);
  await becomes('5');
  assert.equal(ka('disable', '10.8.0.1', '10.9.0.1:8080').status, 0);
  await becomes('0');
  assert.equal(ka('enable', '10.8.0.1', '10.9.0.1:8080').status, 0);
  await becomes('5');

  // A client that stays keeps the drain waiting; when it leaves, the server is drained.
  const client = startHere(['socat', '-,ignoreeof', 'TCP:10.8.0.1:80']);
  const active = (): string => /10\.9\.0\.1\]:tcp:8080 +up +\d+ +(\d+)/.exec(ka().stdout)?.[1] ?? '';
  assert.equal(await until(active, () => '1', limitMs), '1', log);
  const early = ka('drain', '10.8.0.1:80', '10.9.0.1:8080', '--timeout', '2s');
  assert.equal(early.status, 1, early.stdout);
  assert.match(early.stdout, /1 connection left when the time was over/);
  await becomes('0');
  await end(client, 'SIGKILL');
  const late = ka('drain', '10.8.0.1:80', '10.9.0.1:8080', '--timeout', '3m');
  assert.equal(late.status, 0, late.stdout);
  assert.match(late.stdout, /drained/);

  assert.equal(ka('weight', '10.8.0.1:80', '10.9.0.9', '1').status, 4);
  assert.equal(ka('weight', '10.8.0.1:80', '10.9.0.1', 'x').status, 2);

  // The other one is down already: this one takes the quorum with it.
  let stream = '';
  const events = get({ socketPath: socket, path: '/v1/events', agent: false }, (response) => {
    response
      .on('error', () => undefined)
      .setEncoding('utf8')
      .on('data', (part: string) => (stream += part));
  });
  events.on('error', () => undefined); // it is cut off in the end
  await once(events, 'response');
  await end(server, 'SIGKILL');
  const both = 'real-server down, virtual-server down';
  const told = (): string =>
    [...stream.matchAll(/^data: (.*"kind":.*)$/gm)]
      .map(([, data = '']) => schemas.Event.parse(JSON.parse(data)))
      .map((event) => `${event.kind} ${'isUp' in event && event.isUp ? 'up' : 'down'}`)
      .toSorted()
      .join(', ');
  assert.equal(await until(told, () => both, limitMs), both, log);
  events.destroy();

  await end(daemon, 'SIGTERM');
  assert.equal(ka().status, 3);
});
