import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';

import { projectRoot } from '../../support/daemons.js';
import { run } from '../../support/program.js';

const program = join(projectRoot, 'bin/ka-node');

test('genhash answers as a sub-command and as the first option [keepalived: -T, genhash(1)]', async () => {
  const server = createServer((_request, response) => response.end('hello\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address: AddressInfo | string | null = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  for (const word of ['genhash', '-T', '--genhash']) {
    const page = ['-s', '127.0.0.1', '-p', String(port), '-u', '/'];
    const { code, stdout } = await run([process.execPath, program, word, ...page]);
    assert.deepEqual(
      { code, stdout: stdout.trim() },
      { code: 0, stdout: 'b1946ac92492d2347c6235b4d2611184' },
    );
  }
  await new Promise((resolve) => server.close(resolve));
});

test('genhash says what is missing', async () => {
  const { code, stderr } = await run([process.execPath, program, 'genhash', '-p', '80']);
  assert.equal(code, 1);
  assert.match(stderr, /server, port and url are required/);
});
