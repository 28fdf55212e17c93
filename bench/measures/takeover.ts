/**
 * How much longer than the protocol demands a backup takes. After kill -9 of the master (the bare loop, for all subjects
 * alike): from the last advert that reached the backup to its own first one, less the master-down interval. After a clean
 * stop of the same subject: from the priority 0 advert, less the skew.
 */
import type { LabHost } from '../../test/support/net-lab.js';
import { daemons, pass, running, withPair, type Bench, type Measure } from '../measure.js';
import { TableBuilder, type Findings, type Series } from '../result.js';
import { addressOf, masterDownNs, single, skewNs, type Routers } from '../routers.js';
import { largest, median } from '../statistics.js';
import { bareLoop, type Subject } from '../subject.js';
import { nowNs, Watch, type Advert } from '../watch.js';

interface Case {
  readonly intervalMs: number;
  /** Routers that fail over in one round, their adverts spread over the interval. */
  readonly routers: number;
  readonly rounds: number;
}

const kills: readonly Case[] = [
  { intervalMs: 1000, routers: 16, rounds: 2 },
  { intervalMs: 100, routers: 4, rounds: 10 },
  { intervalMs: 10, routers: 1, rounds: 40 },
];

const stops: Case = { intervalMs: 100, routers: 8, rounds: 4 };

interface Samples {
  /** Microseconds; of the takeovers beyond what the protocol demands. */
  readonly beyond: number[];
  /** Microseconds after the new master's first advert. */
  readonly address: number[];
  readonly arp: number[];
  /** Microseconds from SIGTERM to priority 0. */
  readonly goodbye: number[];
}

export const takeover: Measure = {
  name: 'takeover',
  title: 'Takeover',
  async run(bench): Promise<Findings> {
    const killed = new TableBuilder(
      'Takeover after kill -9 of the master: time beyond the master-down interval',
      "address and gratuitous ARP: time after the new master's first advert; the loop has neither",
    );
    const stopped = new TableBuilder('Takeover after a clean stop of the master: time beyond the skew');
    const series: Series[] = [];
    for (const each of kills) {
      for (const subject of bench.subjects) {
        bench.progress(`${subject.name}, kill -9, advert_int ${each.intervalMs / 1000}`);
        const samples = await withPair(1, (one, two) => afterKill(one, two, subject, shorter(bench, each)));
        const label = `advert_int ${each.intervalMs / 1000}`;
        report(killed, label, subject, samples);
        series.push({ name: `${subject.name}, ${each.intervalMs / 1000} s`, values: samples.beyond });
      }
    }
    for (const subject of daemons(bench)) {
      bench.progress(`${subject.name}, clean stop`);
      const samples = await withPair(1, (one, two) => afterStop(one, two, subject, shorter(bench, stops)));
      report(stopped, `advert_int ${stops.intervalMs / 1000}`, subject, samples);
      stopped.set('SIGTERM to priority 0, median', 'us', subject.name, median(samples.goodbye));
    }
    return {
      tables: [killed.build(), stopped.build()],
      distributions: [{ file: 'takeover', title: killed.title, unit: 'us', series }],
    };
  },
};

function shorter(bench: Bench, full: Case): Case {
  return bench.quick ? { ...full, rounds: Math.ceil(full.rounds / 4) } : full;
}

function report(table: TableBuilder, label: string, subject: Subject, samples: Samples): void {
  table.set(`${label}: median`, 'us', subject.name, median(samples.beyond));
  table.set(`${label}: largest of ${samples.beyond.length}`, 'us', subject.name, largest(samples.beyond));
  table.set(`${label}: address present, median`, 'us', subject.name, median(samples.address));
  table.set(`${label}: gratuitous ARP, median`, 'us', subject.name, median(samples.arp));
}

async function afterKill(one: LabHost, two: LabHost, subject: Subject, of: Case): Promise<Samples> {
  const shape: Routers = { ...single, perInterface: of.routers, intervalMs: of.intervalMs };
  const backup: Routers = { ...shape, priority: 100 };
  const samples: Samples = { beyond: [], address: [], arp: [], goodbye: [] };
  await using watch = await Watch.start(two);
  let master = await bareLoop.start(one, { ...shape, priority: 200 });
  await watch.untilRouters(of.routers, 'in');
  await running(subject.start(two, backup), async () => {
    await pass(Math.max(0.7, 0.002 * of.intervalMs)); // it loads its configuration, and the master is heard
    for (let round = 0; round < of.rounds; round++) {
      await pass((of.intervalMs / 1000) * (2 + Math.random()));
      const from = watch.adverts.length;
      await master.crash();
      const first = await watch.untilRouters(of.routers, 'out', { from });
      await pass(0.05); // addresses and ARP
      for (const advert of first.values()) {
        const last = lastBefore(watch, advert, (each) => each.direction === 'in');
        if (last !== undefined) samples.beyond.push((advert.atNs - last.atNs - masterDownNs(backup)) / 1000);
        addSettling(samples, watch, addressOf(backup, advert.key), advert);
      }
      const back = watch.adverts.length;
      master = await bareLoop.start(one, { ...shape, priority: 200 });
      await watch.untilRouters(of.routers, 'in', { from: back });
    }
  });
  await master.crash();
  return samples;
}

async function afterStop(one: LabHost, two: LabHost, subject: Subject, of: Case): Promise<Samples> {
  const shape: Routers = { ...single, perInterface: of.routers, intervalMs: of.intervalMs };
  const backup: Routers = { ...shape, priority: 100 };
  const samples: Samples = { beyond: [], address: [], arp: [], goodbye: [] };
  await using watch = await Watch.start(two);
  await running(subject.start(two, backup), async () => {
    await watch.untilRouters(of.routers, 'out');
    for (let round = 0; round < of.rounds; round++) {
      const back = watch.adverts.length;
      const master = await subject.start(one, { ...shape, priority: 200 });
      await watch.untilRouters(of.routers, 'in', { from: back });
      await pass((of.intervalMs / 1000) * (3 + Math.random()));
      const from = watch.adverts.length;
      const askedNs = nowNs();
      await master.stop();
      const first = await watch.untilRouters(of.routers, 'out', { from });
      await pass(0.05);
      for (const advert of first.values()) {
        const goodbye = lastBefore(watch, advert, (each) => each.direction === 'in' && each.priority === 0);
        if (goodbye === undefined || goodbye.atNs < askedNs) continue;
        samples.goodbye.push((goodbye.atNs - askedNs) / 1000);
        samples.beyond.push((advert.atNs - goodbye.atNs - skewNs(backup)) / 1000);
        addSettling(samples, watch, addressOf(backup, advert.key), advert);
      }
    }
  });
  return samples;
}

function lastBefore(watch: Watch, advert: Advert, accept: (each: Advert) => boolean): Advert | undefined {
  return watch.adverts.findLast((each) => each.key === advert.key && each.atNs < advert.atNs && accept(each));
}

/** Address and gratuitous ARP of the takeover that began with `advert`; either may come shortly before it. */
function addSettling(samples: Samples, watch: Watch, address: string, advert: Advert): void {
  const earliestNs = advert.atNs - 5e6;
  const added = watch.addresses.find(
    (each) => each.address === address && each.direction === 'add' && each.atNs > earliestNs,
  );
  const told = watch.arps.find(
    (each) => each.address === address && each.direction === 'out' && each.atNs > earliestNs,
  );
  if (added !== undefined) samples.address.push((added.atNs - advert.atNs) / 1000);
  if (told !== undefined) samples.arp.push((told.atNs - advert.atNs) / 1000);
}
