import assert from 'node:assert/strict';
import { createSocket, type RemoteInfo, type Socket as Datagrams } from 'node:dgram';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import test, { after } from 'node:test';
import { decode, encode } from 'dns-packet';
import { SMTPServer } from 'smtp-server';
import { pingCheck, udpCheck } from '../../../lib/checkers/datagram.js';
import { dnsCheck } from '../../../lib/checkers/dns.js';
import { smtpCheck } from '../../../lib/checkers/smtp.js';
import { tcpCheck } from '../../../lib/checkers/tcp.js';
import type { DnsCheck, SmtpCheck, UdpCheck } from '../../../lib/config/model-lvs.js';
import { milliseconds, seconds } from '../../../lib/units.js';
import {
  assertFailure,
  assertSuccess,
  attempt,
  checkRig,
  closedPort,
  tcpServer,
  timedAttempt,
} from '../../support/check-rig.js';
import { connection, tcpCheck as tcpModel } from '../../support/lvs-model.js';

const needsRoot = process.getuid?.() === 0 ? false : 'needs root';

const rig = checkRig();
const quick = { connectTimeout: milliseconds(300) };

// ---- TCP ------------------------------------------------------------------------------------------------------------

const tcp = (more: Parameters<typeof tcpModel>[0]) => tcpCheck(tcpModel({ ...quick, ...more }), rig.context);

test('TCP_CHECK: an accepted connection is a success, a refused one a failure', async () => {
  const port = await tcpServer(() => undefined);
  assertSuccess(await attempt(tcp({ connectPort: port })));
  assertFailure(await attempt(tcp({ connectPort: await closedPort() })), 'ECONNREFUSED');
});

test('the source address and port of a check are the ones that were asked for', async () => {
  const peers: string[] = [];
  const port = await tcpServer((socket) => {
    peers.push(`${socket.remoteAddress ?? ''} ${socket.remotePort ?? 0}`);
    socket.end('220 hello\r\n');
  });
  const bindPort = await closedPort();
  await attempt(smtp(port, { bindto: '127.0.0.77', bindPort }));
  assert.deepEqual(peers, [`127.0.0.77 ${bindPort}`]);
});

test('TCP_CHECK: an address or interface that is not here postpones the check', async () => {
  const port = await tcpServer(() => undefined);
  const bind = await attempt(tcp({ connectPort: port, bindto: '192.0.2.99' }));
  assert.deepEqual(bind, { kind: 'postponed', reason: 'bind: EADDRNOTAVAIL' });
  const device = await attempt(tcp({ connectPort: port, bindIf: 'nosuchif0' }));
  assert.deepEqual(device, { kind: 'postponed', reason: 'SO_BINDTODEVICE: ENODEV' });
});

test('TCP_CHECK: interface and mark are set on the socket', { skip: needsRoot }, async () => {
  const port = await tcpServer(() => undefined);
  assertSuccess(await attempt(tcp({ connectPort: port, bindIf: 'lo', fwmark: 5 })));
});

test('TCP_CHECK: thousands of checks at once do not disturb each other', async () => {
  const port = await tcpServer(() => undefined);
  const refused = await closedPort();
  const timing = { connectTimeout: seconds(20) };
  const outcomes = await Promise.all(
    Array.from({ length: 1000 }, (_, i) =>
      attempt(tcp({ connectPort: i % 2 === 0 ? port : refused, ...timing })),
    ),
  );
  assert.equal(outcomes.filter((outcome) => outcome.kind === 'success').length, 500);
});

// ---- PING -----------------------------------------------------------------------------------------------------------

test(
  'PING_CHECK: the loopback answers in both families, a void address does not',
  { skip: needsRoot },
  async () => {
    const ping = (connectIp: string) =>
      pingCheck({ kind: 'PING_CHECK', ...connection({ ...quick, connectIp }) }, rig.context);
    assertSuccess(await attempt(ping('127.0.0.1')));
    assertSuccess(await attempt(ping('::1')));
    const outcome = await attempt(ping('240.0.0.1'));
    assert.notEqual(outcome.kind, 'success');
  },
);

// ---- UDP ------------------------------------------------------------------------------------------------------------

async function datagrams(
  serve: (message: Buffer, from: RemoteInfo, socket: Datagrams) => void,
): Promise<number> {
  const socket = createSocket('udp4');
  after(() => socket.close());
  socket.on('message', (message, from) => serve(message, from, socket));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket.address().port;
}

const reply = (text: string) => (_message: Buffer, from: RemoteInfo, socket: Datagrams) =>
  socket.send(text, from.port, from.address);

function udp(connectPort: number, more: Partial<UdpCheck> = {}) {
  const config: UdpCheck = {
    kind: 'UDP_CHECK',
    ...connection({ ...quick, connectPort }),
    payload: undefined,
    requireReply: false,
    replyPattern: undefined,
    minReplyLength: 0,
    maxReplyLength: 255,
    ...more,
  };
  return udpCheck(config, rig.context);
}

test('UDP_CHECK: silence is a success, an ICMP error is not [keepalived: UDP_CHECK]', async () => {
  const got: Buffer[] = [];
  const port = await datagrams((message) => got.push(message));
  assertSuccess(await attempt(udp(port)));
  assert.deepEqual(got.map(String), ['keepalived check - keepalived ch']);
  const unused = createSocket('udp4').bind(0, '127.0.0.1');
  await once(unused, 'listening');
  const { port: dead } = unused.address();
  unused.close();
  await once(unused, 'close');
  assertFailure(await attempt(udp(dead)), 'ECONNREFUSED');
});

test('UDP_CHECK: a required reply must come, and have the right length and bytes', async () => {
  assertFailure(await attempt(udp(await datagrams(() => undefined), { requireReply: true })), 'timeout');
  const port = await datagrams(reply('pong'));
  const asks = (more: Partial<UdpCheck>) => attempt(udp(port, { requireReply: true, ...more }));
  assertSuccess(await asks({}));
  assertSuccess(await asks({ replyPattern: '706fxx67' }));
  assertSuccess(await asks({ replyPattern: '7' + 'x' + '6f6e67' }));
  assertFailure(await asks({ replyPattern: '716f6e67' }), 'reply data mismatch');
  assertFailure(await asks({ replyPattern: '70', minReplyLength: 5 }), 'reply data mismatch');
  assertFailure(await asks({ replyPattern: '70', maxReplyLength: 3 }), 'reply data mismatch');
});

test('UDP_CHECK: the payload is sent as configured', async () => {
  const got: Buffer[] = [];
  const port = await datagrams((message, from, socket) => {
    got.push(message);
    socket.send('k', from.port, from.address);
  });
  assertSuccess(await attempt(udp(port, { payload: '00ff10', requireReply: true })));
  assert.deepEqual(got, [Buffer.from([0x00, 0xff, 0x10])]);
});

// ---- DNS ------------------------------------------------------------------------------------------------------------

function dns(connectPort: number, more: Partial<DnsCheck> = {}) {
  return dnsCheck(
    { kind: 'DNS_CHECK', ...connection({ ...quick, connectPort }), type: 'SOA', name: '.', ...more },
    rig.context,
  );
}

/** A name server that answers each question with the given rcode. */
const answering = (rcode: number, change: (answer: Buffer) => Buffer = (answer) => answer) =>
  datagrams((message, from, socket) => {
    const query = decode(message);
    const answer = encode({
      type: 'response',
      id: query.id ?? 0,
      flags: rcode,
      questions: query.questions ?? [],
    });
    socket.send(change(answer), from.port, from.address);
  });

test('DNS_CHECK: asks for the configured name and type, recursion desired', async () => {
  const questions: unknown[] = [];
  const port = await datagrams((message, from, socket) => {
    const { id = 0, questions: asked, flag_rd: recursion } = decode(message);
    questions.push(
      asked?.map(({ name, type }) => `${type} ${name}`),
      recursion,
    );
    socket.send(encode({ type: 'response', id, questions: asked ?? [] }), from.port, from.address);
  });
  assertSuccess(await attempt(dns(port, { type: 'AAAA', name: 'www.example.org.' })));
  assertSuccess(await attempt(dns(port)));
  assert.deepEqual(questions, [['AAAA www.example.org'], true, ['SOA .'], true]);
});

test('DNS_CHECK: an error code is a failure, whatever it is', async () => {
  assertFailure(await attempt(dns(await answering(3))), 'read error occurred. (rcode = 3)');
  assertFailure(await attempt(dns(await answering(2))), 'read error occurred. (rcode = 2)');
});

test('DNS_CHECK: strangers, echoes and fragments are ignored until the time is over', async () => {
  const noise = (change: (answer: Buffer) => Buffer) => answering(0, change);
  const otherId = noise((answer) => {
    answer.writeUInt16BE(answer.readUInt16BE(0) ^ 1, 0);
    return answer;
  });
  assertFailure(await attempt(dns(await otherId)), 'read timeout from socket');
  const echo = await datagrams((message, from, socket) => socket.send(message, from.port, from.address));
  assertFailure(await attempt(dns(echo)), 'read timeout from socket');
  assertFailure(
    await attempt(dns(await noise((answer) => answer.subarray(0, 11)))),
    'read timeout from socket',
  );
});

test('DNS_CHECK: a huge answer is a good one', async () => {
  assertSuccess(
    await attempt(dns(await answering(0, (answer) => Buffer.concat([answer, Buffer.alloc(60_000)])))),
  );
});

// ---- SMTP -----------------------------------------------------------------------------------------------------------

function smtp(connectPort: number, more: Partial<SmtpCheck> = {}) {
  return smtpCheck(
    { kind: 'SMTP_CHECK', ...connection({ ...quick, connectPort }), heloName: 'probe.example.org', ...more },
    rig.context,
  );
}

test('SMTP_CHECK: a real server passes and hears our name', async () => {
  const names: string[] = [];
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    onMailFrom: (_address, _session, done) => done(),
  });
  server.on('error', () => undefined);
  const listening = server.listen(0, '127.0.0.1');
  after(() => void server.close());
  await once(listening, 'listening');
  const address = listening.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  assertSuccess(await attempt(smtp(port, { connectTimeout: seconds(5) })));
  const bare = await tcpServer((socket) => {
    socket.write('220 ready\r\n');
    socket.on('data', (data) => {
      names.push(String(data).trim());
      socket.write('250 fine\r\n');
    });
  });
  assertSuccess(await attempt(smtp(bare)));
  assert.deepEqual(names, ['HELO probe.example.org', 'QUIT']);
});

test('SMTP_CHECK: wrong replies fail with their own words', async () => {
  const says = async (greeting: string, hello = '250 fine\r\n') => {
    const port = await tcpServer((socket: Socket) => {
      socket.write(greeting);
      socket.on('data', (data) => socket.write(String(data).startsWith('HELO') ? hello : '221 bye\r\n'));
    });
    return attempt(smtp(port));
  };
  assertFailure(await says('554 go away\r\n'), 'Bad greeting banner from');
  assertFailure(await says('220-many\r\n220 lines\r\n'), 'Bad greeting banner from');
  assertFailure(await says('2200 no\r\n'), 'Bad greeting banner from');
  assertFailure(await says('220 hi\r\n', '502 what\r\n'), 'Bad HELO response from');
  assertFailure(await says('220 hi\r\n', ''), 'Read timeout from');
  assertFailure(await attempt(smtp(await closedPort())), 'Error connecting to');
});

test('SMTP_CHECK: silence, endless lines and a hang-up cost one check', async () => {
  const silent = await tcpServer(() => undefined);
  const { outcome, ms } = await timedAttempt(smtp(silent));
  assertFailure(outcome, 'Read timeout from');
  assert.ok(ms < 3_000, `${ms} ms`);
  const endless = await tcpServer((socket) => socket.write('2'.repeat(100_000)));
  assertFailure(await attempt(smtp(endless)), 'Read failure from');
  const gone = await tcpServer((socket) => socket.end());
  assertFailure(await attempt(smtp(gone)), 'Read failure from');
});
