import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { dumpDirectory, dumpName, writeDump } from '../../../lib/daemon/dump-file.js';
import { KaError } from '../../../lib/errors.js';

function folder(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'ka-dump-'));
  context.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

test('a dump is for its owner alone, replaces the old one and leaves nothing beside it', (context) => {
  const directory = folder(context);
  writeDump(directory, 'keepalived.data', 'old');
  const path = writeDump(directory, 'keepalived.data', 'new');
  assert.equal(readFileSync(path, 'utf8'), 'new');
  assert.equal((statSync(path).mode & 0o777).toString(8), '600');
  assert.deepEqual(readdirSync(directory), ['keepalived.data']);
});

test('a symbolic link in its place is replaced, not followed', (context) => {
  const directory = folder(context);
  const victim = join(directory, 'victim');
  writeFileSync(victim, 'precious');
  symlinkSync(victim, join(directory, 'keepalived.data'));
  const path = writeDump(directory, 'keepalived.data', 'dump');
  assert.equal(readFileSync(victim, 'utf8'), 'precious');
  assert.equal(readFileSync(path, 'utf8'), 'dump');
});

test('what cannot be written is said, and leaves nothing behind', (context) => {
  const directory = folder(context);
  mkdirSync(join(directory, 'keepalived.data'));
  for (const [where, name] of [
    [directory, 'keepalived.data'],
    [join(directory, 'none'), 'x'],
  ] as const)
    assert.throws(
      () => writeDump(where, name, 'x'),
      (error) => KaError.is(error) && error.code === 'KA_DUMP_WRITE',
    );
  assert.deepEqual(readdirSync(directory), ['keepalived.data']);
});

test('folder and names are those of keepalived', (context) => {
  const directory = folder(context);
  assert.equal(dumpDirectory({ TMPDIR: directory }), directory);
  for (const TMPDIR of ['relative', join(directory, 'none'), ''])
    assert.equal(dumpDirectory({ TMPDIR }), '/tmp');
  assert.equal(dumpDirectory({}), '/tmp');
  assert.equal(dumpName('keepalived.data', [undefined, 'foo']), 'keepalived.foo.data');
  assert.equal(dumpName('keepalived.data', ['ns', 'foo']), 'keepalived.ns_foo.data');
  assert.equal(dumpName('keepalived.data', []), 'keepalived.data');
});
