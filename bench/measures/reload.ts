/**
 * SIGHUP at advert_int 0.01: the longest silence of a master around it, and whether a backup (the bare loop, for all
 * alike) took that silence for a death. Once with a small file, once with 20,000 real servers in it.
 */
import type { LabHost } from '../../test/support/net-lab.js';
import { daemons, pass, running, withPair, type Bench, type Measure } from '../measure.js';
import { TableBuilder, type Findings } from '../result.js';
import { single, type Routers } from '../routers.js';
import { gaps, largest, median } from '../statistics.js';
import { bareLoop, type Subject } from '../subject.js';
import { nowNs, Watch } from '../watch.js';

interface Reloads {
  readonly gapsMs: readonly number[];
  readonly takeovers: number;
}

export const reload: Measure = {
  name: 'reload',
  title: 'Reload',
  async run(bench): Promise<Findings> {
    const count = bench.quick ? 2 : 6;
    const table = new TableBuilder(
      'Longest gap between adverts around SIGHUP, advert_int 0.01',
      `${count} reloads each; the backup takes over after 36 ms of silence`,
    );
    for (const realServers of [0, 20_000]) {
      const label = realServers === 0 ? 'small file' : '20,000 real servers';
      for (const subject of daemons(bench)) {
        bench.progress(`${subject.name}, ${label}`);
        const found = await withPair(1, (one, two) =>
          reloads(bench, one, two, subject, { ...single, realServers }, count),
        );
        table.set(`${label}: median`, 'ms', subject.name, median(found.gapsMs));
        table.set(`${label}: largest`, 'ms', subject.name, largest(found.gapsMs));
        table.set(`${label}: reloads that the backup took for a death`, '', subject.name, found.takeovers);
      }
    }
    return { tables: [table.build()] };
  },
};

async function reloads(
  bench: Bench,
  one: LabHost,
  two: LabHost,
  subject: Subject,
  routers: Routers,
  count: number,
): Promise<Reloads> {
  await using watch = await Watch.start(one, { advertsOnly: true });
  return await running(subject.start(one, routers), async (master) => {
    await watch.until('the first adverts', () => watch.adverts.length > 50, 30_000);
    return await running(bareLoop.start(two, { ...single, priority: 100 }), async () => {
      await pass(0.5);
      const gapsMs: number[] = [];
      let takeovers = 0;
      for (let i = 0; i < count; i++) {
        const [from, askedNs] = [watch.adverts.length, nowNs()];
        master.signal('SIGHUP');
        await pass(bench.quick ? 1 : 1.5);
        const since = watch.adverts.slice(Math.max(0, from - 10)).filter((each) => each.atNs > askedNs - 5e7);
        const sent = since.filter((each) => each.direction === 'out').map((each) => each.atNs);
        gapsMs.push((largest(gaps(sent)) ?? 0) / 1e6);
        if (since.some((each) => each.direction === 'in')) takeovers += 1;
      }
      return { gapsMs, takeovers };
    });
  });
}
