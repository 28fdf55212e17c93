/** When the checks of every kind are made and judged: from the keyword in the file to attempts, verdicts and log lines. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import test from 'node:test';

import { CheckLoop, type Check } from '../../../lib/checkers/checker.js';
import { createCheck } from '../../../lib/checkers/create.js';
import { parseConfig } from '../../../lib/config/load.js';
import { checkLab, serverAddress } from '../../support/check-lab.js';
import { attempt } from '../../support/check-rig.js';

const { context, server } = await checkLab();
const { clock } = context.host;

server.write('key', '');
await server.runOk([
  ...['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=test'],
  ...['-keyout', server.path('key'), '-out', server.path('certificate')],
]);
/** One good server of each kind. */
const servers = await server.start([
  'python3',
  '-uc',
  `import socketserver, ssl, threading
class Tcp(socketserver.BaseRequestHandler):
    def handle(self): pass
class Web(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            if self.server.server_address[1] == 7443: self.request = tls.wrap_socket(self.request, server_side=True)
            self.request.recv(4096)
            self.request.sendall(b'HTTP/1.0 200 OK\\r\\nContent-Length: 4\\r\\n\\r\\ngood')
        except OSError: pass
class Mail(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            for reply in b'220 here', b'250 good', b'221 bye':
                self.request.sendall(reply + b'\\r\\n')
                self.request.recv(4096)
        except OSError: pass
class Names(socketserver.BaseRequestHandler):
    def handle(self):
        data, socket = self.request
        socket.sendto(data[:2] + b'\\x81\\x80' + data[4:], self.client_address)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain('${server.path('certificate')}', '${server.path('key')}')
class Tcp4(socketserver.ThreadingTCPServer): daemon_threads = True; request_queue_size = 128
class Udp4(socketserver.ThreadingUDPServer): daemon_threads = True
for kind, port, handler in (Tcp4, 7000, Tcp), (Tcp4, 7080, Web), (Tcp4, 7443, Web), (Tcp4, 7025, Mail), (Udp4, 7053, Names), (Udp4, 7007, Names):
    threading.Thread(target=kind(('${serverAddress}', port), handler).serve_forever).start()
print('ready')`,
]);
await servers.waitForLine(/^ready$/);

/** MISC_CHECK finds this file, or fails. */
const flag = server.path('flag');
writeFileSync(flag, '');

interface Kind {
  /** Where it goes; times are long, so that a slow machine is no failure. */
  readonly place: string;
  /** What is logged of three failures with `log_all_failures`. */
  readonly told: readonly string[];
}

const page = 'url {\npath /\nstatus_code 200\n}';
const who = '[10.7.0.2]:tcp:80';
/** Tells of a failure, with `log_all_failures`: of the last one as well. */
const each = (failed: string, down: string): readonly string[] => [failed, failed, failed, down];
/** The last one is told by the line of the end alone. */
const forgiven = (failed: string, down: string): readonly string[] => [failed, failed, down];
const misc = `Misc check for [${who} VS [10.0.0.1]:tcp:80] by [/usr/bin/test -e ${flag}]`;
const mail = `SMTP_CHECK Error connecting to server [${serverAddress}]:7025`;
const web = each(`Error connecting server ${who}.`, `HTTP_CHECK on service ${who} failed after 2 retries.`);

const kinds: Readonly<Record<string, Kind>> = {
  TCP_CHECK: {
    place: 'connect_port 7000\nconnect_timeout 20',
    told: each(`TCP connection to ${who} failed.`, `TCP_CHECK on service ${who} failed after 2 retries.`),
  },
  HTTP_GET: { place: `connect_port 7080\nconnect_timeout 20\n${page}`, told: web },
  SSL_GET: { place: `connect_port 7443\nconnect_timeout 20\n${page}`, told: web },
  SMTP_CHECK: { place: 'connect_port 7025\nconnect_timeout 20', told: forgiven(mail, mail) },
  DNS_CHECK: {
    place: 'connect_port 7053\nconnect_timeout 20\ntype A\nname example.org',
    told: forgiven(`DNS_CHECK (${who}) ECONNREFUSED`, `DNS_CHECK (${who}) ECONNREFUSED after 2 retries`),
  },
  UDP_CHECK: {
    place: 'connect_port 7007\nconnect_timeout 20\nrequire_reply',
    told: each(`UDP connection to ${who} failed.`, `UDP_CHECK on service ${who} failed after 2 retries.`),
  },
  PING_CHECK: {
    // What is prohibited is as silent to it as what is lost.
    place: 'connect_timeout 3',
    told: each(`ICMP connection to ${who} timeout.`, `ICMP CHECK on service ${who} failed after 2 retries.`),
  },
  MISC_CHECK: {
    place: `misc_timeout 20\nmisc_path "/usr/bin/test -e ${flag}"`,
    told: [
      `${misc} failed, will do 2 retries (exited with status 1).`,
      `${misc} failed on retry 1/2 (exited with status 1).`,
      `${misc} failed after 2 retries (exited with status 1).`,
    ],
  },
};
const names = Object.keys(kinds);

/** As in the file, where the last one of an option counts. */
function fromText(name: string, options: string, lines: string[] = []): Check {
  const there = `${name === 'MISC_CHECK' ? '' : `connect_ip ${serverAddress}\n`}${kinds[name]?.place ?? ''}`;
  const text = `virtual_server 10.0.0.1 80 {\nreal_server 192.0.2.1 80 {\n${name} {\n${there}\n${options}\n}\n}\n}\n`;
  const { model, diagnostics } = parseConfig({ text, name: 'test.conf' }, { mode: 'daemon' });
  const config = model?.virtualServer[0]?.realServer[0]?.checkers[0];
  assert.ok(config !== undefined, JSON.stringify(diagnostics.map(({ message }) => message)));
  assert.ok(config.kind !== 'FILE_CHECK' && config.kind !== 'BFD_CHECK');
  const host = { clock, logger: { log: (_level: string, line: string) => void lines.push(line) } };
  const check = createCheck(
    config,
    { ...context, host },
    { ssl: undefined, command: ({ miscPath }) => ({ argv: miscPath.argv }) },
  );
  assert.ok(check !== undefined);
  return check;
}

/** A loop over a check of the file, with the times of its attempts and its verdicts. */
function running(name: string, options: string, random = 0) {
  const verdicts: boolean[] = [];
  /** Attempts and lines until the last verdict; the loop goes on. */
  let until = { attempts: 0, lines: 0 };
  const attempts: number[] = [];
  const lines: string[] = [];
  let heard = (): void => undefined;
  const check = fromText(name, options, lines);
  const loop = new CheckLoop({
    check: {
      ...check,
      // Every attempt is to be seen here.
      watch: () => undefined,
      attempt: (...args) => {
        attempts.push(clock.nowMs());
        heard();
        return check.attempt(...args);
      },
    },
    host: { clock, logger: { log: (_level: string, line: string) => void lines.push(line) } },
    random: { next: () => random },
    listener: {
      onVerdict: (isUp) => {
        verdicts.push(isUp);
        until = { attempts: attempts.length, lines: lines.length };
        heard();
      },
      onWeight: () => undefined,
    },
  });
  const becomes = async (isTrue: () => boolean): Promise<void> => {
    while (!isTrue()) await new Promise<void>((resolve) => (heard = resolve));
  };
  return { name, loop, attempts, verdicts, lines, becomes, atVerdict: () => until };
}

const gaps = (times: readonly number[]): number[] => times.slice(1).map((at, i) => at - (times[i] ?? at));
/** A timer of Node counts from the beginning of the turn in which it is set: it comes early by what a busy turn takes. */
const early = 30;

/** All servers answer no more, and say so where they can. */
async function breakAll(): Promise<void> {
  rmSync(flag);
  // Else the kernel leaves out errors that follow one another too fast.
  await server.runOk(['sysctl', '-qw', 'net.ipv4.icmp_ratelimit=0']);
  await server.runOk([
    'nft',
    'add table ip dead; add chain ip dead in { type filter hook input priority 0; }; ' +
      'add rule ip dead in tcp dport 7000-7999 reject with tcp reset; ' +
      'add rule ip dead in udp dport 7000-7999 reject with icmp type port-unreachable; ' +
      'add rule ip dead in icmp type echo-request reject with icmp type host-prohibited',
  ]);
}

test('connect_timeout: no checker waits longer for an answer that does not come', async () => {
  await server.runOk([
    'nft',
    'add table ip deaf; add chain ip deaf in { type filter hook input priority 0; }; add rule ip deaf in ip saddr 10.7.0.11 drop',
  ]);
  const silent = names.filter((name) => name !== 'MISC_CHECK');
  await Promise.all(
    silent.map(async (name) => {
      const startedMs = clock.nowMs();
      const outcome = await attempt(fromText(name, 'bindto 10.7.0.11\nconnect_timeout 0.2'));
      const elapsedMs = clock.nowMs() - startedMs;
      assert.equal(outcome.kind, 'failure', `${name}: ${JSON.stringify(outcome)}`);
      // The kernel would go on for two minutes.
      assert.ok(elapsedMs >= 200 - early && elapsedMs < 20_000, `${name}: ${elapsedMs} ms`);
    }),
  );
});

test('alpha: down until the first success; warmup: the first attempt comes within it', async () => {
  await Promise.all(
    names.map(async (name) => {
      const pessimist = running(name, 'alpha\nwarmup 0.5', 0.9);
      const optimist = running(name, 'warmup 0');
      assert.deepEqual([pessimist.loop.status.isUp, optimist.loop.status.isUp], [false, true], name);
      const startMs = clock.nowMs();
      for (const { loop } of [pessimist, optimist]) loop.start();
      for (const { becomes, verdicts, lines } of [pessimist, optimist]) {
        await becomes(() => verdicts.length > 0);
        assert.equal(verdicts[0], true, `${name}: ${lines.join('\n')}`);
      }
      assert.equal(pessimist.loop.status.isUp, true);
      assert.ok((pessimist.attempts[0] ?? 0) - startMs >= 1000 + 450 - early, name);
      assert.ok((optimist.attempts[0] ?? 0) < (pessimist.attempts[0] ?? 0), name);
      for (const { loop } of [pessimist, optimist]) loop.close();
    }),
  );
});

test('delay_loop, retry, delay_before_retry and log_all_failures', async () => {
  const timing = 'warmup 0\ndelay_loop 0.3\nretry 2\ndelay_before_retry 0.8';
  const all = names.flatMap((name) => [running(name, timing), running(name, `${timing}\nlog_all_failures`)]);
  for (const { loop } of all) loop.start();
  for (const { name, attempts, verdicts, lines, becomes } of all) {
    await becomes(() => verdicts.length > 0 && attempts.length >= 4);
    assert.deepEqual(verdicts, [true], `${name}: ${lines.join('\n')}`);
    for (const gap of gaps(attempts)) assert.ok(gap >= 300 - early, `${name}: ${gap} ms between checks`);
  }
  const before = all.map(({ lines }) => lines.length);
  await breakAll();
  const [told, expected]: [unknown[], unknown[]] = [[], []];
  for (const [i, { name, attempts, verdicts, lines, becomes, atVerdict }] of all.entries()) {
    await becomes(() => verdicts.length > 1);
    assert.deepEqual(verdicts, [true, false], name);
    const end = atVerdict();
    // The first failure and two retries, so far apart as the file says.
    for (const gap of gaps(attempts.slice(0, end.attempts).slice(-3)))
      assert.ok(gap >= 800 - early, `${name}: ${gap} ms between retries`);
    told[i] = lines.slice(before[i], end.lines);
    expected[i] = kinds[name]?.told.slice(i % 2 === 0 ? -1 : 0);
  }
  assert.deepEqual(told, expected);
  for (const { loop } of all) loop.close();
});
