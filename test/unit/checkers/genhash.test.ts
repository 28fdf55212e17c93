import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import test, { after } from 'node:test';
import { promisify } from 'node:util';
import { genhash, parseGenhash } from '../../../lib/checkers/genhash.js';
import { systemClock } from '../../../lib/host.js';
import { hasProgram } from '../../support/program.js';
import { checkRig, closedPort, listen, tcpServer } from '../../support/check-rig.js';

const { prober } = checkRig().context;
const server = createServer((request, response) => {
  response.sendDate = false;
  response.setHeader('connection', 'close');
  response.end(request.headers.host === 'other.example.org' ? 'another page\n' : 'hello world\n');
});
after(() => server.close());
const port = String(await listen(server));
const place = ['-s', '127.0.0.1', '-u', '/index.html'];
const run = (...argv: readonly string[]) => genhash(parseGenhash(argv), prober, systemClock);

/** keepalived's own program on the same page; rejects with its output when it ends with another status than 0. */
const theirs = (...argv: readonly string[]) => promisify(execFile)('keepalived', ['-T', ...argv]);

const digest = '6f5902ac237024bdd0c176cb93063dc4\n';

test('the digest of the body [keepalived: genhash]', async () => {
  const expected = { stdout: digest, stderr: '', status: 0 };
  assert.deepEqual(await run(...place, '-p', port), expected);
  assert.deepEqual(await run(...place, '--port', port, '--protocol', '1.1'), expected);
  const other = await run(...place, '-p', port, '-V', 'other.example.org');
  assert.notEqual(other.stdout, digest);
});

const skip = hasProgram('keepalived') ? false : 'keepalived is missing: apt-get install keepalived';

test('the digest is the one that keepalived prints', { skip }, async () => {
  const other = await run(...place, '-p', port, '-V', 'other.example.org');
  const reference = await theirs(...place, '-p', port);
  assert.equal(reference.stdout, digest);
  assert.equal((await theirs(...place, '-p', port, '-V', 'other.example.org')).stdout, other.stdout);
});

test('-v shows the exchange', async () => {
  const { stdout } = await run(...place, '-p', port, '-v');
  assert.match(
    stdout,
    /^-{23}\[ {4}HTTP Header Buffer {4}\]-{23}\n0000 {2}48 54 54 50 2f 31 2e 31 - 20 32 30 30 20 4f 4b 0d {3}HTTP\/1\.1 200 OK\.\n/,
  );
  assert.match(stdout, /\n0000 {2}68 65 6c 6c 6f 20 77 6f - 72 6c 64 0a {15}hello world\. {4}\n/);
  assert.match(
    stdout,
    /\n6f5902ac237024bdd0c176cb93063dc4\n\nGlobal response time for \[\/index\.html\] = \d+ usecs\n$/,
  );
});

test('what is missing or wrong is a usage error', async () => {
  for (const argv of [
    ['-s', '127.0.0.1', '-p', '80'],
    ['-s', 'localhost', '-p', '80', '-u', '/'],
    [...place, '-p', '70000'],
    [...place, '-p', '80', '-P', '2'],
    [...place, '-p', '80', '-t', 'soon'],
    [...place, '-p', '80', '-t', 'Infinity'],
    [...place, '-p', '80', '-Z'],
  ]) {
    const { status, stdout, stderr } = await run(...argv);
    assert.deepEqual([status, stdout], [1, ''], argv.join(' '));
    assert.match(stderr, /^genhash: .+\nTry: ka-node genhash --help\n$/);
  }
  assert.equal((await run('-h')).status, 0);
});

test('no connection and no data say so and end with 0', async () => {
  const refused = await run(...place, '-p', String(await closedPort()));
  assert.deepEqual(refused, { stdout: 'Connection failed\n', stderr: '', status: 0 });
  const silent = await tcpServer((socket) => socket.once('data', () => socket.end()));
  const empty = await run(...place, '-p', String(silent));
  assert.deepEqual(empty, { stdout: '', stderr: 'no data received from remote webserver\n', status: 0 });
});
