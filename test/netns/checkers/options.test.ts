/** What every checker has in common, from the keyword in the file to what the checked server sees of it. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { CheckLoop, type Check } from '../../../lib/checkers/checker.js';
import { createCheck } from '../../../lib/checkers/create.js';
import { parseConfig } from '../../../lib/config/load.js';
import { checkLab } from '../../support/check-lab.js';
import { attempt } from '../../support/check-rig.js';

const { context, director, lines, server } = await checkLab(2);

/** An address of the server that both cables lead to: by eth0, unless something says eth1. */
const target = '10.9.0.1';
await server.ip('address', 'add', `${target}/32`, 'dev', 'lo');
await director.ip('route', 'add', target, 'via', '10.7.0.2', 'metric', '1');
await director.ip('route', 'add', target, 'via', '10.8.0.2', 'metric', '2');
await director.ip('route', 'add', target, 'via', '10.8.0.2', 'table', '100');
await director.ip('rule', 'add', 'fwmark', '7', 'table', '100');

/** Says of each connection and datagram where it came from, as accept(2) tells it: a check may have reset it by then. */
const peer = await server.start([
  'python3',
  '-uc',
  `import selectors, socket
place = ('${target}', 7000)
tcp, udp = socket.create_server(place), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(place)
selector = selectors.DefaultSelector()
for each in tcp, udp: selector.register(each, selectors.EVENT_READ)
print('ready')
while True:
    for key, _ in selector.select():
        if key.fileobj is udp: _, peer = udp.recvfrom(4096)
        else:
            connection, peer = tcp.accept()
            connection.close()
        print('from %s:%d' % peer)`,
]);
await peer.waitForLine(/^ready$/);

/** The checker of a real server that nobody could reach but by connect_ip. */
function fromText(kind: string, options: string): Check {
  const text = `virtual_server 10.0.0.1 80 {\nreal_server 192.0.2.1 80 {\n${kind} {\n${options}\n}\n}\n}\n`;
  const { model, diagnostics } = parseConfig({ text, name: 'test.conf' }, { mode: 'daemon' });
  const config = model?.virtualServer[0]?.realServer[0]?.checkers[0];
  assert.ok(config !== undefined, JSON.stringify(diagnostics.map(({ message }) => message)));
  assert.ok(config.kind !== 'FILE_CHECK' && config.kind !== 'BFD_CHECK');
  const check = createCheck(config, context, { ssl: undefined, command: () => undefined });
  assert.ok(check !== undefined);
  return check;
}

const kinds: Readonly<Record<string, string>> = {
  TCP_CHECK: '',
  HTTP_GET: 'url {\npath /\n}\n',
  SSL_GET: 'url {\npath /\n}\n',
  SMTP_CHECK: '',
  DNS_CHECK: '',
  UDP_CHECK: '',
};
const there = `connect_ip ${target}\nconnect_port 7000\nconnect_timeout 0.5\n`;

/** One attempt; what the server saw of it. */
async function seen(kind: string, options: string): Promise<string> {
  const from = peer.lines.length;
  const outcome = await attempt(fromText(kind, there + (kinds[kind] ?? '') + options));
  assert.notEqual(outcome.kind, 'postponed', JSON.stringify(outcome));
  return (await peer.waitForLine(/^from /, { from })).text;
}

for (const kind of Object.keys(kinds))
  test(`${kind}: connect_ip, connect_port, bindto, bind_port, bind_if, fwmark`, async () => {
    assert.match(await seen(kind, ''), /^from 10\.7\.0\.1:\d+$/);
    assert.equal(await seen(kind, 'bindto 10.7.0.11\nbind_port 5555'), 'from 10.7.0.11:5555');
    assert.equal(await seen(kind, 'bind_port 5556'), 'from 10.7.0.1:5556');
    assert.match(await seen(kind, 'bind_if eth1'), /^from 10\.8\.0\.1:\d+$/);
    assert.match(await seen(kind, 'fwmark 7'), /^from 10\.8\.0\.1:\d+$/);
  });

test('PING_CHECK: connect_ip, bindto, bind_if, fwmark', async () => {
  const sources = ['10.7.0.1', '10.7.0.11', '10.8.0.1'];
  await server.runOk([
    'nft',
    `add table ip seen; add chain ip seen in { type filter hook input priority 0; }; ${sources
      .map((source) => `add rule ip seen in ip saddr ${source} icmp type echo-request counter`)
      .join('; ')}`,
  ]);
  const counts = async (): Promise<number[]> => {
    const text = await server.runOk(['nft', 'list', 'table', 'ip', 'seen']);
    return [...text.matchAll(/packets (\d+)/g)].map(([, count]) => Number(count));
  };
  for (const [options, expected] of [
    ['', [1, 0, 0]],
    ['bindto 10.7.0.11', [1, 1, 0]],
    ['bind_if eth1', [1, 1, 1]],
    ['fwmark 7', [1, 1, 2]],
  ] as const) {
    const outcome = await attempt(
      fromText('PING_CHECK', `connect_ip ${target}\nconnect_timeout 10\n${options}`),
    );
    assert.equal(outcome.kind, 'success', `${options}: ${JSON.stringify(outcome)}`);
    assert.deepEqual(await counts(), expected, options);
  }
});

test('connect_timeout: nobody waits longer for an answer that does not come', async () => {
  await server.runOk([
    'nft',
    'add table ip deaf; add chain ip deaf in { type filter hook input priority 0; }; add rule ip deaf in tcp dport 7001 drop',
  ]);
  const outcome = await attempt(
    fromText('TCP_CHECK', `connect_ip ${target}\nconnect_port 7001\nconnect_timeout 0.2`),
  );
  assert.equal(outcome.kind === 'failure' ? outcome.reason : outcome.kind, 'timeout');
  const { elapsedMs = 0 } = outcome.kind === 'failure' ? outcome : {};
  // The kernel would go on for two minutes.
  assert.ok(elapsedMs >= 199 && elapsedMs < 20_000, `${elapsedMs} ms`);
});

/** A loop over a check of the file, its verdicts with the time of each. */
function running(options: string, random = 0) {
  const verdicts: { readonly isUp: boolean; readonly atMs: number }[] = [];
  const attempts: number[] = [];
  let heard = (): void => undefined;
  const check = fromText('TCP_CHECK', options);
  const { clock } = context.host;
  const loop = new CheckLoop({
    check: {
      ...check,
      canRepeat: () => false,
      attempt: (...args) => {
        attempts.push(clock.nowMs());
        return check.attempt(...args);
      },
    },
    host: context.host,
    random: { next: () => random },
    listener: {
      onVerdict: (isUp) => {
        verdicts.push({ isUp, atMs: clock.nowMs() });
        heard();
      },
      onWeight: () => undefined,
    },
  });
  return {
    loop,
    attempts,
    async verdict(count: number): Promise<boolean | undefined> {
      while (verdicts.length < count) await new Promise<void>((resolve) => (heard = resolve));
      return verdicts[count - 1]?.isUp;
    },
  };
}

const gaps = (times: readonly number[]): number[] => times.slice(1).map((at, i) => at - (times[i] ?? at));
/** Timers of JavaScript may come a millisecond early by another clock. */
const early = 2;

test('alpha: down until the first success; warmup: the first attempt comes within it', async () => {
  const pessimist = running(`${there}alpha\nwarmup 0.5`, 0.9);
  assert.equal(pessimist.loop.status.isUp, false);
  const optimist = running(`${there}warmup 0`);
  assert.equal(optimist.loop.status.isUp, true);
  const startMs = context.host.clock.nowMs();
  pessimist.loop.start();
  optimist.loop.start();
  assert.equal(await pessimist.verdict(1), true);
  assert.equal(await optimist.verdict(1), true);
  assert.ok((pessimist.attempts[0] ?? 0) - startMs >= 1000 + 450 - early);
  assert.ok((optimist.attempts[0] ?? 0) < (pessimist.attempts[0] ?? 0));
  pessimist.loop.close();
  optimist.loop.close();
});

test('delay_loop, retry, delay_before_retry and log_all_failures', async () => {
  const { loop, attempts, verdict } = running(
    `${there}warmup 0\ndelay_loop 0.3\nretry 2\ndelay_before_retry 0.8\nlog_all_failures`,
  );
  loop.start();
  assert.equal(await verdict(1), true);
  await peer.waitForLines('three more checks', () => attempts.length >= 4);
  const whileUp = attempts.length;
  for (const gap of gaps(attempts)) assert.ok(gap >= 300 - early, `${gap} ms between checks`);
  await server.runOk([
    'nft',
    'add table ip dead; add chain ip dead in { type filter hook input priority 0; }; add rule ip dead in tcp dport 7000 reject with tcp reset',
  ]);
  const from = lines.length;
  assert.equal(await verdict(2), false);
  const last = attempts.slice(-3);
  assert.ok(attempts.length >= whileUp + 2);
  // The first failure and two retries, so far apart as the file says.
  for (const gap of gaps(last)) assert.ok(gap >= 800 - early, `${gap} ms between retries`);
  const told = lines.slice(from).filter((line) => line.includes('failed'));
  assert.deepEqual(told, [
    'TCP connection to [10.7.0.2]:tcp:80 failed.',
    'TCP connection to [10.7.0.2]:tcp:80 failed.',
    'TCP connection to [10.7.0.2]:tcp:80 failed.',
    'TCP_CHECK on service [10.7.0.2]:tcp:80 failed after 2 retries.',
  ]);
  loop.close();
});
