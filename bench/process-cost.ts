/** What running processes cost, from /proc: processor time and memory of a process and all its descendants. */
import { readFileSync, readdirSync } from 'node:fs';

import { processTree } from '../test/support/program.js';

export interface Memory {
  readonly processes: number;
  /** Megabytes (10^6). Proportional: shared pages divided among those who share them. */
  readonly pssMb: number;
  readonly rssMb: number;
}

/** Nanoseconds that all threads of a process tree have run so far, to the scheduler's precision. */
export function cpuNs(pid: number): number {
  let sum = 0;
  for (const process of processTree(pid)) {
    for (const task of list(`/proc/${process}/task`)) {
      sum += Number(read(`/proc/${process}/task/${task}/schedstat`).split(' ')[0]);
    }
  }
  return sum;
}

/**
 * Seconds of processor time that a process tree has used so far, to a hundredth: its processes alone, and with the children that they
 * have waited for.
 */
export function cpuSecondsWithChildren(pid: number): { readonly own: number; readonly all: number } {
  let own = 0;
  let all = 0;
  for (const process of processTree(pid)) {
    // proc(5), stat: fields 14 to 17 are utime, stime, cutime and cstime.
    const fields = read(`/proc/${process}/stat`)
      .replace(/^.*\) /s, '')
      .split(' ');
    const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11, 15).map(Number);
    own += (utime + stime) / 100;
    all += (utime + stime + cutime + cstime) / 100;
  }
  return { own, all };
}

export function memory(pid: number): Memory {
  const tree = processTree(pid);
  const total = (field: string): number =>
    tree.reduce((sum, process) => {
      const found = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(read(`/proc/${process}/smaps_rollup`));
      return sum + Number(found?.[1] ?? 0) * 1024;
    }, 0);
  return { processes: tree.length, pssMb: total('Pss') / 1e6, rssMb: total('Rss') / 1e6 };
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // ended meanwhile
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return ''; // ended meanwhile
  }
}
