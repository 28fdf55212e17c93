import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { makeFolder, makeFolders } from '../../lib/folder.js';

test('folders are made once, one or all that are missing', (context) => {
  const root = mkdtempSync(join(tmpdir(), 'ka-folder-'));
  context.after(() => rmSync(root, { recursive: true }));
  assert.throws(() => makeFolder(join(root, 'a/b')), { code: 'ENOENT' });
  assert.equal(makeFolders(join(root, 'a/b/c')), true);
  assert.ok(statSync(join(root, 'a/b/c')).isDirectory());
  assert.equal(makeFolders(join(root, 'a/b/c')), false);
  assert.equal(makeFolder(join(root, 'a/d')), true);
  assert.equal(makeFolder(join(root, 'a/d')), false);
});

test('folders can be entered by everybody, whatever the umask', (context) => {
  const root = mkdtempSync(join(tmpdir(), 'ka-folder-'));
  context.after(() => rmSync(root, { recursive: true }));
  const before = process.umask(0o177);
  try {
    makeFolders(join(root, 'a/b'));
  } finally {
    process.umask(before);
  }
  for (const each of ['a', 'a/b']) assert.equal(statSync(join(root, each)).mode & 0o777, 0o755);
});

test('where no folder can be made it says so, and ends: below /proc', () => {
  assert.throws(() => makeFolders('/proc/ka-node/a/b'), { code: 'ENOENT' });
  assert.ok(!existsSync('/proc/ka-node'));
});
