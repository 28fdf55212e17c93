/**
 * Servers that mean no good, each mode named on the command line on a port of its own from 4000 on: says `ready`, and
 * `ended MODE SENT RECEIVED ERROR` when a connection is over.
 */
import { createSocket, type RemoteInfo, type Socket as Datagrams } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';

type Talk = (socket: Socket) => void;
type Answer = (socket: Datagrams, question: Buffer, from: RemoteInfo) => void;

const head = 'HTTP/1.1 200 OK\r\n';

/** Speaks first, or once it has been spoken to. */
const afterRequest =
  (talk: Talk): Talk =>
  (socket) =>
    void socket.once('data', () => talk(socket));

/** Writes for as long as the other side takes it. */
const flood =
  (begin: string, text: string): Talk =>
  (socket) => {
    const more = (): void => {
      while (!socket.destroyed && socket.write(text));
    };
    socket.on('drain', more);
    socket.write(begin);
    more();
  };

/** A piece now and then, for ever. */
const drip =
  (begin: Buffer | string, piece: string): Talk =>
  (socket) => {
    socket.write(begin);
    const timer = setInterval(() => socket.write(piece), 20);
    socket.on('close', () => clearInterval(timer));
  };

const say =
  (text: Buffer | string): Talk =>
  (socket) =>
    void socket.end(text);

const bomb = gzipSync(Buffer.alloc(64 << 20, 'A'));
const bombHead = `${head}Content-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`;
/** A TLS record that promises 16 KiB of handshake. */
const record = Buffer.from([0x16, 0x03, 0x03, 0x40, 0x00, 0x02, 0x00, 0x3f, 0xfc, 0x03, 0x03]);

/** The same within TLS. Needs KEY and CERT, paths. */
const overTls =
  (talk: Talk): Talk =>
  (socket) => {
    const pem = (name: string): Buffer => readFileSync(process.env[name] ?? '');
    const secureContext = createSecureContext({ key: pem('KEY'), cert: pem('CERT') });
    const tls = new TLSSocket(socket, { isServer: true, secureContext });
    tls.on('error', () => undefined);
    talk(tls);
  };

const streams: Readonly<Record<string, Talk>> = {
  silent: () => undefined,
  reset: (socket) => void socket.resetAndDestroy(),
  'reset-later': afterRequest((socket) => void socket.write(head, () => socket.resetAndDestroy())),
  'half-close': (socket) => void socket.end(),
  'half-close-later': afterRequest((socket) => void socket.end()),
  'endless-headers': afterRequest(flood(head, `X: ${'y'.repeat(10_000)}\r\n`)),
  'endless-header': afterRequest(flood(`${head}X: `, 'y'.repeat(10_000))),
  'endless-body': afterRequest(flood(`${head}\r\n`, 'z'.repeat(100_000))),
  'slow-headers': afterRequest(drip(head, 'x')),
  'slow-body': afterRequest(drip(`${head}\r\n`, 'x')),
  'gzip-bomb': afterRequest(say(Buffer.concat([Buffer.from(bombHead), bomb]))),
  mail: say('220 mail.example.org ESMTP\r\n'),
  noise: say(Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 167 + 13) & 0xff))),
  zeros: flood('', '\0'.repeat(100_000)),
  'evil-text': afterRequest(say(`${head}\r\n${'a'.repeat(500_000)}!`)),
  'slow-tls': afterRequest(drip(record, 'x')),
  'silent-tls': afterRequest(() => undefined),
  'endless-tls': afterRequest(flood('', '\x16\x03\x03\x00\x04\x00\x00\x00\x00'.repeat(2_000))),
  'endless-line': flood('220 ', 'm'.repeat(10_000)),
  'endless-lines': flood('', '220-and more\r\n'.repeat(1_000)),
  'mute-after-greeting': (socket) => void socket.write('220 hello\r\n'),
  'reset-after-greeting': (socket) => {
    socket.write('220 hello\r\n');
    socket.once('data', () => socket.resetAndDestroy());
  },
  'slow-line': drip('220 ', 'x'),
};

const inTls: Readonly<Record<string, Talk>> = {
  // Ends without the word that ends TLS.
  'cut-tls': overTls((tls) => {
    tls.once('data', () => tls.write(`${head}\r\nhello world\n`, () => tls.destroy()));
  }),
  'endless-headers-in-tls': overTls(afterRequest(flood(head, `X: ${'y'.repeat(10_000)}\r\n`))),
  'slow-headers-in-tls': overTls(afterRequest(drip(head, 'x'))),
};

const sendTo = (socket: Datagrams, from: RemoteInfo, bytes: Buffer): void =>
  void socket.send(bytes, from.port, from.address, () => undefined);
const reply = (question: Buffer, more = 0): Buffer => {
  const bytes = Buffer.concat([question, Buffer.alloc(more)]);
  bytes[2] = 0x80;
  return bytes;
};

const datagrams: Readonly<Record<string, Answer>> = {
  'udp-silent': () => undefined,
  'udp-echo': (socket, question, from) => sendTo(socket, from, question),
  'udp-huge': (socket, question, from) => sendTo(socket, from, reply(question, 60_000)),
  'udp-short': (socket, question, from) => sendTo(socket, from, reply(question).subarray(0, 11)),
  'udp-flood': (socket, question, from) => {
    const wrong = reply(question, 1_000);
    wrong.writeUInt16BE(wrong.readUInt16BE(0) ^ 1, 0);
    for (let i = 0; i < 2_000; i++) sendTo(socket, from, wrong);
  },
};

for (const [index, mode] of process.argv.slice(2).entries()) {
  const port = 4000 + index;
  const talk = streams[mode] ?? inTls[mode];
  const answer = datagrams[mode];
  if (talk !== undefined) await listen(mode, port, talk);
  else if (answer !== undefined) await receive(port, answer);
  else throw new Error(`no mode ${mode}`);
}
process.stdout.write('ready\n');

async function listen(mode: string, port: number, talk: Talk): Promise<void> {
  const server = createServer({ allowHalfOpen: mode.startsWith('half-close') }, (socket) => {
    let error = '';
    socket.on('error', (cause: NodeJS.ErrnoException) => (error = cause.code ?? 'error'));
    socket.on('close', () => {
      const sent = socket.bytesWritten - socket.writableLength;
      process.stdout.write(`ended ${mode} ${sent} ${socket.bytesRead} ${error}\n`);
    });
    talk(socket);
    if (mode in streams) socket.resume();
  });
  server.listen(port, '::');
  await once(server, 'listening');
}

async function receive(port: number, answer: Answer): Promise<void> {
  const socket = createSocket('udp6');
  socket.on('message', (question, from) => answer(socket, question, from));
  socket.on('error', () => undefined);
  socket.bind(port, '::');
  await once(socket, 'listening');
}
