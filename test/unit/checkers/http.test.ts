import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as httpServer, type RequestListener } from 'node:http';
import { createServer as httpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { gzipSync } from 'node:zlib';
import { httpCheck } from '../../../lib/checkers/http.js';
import { compileRegex } from '../../../lib/checkers/regex.js';
import type { HttpCheck, HttpUrl } from '../../../lib/config/model-lvs.js';
import { milliseconds } from '../../../lib/units.js';
import {
  assertFailure,
  assertSuccess,
  attempt,
  checkRig,
  closedPort,
  listen,
  tcpServer,
  timedAttempt,
} from '../../support/check-rig.js';
import { httpCheck as model, httpUrl } from '../../support/lvs-model.js';

const rig = checkRig();
const page = 'hello world\n';
const requests: {
  readonly url: string;
  readonly host: string;
  readonly version: string;
  readonly raw: string;
}[] = [];

const pages: RequestListener = (request, response) => {
  requests.push({
    url: request.url ?? '',
    host: request.headers.host ?? '',
    version: request.httpVersion,
    raw: request.rawHeaders.join('|'),
  });
  const status = Number(/^\/status\/(\d+)/.exec(request.url ?? '')?.[1] ?? 200);
  response.writeHead(status, { 'content-length': page.length, connection: 'close' });
  response.end(page);
};

const server = httpServer(pages);
after(() => server.close());
const port = await listen(server);

function check(url: Partial<HttpUrl>, more: Partial<HttpCheck> = {}) {
  const config = model({
    connectPort: port,
    connectTimeout: milliseconds(400),
    url: [httpUrl(url)],
    ...more,
  });
  return httpCheck(config, rig.context);
}

/** A server that says the given bytes whatever it is asked, and then does as told. */
function saying(
  bytes: string | Buffer,
  then: (socket: Socket) => void = (socket) => socket.end(),
): Promise<number> {
  return tcpServer((socket) =>
    socket.once('data', () => {
      socket.write(bytes);
      then(socket);
    }),
  );
}

const withPort = async (server: Promise<number>, url: Partial<HttpUrl> = {}) =>
  check(url, { connectPort: await server });

test('a page with a good status is a success [keepalived: HTTP_GET]', async () => {
  assertSuccess(await attempt(check({})));
});

test('the request is the one that keepalived sends', async () => {
  const seen: string[] = [];
  const bare = await tcpServer((socket) =>
    socket.once('data', (data) => {
      seen.push(data.toString('latin1'));
      socket.end('HTTP/1.0 200 OK\r\n\r\n');
    }),
  );
  const ask = async (more: Partial<HttpCheck>, url: Partial<HttpUrl> = {}): Promise<void> =>
    assertSuccess(await attempt(check({ path: '/x?y=1', ...url }, { connectPort: bare, ...more })));
  await ask({});
  await ask({ httpProtocol: '1.0C', virtualhost: 'www.example.org' });
  await ask({ httpProtocol: '1.1', virtualhost: 'www.example.org' }, { virtualhost: 'own.example.org' });
  assert.deepEqual(seen, [
    `GET /x?y=1 HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: 127.0.0.1:${bare}\r\n\r\n`,
    'GET /x?y=1 HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\nHost: www.example.org\r\n\r\n',
    'GET /x?y=1 HTTP/1.1\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\nHost: own.example.org\r\n\r\n',
  ]);
});

test('status codes outside of the ranges fail, inside of them pass', async () => {
  const ranges = [
    { first: 200, last: 204 },
    { first: 418, last: 418 },
  ];
  assertSuccess(await attempt(check({ path: '/status/418', statusCode: ranges })));
  assertFailure(
    await attempt(check({ path: '/status/205', statusCode: ranges })),
    'HTTP status code error to',
  );
  assertFailure(await attempt(check({ path: '/status/500' })), 'HTTP status code error to');
  assertFailure(await attempt(await withPort(saying('+OK this is POP3\r\n'))), 'HTTP status code error to');
});

test('the digest is the MD5 of the body', async () => {
  const digest = createHash('md5').update(page).digest('hex');
  assert.equal(digest, '6f5902ac237024bdd0c176cb93063dc4');
  assertSuccess(await attempt(check({ digest })));
  assertFailure(await attempt(check({ digest: digest.replace('6', '7') })), 'MD5 digest error to');
});

test('a regex is searched in the body, with its options and offsets', async () => {
  assertSuccess(await attempt(check({ regex: 'wor.d' })));
  assertFailure(await attempt(check({ regex: 'World' })), 'Regex match failed');
  assertSuccess(await attempt(check({ regex: 'World', regexOptions: ['caseless'] })));
  assertFailure(await attempt(check({ regex: 'hello', regexNoMatch: true })), 'Regex match failed');
  assertSuccess(await attempt(check({ regex: 'world', regexMinOffset: 6, regexMaxOffset: 6 })));
  assertFailure(await attempt(check({ regex: 'world', regexMinOffset: 7 })), 'Regex match failed');
  assertFailure(await attempt(check({ regex: 'world', regexMaxOffset: 5 })), 'Regex match failed');
});

test('what the regex engine lacks is an error at once, not a surprise later', () => {
  assert.equal(compileRegex('(?=x)', httpUrl()).kind, 'error');
  assert.equal(compileRegex('(a)\\1', httpUrl()).kind, 'error');
  assert.equal(compileRegex('a b # c', httpUrl({ regexOptions: ['extended'] })).kind, 'ok');
});

test('a regex that takes others exponential time takes no time', async () => {
  const long = saying(`HTTP/1.0 200 OK\r\n\r\n${'a'.repeat(50_000)}!`);
  const { outcome, ms } = await timedAttempt(await withPort(long, { regex: '^(a+)+$' }));
  assertFailure(outcome, 'Regex match failed');
  assert.ok(ms < 5_000, `${ms} ms`);
});

test('a wrong Content-Length is logged once and is no failure', async () => {
  const wrong = await withPort(saying('HTTP/1.0 200 OK\r\nContent-Length: 10\r\n\r\nabc'));
  assertSuccess(await attempt(wrong));
  assertSuccess(await attempt(wrong));
  assert.deepEqual(
    rig.lines.filter((line) => line.includes('content_length')),
    [
      'http_check for RS [10.1.0.1]:tcp:80 VS [10.0.0.1]:tcp:80 url /: content_length (10) does not match received bytes (3)',
    ],
  );
});

test('no connection and no data are failures with their own words', async () => {
  assertFailure(await attempt(check({}, { connectPort: await closedPort() })), 'Error connecting');
  assertFailure(await attempt(await withPort(saying(''))), 'Read, no data received from ');
});

test('a server that says nothing costs connect_timeout', async () => {
  const { outcome, ms } = await timedAttempt(await withPort(saying('', () => undefined)));
  assertFailure(outcome, 'Timeout HTTP read');
  assert.ok(ms >= 390 && ms < 3_000, `${ms} ms`);
});

test('headers without end and bodies without end are cut off', async () => {
  const flood = (text: string) => (socket: Socket) => {
    const more = (): void => {
      while (!socket.destroyed && socket.write(text));
    };
    socket.on('drain', more);
    more();
  };
  const headers = saying('HTTP/1.0 200 OK\r\n', flood(`X: ${'y'.repeat(10_000)}\r\n`));
  assertFailure(await attempt(await withPort(headers)), 'Reply too large from');
  const body = saying('HTTP/1.0 200 OK\r\n\r\n', flood('z'.repeat(100_000)));
  assertFailure(await attempt(await withPort(body, { regex: 'nowhere' })), 'Reply too large from');
});

test('a body that comes byte by byte ends with the interval', async () => {
  const drip = (socket: Socket): void => {
    const timer = setInterval(() => socket.write('.'), 50);
    socket.on('close', () => clearInterval(timer));
  };
  const connectPort = await saying('HTTP/1.0 200 OK\r\n\r\n', drip);
  const slow = check({}, { connectPort, delayLoop: milliseconds(500), connectTimeout: milliseconds(200) });
  const { outcome, ms } = await timedAttempt(slow);
  assertFailure(outcome, 'Timeout HTTP read');
  assert.ok(ms < 4_000, `${ms} ms`);
});

test('a gzip bomb is so many bytes as it has on the wire', async () => {
  const bomb = gzipSync(Buffer.alloc(50 << 20));
  const head = `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`;
  const outcome = await attempt(await withPort(saying(Buffer.concat([Buffer.from(head), bomb]))));
  assert.equal(outcome.kind === 'success' && outcome.detail, `status 200, ${bomb.length} bytes`);
});

test('an aborted check ends at once', async () => {
  const abort = new AbortController();
  const connectPort = await saying('', () => abort.abort());
  const outcome = await attempt(check({}, { connectPort }), 0, abort.signal);
  assert.equal(outcome.kind, 'failure');
});

// ---- TLS ------------------------------------------------------------------------------------------------------------

const work = mkdtempSync(join(tmpdir(), 'ka-tls-'));
after(() => rmSync(work, { recursive: true }));
const names: (string | undefined)[] = [];
const [key, cert] = [join(work, 'key.pem'), join(work, 'cert.pem')];
execFileSync(
  'openssl',
  [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=test',
    '-keyout',
    key,
    '-out',
    cert,
  ],
  { stdio: 'ignore' },
);
const pem = { key: readFileSync(key), cert: readFileSync(cert) };
const tlsServer = httpsServer(
  {
    ...pem,
    SNICallback: (name, done) => {
      names.push(name);
      done(null);
    },
  },
  pages,
);
after(() => tlsServer.close());
const tlsPort = await listen(tlsServer);

const ssl = (more: Partial<HttpCheck> = {}, url: Partial<HttpUrl> = {}) =>
  check(url, { kind: 'SSL_GET', connectPort: tlsPort, connectTimeout: milliseconds(3_000), ...more });

test('SSL_GET talks TLS and does not mind a certificate that nobody signed [keepalived: SSL_GET]', async () => {
  assertSuccess(await attempt(ssl({}, { digest: '6f5902ac237024bdd0c176cb93063dc4' })));
  assert.deepEqual(names, []);
});

test('the server name is sent when asked for: sni_name, else the virtual host', async () => {
  assertSuccess(await attempt(ssl({ enableSni: true, virtualhost: 'a.example.org' })));
  assertSuccess(
    await attempt(ssl({ enableSni: true, sniName: 'b.example.org', virtualhost: 'a.example.org' })),
  );
  assert.deepEqual(names, ['a.example.org', 'b.example.org']);
});

test('TLS with a server that has none, or that never finishes it, fails', async () => {
  const plain = ssl({ connectPort: port });
  assertFailure(await attempt(plain), 'SSL handshake/communication error connecting to');
  const silent = await tcpServer(() => undefined);
  const { outcome, ms } = await timedAttempt(ssl({ connectPort: silent, connectTimeout: milliseconds(300) }));
  assertFailure(outcome, 'Timeout connecting');
  assert.ok(ms < 3_000, `${ms} ms`);
});
