/**
 * Reading large configurations: `ka-node -t` and `ka-node check` beside `keepalived -t`, taken in turns. Of the whole
 * program, of the reading alone, which is what is left without the start with a file of one line, and of ka-node's parsing alone,
 * without what the keywords mean (parse-alone.ts).
 */
import { join } from 'node:path';

import { virtualRouters, virtualServers } from '../large-files.js';
import { daemons, withPair, type Bench, type Measure } from '../measure.js';
import { usage, type Usage } from '../program-usage.js';
import { TableBuilder, type Findings, type SubjectName } from '../result.js';
import { median } from '../statistics.js';
import { kaNodeProgram, projectRoot } from '../../test/support/daemons.js';
import type { LabHost } from '../../test/support/net-lab.js';

interface Contender {
  readonly name: SubjectName;
  /** Before the file. */
  readonly command: readonly string[];
  readonly mode: '-t' | 'check';
}

// By its own name, as users start it: then it chooses Node's options for the task.
const node = [kaNodeProgram];
const contenders: readonly Contender[] = [
  { name: 'keepalived', command: ['keepalived', '-t', '-f'], mode: '-t' },
  { name: 'ka-node', command: [...node, '-t', '-f'], mode: '-t' },
  { name: 'ka-node', command: [...node, 'check'], mode: 'check' },
];

export const config: Measure = {
  name: 'config',
  title: 'Configuration',
  run: (bench) => withPair(1, (host) => read(bench, host)),
};

async function read(bench: Bench, host: LabHost): Promise<Findings> {
  const runs = bench.quick ? 3 : 9;
  const chosen = contenders.filter(({ name }) => daemons(bench).some((subject) => subject.name === name));
  const idle = await usages(bench, host, chosen, 'one line', 'global_defs {\n}\n', runs);
  const table = new TableBuilder('Reading a configuration', note(idle));
  const small = await usages(bench, host, chosen, '1,000 virtual servers', virtualServers(1000), runs);
  const large = await usages(bench, host, chosen, '10,000 virtual servers', virtualServers(10_000), runs);
  const routers = await usages(bench, host, chosen, '4,000 instances', virtualRouters(4000, 'eth0'), runs);
  for (const { label, lines, used, parsedMs } of [small, large, routers]) {
    for (const [contender, usage] of used) {
      const { name, mode } = contender;
      const own = usage.cpuMs - (idle.used.get(contender)?.cpuMs ?? 0);
      table.set(`${label}, ${mode}: processor time`, 'ms', name, usage.cpuMs);
      table.set(`${label}, ${mode}: time`, 'ms', name, usage.wallMs);
      table.set(`${label}, ${mode}: largest resident memory`, 'MB', name, usage.rssMb);
      table.set(
        `${label}, ${mode}: processor time by 1,000 lines without the start`,
        'ms',
        name,
        (own / lines) * 1000,
      );
      // keepalived's parsing cannot be told from what it makes of it: beside ours stands all of its reading.
      const parsed = mode === 'check' ? undefined : name === 'keepalived' ? own : parsedMs;
      if (parsed !== undefined)
        table.set(
          `${label}, parsing alone: processor time by 1,000 lines`,
          'ms',
          name,
          (parsed / lines) * 1000,
        );
      if (mode === 'check' && chosen.some((other) => other.name === 'keepalived')) {
        const peer = [...used].find(([other]) => other.name === 'keepalived')?.[1];
        table.set(`${label}, ${mode}: processor time`, 'ms', 'keepalived', peer?.cpuMs);
      }
    }
  }
  for (const contender of chosen) {
    const without = (each: typeof small): number =>
      (each.used.get(contender)?.cpuMs ?? 0) - (idle.used.get(contender)?.cpuMs ?? 0);
    table.set(
      `10,000 virtual servers to 1,000, ${contender.mode}: growth without the start`,
      '',
      contender.name,
      without(large) / without(small),
    );
  }
  return { tables: [table.build()] };
}

interface Sample {
  readonly label: string;
  readonly lines: number;
  readonly used: ReadonlyMap<Contender, Usage>;
  readonly parsedMs: number;
}

/** As `ka-node -t` starts Node, as far as it matters for so short a task. */
const parseAlone = [
  process.execPath,
  '--single-threaded',
  '--always-sparkplug',
  join(projectRoot, 'dist/bench/parse-alone.js'),
];

/** Medians; the contenders take turns, so that all meet the same neighbours. */
async function usages(
  bench: Bench,
  host: LabHost,
  chosen: readonly Contender[],
  label: string,
  text: string,
  runs: number,
): Promise<Sample> {
  bench.progress(label);
  const file = host.write(`${label.replace(/\W+/g, '-')}.conf`, text);
  const found = new Map(chosen.map((contender) => [contender, new Array<Usage>()]));
  const parsed: number[] = [];
  for (let i = 0; i < runs; i++) {
    for (const [contender, list] of found) list.push(await usage(host, [...contender.command, file]));
    parsed.push(Number((await host.run([...parseAlone, file])).stdout));
  }
  const middle = (list: readonly Usage[], field: keyof Usage): number =>
    median(list.map((each) => each[field])) ?? 0;
  const used = new Map(
    [...found].map(([contender, list]) => [
      contender,
      { cpuMs: middle(list, 'cpuMs'), wallMs: middle(list, 'wallMs'), rssMb: middle(list, 'rssMb') },
    ]),
  );
  return { label, lines: text.split('\n').length, used, parsedMs: median(parsed) ?? 0 };
}

function note({ used }: Sample): string {
  const starts = [...used].map(([{ name, mode }, { cpuMs }]) => `${name} ${mode} ${cpuMs.toFixed(0)} ms`);
  return `processor time with a file of one line: ${starts.join(', ')}`;
}
