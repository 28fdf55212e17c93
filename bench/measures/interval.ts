/**
 * How exactly adverts leave at advert_int 0.01: on an idle machine, beside 8 busy processes, the same with real-time
 * priority, and for ka-node while its own JavaScript is blocked or short of memory.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { projectRoot } from '../../test/support/daemons.js';
import type { LabHost } from '../../test/support/net-lab.js';
import type { Program } from '../../test/support/program.js';
import { baseline } from '../baseline.js';
import { pass, running, withPair, type Bench, type Measure } from '../measure.js';
import { TableBuilder, type Findings, type Series } from '../result.js';
import { single, type Routers } from '../routers.js';
import { gaps, largest, mean, median, quantile } from '../statistics.js';
import { kaNode, type StartOptions, type Subject } from '../subject.js';
import { Watch } from '../watch.js';

interface Condition {
  readonly name: string;
  readonly busy?: number;
  readonly realtime?: number;
  /** What stall.ts does to the JavaScript of ka-node. */
  readonly stall?: 'block' | 'heap';
}

const conditions: readonly Condition[] = [
  { name: 'idle' },
  { name: '8 busy processes', busy: 8 },
  { name: '8 busy processes, real-time priority', busy: 8, realtime: 20 },
  { name: 'event loop blocked 10 s', stall: 'block' },
  { name: 'heap pressure', stall: 'heap' },
];

/** Routers leave their first adverts alone: a daemon still works off its start. */
const settlingAdverts = 50;

export const interval: Measure = {
  name: 'interval',
  title: 'Advert interval',
  async run(bench): Promise<Findings> {
    const table = new TableBuilder(
      'Error of the interval between adverts, advert_int 0.01',
      'median, p99 and largest of the absolute error; drift: mean error of a period',
    );
    const series: Series[] = [];
    for (const condition of conditions) {
      const rounds = roundsOf(condition, bench);
      const errors = new Map<Subject, number[]>();
      for (let round = 0; round < rounds; round++) {
        for (const subject of bench.subjects) {
          if (condition.stall !== undefined && subject !== kaNode) continue;
          bench.progress(`${subject.name}, ${condition.name}, ${round + 1} of ${rounds}`);
          const found = await withPair(1, (one) => intervalErrorsUs(bench, one, subject, condition));
          errors.set(subject, [...(errors.get(subject) ?? []), ...found]);
        }
      }
      for (const [subject, values] of errors) {
        report(table, condition, subject, values);
        series.push({ name: `${subject.name}, ${shortName(condition)}`, values: values.map(Math.abs) });
      }
    }
    return {
      tables: [table.build()],
      distributions: [{ file: 'interval', title: table.title, unit: 'us', series }],
    };
  },
};

/** What a busy machine does to the slowest hundredth differs from run to run. */
function roundsOf({ stall, busy }: Condition, { quick }: Bench): number {
  if (stall !== undefined || quick) return 1;
  return busy === undefined ? 2 : 5;
}

function report(
  table: TableBuilder,
  condition: Condition,
  subject: Subject,
  errors: readonly number[],
): void {
  const sizes = errors.map(Math.abs);
  table.set(`${condition.name}: drift`, 'us', subject.name, mean(errors));
  table.set(`${condition.name}: median`, 'us', subject.name, median(sizes));
  table.set(`${condition.name}: p99`, 'us', subject.name, quantile(sizes, 0.99));
  table.set(`${condition.name}: largest`, 'us', subject.name, largest(sizes));
}

function shortName(condition: Condition): string {
  return condition.name
    .replace('8 busy processes', 'busy')
    .replace('real-time priority', 'rt')
    .replace('event loop ', '');
}

async function intervalErrorsUs(
  bench: Bench,
  host: LabHost,
  subject: Subject,
  condition: Condition,
): Promise<number[]> {
  const routers: Routers = {
    ...single,
    ...(condition.realtime === undefined ? {} : { realtime: condition.realtime }),
  };
  const seconds = condition.stall !== undefined ? 12 : bench.quick ? 3 : 7;
  await using watch = await Watch.start(host, { advertsOnly: true });
  return await running(subject.start(host, routers, stallOptions(condition)), async () => {
    await watch.until('the first adverts', () => watch.adverts.length > settlingAdverts);
    const load = await busyProcesses(host, condition.busy ?? 0, seconds + 2);
    const from = watch.adverts.length;
    await pass(seconds);
    const times = watch.adverts.slice(from).map((advert) => advert.atNs);
    await Promise.all(load.map((each) => each.stop('SIGKILL')));
    return gaps(times).map((gap) => gap / 1000 - routers.intervalMs * 1000);
  });
}

async function busyProcesses(host: LabHost, count: number, seconds: number): Promise<Program[]> {
  return Promise.all(Array.from({ length: count }, () => host.start([baseline('busy'), String(seconds)])));
}

/** The stall begins 1.5 s after the start of the JavaScript. */
function stallOptions(condition: Condition): StartOptions {
  if (condition.stall === undefined) return {};
  const hook = pathToFileURL(join(projectRoot, 'dist/bench/stall.js')).href;
  return { env: { NODE_OPTIONS: `--import ${hook}`, KA_BENCH_STALL: condition.stall } };
}
