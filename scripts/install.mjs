// Makes the native addon usable: takes the prebuilt one when it loads on this machine, else compiles it with node-gyp.
// npm runs it as the package's `install` script. `--compile` skips the prebuilt one and shows the compiler's output:
// what `npm run build:native` does in a checkout. What is missing is said in one message, with the packages to install.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { nodeHeaders } from './node-headers.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const libraries = ['libnl-3.0', 'libnl-route-3.0', 'libnl-genl-3.0'];

/** Packages that bring a C++20 compiler, make, Python, pkg-config and libnl's headers. */
const packages = {
  'Debian, Ubuntu':
    'apt-get install build-essential python3 pkg-config libnl-3-dev libnl-route-3-dev libnl-genl-3-dev',
  'RHEL, Fedora': 'dnf install gcc-c++ make python3 pkgconf-pkg-config libnl3-devel',
  Alpine: 'apk add build-base python3 pkgconf libnl3-dev linux-headers',
  'openSUSE, SLES': 'zypper install gcc-c++ make python3 pkg-config libnl3-devel',
  Arch: 'pacman -S base-devel python libnl',
};
/** Which of them the machine's /etc/os-release (ID, ID_LIKE) means. */
const families = {
  debian: 'Debian, Ubuntu',
  ubuntu: 'Debian, Ubuntu',
  rhel: 'RHEL, Fedora',
  fedora: 'RHEL, Fedora',
  centos: 'RHEL, Fedora',
  alpine: 'Alpine',
  suse: 'openSUSE, SLES',
  opensuse: 'openSUSE, SLES',
  arch: 'Arch',
};

const compileOnly =
  process.argv.includes('--compile') ||
  process.env.npm_config_build_from_source?.match(/^(true|ka-node)$/) != null;
process.exitCode = await main();

async function main() {
  if (process.platform !== 'linux') {
    return refuse(`ka-node runs on Linux only: it moves addresses with rtnetlink and load-balances with IPVS.
This is ${process.platform}. Develop in a Linux container or virtual machine.`);
  }
  if (!compileOnly && prebuiltLoads()) {
    console.log('ka-node: the prebuilt addon loads, nothing is compiled');
    return 0;
  }
  const missing = whatIsMissing();
  if (missing.length > 0) {
    const none = existsSync(join(root, 'prebuilds'))
      ? 'The prebuilt addon does not load on this machine'
      : '';
    return refuse(`${none === '' ? 'ka-node has' : `${none}, so ka-node has`} to compile its native addon, and cannot.
Missing: ${missing.join('; ')}.

${installHint()}

and then again:  ${again()}`);
  }
  return compile();
}

/** Loads the prebuilt addon in a process of its own: a binary of another libc may do worse than throw. */
function prebuiltLoads() {
  if (!existsSync(join(root, 'prebuilds'))) return false;
  const script = 'require(require(process.argv[1]).path(process.argv[2]))';
  const result = spawnSync(process.execPath, ['-e', script, require.resolve('node-gyp-build'), root], {
    env: { ...process.env, PREBUILDS_ONLY: '1' },
    stdio: 'ignore',
  });
  return result.status === 0;
}

/** What a compilation would lack, in words; empty when all is there. */
function whatIsMissing() {
  const missing = [];
  const compiler = process.env.CXX ?? 'g++';
  if (
    !works(
      'sh',
      ['-c', `${compiler} -std=c++20 -fsyntax-only -x c++ -`],
      '#include <compare>\n#include <span>\n',
    )
  ) {
    missing.push(`a C++20 compiler ('${compiler}' was tried; g++ 10, clang 10 or newer)`);
  }
  if (!works('make', ['--version'])) missing.push('make');
  if (!works(process.env.npm_config_python ?? process.env.PYTHON ?? 'python3', ['--version']))
    missing.push('python3');
  if (!works('pkg-config', ['--version'])) missing.push('pkg-config');
  else {
    const absent = libraries.filter((name) => !works('pkg-config', ['--exists', name]));
    if (absent.length > 0) missing.push(`the development files of ${absent.join(', ')}`);
  }
  return missing;
}

function works(command, args, input = '') {
  return spawnSync(command, args, { input, stdio: ['pipe', 'ignore', 'ignore'] }).status === 0;
}

async function compile() {
  const headers = nodeHeaders();
  const gyp = [
    join(dirname(require.resolve('node-gyp/package.json')), 'bin/node-gyp.js'),
    ...['configure', 'build', '--loglevel=warn', `--jobs=${availableParallelism()}`],
    ...(headers === undefined ? [] : [`--nodedir=${headers}`]),
  ];
  const env = { ...process.env };
  if (compileOnly && env.CXX === undefined && works('ccache', ['--version'])) env.CXX = 'ccache g++';
  const child = spawn(process.execPath, gyp, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      log += text;
      if (compileOnly) process.stderr.write(text);
    });
  }
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code === 0) return 0;
  const file = join(root, 'build', 'install.log');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, log);
  const first = log.split('\n').find((line) => /error|ERR!/i.test(line)) ?? `node-gyp ended with ${code}`;
  const hint =
    headers === undefined
      ? `\nNode's header files are not on this machine, so node-gyp had to fetch them: install them (Debian: nodejs or
libnode-dev; they belong in ${join(dirname(dirname(process.execPath)), 'include/node')}) if there is no way out.`
      : '';
  return refuse(`ka-node could not compile its native addon: ${first.trim()}
The whole output is in ${file}.${hint}
If something is missing: ${installHint()}`);
}

/** The one command for this distribution, or all of them. */
function installHint() {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const ids = [...release.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap((match) =>
    match[1].split(/[\s-]+/),
  );
  const family = ids.map((id) => families[id]).find((each) => each !== undefined);
  const chosen = Object.entries(packages).filter(([name]) => family === undefined || name === family);
  // The others are named too: images of one distribution often call themselves something else.
  const others = Object.entries(packages).filter(([name]) => family !== undefined && name !== family);
  const line = ([name, command]) => `  ${name.padEnd(15)} ${command}`;
  return `Install them as root:\n${chosen.map(line).join('\n')}${
    others.length === 0 ? '' : `\n(elsewhere:\n${others.map(line).join('\n')})`
  }`;
}

/** What to do next. npm takes a package away again whose install script has failed. */
function again() {
  const byNpm = process.env.npm_lifecycle_event === 'install';
  return byNpm ? 'the same npm command' : `node ${process.argv.slice(1).join(' ')}`;
}

function refuse(message) {
  console.error(`\n${message}\n`);
  return 1;
}
