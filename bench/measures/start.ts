/** From execve to the first advert of an address owner, which need not wait for anybody. */
import { NetLab } from '../../test/support/net-lab.js';
import { run } from '../../test/support/program.js';
import { withPair, type Measure } from '../measure.js';
import { TableBuilder, type Findings } from '../result.js';
import { single, type Routers } from '../routers.js';
import { largest, median } from '../statistics.js';
import { nowNs, Watch } from '../watch.js';

const owner: Routers = { ...single, priority: 255, intervalMs: 1000 };

export const start: Measure = {
  name: 'start',
  title: 'Start',
  async run(bench): Promise<Findings> {
    const runs = bench.quick ? 4 : 15;
    const table = new TableBuilder('From start to the first advert, priority 255');
    for (const subject of bench.subjects) {
      bench.progress(subject.name);
      const times = await withPair(1, async (one) => {
        await using watch = await Watch.start(one, { advertsOnly: true });
        const found: number[] = [];
        for (let i = 0; i < runs; i++) {
          const from = watch.adverts.length;
          const started = await subject.start(one, owner);
          await watch.until('the first advert', () => watch.adverts.length > from);
          found.push(((watch.adverts[from]?.atNs ?? 0) - started.startedNs) / 1e6);
          await started.stop();
        }
        return found;
      });
      table.set('median', 'ms', subject.name, median(times));
      table.set(`largest of ${runs}`, 'ms', subject.name, largest(times));
    }
    const bareNode = await nodeAlone(runs);
    return {
      tables: [
        {
          ...table.build(),
          note: `Node alone, an empty script from start to end: ${bareNode.toFixed(1)} ms`,
        },
      ],
    };
  },
};

/** Milliseconds that Node needs to start and end by itself, started the same way (median). */
async function nodeAlone(runs: number): Promise<number> {
  await using lab = await NetLab.create('bench');
  const host = await lab.host('alone');
  const script = host.write('empty.mjs', '');
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    const from = nowNs();
    await run([process.execPath, script]);
    times.push((nowNs() - from) / 1e6);
  }
  return median(times) ?? 0;
}
