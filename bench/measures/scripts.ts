/** What 200 vrrp_scripts a second cost: processor time of the daemon, and of all that it started. */
import { statSync } from 'node:fs';
import { baseline } from '../baseline.js';
import { pass, running, withPair, type Bench, type Measure } from '../measure.js';
import { cpuSecondsWithChildren } from '../process-cost.js';
import { TableBuilder, type Findings } from '../result.js';
import { single, type Routers } from '../routers.js';
import { bareLoop, startSpawner, type Subject } from '../subject.js';

const scriptsByPass = 200;
const runs = 12_000;

export const scripts: Measure = {
  name: 'scripts',
  title: 'Scripts',
  async run(bench): Promise<Findings> {
    const table = new TableBuilder(
      `Processor time of ${runs.toLocaleString('en')} runs of a script, ${scriptsByPass} a second`,
      'the bare loop: posix_spawn from C; one router at advert_int 1 beside it in the daemons',
    );
    // All at the same time: what else the machine does then weighs on all alike.
    bench.progress('all subjects');
    const costs = await Promise.all(bench.subjects.map((subject) => running200(bench, subject)));
    for (const [index, { name }] of bench.subjects.entries()) {
      const found = costs[index];
      table.set('the daemon itself', 's', name, found?.own);
      table.set('with the scripts', 's', name, found?.all);
      table.set('runs done of those due', '', name, found?.share);
    }
    return { tables: [table.build()] };
  },
};

interface Cost {
  readonly own: number;
  readonly all: number;
  /** Of the runs that were due. */
  readonly share: number;
}

async function running200(bench: Bench, subject: Subject): Promise<Cost> {
  return await withPair(1, async (one) => {
    const file = one.write('runs', '');
    const script = [baseline('mark'), file];
    const routers: Routers = {
      ...single,
      intervalMs: 1000,
      scripts: { count: scriptsByPass, command: script.join(' ') },
    };
    const start = subject === bareLoop ? startSpawner(one, script) : subject.start(one, routers);
    return await running(start, async ({ pid }) => {
      // The start, and the first compilations of V8.
      await pass(bench.quick ? 5 : 15);
      const before = { ...cpuSecondsWithChildren(pid), runs: statSync(file).size };
      const from = performance.now();
      await pass(bench.quick ? 10 : runs / scriptsByPass);
      const after = { ...cpuSecondsWithChildren(pid), runs: statSync(file).size };
      const due = ((performance.now() - from) / 1000) * scriptsByPass;
      const done = after.runs - before.runs;
      const factor = runs / done;
      return {
        own: (after.own - before.own) * factor,
        all: (after.all - before.all) * factor,
        share: done / due,
      };
    });
  });
}
