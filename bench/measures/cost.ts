/** What a router costs while nothing happens: processor time by advert, memory of all processes. */
import { pass, running, withPair, type Bench, type Measure } from '../measure.js';
import { cpuNs, memory, type Memory } from '../process-cost.js';
import { TableBuilder, type Findings } from '../result.js';
import { single, type Routers } from '../routers.js';
import { bareLoop, type Subject } from '../subject.js';
import { Watch, type Direction } from '../watch.js';

export const cost: Measure = {
  name: 'cost',
  title: 'Processor time and memory',
  async run(bench): Promise<Findings> {
    const cpu = new TableBuilder('Processor time by 1,000 adverts, one router at advert_int 0.01');
    const memoryTable = new TableBuilder('Memory of all processes, one router, MASTER', 'MB of 10^6 bytes');
    // All at the same time, each in a lab of its own: what else the machine does then weighs on all alike.
    bench.progress('sending, all subjects');
    const senders = await Promise.all(bench.subjects.map((subject) => sending(bench, subject)));
    bench.progress('receiving, all subjects');
    const receivers = await Promise.all(bench.subjects.map((subject) => receiving(bench, subject)));
    for (const [index, { name }] of bench.subjects.entries()) {
      const sender = senders[index];
      cpu.set('sent', 's', name, sender?.cpuSeconds);
      cpu.set('received', 's', name, receivers[index]);
      memoryTable.set('proportional (PSS)', 'MB', name, sender?.memory.pssMb);
      memoryTable.set('resident (RSS), summed', 'MB', name, sender?.memory.rssMb);
      memoryTable.set('processes', '', name, sender?.memory.processes);
    }
    return { tables: [cpu.build(), memoryTable.build()] };
  },
};

/** What a start leaves behind (second gratuitous ARP, V8's collection once it is idle) is not the cost of an advert. */
function settlingSeconds(bench: Bench): number {
  return bench.quick ? 1 : 15;
}

async function sending(
  bench: Bench,
  subject: Subject,
): Promise<{ readonly cpuSeconds: number; readonly memory: Memory }> {
  return await withPair(1, async (one) => {
    await using watch = await Watch.start(one, { advertsOnly: true });
    return await running(subject.start(one, single), async ({ pid }) => {
      await watch.until('the first adverts', () => watch.adverts.length > 50);
      await pass(settlingSeconds(bench));
      const cpuSeconds = await cpuSecondsByThousand(bench, watch, 'out', pid);
      return { cpuSeconds, memory: memory(pid) };
    });
  });
}

async function receiving(bench: Bench, subject: Subject): Promise<number> {
  const backup: Routers = { ...single, priority: 100 };
  return await withPair(1, async (one, two) => {
    await using watch = await Watch.start(two, { advertsOnly: true });
    return await running(bareLoop.start(one, single), async () => {
      await watch.until('the master', () => watch.adverts.length > 0);
      return await running(subject.start(two, backup), async ({ pid }) => {
        await pass(settlingSeconds(bench));
        return await cpuSecondsByThousand(bench, watch, 'in', pid);
      });
    });
  });
}

async function cpuSecondsByThousand(
  bench: Bench,
  watch: Watch,
  direction: Direction,
  pid: number,
): Promise<number> {
  const [from, before] = [watch.adverts.length, cpuNs(pid)];
  await pass(bench.quick ? 2 : 8);
  const [adverts, after] = [watch.adverts.slice(from), cpuNs(pid)];
  const count = adverts.filter((each) => each.direction === direction).length;
  return (after - before) / 1e9 / (count / 1000);
}
