/** The daemon in a namespace of a guest test: its files, its log, its table. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { kaNodeProgram } from '../support/daemons.js';
import { end, startIn, until } from './namespaces.js';

/** ka-node or keepalived on one configuration file. */
export class DaemonProgram {
  readonly work = mkdtempSync(join(tmpdir(), 'kaD-'));
  readonly file = join(this.work, 'x.conf');
  readonly #netns: string;
  readonly #program: readonly string[];
  #child: ChildProcess | undefined;
  log = '';

  /** @param which `-P` or `-C` of the options limits it to one part. */
  constructor(netns: string, which: 'ka-node' | 'keepalived', options: readonly string[] = []) {
    this.#netns = netns;
    const program = which === 'keepalived' ? ['keepalived'] : [kaNodeProgram];
    const pids = ['-p', '-r', '-c'].flatMap((option) => [option, join(this.work, `pid${option}`)]);
    this.#program = [
      ...program,
      '-n',
      '-l',
      '-D',
      ...(which === 'ka-node' ? ['-G'] : []),
      ...options,
      ...pids,
    ];
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  configure(text: string): void {
    writeFileSync(this.file, text);
  }

  start(text: string): void {
    this.configure(text);
    this.#child = startIn(this.#netns, [...this.#program, '-f', this.file], (more) => (this.log += more));
  }

  /** Reads another configuration and waits until that is done. */
  async reload(text: string, limitMs: number): Promise<void> {
    this.configure(text);
    const before = this.count('Reload complete');
    this.#child?.kill('SIGHUP');
    await this.says('Reload complete', limitMs, before + 1);
  }

  /** How often the log has a text. */
  count(text: string): number {
    return this.log.split(text).length - 1;
  }

  /** Waits until the log has a text, so many times. */
  async says(text: string, limitMs: number, times = 1): Promise<void> {
    const has = (): string => String(this.count(text) >= times);
    assert.equal(await until(has, () => 'true', limitMs), 'true', `never said "${text}":\n${this.log}`);
  }

  /** Ends it. After SIGTERM, which leaves no process behind, the log is whole. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const isHeard = signal === 'SIGTERM' && child.stdout?.closed === false;
    const heard = isHeard ? once(child, 'close') : undefined;
    await end(child, signal);
    await heard;
  }
}

/** Waits for an answer; the log of the daemon explains what came instead. */
export async function eventually(
  ask: () => string,
  wanted: string,
  limitMs: number,
  daemon: DaemonProgram,
): Promise<void> {
  const seen = await until(ask, () => wanted, limitMs);
  assert.equal(seen, wanted, daemon.log);
}
