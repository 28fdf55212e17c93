/** TCP_CHECK, UDP_CHECK, PING_CHECK and SMTP_CHECK against socat, the kernel and a real mail server. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';

import type { Check } from '../../../lib/checkers/checker.js';
import { pingCheck, udpCheck } from '../../../lib/checkers/datagram.js';
import { smtpCheck } from '../../../lib/checkers/smtp.js';
import { tcpCheck } from '../../../lib/checkers/tcp.js';
import type { CheckerConnection, UdpCheck } from '../../../lib/config/model-lvs.js';
import { milliseconds, seconds } from '../../../lib/units.js';
import { checkLab, serverAddress, serverAddress6 } from '../../support/check-lab.js';
import { assertFailure, assertSuccess, attempt, timedAttempt } from '../../support/check-rig.js';
import { projectRoot } from '../../support/daemons.js';
import { connection, tcpCheck as tcpModel } from '../../support/lvs-model.js';

const { context, director, server } = await checkLab();
const families = [serverAddress, serverAddress6];
const hurry = { connectTimeout: milliseconds(500) };

type More = Partial<CheckerConnection>;
const place = (more: More): CheckerConnection =>
  connection({ connectIp: serverAddress, connectTimeout: seconds(10), ...more });
const tcp = (more: More): Check => tcpCheck(tcpModel(place(more)), context);
const ping = (more: More): Check => pingCheck({ kind: 'PING_CHECK', ...place(more) }, context);
const smtp = (more: More, heloName = 'probe.example.org'): Check =>
  smtpCheck({ kind: 'SMTP_CHECK', ...place(more), heloName }, context);
const udp = (more: Partial<UdpCheck>): Check =>
  udpCheck(
    {
      kind: 'UDP_CHECK',
      ...place({}),
      payload: undefined,
      requireReply: false,
      replyPattern: undefined,
      minReplyLength: 0,
      maxReplyLength: 255,
      ...more,
    },
    context,
  );

/** The check fails with `reason`, once its time is over and not much later. */
async function timesOut(check: Check, reason = 'timeout'): Promise<void> {
  const { outcome, ms } = await timedAttempt(check);
  assertFailure(outcome, reason);
  assert.ok(ms >= 450 && ms < 20_000, `${ms} ms`);
}

/** socat with its first address as given, once it listens. What it forked would outlive it, and hold its output. */
async function socat(t: TestContext, ...argv: readonly string[]): Promise<void> {
  const program = await server.start(['socat', '-d', '-d', ...argv]);
  t.after(() => program.killTree('SIGKILL'));
  await program.waitForLine(/listening on|starting data transfer/);
}

test('TCP_CHECK: a server, a closed port, packets that are dropped', async (t) => {
  await socat(t, 'TCP6-LISTEN:81,fork,reuseaddr,ipv6only=0', 'OPEN:/dev/null');
  for (const connectIp of families) {
    assertSuccess(await attempt(tcp({ connectIp, connectPort: 81 })));
    assertFailure(await attempt(tcp({ connectIp, connectPort: 82 })), 'ECONNREFUSED');
  }
  await server.runOk([
    'nft',
    'add table inet deaf; add chain inet deaf in { type filter hook input priority 0; }; add rule inet deaf in tcp dport 83 drop',
  ]);
  for (const connectIp of families) await timesOut(tcp({ connectIp, connectPort: 83, ...hurry }));
});

test('UDP_CHECK: a server that answers, one that is silent, one that is gone', async (t) => {
  await socat(t, 'UDP6-LISTEN:90,fork,reuseaddr,ipv6only=0', 'EXEC:cat');
  for (const connectIp of families) {
    const port = { connectIp, connectPort: 90 };
    assertSuccess(await attempt(udp({ ...port, requireReply: true })));
    const wanted = { ...port, payload: '70696e67', requireReply: true };
    assertSuccess(await attempt(udp({ ...wanted, replyPattern: '7069xx67' })));
    assertFailure(await attempt(udp({ ...wanted, replyPattern: '00' })), 'reply data mismatch');
    assertFailure(
      await attempt(udp({ ...wanted, replyPattern: '70', maxReplyLength: 3 })),
      'reply data mismatch',
    );
    assertFailure(await attempt(udp({ connectIp, connectPort: 91 })), 'ECONNREFUSED');
  }
  await socat(t, '-u', 'UDP6-RECV:92,ipv6only=0', 'OPEN:/dev/null');
  await timesOut(udp({ connectPort: 92, requireReply: true, ...hurry }));
  assertSuccess(await attempt(udp({ connectPort: 92, ...hurry })));
});

const range = async (low: number, high: number): Promise<void> =>
  void (await director.runOk(['sysctl', '-qw', `net.ipv4.ping_group_range=${low} ${high}`]));

for (const kind of ['datagram', 'raw'])
  test(`PING_CHECK over a ${kind} socket: a host, silence, nobody`, async () => {
    // Group 1 alone may use datagram sockets for echoes: then root, group 0, has the raw ones.
    await (kind === 'raw' ? range(1, 1) : range(0, 2_147_483_647));
    for (const connectIp of families) assertSuccess(await attempt(ping({ connectIp })));
    await server.runOk([
      'sysctl',
      '-qw',
      'net.ipv4.icmp_echo_ignore_all=1',
      'net.ipv6.icmp.echo_ignore_all=1',
    ]);
    for (const connectIp of families) await timesOut(ping({ connectIp, ...hurry }));
    await server.runOk([
      'sysctl',
      '-qw',
      'net.ipv4.icmp_echo_ignore_all=0',
      'net.ipv6.icmp.echo_ignore_all=0',
    ]);
    const unreachable = await attempt(ping({ connectIp: '192.0.2.1' }));
    assertFailure(unreachable, 'ENETUNREACH');
  });

test('SMTP_CHECK: a mail server, one that is closed for us, one that hangs, one that is gone', async () => {
  const file = server.write(
    'mail.mjs',
    `import { createRequire } from 'node:module';
     const { SMTPServer } = createRequire(${JSON.stringify(`${projectRoot}/package.json`)})('smtp-server');
     const open = { disabledCommands: ['AUTH', 'STARTTLS'], disableReverseLookup: true };
     const shut = { ...open, onConnect: (session, done) => done(Object.assign(new Error('closed'), { responseCode: 554 })) };
     const hear = { ...open, logger: false, onClose: (session) => console.log('helo ' + session.hostNameAppearsAs) };
     let ready = 0;
     for (const [port, options] of [[25, hear], [26, shut]]) {
       const server = new SMTPServer(options);
       server.on('error', () => undefined);
       server.listen(port, '::', () => { if (++ready === 2) console.log('ready'); });
     }`,
  );
  const mail = await server.start([process.execPath, file]);
  await mail.waitForLine(/^ready$/);
  for (const connectIp of families)
    assertSuccess(await attempt(smtp({ connectIp, connectPort: 25 }, 'me.example.org')));
  await mail.waitForLines(
    'two greetings',
    (lines) => lines.filter(({ text }) => text === 'helo me.example.org').length === 2,
  );
  assertFailure(await attempt(smtp({ connectPort: 26 })), 'Bad greeting banner from');
  mail.killTree('SIGSTOP');
  await timesOut(smtp({ connectPort: 25, ...hurry }), 'Read timeout from');
  mail.killTree('SIGKILL');
  await mail.exited;
  assertFailure(await attempt(smtp({ connectPort: 25 })), 'Error connecting to');
});
