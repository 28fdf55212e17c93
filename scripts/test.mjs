// `npm test`: makes the machine ready, then runs every check and test there is. What failed is told again at the end; the last
// line is the sum of all.
//
//   npm test                          everything
//   npm test -- --only=unit,native    some stages: lint types native sim fuzz unit netns interop vm
//   npm test -- --no-skip             a test that could not run counts as failed (also KA_NO_SKIP=1)
//   npm test -- --no-setup            installs nothing; what is missing is skipped
//   npm test -- --verbose             the whole output of every stage, also of those that succeed
import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';

import { SetupError, ensureDebianPackages, ensureNodeModules } from './setup.mjs';
import { schedule } from './test/schedule.mjs';
import { jobs, packagesOf } from './test/stages.mjs';

const options = readOptions();
const sum = { passed: 0, failed: 0, skipped: [], failures: [] };
const linesOfFailure = 60;
const started = performance.now();

try {
  await main();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.log(error.message);
  sum.failed += 1;
}
close();

function readOptions() {
  try {
    return parseArgs({
      options: {
        only: { type: 'string' },
        'no-skip': { type: 'boolean', default: process.env.KA_NO_SKIP === '1' },
        'no-setup': { type: 'boolean', default: false },
        verbose: { type: 'boolean', short: 'v', default: false },
      },
    }).values;
  } catch (error) {
    console.error(`npm test: ${error.message}`);
    console.error('usage: npm test -- [--only=STAGE,STAGE] [--no-skip] [--no-setup] [--verbose]');
    process.exit(2);
  }
}

async function main() {
  const chosen = choose(jobs());
  const missing = options['no-setup'] ? [] : prepare(chosen);
  if (process.getuid() !== 0) sayWhatNeedsRoot(chosen);
  const runnable = [];
  for (const job of chosen) {
    const obstacle = obstacleOf(job, missing);
    if (obstacle === undefined) runnable.push(job);
    else leaveOut(job, obstacle);
  }
  const wrapped = runnable.map((job) => ({ ...job, run: () => runJob(job) }));
  await schedule(wrapped, Math.min(availableParallelism(), 4), (job, failed) => {
    sum.failed += 1;
    console.log(`✗ ${job.name}: not run, because '${failed}' failed`);
  });
}

/** The jobs of the chosen stages and what they need. */
function choose(all) {
  if (options.only === undefined) return all;
  const stages = new Set(all.map((job) => job.stage).filter((stage) => stage !== ''));
  const wanted = options.only.split(',');
  const unknown = wanted.filter((stage) => !stages.has(stage));
  if (unknown.length > 0) {
    throw new SetupError(`no stage ${unknown.join(', ')}; there are: ${[...stages].join(' ')}`);
  }
  const names = new Set(all.filter((job) => wanted.includes(job.stage)).map((job) => job.name));
  for (const name of names)
    for (const need of all.find((job) => job.name === name)?.needs ?? []) names.add(need);
  return all.filter((job) => names.has(job.name));
}

/** Debian packages and npm packages; gives back the Debian packages that could not be had. */
function prepare(chosen) {
  const groups = [...new Set(chosen.flatMap((job) => [...(job.groups ?? []), ...(job.wants ?? [])]))];
  const missing = ensureDebianPackages(groups);
  ensureNodeModules();
  return missing;
}

function sayWhatNeedsRoot(chosen) {
  const left = chosen.filter((job) => job.asRoot === true).map((job) => job.name);
  if (chosen.some((job) => job.stage === 'native')) left.push("the native tests of the kernel's interfaces");
  console.log(
    `not root: no system packages are installed${left.length > 0 ? `; left out are: ${left.join(', ')}` : ''}`,
  );
}

/** Why a job cannot run here, or undefined. */
function obstacleOf(job, missing) {
  if (job.asRoot === true && process.getuid() !== 0) return 'needs root (network namespaces)';
  const absent = packagesOf(job).filter((name) => missing.includes(name));
  return absent.length > 0 ? `needs Debian packages: ${absent.join(' ')}` : undefined;
}

function leaveOut(job, reason) {
  const parts = job.parts?.() ?? [job.name];
  console.log(`- ${job.name}: skipped, ${reason}`);
  sum.skipped.push(...parts.map((part) => `${part}: ${reason}`));
}

/** Runs one job, shows what is worth showing, adds to the sum. @returns whether all went well */
async function runJob(job) {
  const begin = performance.now();
  const isLive = job.alone === true; // nothing else prints meanwhile
  console.log(`▶ ${job.name}`);
  const { passed, failed, skipped, output, failures } = await job.run((text) => {
    if (isLive) process.stdout.write(text);
  });
  sum.passed += passed;
  sum.failed += failed;
  sum.skipped.push(...skipped);
  if (failed > 0) sum.failures.push({ job: job.name, told: failures ?? [], output });
  if (!isLive && (failed > 0 || options.verbose)) console.log(output.trimEnd());
  const counts = [
    `${passed} passed`,
    `${failed} failed`,
    ...(skipped.length > 0 ? [`${skipped.length} skipped`] : []),
  ];
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  const verdict = passed + failed + skipped.length === 0 ? 'done' : counts.join(', ');
  console.log(`${failed === 0 ? '✓' : '✗'} ${job.name}: ${verdict} (${seconds} s)`);
  return failed === 0;
}

/** Each failure once more, so that the end of a long output says what to mend: errors from their start, output from its end. */
function tellFailures() {
  for (const { job, told, output } of sum.failures) {
    console.log(`\nfailed in ${job}:`);
    const texts =
      told.length > 0
        ? told.map((text) => text.split('\n').slice(0, linesOfFailure))
        : [output.trimEnd().split('\n').slice(-linesOfFailure)];
    for (const lines of texts) console.log(lines.join('\n').replace(/^/gm, '  '));
  }
}

function close() {
  tellFailures();
  if (sum.skipped.length > 0) {
    console.log(options['no-skip'] ? '\nskipped, which is not allowed in this run:' : '\nskipped:');
    for (const each of sum.skipped) console.log(`  ${each}`);
    if (options['no-skip']) {
      sum.failed += sum.skipped.length;
      sum.skipped = [];
    }
  }
  console.log(`\n${Math.round((performance.now() - started) / 1000)} s`);
  const tail = sum.skipped.length > 0 ? `, ${sum.skipped.length} skipped` : '';
  console.log(`${sum.passed} passed, ${sum.failed} failed${tail}`);
  process.exitCode = sum.failed > 0 || sum.passed === 0 ? 1 : 0;
}
