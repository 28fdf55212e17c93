/** Servers that mean no good cost one check each: so many bytes and so much time, and no other check. */
import assert from 'node:assert/strict';
import test from 'node:test';

import type { Check, Outcome } from '../../../lib/checkers/checker.js';
import { pingCheck, udpCheck } from '../../../lib/checkers/datagram.js';
import { dnsCheck } from '../../../lib/checkers/dns.js';
import { httpCheck } from '../../../lib/checkers/http.js';
import { replyLimits } from '../../../lib/checkers/http-reply.js';
import { smtpCheck } from '../../../lib/checkers/smtp.js';
import { tcpCheck } from '../../../lib/checkers/tcp.js';
import type { CheckerConnection, HttpUrl } from '../../../lib/config/model-lvs.js';
import { milliseconds } from '../../../lib/units.js';
import { checkLab, HostilePeers, serverAddress, serverAddress6 } from '../../support/check-lab.js';
import { attempt, timedAttempt } from '../../support/check-rig.js';
import {
  connection,
  httpCheck as httpModel,
  httpUrl,
  tcpCheck as tcpModel,
} from '../../support/lvs-model.js';

const { context, director, server } = await checkLab();
const [key, cert] = [server.write('key.pem', ''), server.write('cert.pem', '')];
await server.runOk([
  ...['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
  ...['-subj', '/CN=test', '-days', '2', '-keyout', key, '-out', cert],
]);
const modes = [
  ...[
    'silent',
    'reset',
    'reset-later',
    'half-close',
    'half-close-later',
    'endless-headers',
    'endless-header',
  ],
  ...['endless-body', 'slow-headers', 'slow-body', 'gzip-bomb', 'mail', 'noise', 'zeros', 'evil-text'],
  ...['slow-tls', 'silent-tls', 'endless-tls', 'endless-headers-in-tls', 'slow-headers-in-tls'],
  ...['endless-line', 'endless-lines', 'slow-line', 'mute-after-greeting', 'reset-after-greeting'],
  ...['udp-silent', 'udp-echo', 'udp-huge', 'udp-short', 'udp-flood'],
];
const peers = await HostilePeers.start(server, modes, { KEY: key, CERT: cert });

/** Each step may take so long, the whole four times that. */
const stepMs = 700;
/** What the kernels of both sides may hold of a stream beside what was read from it. */
const inFlight = 16 << 20;
/** A check is over after its limit, however busy the machine; without a limit of its own it would never be. */
const soonMs = 20_000;

type More = Partial<CheckerConnection>;
const place = (mode: string, more: More = {}): CheckerConnection =>
  connection({
    connectIp: serverAddress,
    connectPort: peers.port(mode),
    connectTimeout: milliseconds(stepMs),
    delayLoop: milliseconds(stepMs),
    ...more,
  });

const http = (mode: string, url: Partial<HttpUrl> = {}, more: More = {}): Check =>
  httpCheck(httpModel({ ...place(mode, more), url: [httpUrl(url)] }), context);
const https = (mode: string, more: More = {}): Check =>
  httpCheck(httpModel({ ...place(mode, more), kind: 'SSL_GET' }), context);
const smtp = (mode: string): Check =>
  smtpCheck({ kind: 'SMTP_CHECK', ...place(mode), heloName: 'probe.example.org' }, context);
const dns = (mode: string): Check =>
  dnsCheck({ kind: 'DNS_CHECK', ...place(mode), type: 'SOA', name: '.' }, context);
const udp = (mode: string, requireReply: boolean, replyPattern?: string): Check =>
  udpCheck(
    {
      kind: 'UDP_CHECK',
      ...place(mode),
      payload: undefined,
      requireReply,
      replyPattern,
      minReplyLength: 0,
      maxReplyLength: 255,
    },
    context,
  );

/** Plain requests go through the native prober, those whose body is looked at do not: both are attacked. */
const both: readonly Partial<HttpUrl>[] = [{}, { digest: '0'.repeat(32) }];

/** Runs a check; it must end within its time. @returns what it said. */
async function ends(check: Check): Promise<string> {
  const { outcome, ms } = await timedAttempt(check);
  assert.ok(ms < soonMs, `${ms} ms: ${JSON.stringify(outcome)}`);
  return text(outcome);
}

function text(outcome: Outcome): string {
  return outcome.kind === 'success' ? 'success' : outcome.reason;
}

for (const url of both) {
  const who = url.digest === undefined ? 'native' : 'JavaScript';

  test(`HTTP_GET (${who}): headers without end are cut off after ${replyLimits.header} bytes`, async () => {
    for (const mode of ['endless-headers', 'endless-header', 'zeros']) {
      assert.equal(await ends(http(mode, url)), 'Reply too large from', mode);
      const { sent } = await peers.end(mode);
      assert.ok(sent < replyLimits.header + inFlight, `${mode}: ${sent} bytes`);
    }
  });

  test(`HTTP_GET (${who}): a body without end is cut off after ${replyLimits.body} bytes`, async () => {
    assert.equal(await ends(http('endless-body', url)), 'Reply too large from');
    const { sent } = await peers.end('endless-body');
    assert.ok(sent >= replyLimits.body && sent < replyLimits.body + inFlight, `${sent} bytes`);
  });

  test(`HTTP_GET (${who}): what comes byte by byte ends with the time for the whole`, async () => {
    const slow = async (mode: string): Promise<void> => {
      const { outcome, ms } = await timedAttempt(http(mode, url));
      assert.equal(text(outcome), 'Timeout HTTP read', mode);
      // Each byte begins a new step: it is the limit of the whole that ends it.
      assert.ok(ms >= 4 * stepMs - 50 && ms < soonMs, `${mode}: ${ms} ms`);
    };
    await Promise.all(['slow-headers', 'slow-body'].map(slow));
  });

  test(`HTTP_GET (${who}): silence ends with connect_timeout`, async () => {
    const { outcome, ms } = await timedAttempt(http('silent', url));
    assert.equal(text(outcome), 'Timeout HTTP read');
    assert.ok(ms >= stepMs - 50 && ms < soonMs, `${ms} ms`);
  });

  test(`HTTP_GET (${who}): resets, half-closed connections and other protocols fail at once`, async () => {
    assert.match(await ends(http('reset', url)), /^(Error connecting|Read error with|Cannot send .*)$/);
    // JavaScript's sockets take a reset that comes with the last bytes for an end: what is missing is then found missing.
    assert.match(await ends(http('reset-later', url)), /^(Read error with|MD5 digest error to)$/);
    assert.equal(await ends(http('half-close-later', url)), 'Read, no data received from ');
    assert.match(await ends(http('half-close', url)), /^(Read, no data received from |Read error with)$/);
    assert.equal(await ends(http('mail', url)), 'HTTP status code error to');
    assert.equal(await ends(http('noise', url)), 'HTTP status code error to');
  });
}

test('HTTP_GET: a gzip bomb is so many bytes as it has on the wire', async () => {
  const plain = await attempt(http('gzip-bomb'));
  assert.match(plain.kind === 'success' ? (plain.detail ?? '') : text(plain), /^status 200, 6\d{4} bytes$/);
  // Unpacked it would be nothing but such bytes.
  assert.equal(await ends(http('gzip-bomb', { regex: 'A{500}' })), 'Regex match failed');
});

test('HTTP_GET: a pattern that takes others exponential time neither hangs the process nor the other checks', async () => {
  const evil = [
    '^(a+)+$',
    '(a|aa)+$',
    '^(a|a?)+b',
    '(.*)*x',
    '(a*)*b',
    `^${'(a?)'.repeat(30)}${'a'.repeat(30)}b`,
  ];
  const beside = setInterval(() => undefined, 10);
  for (const regex of evil)
    assert.equal(await ends(http('evil-text', { regex })), 'Regex match failed', regex);
  clearInterval(beside);
});

test('SSL_GET: TLS that never finishes ends with connect_timeout, whatever the peer says meanwhile', async () => {
  for (const mode of ['silent', 'silent-tls', 'slow-tls']) {
    const { outcome, ms } = await timedAttempt(https(mode));
    assert.equal(text(outcome), 'Timeout connecting', mode);
    assert.ok(ms >= stepMs - 50 && ms < soonMs, `${mode}: ${ms} ms`);
  }
});

test('SSL_GET: resets, half-closed connections, floods and other protocols fail', async () => {
  const wrong = 'SSL handshake/communication error connecting to';
  for (const mode of [
    'reset',
    'reset-later',
    'half-close',
    'half-close-later',
    'mail',
    'noise',
    'endless-tls',
    'zeros',
  ])
    assert.match(await ends(https(mode)), new RegExp(`^(${wrong}|Error connecting)$`), mode);
  const { sent } = await peers.end('endless-tls');
  assert.ok(sent < inFlight, `${sent} bytes`);
});

test('SSL_GET: within TLS headers without end are cut off, and slow ones end with the time for the whole', async () => {
  assert.equal(await ends(https('endless-headers-in-tls')), 'Reply too large from');
  const { sent } = await peers.end('endless-headers-in-tls');
  assert.ok(sent < replyLimits.header + inFlight, `${sent} bytes`);
  const { outcome, ms } = await timedAttempt(https('slow-headers-in-tls'));
  assert.equal(text(outcome), 'Timeout SSL read');
  assert.ok(ms >= 4 * stepMs - 50 && ms < soonMs, `${ms} ms`);
});

test('SMTP_CHECK: lines without end are cut off, silence ends with connect_timeout', async () => {
  assert.equal(await ends(smtp('endless-line')), 'Read failure from');
  assert.ok((await peers.end('endless-line')).sent < inFlight);
  assert.match(await ends(smtp('endless-lines')), /^(Bad greeting banner from|Read failure from)$/);
  for (const mode of ['silent', 'slow-line', 'mute-after-greeting']) {
    const { outcome, ms } = await timedAttempt(smtp(mode));
    assert.equal(text(outcome), 'Read timeout from', mode);
    assert.ok(ms >= stepMs - 50 && ms < soonMs, `${mode}: ${ms} ms`);
  }
  for (const mode of ['half-close', 'mail', 'reset-after-greeting'])
    assert.equal(await ends(smtp(mode)), 'Read failure from', mode);
  assert.equal(await ends(smtp('noise')), 'Bad greeting banner from');
  assert.match(await ends(smtp('reset')), /^(Read failure from|Error connecting to)$/);
  assert.match(await ends(smtp('zeros')), /^(Read failure from|Bad greeting banner from)$/);
});

test('DNS_CHECK: a huge answer passes, strange ones are ignored until connect_timeout', async () => {
  assert.equal(await ends(dns('udp-huge')), 'success');
  const strange = async (mode: string): Promise<void> => {
    const { outcome, ms } = await timedAttempt(dns(mode));
    assert.equal(text(outcome), 'read timeout from socket', mode);
    assert.ok(ms >= stepMs - 50 && ms < soonMs, `${mode}: ${ms} ms`);
  };
  await Promise.all(['udp-silent', 'udp-echo', 'udp-short', 'udp-flood'].map(strange));
});

test('UDP_CHECK: a huge reply is one reply, a flood of them too', async () => {
  for (const mode of ['udp-huge', 'udp-short', 'udp-flood']) {
    assert.equal(await ends(udp(mode, true)), 'success', mode);
    assert.equal(await ends(udp(mode, true, 'ff')), 'reply data mismatch', mode);
  }
  assert.equal(await ends(udp('udp-silent', true)), 'timeout');
  assert.equal(await ends(udp('udp-silent', false)), 'success');
});

/** Answers each echo request as `how` says, from both families; `lies` are all the answers that are none. */
const liar = `import select, socket, struct, sys
how = sys.argv[1]
def bound(family, protocol, address):
    s = socket.socket(family, socket.SOCK_RAW, protocol)
    s.bind((address, 0))
    return s
def sum16(data):
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16: total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff
places = [(socket.AF_INET, socket.IPPROTO_ICMP, '${serverAddress}', '10.7.0.12', 8, 0),
          (socket.AF_INET6, socket.IPPROTO_ICMPV6, '${serverAddress6}', 'fd07::22', 128, 129)]
hosts = {bound(*each[:3]): (each, bound(each[0], each[1], each[3])) for each in places}
print('ready', flush=True)
while True:
    for host in select.select(list(hosts), [], [])[0]:
        data, peer = host.recvfrom(65535)
        (family, _, _, _, asks, answers), stranger = hosts[host]
        if family == socket.AF_INET: data = data[20:]
        if data[0] != asks: continue
        identifier, sequence = struct.unpack('!HH', data[4:8])
        def say(out, kind, identifier, sequence, body):
            head = struct.pack('!BBHHH', kind, 0, 0, identifier, sequence)
            # The kernel fills in the checksum of ICMPv6.
            total = sum16(head + body) if family == socket.AF_INET else 0
            out.sendto(struct.pack('!BBHHH', kind, 0, total, identifier, sequence) + body, peer)
        if how == 'huge': say(host, answers, identifier, sequence, b'x' * 60000)
        else:
            say(stranger, answers, identifier, sequence, data[8:])
            say(host, asks, identifier, sequence, data[8:])
            host.sendto(struct.pack('!BBH', answers, 0, 0 if family == socket.AF_INET6 else ~(answers << 8) & 0xffff), peer)
            for i in range(100):
                say(host, answers, identifier ^ 1, sequence, data[8:])
                say(host, answers, identifier, sequence + 1 + i, data[8:])
            print('lied', flush=True)
`;

test('PING_CHECK: foreign, cut off and forged answers are ignored until connect_timeout, a huge one passes', async () => {
  const quiet = ['sysctl', '-qw', 'net.ipv4.icmp_echo_ignore_all=1', 'net.ipv6.icmp.echo_ignore_all=1'];
  await server.runOk(quiet);
  await server.ip('address', 'add', 'fd07::22/64', 'dev', 'eth0', 'nodad');
  const ping = (connectIp: string): Check =>
    pingCheck(
      { kind: 'PING_CHECK', ...connection({ connectIp, connectTimeout: milliseconds(stepMs) }) },
      context,
    );
  for (const how of ['lies', 'huge']) {
    const program = await server.start(['python3', '-c', liar, how]);
    await program.waitForLine(/^ready$/);
    // Group 1 alone may use datagram sockets for echoes: then root, group 0, has the raw ones.
    for (const groups of ['0 2147483647', '1 1']) {
      await director.runOk(['sysctl', '-qw', `net.ipv4.ping_group_range=${groups}`]);
      for (const address of [serverAddress, serverAddress6]) {
        const from = program.lines.length;
        assert.equal(await ends(ping(address)), how === 'huge' ? 'success' : 'timeout', `${how} ${groups}`);
        if (how === 'lies') await program.waitForLine(/^lied$/, { from });
      }
    }
    program.killTree('SIGKILL');
    await program.exited;
  }
  await server.runOk(quiet.map((word) => word.replace(/=1$/, '=0')));
});

test('TCP_CHECK: whatever the peer does once it has accepted, it has accepted, and nothing of it stays behind', async () => {
  for (const connectIp of [serverAddress, serverAddress6])
    for (const mode of ['silent', 'half-close', 'zeros', 'mail'])
      assert.equal(await ends(tcpCheck(tcpModel(place(mode, { connectIp })), context)), 'success', mode);
});

test('all of them at once, time and again, disturb no good check beside them', async () => {
  const sorts = [
    'silent',
    'slow-headers',
    'slow-body',
    'slow-tls',
    'endless-body',
    'zeros',
    'reset',
    'half-close',
  ];
  let isOver = false;
  const hostile = Promise.all(
    Array.from({ length: 80 }, (_, i) => {
      const mode = sorts[i % sorts.length] ?? '';
      return attempt(i % 2 === 0 ? http(mode, both[i % 4 === 0 ? 0 : 1]) : https(mode));
    }),
  ).then((outcomes) => {
    isOver = true;
    return outcomes;
  });
  let good = 0;
  // `mail` accepts connections, as any server does, and its host is as busy with the others as ours is.
  while (!isOver) {
    const check = tcpCheck(tcpModel(place('mail', { connectTimeout: milliseconds(15_000) })), context);
    assert.equal(text(await attempt(check)), 'success');
    good++;
  }
  const outcomes = await hostile;
  assert.ok(outcomes.every((outcome) => outcome.kind === 'failure'));
  assert.ok(good > 10, `${good} checks`);
  assert.equal(context.prober.pending, 0);
});

test('a check leaves no connection behind on either side: it ends with a reset', async () => {
  const { error, received } = await peers.end('slow-body');
  assert.equal(error, 'ECONNRESET');
  assert.ok(received > 0);
  for (const host of [director, server]) {
    const left = async (): Promise<string> =>
      host.runOk(['ss', '-Htan', 'state', 'all', 'exclude', 'listening']);
    // The reset is on its way to the server for a moment.
    let lines = await left();
    for (let i = 0; i < 100 && lines !== ''; i++) lines = await left();
    assert.equal(lines, '', host.name);
  }
});
