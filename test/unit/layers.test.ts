/** Dependencies point one way; this holds them to it. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import test from 'node:test';

import { projectRoot } from '../support/daemons.js';
import { nativeRooms, packages, rooms, wrongImports, wrongIncludes } from '../support/layers.js';

/** Paths from the project's root. */
function filesBelow(folder: string, extensions: readonly string[]): string[] {
  return readdirSync(join(projectRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => extensions.includes(extname(name)))
    .map((name) => join(folder, name));
}

function read(file: string): string {
  return readFileSync(join(projectRoot, file), 'utf8');
}

/** Folders of native/ that the section of sources.json names. */
function foldersOf(section: string): readonly string[] {
  const parsed: unknown = JSON.parse(read('native/sources.json'));
  assert.ok(typeof parsed === 'object' && parsed !== null);
  const folders = new Map<string, unknown>(Object.entries(parsed)).get(section);
  assert.ok(Array.isArray(folders));
  return folders.map(String);
}

test('TypeScript rooms import only what lies below them', () => {
  const files = ['bindings', 'lib'].flatMap((folder) => filesBelow(folder, ['.ts']));
  assert.ok(files.length > 10);
  assert.deepEqual(
    files.flatMap((file) => wrongImports(file, read(file))),
    [],
  );
});

test('native rooms include only what lies below them, and the core nothing of the system', () => {
  const core = foldersOf('core');
  const files = filesBelow('native', ['.h', '.cc']);
  assert.ok(files.length > 10);
  assert.deepEqual(
    files.flatMap((file) => wrongIncludes(file, read(file), core.includes(file.split('/')[1] ?? ''))),
    [],
  );
});

test('the tables have no cycle', () => {
  for (const table of [rooms, nativeRooms]) {
    const below = (room: string, path: readonly string[]): void => {
      assert.ok(!path.includes(room), [...path, room].join(' -> '));
      for (const next of table[room] ?? []) below(next, [...path, room]);
    };
    for (const room of Object.keys(table)) below(room, []);
  }
});

test('a wrong import is found, in whatever form it is written', () => {
  const wrong = (file: string, text: string): number => wrongImports(file, text).length;
  assert.equal(wrong('lib/config/a.ts', "import { b } from '../daemon/b.js';"), 1);
  assert.equal(wrong('lib/config/a.ts', "import type { B } from '../daemon/b.js';"), 1);
  assert.equal(wrong('lib/config/a.ts', "export * from '../daemon/b.js';"), 1);
  assert.equal(wrong('lib/config/a.ts', "const b = await import('../daemon/b.js');"), 1);
  assert.equal(wrong('lib/config/schema/a.ts', "import { b } from '../../daemon/b.js';"), 1);
  assert.equal(wrong('lib/vrrp/a.ts', "import { loadAddon } from '../../bindings/load.js';"), 1);
  assert.equal(wrong('bindings/a.ts', "import { b } from '../lib/units.js';"), 1);
  assert.equal(wrong('lib/config/a.ts', "import { Command } from 'commander';"), 1);
  assert.equal(wrong('lib/unheard-of/a.ts', ''), 1);
  assert.equal(wrong('lib/daemon/a.ts', "import 'node:fs'; import { c } from '../config/c.js';"), 0);
  assert.equal(wrong('lib/config/schema/a.ts', "import { c } from '../c.js'; // from '../daemon/b.js'"), 0);
});

test('a wrong include is found', () => {
  const wrong = (file: string, text: string, isCore = false): number =>
    wrongIncludes(file, text, isCore).length;
  assert.equal(wrong('native/base/a.h', '#include "native/net/nl.h"', true), 1);
  assert.equal(wrong('native/vrrp/a.h', '#include <sys/socket.h>', true), 1);
  assert.equal(wrong('native/vrrp/a.h', '#include <thread>', true), 1);
  assert.equal(wrong('native/vrrp/a.cc', 'auto t = std::chrono::steady_clock::now();', true), 1);
  assert.equal(wrong('native/engine/a.h', '#include <napi.h>'), 1);
  assert.equal(wrong('native/net/a.h', '#include "native/engine/loop.h"'), 1);
  assert.equal(wrong('native/net/a.h', '#include "nl.h"'), 1);
  assert.equal(wrong('native/engine/a.cc', '#include <sys/epoll.h>\n#include "native/vrrp/machine.h"'), 0);
});

test('every C++ file is in both builds', () => {
  const named = ['core', 'sys', 'addon'].flatMap(foldersOf);
  const folders = new Set(filesBelow('native', ['.cc']).map(dirname));
  for (const folder of folders) {
    assert.ok(named.includes(folder.slice('native/'.length)), `native/sources.json does not name ${folder}`);
  }
  const tested = new Set(filesBelow('test/native', ['.cc']).map(dirname));
  tested.delete('test/native'); // main.cc
  for (const folder of tested) {
    assert.ok(named.includes(folder.slice('test/native/'.length)), `CMake does not build ${folder}`);
  }
});

test('every package of the table is a dependency, and the other way round', () => {
  const manifest: unknown = createRequire(import.meta.url)(join(projectRoot, 'package.json'));
  assert.ok(typeof manifest === 'object' && manifest !== null && 'dependencies' in manifest);
  assert.ok(typeof manifest.dependencies === 'object' && manifest.dependencies !== null);
  const dependencies = Object.keys(manifest.dependencies);
  for (const name of Object.keys(packages))
    assert.ok(dependencies.includes(name), `${name} is not installed for users`);
  const built = ['node-addon-api', 'node-gyp']; // for compiling the addon
  for (const name of dependencies) {
    assert.ok(built.includes(name) || name in packages, `no room uses ${name}`);
  }
  for (const file of ['bin', 'native', 'binding.gyp']) assert.ok(existsSync(join(projectRoot, file)), file);
});
