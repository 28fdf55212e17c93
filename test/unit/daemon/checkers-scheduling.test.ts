import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { parseConfig } from '../../../lib/config/load.js';
import type { GlobalDefs } from '../../../lib/config/model.js';
import { schedulingOf } from '../../../lib/daemon/checkers-scheduling.js';

function globals(text: string): GlobalDefs {
  const { model } = parseConfig({ text: `global_defs {\n${text}\n}\n` }, { offline: true });
  assert.ok(model !== undefined);
  return model.globalDefs;
}

const all =
  'checker_priority -7\nchecker_rt_priority 12\nchecker_cpu_affinity 0 1\nchecker_no_swap\nchecker_rlimit_rttime 200000';

test('without a wish nothing is touched; with wishes all of them are asked for', () => {
  assert.deepEqual(schedulingOf(globals(''), undefined, 0), {});
  assert.deepEqual(schedulingOf(globals(all), undefined, 0), {
    niceness: -7,
    realtimePriority: 12,
    cpuAffinity: [0, 1],
    lockMemory: true,
    rlimitRttimeUs: 200_000,
  });
});

test('a reload without the wishes takes them back, one with the same asks for nothing but the limit', () => {
  assert.deepEqual(schedulingOf(globals(''), globals(all), 3), {
    niceness: 3,
    realtimePriority: 0,
    cpuAffinity: [],
    lockMemory: false,
  });
  assert.deepEqual(schedulingOf(globals(all), globals(all), 3), { rlimitRttimeUs: 200_000 });
});

test('only a written limit may end the process', () => {
  assert.deepEqual(schedulingOf(globals('checker_rt_priority 5'), undefined, 0), { realtimePriority: 5 });
});

test('every thread of the process is scheduled', () => {
  const binding = new URL('../../../bindings/scheduling.js', import.meta.url).href;
  const [, cpu = ''] = /Cpus_allowed_list:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  const script = `
    import { scheduleProcess } from ${JSON.stringify(binding)};
    import { readdirSync, readFileSync } from 'node:fs';
    const refused = scheduleProcess({ niceness: 19, cpuAffinity: [${cpu}] });
    const threads = readdirSync('/proc/self/task').map((id) => {
      const stat = readFileSync('/proc/self/task/' + id + '/stat', 'utf8').replace(/^.*\\) /, '').split(' ');
      const status = readFileSync('/proc/self/task/' + id + '/status', 'utf8');
      return 'nice ' + stat[16] + ', CPU ' + /Cpus_allowed_list:\\s+(.*)/.exec(status)[1];
    });
    console.log(JSON.stringify({ refused, threads: [...new Set(threads)], isSeveral: threads.length > 1 }));`;
  const argv = ['--input-type=module', '-e', script];
  assert.deepEqual(JSON.parse(execFileSync(process.execPath, argv, { encoding: 'utf8' })), {
    refused: [],
    threads: [`nice 19, CPU ${cpu}`],
    isSeveral: true,
  });
});
