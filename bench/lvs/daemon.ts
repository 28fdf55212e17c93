/** A daemon in a namespace of the guest, and what the kernel's table of that namespace says meanwhile. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { kaNodeProgram } from '../../test/support/daemons.js';
import { freshNamespace, ip } from '../../test/vm/namespaces.js';

export type DaemonName = 'keepalived' | 'ka-node';

/** Limits of everything that is waited for: an emulated machine takes its time. */
const limitMs = 240_000;

export class BenchDaemon implements AsyncDisposable {
  readonly netns: string;
  readonly #file: string;
  readonly #child: ChildProcess;
  readonly startedMs = performance.now();

  private constructor(netns: string, file: string, child: ChildProcess) {
    this.netns = netns;
    this.#file = file;
    this.#child = child;
  }

  /** Starts it in a namespace whose `lo` has all of 10.0.0.0/8; with `server`, that program runs there already. */
  static start(name: DaemonName, netns: string, text: string): BenchDaemon {
    const work = mkdtempSync(join(tmpdir(), 'ka-bench-'));
    const file = join(work, 'x.conf');
    writeFileSync(file, text);
    const program =
      name === 'keepalived'
        ? // With -l it writes to the emulated serial console, which is slow; without, to a syslog that is not there.
          ['keepalived']
        : [kaNodeProgram, '-l'];
    const pids = ['-p', '-c'].flatMap((option) => [option, join(work, `pid${option}`)]);
    const log = openSync(join(work, 'log'), 'w');
    const argv = ['netns', 'exec', netns, ...program, '-n', '-C', ...pids, '-f', file];
    return new BenchDaemon(netns, file, spawn('ip', argv, { stdio: ['ignore', log, log] }));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Puts another configuration to work. */
  reload(text: string): void {
    writeFileSync(this.#file, text);
    this.#child.kill('SIGHUP');
  }

  /** Milliseconds on this process's clock at which the table satisfied `test`. */
  async tableIs(test: (table: string) => boolean, stepMs = 25): Promise<number> {
    const until = performance.now() + limitMs;
    for (;;) {
      const table = readTable(this.pid);
      if (test(table)) return performance.now();
      if (performance.now() > until || this.#child.exitCode !== null)
        throw new Error(`the table never came: ${table.slice(0, 500)} ... ${table.length} characters`);
      await wait(stepMs);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exit = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await exit;
    }
    ip('netns', 'del', this.netns);
  }
}

/** A namespace in which every address of 10.0.0.0/8 is local. */
export function directorNamespace(name: string): string {
  freshNamespace(name, []);
  ip('-n', name, 'route', 'add', 'local', '10.0.0.0/8', 'dev', 'lo');
  return name;
}

/**
 * `/proc/net/ip_vs` of a process's namespace: a line each service and destination, whatever their number. While another namespace has
 * services, the kernel leaves some of a long table out: one daemon at a time.
 */
export function readTable(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/net/ip_vs`, 'latin1');
  } catch {
    return '';
  }
}

/** Destinations of a table; the heading has an arrow too. */
export function destinations(table: string): number {
  return Math.max(0, table.split('->').length - 2);
}
