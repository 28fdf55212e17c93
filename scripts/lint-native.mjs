// Checks the C++: clang-format on all of it, clang-tidy on the product's. `--fix` lets both change the files;
// `--format` stops after clang-format; `--deep` adds the Clang static analyzer, which takes four times as long.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { has, root } from './setup.mjs';

const fix = process.argv.includes('--fix');
const version = 14; // what they find and how they format differs from version to version

process.exitCode = (await main()) ? 0 : 1;

async function main() {
  const files = ['native', 'test'].flatMap((folder) => filesBelow(folder, ['.cc', '.h']));
  if (files.length === 0) return true;
  const format = [tool('clang-format'), ...(fix ? ['-i'] : ['--dry-run', '-Werror']), ...files];
  let ok = (await run(format)).ok;
  if (process.argv.includes('--format')) return ok;

  // A compilation database of all that the product has, the addon too; nothing is compiled for it.
  const build = 'cmake-build/tidy';
  const configured = await run(['cmake', '-S', '.', '-B', build, '-DKA_ADDON=ON'], true);
  if (!configured.ok) {
    console.error(configured.output);
    return false;
  }
  const checks = process.argv.includes('--deep')
    ? ['--checks=clang-analyzer-*,-clang-analyzer-optin.performance.Padding']
    : [];
  // The database speaks to g++, whose warnings clang does not all know.
  const dialect = '--extra-arg=-Wno-unknown-warning-option';
  const options = ['--quiet', '-p', build, dialect, ...checks, ...(fix ? ['--fix'] : [])];
  const queue = filesBelow('native', ['.cc']);
  const worker = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const { ok: clean, output } = await run([tool('clang-tidy'), ...options, file], true);
      if (!clean) console.error(output.replace(/^\d+ warnings? (and \d+ errors? )?generated\.\n/gm, ''));
      ok &&= clean;
    }
  };
  // Fixes of a header must not be made twice at once.
  await Promise.all(Array.from({ length: fix ? 1 : availableParallelism() }, worker));
  return ok;
}

function filesBelow(folder, extensions) {
  return readdirSync(join(root, folder), { recursive: true })
    .filter((name) => extensions.some((extension) => name.endsWith(extension)))
    .map((name) => join(folder, name))
    .filter((file) => existsSync(join(root, file)))
    .sort();
}

function tool(name) {
  const versioned = `${name}-${version}`;
  if (has(versioned)) return versioned;
  const { stdout } = spawnSync(name, ['--version'], { encoding: 'utf8' });
  if (stdout?.includes(`version ${version}.`)) return name;
  console.error(`${versioned} is missing: apt-get install ${versioned}`);
  process.exit(1);
}

/** Runs a tool from the project's root; its output is printed unless `quiet`. */
function run([file, ...args], quiet = false) {
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
        if (!quiet) process.stderr.write(text);
      });
    }
    child.once('error', (error) => resolve({ ok: false, output: error.message }));
    child.once('close', (code) => resolve({ ok: code === 0, output }));
  });
}
