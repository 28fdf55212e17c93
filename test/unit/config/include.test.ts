/** Which files an include names. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { matchFiles } from '../../../lib/config/include.js';
import { parseConfig, type FileAccess } from '../../../lib/config/load.js';

function folderOf(...names: readonly string[]): FileAccess {
  return {
    readFile: () => new Uint8Array(),
    stat: () => undefined,
    list: () => names,
    realPath: (path) => path,
  };
}

function matches(pattern: string, ...names: readonly string[]): readonly string[] {
  return matchFiles(pattern, '.', folderOf(...names)).flatMap(({ paths }) => paths);
}

test('stars, question marks and sets match as the shell has them [glob(7)]', () => {
  const names = ['a.conf', 'ab.conf', 'abab', 'b.conf', 'a.conf.old', 'x[1', '.a.conf'];
  assert.deepEqual(matches('*.conf', ...names), ['a.conf', 'ab.conf', 'b.conf']);
  assert.deepEqual(matches('a*b', ...names), ['abab']);
  assert.deepEqual(matches('a*b*', ...names), ['ab.conf', 'abab']);
  assert.deepEqual(matches('*a*b*', ...names), ['ab.conf', 'abab']);
  assert.deepEqual(matches('*b*b', ...names), ['abab']);
  assert.deepEqual(matches('?.conf', ...names), ['a.conf', 'b.conf']);
  assert.deepEqual(matches('[!a].conf', ...names), ['b.conf']);
  assert.deepEqual(matches('*.c[a-o]*f', ...names), ['a.conf', 'ab.conf', 'b.conf']);
  assert.deepEqual(matches('*[1', ...names), ['x[1']);
  assert.deepEqual(matches('**', ...names), [...names.slice(0, -1)].sort());
});

test('a pattern of many stars takes no longer than one of few', () => {
  assert.deepEqual(matches(`${'*a'.repeat(40)}b`, 'a'.repeat(200)), []);
});

test('a pattern that leads through a file system without end is given up, and told', () => {
  const endless: FileAccess = {
    ...folderOf(),
    stat: () => ({ kind: 'directory', mode: 0o755, uid: 0, gid: 0 }),
    list: () => Array.from({ length: 100 }, (_, index) => `d${String(index)}`),
  };
  const { diagnostics } = parseConfig({ text: 'include /*/*/*/*/*/*\n' }, { files: endless });
  assert.deepEqual(
    diagnostics.map(({ code }) => code),
    ['KA1108'],
  );
  assert.deepEqual(
    matchFiles('/*/*', '.', endless).map(({ paths, isTooWide }) => [paths.length, isTooWide]),
    [[10_000, false]],
  );
});
