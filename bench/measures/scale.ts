/** 1, 255 and 4,000 routers at advert_int 1: start of all, cost and exactness meanwhile, failover of all at once. */
import type { LabHost } from '../../test/support/net-lab.js';
import { daemons, pass, withPair, type Bench, type Measure } from '../measure.js';
import { cpuNs, memory } from '../process-cost.js';
import { TableBuilder, type Findings, type Series } from '../result.js';
import { addressOf, masterDownNs, type Routers } from '../routers.js';
import { gaps, largest, mean, median, quantile } from '../statistics.js';
import type { Subject } from '../subject.js';
import { nowNs, Watch, type Advert } from '../watch.js';

interface Size {
  readonly cables: number;
  readonly perInterface: number;
}

const sizes: readonly Size[] = [
  { cables: 1, perInterface: 1 },
  { cables: 1, perInterface: 255 },
  { cables: 16, perInterface: 250 },
];

const patienceMs = 40_000;

export const scale: Measure = {
  name: 'scale',
  title: 'Many routers',
  async run(bench): Promise<Findings> {
    const tables: TableBuilder[] = [];
    const series: Series[] = [];
    for (const size of sizes) {
      const count = size.cables * size.perInterface;
      const table = new TableBuilder(`${count.toLocaleString('en')} routers at advert_int 1`);
      for (const subject of daemons(bench)) {
        bench.progress(`${subject.name}, ${count} routers`);
        const lateness = await withPair(size.cables, (one, two) =>
          measureSize(bench, table, subject, size, one, two),
        );
        if (count > 1) series.push({ name: `${subject.name}, ${count}`, values: lateness });
      }
      tables.push(table);
    }
    const title = "Failover of all routers: time beyond each one's master-down interval";
    return {
      tables: tables.map((table) => table.build()),
      distributions: [{ file: 'failover', title, unit: 'ms', series }],
    };
  },
};

async function measureSize(
  bench: Bench,
  table: TableBuilder,
  subject: Subject,
  size: Size,
  one: LabHost,
  two: LabHost,
): Promise<readonly number[]> {
  const count = size.cables * size.perInterface;
  const interfaces = Array.from({ length: size.cables }, (_, i) => `eth${i}`);
  const routers: Routers = { interfaces, perInterface: size.perInterface, priority: 200, intervalMs: 1000 };
  const backup: Routers = { ...routers, priority: 100 };
  const report = (label: string, unit: 'ms' | 'us' | 's' | 'MB', value: number | undefined): void =>
    table.set(label, unit, subject.name, value);

  await using watchTwo = await Watch.start(two);
  const master = await subject.start(one, routers);
  const begun = await watchTwo.untilRouters(count, 'in', { timeoutMs: patienceMs });
  const firsts = [...begun.values()].map((advert) => advert.atNs);
  const [first, last] = [Math.min(...firsts), Math.max(...firsts)];
  report(
    'start to all masters, less the master-down interval',
    'ms',
    (last - master.startedNs - masterDownNs(routers)) / 1e6,
  );
  report('first master to last master', 'ms', (last - first) / 1e6);

  const standby = await subject.start(two, backup);
  await pass(bench.quick ? 3 : 6); // it loads its configuration; gratuitous ARP of the start is over
  const from = watchTwo.adverts.length;
  const before = { one: cpuNs(master.pid), two: cpuNs(standby.pid), ns: nowNs() };
  await pass(bench.quick ? 3 : 6);
  const seconds = (nowNs() - before.ns) / 1e9;
  report('processor time of the master by second', 'ms', (cpuNs(master.pid) - before.one) / 1e6 / seconds);
  report('processor time of the backup by second', 'ms', (cpuNs(standby.pid) - before.two) / 1e6 / seconds);
  const errors = intervalErrorsUs(watchTwo.adverts.slice(from), routers.intervalMs);
  report('interval error: drift', 'us', mean(errors));
  report('interval error: median', 'us', median(errors.map(Math.abs)));
  report('interval error: p99', 'us', quantile(errors.map(Math.abs), 0.99));
  report('memory of the master (PSS)', 'MB', memory(master.pid).pssMb);

  const killed = watchTwo.adverts.length;
  const killedNs = nowNs();
  await master.crash();
  const taken = await watchTwo.untilRouters(count, 'out', { from: killed, timeoutMs: patienceMs });
  const lateness = beyondMs(watchTwo.adverts, taken, backup);
  report('failover beyond master-down: median', 'ms', median(lateness));
  report('failover beyond master-down: largest', 'ms', largest(lateness));
  const wanted = [...taken.keys()].map((key) => addressOf(backup, key));
  const settled = await settledNs(watchTwo, wanted, killedNs);
  const lastTaken = Math.max(...[...taken.values()].map((advert) => advert.atNs));
  report('kill -9 to last first advert', 'ms', (lastTaken - killedNs) / 1e6);
  report('kill -9 to last address present', 'ms', (settled.address - killedNs) / 1e6);
  report('kill -9 to last gratuitous ARP (first of each)', 'ms', (settled.arp - killedNs) / 1e6);
  await standby.stop();
  return lateness;
}

function intervalErrorsUs(adverts: readonly Advert[], intervalMs: number): number[] {
  const times = new Map<string, number[]>();
  for (const advert of adverts) {
    const list = times.get(advert.key) ?? [];
    times.set(advert.key, list);
    list.push(advert.atNs);
  }
  return [...times.values()].flatMap((list) => gaps(list).map((gap) => gap / 1000 - intervalMs * 1000));
}

function beyondMs(adverts: readonly Advert[], taken: ReadonlyMap<string, Advert>, backup: Routers): number[] {
  const heard = new Map<string, number>();
  for (const advert of adverts) if (advert.direction === 'in') heard.set(advert.key, advert.atNs);
  return [...taken].map(
    ([key, advert]) => (advert.atNs - (heard.get(key) ?? 0) - masterDownNs(backup)) / 1e6,
  );
}

/** When the last address was there, and when the last one had been told to the neighbours. */
async function settledNs(
  watch: Watch,
  wanted: readonly string[],
  sinceNs: number,
): Promise<{ readonly address: number; readonly arp: number }> {
  const collect = (direction: string) => ({ direction, next: 0, firsts: new Map<string, number>() });
  const [added, told] = [collect('add'), collect('out')];
  const take = (into: typeof added, from: Watch['arps']): boolean => {
    for (; into.next < from.length; into.next++) {
      const news = from[into.next];
      if (news?.direction !== into.direction || news.atNs < sinceNs || into.firsts.has(news.address))
        continue;
      into.firsts.set(news.address, news.atNs);
    }
    return into.firsts.size >= wanted.length;
  };
  await watch.until(
    `${wanted.length} addresses and their gratuitous ARP`,
    () => take(added, watch.addresses) && take(told, watch.arps),
    patienceMs,
  );
  return { address: Math.max(...added.firsts.values()), arp: Math.max(...told.firsts.values()) };
}
