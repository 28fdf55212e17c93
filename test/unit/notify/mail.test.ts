import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { SMTPServer } from 'smtp-server';
import { systemClock, type Host } from '../../../lib/host.js';
import { Mailer } from '../../../lib/notify/mail.js';
import {
  groupMail,
  instanceMail,
  message,
  realServerMail,
  virtualServerMail,
  type MailSettings,
} from '../../../lib/notify/mail-text.js';
import { ManualClock, settle } from '../../support/manual-clock.js';
import { Program } from '../../support/program.js';
import { RecordingLogger } from '../../support/recording-logger.js';

const settings: MailSettings = {
  host: '127.0.0.1',
  port: 25,
  from: 'ka@example.net',
  to: ['ops@example.net', 'Two <two@example.net>'],
  heloName: 'node1',
  timeoutMs: 10_000,
  routerId: 'lab',
  isSilentOnFault: false,
};

/** What one SMTP session delivered. */
interface Received {
  readonly helo: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
}

/** A real SMTP server on loopback; `refuse` may turn a recipient away. */
class MailServer implements AsyncDisposable {
  readonly received: Received[] = [];
  readonly #server: SMTPServer;
  readonly #waiting = new Set<() => void>();

  private constructor(refuse: (recipient: string) => number | undefined) {
    this.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['AUTH'],
      onRcptTo: (address, _session, callback) => {
        const responseCode = refuse(address.address);
        callback(responseCode === undefined ? null : Object.assign(new Error('no'), { responseCode }));
      },
      onData: (stream, session, callback) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const { mailFrom, rcptTo } = session.envelope;
          this.received.push({
            helo: session.hostNameAppearsAs,
            from: mailFrom === false ? '' : mailFrom.address,
            to: rcptTo.map((each) => each.address),
            text: Buffer.concat(chunks).toString(),
          });
          callback();
          for (const check of this.#waiting) check();
        });
      },
    });
    this.#server.on('error', () => undefined); // a client that goes away
  }

  static async start(
    options: { port?: number; refuse?: (to: string) => number | undefined } = {},
  ): Promise<MailServer> {
    const server = new MailServer(options.refuse ?? (() => undefined));
    await new Promise<void>((resolve) => server.#server.listen(options.port ?? 0, '127.0.0.1', resolve));
    return server;
  }

  get port(): number {
    return portOf(this.#server.server.address());
  }

  async waitFor(count: number): Promise<readonly Received[]> {
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (this.received.length >= count) resolve();
      };
      this.#waiting.add(check);
      check();
    });
    return this.received;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** A TCP server that behaves badly. */
async function badServer(context: TestContext, behave: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    behave(socket);
  });
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return portOf(server.address());
}

/** A logger whose lines can be waited for. */
class AwaitedLogger extends RecordingLogger {
  readonly #listeners = new Set<() => void>();

  override log(level: 'error' | 'warning' | 'info' | 'detail', text: string): void {
    super.log(level, text);
    for (const listener of this.#listeners) listener();
  }

  waitFor(pattern: RegExp): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (this.lines.some((line) => pattern.test(line))) resolve();
      };
      this.#listeners.add(check);
      check();
    });
  }
}

interface Setup {
  readonly host: Host;
  readonly logger: AwaitedLogger;
  readonly mailer: Mailer;
}

function setUp(context: TestContext, changes: Partial<MailSettings>, clock = systemClock): Setup {
  const logger = new AwaitedLogger();
  const host = { clock, logger };
  const mailer = new Mailer({ ...settings, ...changes }, host);
  context.after(() => mailer.close(0));
  return { host, logger, mailer };
}

test('a message has the headers of keepalived in their order, and CR LF everywhere', () => {
  const wallMs = new Date(2026, 10, 2, 5, 6, 7).getTime();
  const offset = /GMT(\S+)/.exec(new Date(wallMs).toString())?.[1] ?? '';
  assert.equal(
    message(
      settings,
      realServerMail(
        '[192.168.77.2]:tcp:8080',
        '[10.50.0.1]:tcp:80',
        false,
        'CHECK failed on service : HTTP request failed',
      ),
      wallMs,
    ),
    `Date: Mon, 02 Nov 2026 05:06:07 ${offset}\r\n` +
      'From: ka@example.net\r\n' +
      'Subject: [lab] Realserver [192.168.77.2]:tcp:8080 of virtual server [10.50.0.1]:tcp:80 - DOWN\r\n' +
      'X-Mailer: Keepalived\r\n' +
      'To: ops@example.net, Two <two@example.net>\r\n' +
      '\r\n' +
      '=> CHECK failed on service : HTTP request failed <=\r\n' +
      '\r\n',
  );
});

test('subjects and bodies are those of keepalived', () => {
  assert.deepEqual(instanceMail('VI', 'STOP'), {
    subject: 'VRRP Instance VI - Stopping',
    body: 'VRRP Instance stopping',
  });
  assert.deepEqual(groupMail('G', 'STOP'), {
    subject: 'VRRP Group G - Stopping',
    body: 'All VRRP group instances are now stopping',
  });
  assert.deepEqual(virtualServerMail('FWM 7', true, 'Gained quorum 1+0=1 <= 2'), {
    subject: 'Virtualserver FWM 7 - UP',
    body: 'Gained quorum 1+0=1 <= 2',
  });
});

test('subject and body are cut where keepalived cuts them, and no name begins a header', () => {
  const long = message(
    { ...settings, routerId: 'a\r\nBcc: x' },
    { subject: 's'.repeat(400), body: 'b'.repeat(600) },
    0,
  );
  const lines = long.split('\r\n');
  assert.equal(lines[2]?.length, 'Subject: '.length + 255);
  assert.equal(lines[6]?.length, 511);
  assert.match(long, /^Subject: \[a {2}Bcc: x\] s/m);
});

test('mails arrive in order, with HELO name, sender, all recipients and the text as it is', async (context) => {
  await using server = await MailServer.start();
  const { mailer, logger } = setUp(context, { port: server.port });
  mailer.send(instanceMail('VI_1', 'BACKUP'));
  mailer.send(instanceMail('VI_1', 'MASTER'));
  mailer.send(groupMail('G1', 'MASTER'));
  const received = await server.waitFor(3);
  for (const each of received) {
    assert.equal(each.helo, 'node1');
    assert.equal(each.from, 'ka@example.net');
    assert.deepEqual(each.to, ['ops@example.net', 'two@example.net']);
  }
  assert.deepEqual(
    received.map(({ text }) => /^Subject: (.*)\r$/m.exec(text)?.[1]),
    [
      '[lab] VRRP Instance VI_1 - Entering BACKUP state',
      '[lab] VRRP Instance VI_1 - Entering MASTER state',
      '[lab] VRRP Group G1 - Entering MASTER state',
    ],
  );
  assert.match(
    received[0]?.text ?? '',
    /^Date: .*\r\nFrom: ka@example.net\r\nSubject: .*\r\nX-Mailer: Keepalived\r\nTo: .*\r\n\r\n=> VRRP Instance is no longer owning VRRP VIPs <=\r\n\r\n$/,
  );
  await mailer.close();
  assert.deepEqual(mailer.status, { sent: 3, waiting: 0, lost: 0 });
  assert.deepEqual(logger.lines.slice(0, 2), [
    `Remote SMTP server [127.0.0.1]:${server.port} connected.`,
    'SMTP alert successfully sent.',
  ]);
});

test('a server that is gone is tried again with growing pauses, and gets the mail when it is back', async (context) => {
  const { port } = await MailServer.start().then(async (gone) => {
    const { port } = gone;
    await gone[Symbol.asyncDispose]();
    return { port };
  });
  const clock = new ManualClock();
  const { mailer, logger } = setUp(context, { port }, clock);
  mailer.send(instanceMail('VI_1', 'MASTER'));
  await logger.waitFor(/SMTP connection ERROR to \[127\.0\.0\.1\]:\d+\. .*ECONNREFUSED/);
  await settle();
  assert.equal(mailer.status.waiting, 1);
  await using server = await MailServer.start({ port });
  await clock.advance(5_000);
  await server.waitFor(1);
  await logger.waitFor(/successfully sent/);
  assert.deepEqual(mailer.status, { sent: 1, waiting: 0, lost: 0 });
});

for (const [behaviour, behave, words] of [
  [
    'never greets',
    (): void => undefined,
    /^Timeout reading data to remote SMTP server \[127\.0\.0\.1\]:\d+\.$/,
  ],
  [
    'hangs after its greeting',
    (socket: Socket): void => void socket.write('220 slow\r\n'),
    /^Timeout reading data to remote SMTP server \[127\.0\.0\.1\]:\d+\.$/,
  ],
  [
    'hangs up',
    (socket: Socket): void => void socket.end(),
    /^Remote SMTP server \[127\.0\.0\.1\]:\d+ has closed the connection\.$/,
  ],
  [
    'refuses to talk',
    (socket: Socket): void => void socket.write('554 go away\r\n'),
    /^Error processing \(E\)SMTP cmd on SMTP server \[127\.0\.0\.1\]:\d+\. SMTP status code = 554$/,
  ],
] as const)
  test(`a server that ${behaviour} is reported in the words of keepalived, and waited for by nobody`, async (context) => {
    const port = await badServer(context, behave);
    const { mailer, logger } = setUp(context, { port, timeoutMs: 100 });
    mailer.send(instanceMail('VI_1', 'MASTER'));
    assert.equal(logger.lines.length, 0);
    await logger.waitFor(words);
  });

test('a connection that is not answered ends after smtp_connect_timeout', async (context) => {
  // It listens and accepts nobody; once its queue is full the kernel answers no further connection.
  const deaf = `
    import { writeSync } from 'node:fs';
    import { createServer } from 'node:net';
    const server = createServer().listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
      writeSync(1, server.address().port + '\\n');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`;
  await using server = await Program.start([process.execPath, '--input-type=module', '-e', deaf]);
  const port = Number((await server.waitForLine(/^\d+$/)).text);
  for (let filled = 0; filled < 2; filled++) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined); // its server is killed
    context.after(() => socket.destroy());
    await once(socket, 'connect');
  }
  const { mailer, logger } = setUp(context, { port, timeoutMs: 100 });
  mailer.send(instanceMail('VI_1', 'MASTER'));
  await logger.waitFor(/^Timeout opening connection to remote SMTP server \[127\.0\.0\.1\]:\d+\.$/);
  assert.equal(mailer.status.waiting, 1);
});

test('a refusal for now is tried again, one for good is not', async (context) => {
  const codes = [450, 550];
  await using server = await MailServer.start({ refuse: () => codes.shift() });
  const clock = new ManualClock();
  const { mailer, logger } = setUp(context, { port: server.port, to: ['ops@example.net'] }, clock);
  mailer.send(instanceMail('VI_1', 'MASTER'));
  await logger.waitFor(/^Error processing RCPT cmd on SMTP server \S+ SMTP status code = 450$/);
  await settle();
  assert.equal(mailer.status.waiting, 1);
  await clock.advance(5_000);
  await logger.waitFor(/^Error processing RCPT cmd on SMTP server \S+ SMTP status code = 550$/);
  await logger.waitFor(/^Mail 'VRRP Instance VI_1 - Entering MASTER state' is given up$/);
  assert.deepEqual(mailer.status, { sent: 0, waiting: 0, lost: 1 });
});

test('a recipient that is refused does not cost the others their mail', async (context) => {
  await using server = await MailServer.start({
    refuse: (to) => (to === 'ops@example.net' ? 550 : undefined),
  });
  const { mailer, logger } = setUp(context, { port: server.port });
  mailer.send(instanceMail('VI_1', 'MASTER'));
  assert.deepEqual((await server.waitFor(1))[0]?.to, ['two@example.net']);
  await logger.waitFor(/^SMTP server \S+ refused ops@example.net$/);
  await logger.waitFor(/successfully sent/);
});

test('too many mails cost the oldest, counted', async (context) => {
  const port = await badServer(context, () => undefined);
  const { mailer, logger } = setUp(context, { port });
  for (let i = 0; i < 510; i++) mailer.send(instanceMail(`VI_${i}`, 'MASTER'));
  assert.deepEqual(mailer.status, { sent: 0, waiting: 500, lost: 10 });
  assert.deepEqual(
    logger.lines.filter((line) => line.includes('Too many')),
    [`Too many mails wait for [127.0.0.1]:${port}: the oldest are given up`],
  );
});

test('with no_email_faults nothing is written about FAULT [keepalived: no_email_faults]', async (context) => {
  await using server = await MailServer.start();
  const { mailer } = setUp(context, { port: server.port, isSilentOnFault: true });
  mailer.instance('VI_1', 'FAULT');
  mailer.group('G1', 'FAULT');
  mailer.instance('VI_1', 'BACKUP');
  const received = await server.waitFor(1);
  assert.match(received[0]?.text ?? '', /Entering BACKUP state/);
  assert.deepEqual(mailer.status.waiting + mailer.status.sent + mailer.status.lost, 1);
});

test('at the end what waits is sent within the grace, the rest is given up', async (context) => {
  await using server = await MailServer.start();
  const good = setUp(context, { port: server.port });
  good.mailer.send(instanceMail('VI_1', 'STOP'));
  good.mailer.send(groupMail('G1', 'STOP'));
  await good.mailer.close();
  assert.equal(server.received.length, 2);
  const bad = setUp(context, { port: await badServer(context, () => undefined) });
  bad.mailer.send(instanceMail('VI_1', 'STOP'));
  await bad.mailer.close(50);
  assert.deepEqual(bad.mailer.status, { sent: 0, waiting: 0, lost: 1 });
  assert.match(bad.logger.lines.join('\n'), /Mails that could not be sent before the end: 1$/);
});
