// What `npm test` runs: jobs, each of a stage that `--only` can name, what they need, and how their tests are counted.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { buildCommands, has, packageGroups, root } from '../setup.mjs';
import { command } from './command.mjs';
import { countsMark } from './reporter.mjs';

/**
 * @typedef {object} Result
 * @property {number} passed
 * @property {number} failed
 * @property {string[]} skipped  what, with its reason
 * @property {string} output     shown when something failed
 * @property {string[]} [failures] each failed test with its error; `output` tells of them when absent
 *
 * @typedef {object} Job
 * @property {string} name
 * @property {string} stage      what `--only` calls it; '' for a build that others need
 * @property {string[]} [needs]  names of jobs
 * @property {string[]} [groups] groups of Debian packages (scripts/debian-packages.json)
 * @property {string[]} [wants]  groups without which it runs too, with some of its tests skipped
 * @property {boolean} [alone]   has the machine for itself
 * @property {boolean} [asRoot]
 * @property {number} [limitMs]  for each of its test files; 300,000 when absent
 * @property {() => string[]} [parts] what is left out when it cannot run; the job's name when absent
 * @property {(say: (text: string) => void) => Promise<Result>} run
 */

/** A stage that takes longer on a busy machine is still at work; one that hangs is stopped by the limit of each file. */
const stageLimitMs = 60 * 60_000;

/** Stages in which TypeScript tests run by themselves; every other folder of test/ belongs to `unit`. */
const apart = ['netns', 'lifecycle', 'interop', 'vm'];

/** @returns {Job[]} */
export function jobs() {
  return [
    { name: 'build addon', stage: '', groups: ['build'], run: () => build(buildCommands.addon) },
    { name: 'type check', stage: 'types', run: () => check([buildCommands.typescript]) },
    native('native asan', 'asan', ['core', 'sys'], sanitizerOptions()),
    native('native plain', 'plain', ['core', 'sys']),
    {
      name: 'lint',
      stage: 'lint',
      groups: ['build', 'native', 'lint'],
      run: () => check([npmScript('lint'), npmScript('lint:native')]),
    },
    native('native tsan', 'tsan', ['core', 'sys'], sanitizerOptions()),
    typescript('unit', unitFiles(), {
      needs: ['type check', 'build addon'],
      groups: ['build'],
      wants: ['judges'],
    }),
    { ...native('simulator', 'plain', ['sim']), stage: 'sim', needs: ['native plain'] },
    { name: 'fuzz', stage: 'fuzz', groups: ['native', 'build'], run: fuzz },
    typescript('netns', [...filesIn('netns'), ...filesIn('lifecycle')], onTheWire(['lab', 'judges'])),
    typescript('interop', filesIn('interop'), onTheWire(['lab', 'peers'])),
    // One file, all of whose tests run in one boot of an emulated machine, to which it gives 3,000 s: it says what was not done.
    typescript('vm', filesIn('vm'), { ...onTheWire(['lab', 'peers', 'vm']), limitMs: 3_100_000 }),
  ].filter((job) => job !== undefined);
}

/** Test files look at real time on real wires: one stage at a time, a few files side by side, no compiler beside them. */
function onTheWire(groups) {
  return {
    needs: ['type check', 'build addon'],
    groups: ['build', ...groups],
    asRoot: true,
    alone: true,
  };
}

function filesIn(folder, ending = '.test.ts') {
  const absolute = join(root, 'test', folder);
  if (!existsSync(absolute)) return [];
  return readdirSync(absolute, { recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => join('test', folder, name))
    .sort();
}

function unitFiles() {
  const folders = readdirSync(join(root, 'test'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  return folders.filter(({ name }) => !apart.includes(name)).flatMap(({ name }) => filesIn(name));
}

/** Node's own runner on the compiled files, a process a file. */
function typescript(stage, files, options) {
  if (files.length === 0) return undefined;
  return {
    name: stage,
    stage,
    parts: () => files,
    ...options,
    run: async (say) => {
      const compiled = files.map((file) => join('dist', file.replace(/\.ts$/, '.js')));
      const runner = [process.execPath, '--enable-source-maps', '--test', '--test-concurrency=2'];
      const reporter = ['--test-reporter=./scripts/test/reporter.mjs', '--test-reporter-destination=stdout'];
      const limit = `--test-timeout=${options.limitMs ?? 300_000}`;
      const { ok, output } = await command([...runner, limit, ...reporter, ...compiled], {
        limitMs: stageLimitMs,
        onOutput: (text) => say(text.replace(new RegExp(`^${countsMark}.*\n?`, 'm'), '')),
      });
      const line = output.split('\n').findLast((each) => each.startsWith(countsMark));
      const counts =
        line === undefined
          ? { passed: 0, failed: 0, skipped: [] }
          : JSON.parse(line.slice(countsMark.length));
      if (counts.passed + counts.failed + counts.skipped.length === 0 || (!ok && counts.failed === 0))
        counts.failed += 1;
      return {
        ...counts,
        output: output
          .split('\n')
          .filter((each) => each !== line)
          .join('\n'),
      };
    },
  };
}

/** Builds a CMake preset and runs its doctest programs. */
function native(name, preset, programs, env = {}) {
  return {
    name,
    stage: 'native',
    groups: ['build', 'native'],
    run: async () => {
      const built = await all([
        ['cmake', '--preset', preset],
        ['cmake', '--build', '--preset', preset],
      ]);
      if (!built.ok) return { passed: 0, failed: 1, skipped: [], output: built.output };
      const total = { passed: 0, failed: 0, skipped: [], output: '' };
      for (const part of programs) {
        const file = join('cmake-build', preset, part === 'sim' ? 'ka_sim' : `ka_${part}_tests`);
        if (!existsSync(join(root, file))) continue; // the section has no tests
        if (part === 'sys' && process.getuid() !== 0) {
          total.skipped.push(`${file}: needs root`);
          continue;
        }
        add(total, await doctest([...withoutRandomAddresses(env), file], env));
      }
      return total;
    },
  };
}

/** A doctest program's own count; `KA-SKIP <what>: <why>` in its output is a test that could not run here. */
async function doctest(argv, env) {
  const { ok, output } = await command(argv, { env });
  const found = /test cases: +(\d+) \| +(\d+) passed \| +(\d+) failed \| +(\d+) skipped/.exec(output);
  const skipped = [...output.matchAll(/KA-SKIP (.*)/g)].map((match) => match[1]);
  const [ran, failed, left] = found === null ? [0, 1, 0] : found.slice(2).map(Number);
  const passed = Math.max(0, ran - skipped.length); // doctest knows no skip at run time: it takes such a test as passed
  for (let index = 0; index < left; index += 1) skipped.push(`${argv.at(-1)}: left out by a decorator`);
  return { passed, failed: failed === 0 && !ok ? 1 : failed, skipped, output };
}

/** Bounded in time: KA_FUZZ_SECONDS for each target, 10 when not set. The kept corpus is run first. */
async function fuzz() {
  const built = await all([
    ['cmake', '--preset', 'fuzz'],
    ['cmake', '--build', '--preset', 'fuzz'],
  ]);
  if (!built.ok) return { passed: 0, failed: 1, skipped: [], output: built.output };
  const total = { passed: 0, failed: 0, skipped: [], output: '' };
  const artifacts = join(root, 'cmake-build/fuzz/artifacts');
  mkdirSync(artifacts, { recursive: true });
  for (const source of filesIn('fuzz', '.cc')) {
    const target = basename(source, '.cc');
    const kept = join('test/fuzz/corpus', target);
    const found = mkdtempSync(join(tmpdir(), 'ka-node-fuzz-'));
    const { ok, output } = await command([
      ...withoutRandomAddresses({ sanitized: '1' }),
      ...[`cmake-build/fuzz/fuzz_${target}`, found, ...(existsSync(join(root, kept)) ? [kept] : [])],
      ...[
        `-max_total_time=${process.env.KA_FUZZ_SECONDS ?? 10}`,
        '-timeout=10',
        `-artifact_prefix=${artifacts}/${target}-`,
      ],
    ]);
    rmSync(found, { recursive: true, force: true });
    add(total, { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: [], output: ok ? '' : output });
  }
  return total;
}

function sanitizerOptions() {
  return {
    ASAN_OPTIONS: 'detect_stack_use_after_return=1:strict_string_checks=1',
    UBSAN_OPTIONS: 'print_stacktrace=1',
    TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1',
  };
}

/** Newer kernels randomise addresses more widely than the sanitizers of gcc 12 and clang 14 can map. */
function withoutRandomAddresses(env) {
  return Object.keys(env).length > 0 && has('setarch') ? ['setarch', '-R'] : [];
}

function npmScript(name) {
  return ['npm', 'run', '--silent', name];
}

/** Each command is one test. */
async function check(commands) {
  const total = { passed: 0, failed: 0, skipped: [], output: '' };
  for (const argv of commands) {
    const { ok, output } = await command(argv);
    add(total, { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: [], output: ok ? '' : output });
  }
  return total;
}

/** A build is no test; only its failure counts. */
async function build(argv) {
  const { ok, output } = await command(argv);
  return { passed: 0, failed: ok ? 0 : 1, skipped: [], output };
}

async function all(commands) {
  let output = '';
  for (const argv of commands) {
    const result = await command(argv);
    output += result.output;
    if (!result.ok) return { ok: false, output };
  }
  return { ok: true, output };
}

function add(total, more) {
  total.passed += more.passed;
  total.failed += more.failed;
  total.skipped.push(...more.skipped);
  total.output += more.output;
}

/** Packages of a job, as names. */
export function packagesOf(job) {
  return (job.groups ?? []).flatMap((group) => packageGroups[group]);
}
