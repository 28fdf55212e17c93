/** HTTP_GET, SSL_GET and genhash against nginx. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import test from 'node:test';

import type { Check } from '../../../lib/checkers/checker.js';
import { httpCheck } from '../../../lib/checkers/http.js';
import type { HttpCheck, HttpUrl } from '../../../lib/config/model-lvs.js';
import { milliseconds, seconds } from '../../../lib/units.js';
import { checkLab, HostilePeers, serverAddress, serverAddress6 } from '../../support/check-lab.js';
import { assertFailure, assertSuccess, attempt, timedAttempt } from '../../support/check-rig.js';
import { projectRoot } from '../../support/daemons.js';
import { httpCheck as model, httpUrl } from '../../support/lvs-model.js';

const { context, director, server } = await checkLab();
const page = 'hello world, this is a page\n';
const digest = createHash('md5').update(page).digest('hex');
const plain = 80;
const tls = 443;
const onlyNew = 4431;
const onlyOld = 4432;

// A key of RSA, so that old versions of TLS have a cipher too.
const [key, cert] = [server.path('key.pem'), server.path('cert.pem')];
server.write('www/page', page);
await server.runOk([
  ...['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=test'],
  ...['-keyout', key, '-out', cert],
]);
await server.runOk(['truncate', '-s', '20M', server.path('www/large')]);
const listens = (port: number, more = ''): string => `listen ${port}${more}; listen [::]:${port}${more};`;
// What nginx opens again must be a file: the standard output of a test's program is a socket.
const accessLog = server.write('access.log', '');
const requests = await server.start(['tail', '-n', '+1', '-f', accessLog]);
const nginx = await server.start([
  'nginx',
  '-c',
  server.write(
    'nginx.conf',
    `daemon off; master_process off; pid ${server.path('pid')}; error_log stderr notice;
    events { worker_connections 200; }
    http {
      log_format seen '$server_port|$ssl_protocol|$ssl_server_name|$request|$http_host|$http_connection|$status';
      access_log ${accessLog} seen; keepalive_timeout 60; default_type text/plain;
      ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${server.path(name)};`).join(' ')}
      ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate ${cert}; ssl_certificate_key ${key};
      root ${server.path('www')};
      server {
        ${listens(plain)} ${listens(tls, ' ssl')}
        location = /gone { return 404; } location = /sorry { return 503; } location = /moved { return 301 /page; }
        location = /empty { return 204; } location = /nothing { return 444; }
        location = /slow { alias ${server.path('www/large')}; limit_rate 2k; }
      }
      server { ${listens(onlyNew, ' ssl')} ssl_protocols TLSv1.3; }
      server { ${listens(onlyOld, ' ssl')} ssl_protocols TLSv1; ssl_ciphers ALL:@SECLEVEL=0; }
      server { ${listens(plain)} ${listens(tls, ' ssl')} server_name other.example.org; return 200 'another page'; }
    }`,
  ),
]);
await nginx.waitForLine(/using the "epoll"/);

const timing = { connectIp: serverAddress, connectTimeout: seconds(10), delayLoop: seconds(60) };
function http(url: Partial<HttpUrl> = {}, more: Partial<HttpCheck> = {}): Check {
  const config = model({ ...timing, connectPort: plain, url: [httpUrl({ path: '/page', ...url })], ...more });
  return httpCheck(config, context);
}
const https = (url: Partial<HttpUrl> = {}, more: Partial<HttpCheck> = {}): Check =>
  http(url, { kind: 'SSL_GET', connectPort: tls, ...more });

let asked = 0;

/** What nginx writes about a good request, which carries a number so that its line is known. */
async function seen(more: Partial<HttpCheck> = {}, get = http): Promise<string> {
  const path = `/page?${++asked}`;
  assertSuccess(await attempt(get({ path }, more)));
  const { text } = await requests.waitForLine(new RegExp(`\\?${asked} `));
  return text.replace(/\?\d+ /, ' ');
}

test('HTTP_GET: a good page, in both families and all versions of the protocol', async () => {
  assert.equal(await seen(), '80|-|-|GET /page HTTP/1.0|10.7.0.2:80|-|200');
  assert.equal(await seen({ connectIp: serverAddress6 }), '80|-|-|GET /page HTTP/1.0|[fd07::2]:80|-|200');
  assert.equal(await seen({ httpProtocol: '1.0C' }), '80|-|-|GET /page HTTP/1.0|10.7.0.2:80|close|200');
  assert.equal(await seen({ httpProtocol: '1.1' }), '80|-|-|GET /page HTTP/1.1|10.7.0.2:80|close|200');
  const named = { httpProtocol: '1.1', virtualhost: 'a.example.org' } as const;
  assert.equal(await seen(named), '80|-|-|GET /page HTTP/1.1|a.example.org|close|200');
});

test('HTTP_GET: the virtual host of the url before that of the checker', async () => {
  const other = { regex: '^another page$' };
  assertSuccess(await attempt(http(other, { virtualhost: 'other.example.org' })));
  assertSuccess(
    await attempt(http({ ...other, virtualhost: 'other.example.org' }, { virtualhost: 'a.example.org' })),
  );
  assertFailure(await attempt(http(other)), 'Regex match failed');
});

test('HTTP_GET: status codes and ranges of them', async () => {
  const wrong = 'HTTP status code error to';
  for (const path of ['/gone', '/sorry', '/moved']) assertFailure(await attempt(http({ path })), wrong);
  assertSuccess(await attempt(http({ path: '/empty' })));
  const ranges = [
    { first: 301, last: 302 },
    { first: 404, last: 404 },
  ];
  for (const path of ['/gone', '/moved']) assertSuccess(await attempt(http({ path, statusCode: ranges })));
  assertFailure(await attempt(http({ statusCode: ranges })), wrong);
  assertFailure(await attempt(http({ path: '/nothing' })), 'Read, no data received from ');
});

test('HTTP_GET and SSL_GET: digest, regex with options and offsets', async () => {
  for (const get of [http, https]) {
    assertSuccess(await attempt(get({ digest })));
    assertFailure(
      await attempt(get({ digest: digest.replace(/./, (first) => (first === '0' ? '1' : '0')) })),
      'MD5 digest error to',
    );
    assertSuccess(await attempt(get({ digest, regex: 'this (is|was) a page' })));
    assertSuccess(await attempt(get({ regex: '^HELLO', regexOptions: ['caseless'] })));
    assertFailure(await attempt(get({ regex: '^HELLO' })), 'Regex match failed');
    assertSuccess(await attempt(get({ regex: 'world', regexMinOffset: 6, regexMaxOffset: 6 })));
    assertFailure(await attempt(get({ regex: 'world', regexMinOffset: 7 })), 'Regex match failed');
    assertFailure(await attempt(get({ regex: 'world', regexMaxOffset: 5 })), 'Regex match failed');
    assertFailure(await attempt(get({ regex: 'world', regexNoMatch: true })), 'Regex match failed');
  }
});

test('SSL_GET: the newest and the oldest TLS, the server name when it is asked for', async () => {
  assert.match(await seen({}, https), /^443\|TLSv1\.3\|-\|GET \/page HTTP\/1\.0\|10\.7\.0\.2:443\|/);
  assert.match(await seen({ connectIp: serverAddress6, connectPort: onlyNew }, https), /^4431\|TLSv1\.3\|/);
  assert.match(await seen({ connectPort: onlyOld }, https), /^4432\|TLSv1\|/);
  const named = { enableSni: true, virtualhost: 'a.example.org' };
  assert.match(await seen(named, https), /^443\|TLSv1\.3\|a\.example\.org\|.*\|a\.example\.org\|/);
  assert.match(
    await seen({ ...named, sniName: 'b.example.org' }, https),
    /\|b\.example\.org\|.*\|a\.example\.org\|/,
  );
  assert.match(await seen({ virtualhost: 'a.example.org' }, https), /^443\|TLSv1\.3\|-\|/);
});

test('SSL_GET: tls_compliant wants TLS to be closed before the connection is', async () => {
  const peers = await HostilePeers.start(server, ['cut-tls'], { KEY: key, CERT: cert });
  const cut = (tlsCompliant: boolean): Check =>
    https({ tlsCompliant }, { connectPort: peers.port('cut-tls') });
  assertSuccess(await attempt(cut(false)));
  assertFailure(await attempt(cut(true)), 'SSL read error from');
  for (const connectPort of [tls, onlyNew, onlyOld])
    for (const url of [{}, { digest }])
      assertSuccess(await attempt(https({ ...url, tlsCompliant: true }, { connectPort })));
});

test('a page that comes slowly ends with the time for the whole, one that is too large with its size', async () => {
  const hurry = { connectTimeout: milliseconds(500), delayLoop: milliseconds(500) };
  for (const get of [http, https]) {
    const { outcome, ms } = await timedAttempt(get({ path: '/slow' }, hurry));
    assert.match(outcome.kind === 'failure' ? outcome.reason : outcome.kind, /^Timeout (HTTP|SSL) read$/);
    assert.ok(ms < 20_000, `${ms} ms`);
    assertFailure(await attempt(get({ path: '/large' })), 'Reply too large from');
    assertFailure(await attempt(get({ path: '/large', digest })), 'Reply too large from');
  }
});

test('plain HTTP to a TLS port and TLS to a plain one fail', async () => {
  assertFailure(await attempt(http({}, { connectPort: tls })), 'HTTP status code error to');
  assertFailure(
    await attempt(https({}, { connectPort: plain })),
    'SSL handshake/communication error connecting to',
  );
});

/** Both programs on the same arguments, in the director's namespace. */
async function genhashes(...argv: readonly string[]): Promise<readonly string[]> {
  const theirs = await director.run(['genhash', ...argv]);
  const ours = await director.run([process.execPath, join(projectRoot, 'bin/ka-node'), 'genhash', ...argv]);
  return [theirs, ours].map(({ stdout, code }) => `${String(code)} ${stdout}`);
}

test('genhash says what Debian’s genhash says of nginx [keepalived: genhash]', async () => {
  const base = ['-s', serverAddress, '-u', '/page'];
  const onPlain = [...base, '-p', String(plain)];
  const onTls = [...base, '-p', String(tls)];
  for (const argv of [
    onPlain,
    [...onPlain, '-P', '1.1'],
    [...onPlain, '--protocol', '1.0c', '--use-virtualhost', 'other.example.org'],
    [...onTls, '-S'],
    [...onTls, '-S', '-I', '-V', 'other.example.org'],
    ['-s', serverAddress6, '-u', '/page', '-p', String(plain), '-m', '7', '-t', '5'],
    [...base, '-p', '1'],
    [...base, '-S', '-p', String(plain)],
  ]) {
    const [theirs, ours] = await genhashes(...argv);
    assert.deepEqual(ours, theirs, argv.join(' '));
  }
  await requests.waitForLines(
    'the server name of both',
    (lines) => lines.filter(({ text }) => text.startsWith('443|TLSv1.3|other.example.org|')).length === 2,
  );
});

test('an nginx that hangs times out, one that is gone refuses', async () => {
  nginx.signal('SIGSTOP');
  const hurry = { connectTimeout: milliseconds(500) };
  assertFailure(await attempt(http({}, hurry)), 'Timeout HTTP read');
  assertFailure(await attempt(https({}, hurry)), 'Timeout connecting');
  nginx.signal('SIGCONT');
  assertSuccess(await attempt(http()));
  await nginx.stop('SIGKILL');
  assertFailure(await attempt(http()), 'Error connecting');
  assertFailure(await attempt(https()), 'Error connecting');
});
