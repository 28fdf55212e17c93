/**
 * npm run bench [-- NAME... --quick --json --out FOLDER --subjects LIST]: measures ka-node beside Debian's keepalived and a
 * bare C loop, in network namespaces of its own. Needs root, cc and iproute2.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { projectRoot } from '../test/support/daemons.js';
import { run } from '../test/support/program.js';
import { compileBaselines } from './baseline.js';
import { subjectByName, type Bench, type Measure } from './measure.js';
import { config } from './measures/config.js';
import { cost } from './measures/cost.js';
import { growth } from './measures/growth.js';
import { interval } from './measures/interval.js';
import { lvs } from './measures/lvs.js';
import { reload } from './measures/reload.js';
import { scale } from './measures/scale.js';
import { scripts } from './measures/scripts.js';
import { start } from './measures/start.js';
import { takeover } from './measures/takeover.js';
import { subjectNames, type Distribution, type SubjectName, type Table } from './result.js';
import { cumulativeSvg } from './svg.js';
import { renderFindings } from './text-report.js';

const measures: readonly Measure[] = [
  start,
  config,
  growth,
  cost,
  interval,
  takeover,
  reload,
  scale,
  scripts,
  lvs,
];

const usage = `npm run bench -- [MEASURE...] [--quick] [--json] [--out FOLDER] [--subjects LIST]
  MEASURE     ${measures.map((each) => each.name).join(', ')}; all when none is named
  --quick     shorter samples, for a look
  --json      print the results as JSON instead of tables
  --out       where results.json and the pictures go; bench/results when absent
  --subjects  of ${subjectNames.map((name) => `'${name}'`).join(', ')}, with commas`;

interface Outcome {
  readonly measure: string;
  readonly seconds: number;
  readonly tables: readonly Table[];
}

process.exitCode = await main();

/** What was asked for, or what is wrong with it. */
function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        out: { type: 'string', default: join(projectRoot, 'bench/results') },
        subjects: { type: 'string', default: subjectNames.join(',') },
      },
    });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function main(): Promise<number> {
  const given = readArguments();
  if (typeof given === 'string') {
    process.stderr.write(`${given}\n${usage}\n`);
    return 2;
  }
  const { values, positionals } = given;
  const unknown = positionals.filter((name) => !measures.some((each) => each.name === name));
  if (values.help || unknown.length > 0) {
    process.stderr.write(`${unknown.map((name) => `no measure '${name}'\n`).join('')}${usage}\n`);
    return values.help ? 0 : 2;
  }
  // Node reads such a file at each start, for TLS that no measure speaks: 45 ms for the certificates of Debian.
  delete process.env['NODE_EXTRA_CA_CERTS'];
  if (process.getuid?.() !== 0) throw new Error('the bench makes network namespaces: run it as root');
  const subjects = values.subjects.split(',').map((name) => subjectByName(subjectName(name)));
  const missing = subjects.flatMap((subject) => subject.missing() ?? []);
  if (missing.length > 0) throw new Error(missing.join('\n'));
  await compileBaselines();

  const chosen = measures.filter((each) => positionals.length === 0 || positionals.includes(each.name));
  const machine = await describeMachine();
  if (!values.json) process.stdout.write(`${machine.join('\n')}\n\n`);
  const outcomes: Outcome[] = [];
  for (const measure of chosen) {
    const began = performance.now();
    const bench: Bench = {
      subjects,
      quick: values.quick,
      progress: (text) => void process.stderr.write(`${measure.name}: ${text}\n`),
    };
    const findings = await measure.run(bench);
    outcomes.push({
      measure: measure.name,
      seconds: (performance.now() - began) / 1000,
      tables: findings.tables,
    });
    if (!values.json) process.stdout.write(`${renderFindings(findings)}\n`);
    savePictures(values.out, findings.distributions ?? []);
  }
  const results = JSON.stringify({ machine, quick: values.quick, outcomes }, undefined, 2);
  mkdirSync(values.out, { recursive: true });
  writeFileSync(join(values.out, 'results.json'), `${results}\n`);
  if (values.json) process.stdout.write(`${results}\n`);
  return 0;
}

function subjectName(name: string): SubjectName {
  const found = subjectNames.find((each) => each === name);
  if (found === undefined) throw new Error(`no subject '${name}'\n${usage}`);
  return found;
}

function savePictures(folder: string, distributions: readonly Distribution[]): void {
  for (const each of distributions) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${each.file}.svg`), cumulativeSvg(each));
  }
}

/** The facts that the figures depend on. */
async function describeMachine(): Promise<string[]> {
  const version = async (argv: readonly string[]): Promise<string> => {
    const { stdout, stderr } = await run(argv);
    return `${stdout}${stderr}`.split('\n')[0]?.trim() ?? '';
  };
  const [processor] = cpus();
  return [
    `${cpus().length} processors ${processor?.model.trim() ?? ''}, Linux ${release()}, Node ${process.version}`,
    await version(['keepalived', '--version']),
    await version(['cc', '--version']),
  ];
}
