/** What `npm pack` packs, and what its install script says and does where it is unpacked. Compiles no C++. */
import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';

import { projectRoot } from '../support/daemons.js';
import { run, runOk, type Output } from '../support/program.js';

const folder = mkdtempSync(join(tmpdir(), 'ka-node-pack-'));
/** The package as a user has it, with its dependencies beside it. */
const unpacked = join(folder, 'package');
/** `ways`: how bin/ka-node starts Node for it, see bin/bundle.cjs. */
const bundles = [
  { name: 'dist/bundle/ka-node.cjs', ways: ['', '.lean', '.daemon'] },
  { name: 'dist/bundle/config-test.cjs', ways: ['.lean'] },
  { name: 'dist/bundle/supervisor.cjs', ways: ['.daemon'] },
  { name: 'dist/bundle/child.cjs', ways: ['.daemon'] },
] as const;
const noPrograms = join(folder, 'no-programs');

before(pack);
after(() => rmSync(folder, { recursive: true, force: true }));

/** Packs a copy of the sources: packing removes and compiles again what other tests are running from. */
async function pack(): Promise<void> {
  const copy = join(folder, 'checkout');
  const leftOut = [
    '.git',
    '.cache',
    'node_modules',
    'dist',
    'build',
    'cmake-build',
    'prebuilds',
    'test',
    'bench',
  ];
  mkdirSync(copy);
  mkdirSync(noPrograms);
  for (const name of readdirSync(projectRoot).filter((each) => !leftOut.includes(each))) {
    cpSync(join(projectRoot, name), join(copy, name), { recursive: true });
  }
  for (const name of ['test', 'bench', 'dist/test', 'dist/bench', 'build', 'cmake-build']) {
    mkdirSync(join(copy, name), { recursive: true });
    writeFileSync(join(copy, name, 'not-for-users.js'), '');
  }
  symlinkSync(join(projectRoot, 'node_modules'), join(copy, 'node_modules'));
  await runOk(['npm', 'pack', '--pack-destination', folder], { cwd: copy });
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  assert.ok(tarball !== undefined, 'npm pack left no tarball');
  await runOk(['tar', '-xzf', join(folder, tarball), '-C', folder]);
  symlinkSync(join(projectRoot, 'node_modules'), join(unpacked, 'node_modules'));
}

/** Runs the install script on a machine without any program but Node. */
function install(): Promise<Output> {
  return run([process.execPath, 'scripts/install.mjs'], { cwd: unpacked, env: { PATH: noPrograms } });
}

/** Puts `addon` where a packed prebuilt addon is. */
function placePrebuilt(write: (file: string) => void): void {
  const prebuilds = join(unpacked, 'prebuilds', `linux-${process.arch}`);
  mkdirSync(prebuilds, { recursive: true });
  write(join(prebuilds, 'ka-node.node'));
}

test('the package has all that running and compiling need', () => {
  const needed = [
    ...['bin/ka-node', 'bin/bundle.cjs', 'bin/package.json'],
    ...['dist/lib/index.js', 'dist/lib/index.d.ts', 'dist/bindings/load.js'],
    ...bundles.flatMap(({ name, ways }) => [name, ...ways.map((way) => `${name}${way}.cache`)]),
    ...['binding.gyp', 'native/sources.json', 'native/base', 'native/napi', 'scripts/install.mjs'],
    ...['share/ka-node.service', 'examples/01-master-backup/ka1.conf', 'docs/compat.md'],
    ...['README.md', 'CHANGELOG.md', 'LICENSE'],
  ];
  assert.deepEqual(
    needed.filter((name) => !existsSync(join(unpacked, name))),
    [],
  );
});

test('the bundles import nothing later: what V8 took from its cache may not', () => {
  for (const { name } of bundles)
    assert.doesNotMatch(readFileSync(join(unpacked, name), 'utf8'), /\bimport\(/, name);
  assert.match(readFileSync(join(unpacked, 'dist/bundle/ka-node.cjs'), 'utf8'), /require\("nodemailer"\)/);
});

test('V8 takes the compiled form of each bundle when Node is started as bin/ka-node does it', async () => {
  const program = readFileSync(join(unpacked, 'bin/ka-node'), 'utf8');
  const ways = [...program.matchAll(/exec node ((?:--\S+ )*)"\$0"/g)].map(([, options = '']) =>
    options.trim(),
  );
  const taken = new Map<string, string[]>();
  for (const way of ways) {
    const script = `
      const { cacheOf, compile } = require('./bin/bundle.cjs');
      for (const file of process.argv.slice(1).map((name) => require('node:path').resolve(name)))
        if (compile(file).cachedDataRejected === false) console.log(require('node:path').relative('.', cacheOf(file)));`;
    const options = way === '' ? [] : way.split(' ');
    const files = bundles.map(({ name }) => name);
    const stdout = await runOk([process.execPath, ...options, '-e', script, ...files], { cwd: unpacked });
    for (const cache of stdout.split('\n').filter((line) => line !== ''))
      taken.set(cache, [...(taken.get(cache) ?? []), way]);
  }
  assert.deepEqual(
    [...taken.keys()].sort(),
    bundles.flatMap(({ name, ways: each }) => each.map((way) => `${name}${way}.cache`)).sort(),
  );
});

test('the package has no tests, benchmarks or builds', () => {
  const files = readdirSync(unpacked, { recursive: true, encoding: 'utf8' }).filter(
    (name) => !name.startsWith('node_modules'),
  );
  assert.ok(files.length > 100);
  assert.deepEqual(
    files.filter((name) =>
      /not-for-users|\.test\.|^(test|bench|build|cmake-build|lib|bindings)(\/|$)/.test(name),
    ),
    [],
  );
});

test('where compilers are missing, the install script says once what to install, for every distribution', async () => {
  const { code, stdout, stderr } = await install();
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /Missing: a C\+\+20 compiler .*; make; .*pkg-config/);
  for (const command of ['apt-get install', 'dnf install', 'apk add', 'zypper install', 'pacman -S']) {
    assert.equal(stderr.split(command).length, 2, `'${command}' once in:\n${stderr}`);
  }
  assert.match(stderr, /and then again: {2}node .*scripts\/install\.mjs/);
});

test('a prebuilt addon that does not load is told', async () => {
  placePrebuilt((file) => writeFileSync(file, 'not an addon'));
  const { code, stderr } = await install();
  assert.equal(code, 1);
  assert.match(stderr, /The prebuilt addon does not load on this machine, so ka-node has to compile/);
});

test('a prebuilt addon that loads is taken, and nothing is compiled', async () => {
  placePrebuilt((file) => cpSync(join(projectRoot, 'build/Release/ka_node.node'), file));
  const { code, stdout, stderr } = await install();
  assert.equal(stderr, '');
  assert.equal(code, 0);
  assert.equal(stdout, 'ka-node: the prebuilt addon loads, nothing is compiled');
  assert.ok(!existsSync(join(unpacked, 'build')));
});

test('the unpacked package runs, as a program and as a library', async () => {
  const options = { cwd: unpacked };
  await runOk([process.execPath, 'bin/ka-node', 'check', 'examples/01-master-backup/ka1.conf'], options);
  // By its own name the program gives Node options of its own, through a shell.
  const link = join(unpacked, 'linked');
  symlinkSync('bin/ka-node', link);
  writeFileSync(join(unpacked, 'small.conf'), 'global_defs {\n router_id x\n}\n');
  assert.equal(await runOk([link, '-t', '-f', 'small.conf'], options), '');
  assert.match(await runOk([link, 'explain', 'advert_int'], options), /advert_int/);
  const script = "import { VirtualRouter } from 'ka-node'; console.log(typeof VirtualRouter.start)";
  const output = await runOk([process.execPath, '--input-type=module', '-e', script], options);
  assert.equal(output.trim(), 'function');
});
