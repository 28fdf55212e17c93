// Makes a fresh Debian with nothing but Node ready: system packages, npm packages, the two builds. Does only what is
// missing and says what it does. Used by `npm test` and `npm run demo`; by hand: node scripts/setup.mjs build lab ...
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Debian packages by what needs them; the groups are the keys of debian-packages.json. */
export const packageGroups = JSON.parse(readFileSync(join(root, 'scripts/debian-packages.json'), 'utf8'));

export class SetupError extends Error {}

/**
 * Installs the Debian packages of `groups` that are missing, when root on a Debian.
 * @returns the packages that stay missing because it may not install them; empty when all are there.
 * @throws {SetupError} when apt-get fails.
 */
export function ensureDebianPackages(groups, say = console.log) {
  const missing = missingPackages([...new Set(groups.flatMap((group) => packageGroups[group]))]);
  if (missing.length === 0) return [];
  if (process.getuid() !== 0 || !has('apt-get')) return missing;
  say(`installing Debian packages: ${missing.join(' ')}`);
  const restore = forbidServices();
  try {
    if (!listsAreThere() || !install(missing, true)) {
      say('updating the package lists (apt-get update)');
      apt(['update', '-q'], false);
      install(missing, false);
    }
  } finally {
    restore();
  }
  return [];
}

/** Which of the packages are not installed. Where there is no dpkg, programs are taken as they are. */
function missingPackages(names) {
  if (!has('dpkg-query')) return [];
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...names], {
    encoding: 'utf8',
  });
  const installed = new Set();
  for (const line of stdout.split('\n')) {
    const [name, status] = line.split(' ');
    if (status === 'installed') installed.add(name);
  }
  return names.filter((name) => !installed.has(name));
}

function install(names, mayFail) {
  return apt(['install', '-q', '-y', '--no-install-recommends', ...names], mayFail);
}

function apt(args, mayFail) {
  const result = spawnSync('apt-get', args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (result.status === 0) return true;
  if (mayFail) return false;
  throw new SetupError(`apt-get ${args.join(' ')} failed:\n${result.stdout}${result.stderr}`);
}

/** Have the package lists been fetched at all? */
function listsAreThere() {
  const lists = '/var/lib/apt/lists';
  return existsSync(lists) && readdirSync(lists).some((name) => name.includes('_Packages'));
}

/** Package scripts must not start keepalived or FRR on this machine; a guard that is there already stays. */
function forbidServices() {
  const guard = '/usr/sbin/policy-rc.d';
  if (existsSync(guard)) return () => undefined;
  writeFileSync(guard, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  return () => rmSync(guard, { force: true });
}

/** Runs `npm ci` when node_modules is not what package-lock.json says. Builds nothing. */
export function ensureNodeModules(say = console.log) {
  if (nodeModulesMatch()) return;
  say('installing npm packages (npm ci)');
  const result = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  if (result.status !== 0) throw new SetupError(`npm ci failed:\n${result.stdout}${result.stderr}`);
}

/** npm leaves in node_modules what it has installed; does every version agree with the lock file? */
function nodeModulesMatch() {
  const hidden = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(hidden)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const present = JSON.parse(readFileSync(hidden, 'utf8')).packages;
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    if (path === '') return true;
    if (present[path] === undefined) return optional === true; // of another platform
    return present[path].version === version && existsSync(join(root, path));
  });
}

/** The commands of the two builds, for those that want to run them at their time. */
export const buildCommands = {
  addon: [process.execPath, 'scripts/install.mjs', '--compile'],
  typescript: [process.execPath, 'node_modules/typescript/bin/tsc', '-b', 'test/tsconfig.json'],
};

/** Builds the addon and compiles the TypeScript, with output only on failure. */
export function ensureBuilt(say = console.log) {
  for (const [what, [file, ...args]] of Object.entries(buildCommands)) {
    say(`building: ${what}`);
    const result = spawnSync(file, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
    if (result.status !== 0)
      throw new SetupError(`building ${what} failed:\n${result.stdout}${result.stderr}`);
  }
}

/** Is the program on the PATH? */
export function has(program) {
  return spawnSync('sh', ['-c', 'command -v "$0"', program], { stdio: 'ignore' }).status === 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const groups = process.argv.slice(2);
    const missing = ensureDebianPackages(groups.length > 0 ? groups : Object.keys(packageGroups));
    if (missing.length > 0) {
      console.error(
        `missing, to be installed by root: apt-get install --no-install-recommends ${missing.join(' ')}`,
      );
      process.exitCode = 1;
    }
    ensureNodeModules();
    ensureBuilt();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
