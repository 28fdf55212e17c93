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

/** What a start leaves behind (second gratuitous ARP, V8's collection once it is idle) is not what adverts are like. */
const settlingSeconds = 8;

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
      const subjects =
        condition.stall === undefined ? bench.subjects : bench.subjects.filter((each) => each === kaNode);
      const errors = new Map<Subject, number[]>();
      for (let round = 0; round < rounds; round++) {
        bench.progress(`all subjects, ${condition.name}, ${round + 1} of ${rounds}`);
        const found = await withAll(subjects, condition, (all) => intervalErrorsUs(bench, all, condition));
        found.forEach((values, i) => {
          const subject = subjects[i];
          if (subject !== undefined) errors.set(subject, [...(errors.get(subject) ?? []), ...values]);
        });
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
  return busy === undefined ? 3 : 5;
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

/** A subject that runs, where it runs, and what it sends. */
interface Sender {
  readonly host: LabHost;
  readonly watch: Watch;
}

/**
 * Starts one subject after the other, each in a lab of its own, and then uses them all at the same time: what a neighbour on the same
 * host does to this machine's clock interrupts comes and goes, and falls on all alike.
 */
async function withAll<T>(
  subjects: readonly Subject[],
  condition: Condition,
  use: (senders: readonly Sender[]) => Promise<T>,
  started: readonly Sender[] = [],
): Promise<T> {
  const [subject, ...others] = subjects;
  if (subject === undefined) return await use(started);
  return await withPair(1, async (host) => {
    await using watch = await Watch.start(host, { advertsOnly: true });
    return await running(subject.start(host, routersOf(condition), stallOptions(condition)), async () => {
      await watch.until('the first adverts', () => watch.adverts.length > 1);
      return await withAll(others, condition, use, [...started, { host, watch }]);
    });
  });
}

function routersOf({ realtime }: Condition): Routers {
  return { ...single, ...(realtime === undefined ? {} : { realtime }) };
}

/** Of each sender, in their order. */
async function intervalErrorsUs(
  bench: Bench,
  senders: readonly Sender[],
  { busy, stall }: Condition,
): Promise<number[][]> {
  const isStalled = stall !== undefined;
  await pass(isStalled ? 0.5 : bench.quick ? 1 : settlingSeconds);
  const seconds = isStalled ? 12 : bench.quick ? 3 : 8;
  const load = await busyProcesses(senders[0]?.host, busy ?? 0, seconds + 2);
  const from = senders.map(({ watch }) => watch.adverts.length);
  await pass(seconds);
  const times = senders.map(({ watch }, i) => watch.adverts.slice(from[i]).map(({ atNs }) => atNs));
  await Promise.all(load.map((each) => each.stop('SIGKILL')));
  return times.map((each) => gaps(each).map((gap) => gap / 1000 - single.intervalMs * 1000));
}

async function busyProcesses(host: LabHost | undefined, count: number, seconds: number): Promise<Program[]> {
  if (host === undefined) return [];
  return Promise.all(Array.from({ length: count }, () => host.start([baseline('busy'), String(seconds)])));
}

/** The stall begins 1.5 s after the start of the JavaScript. */
function stallOptions(condition: Condition): StartOptions {
  if (condition.stall === undefined) return {};
  const hook = pathToFileURL(join(projectRoot, 'dist/bench/stall.js')).href;
  return { env: { NODE_OPTIONS: `--import ${hook}`, KA_BENCH_STALL: condition.stall } };
}
