/**
 * A reload: another process reads the configuration, and the sides take it over, VRRP first: when that refuses, nothing has changed.
 * The hand-over files of the new configuration become those of the posts, or are closed.
 */
import { closeSync } from 'node:fs';
import type { ReloadReport, Side } from '../control/messages.js';
import { KaError } from '../errors.js';
import { systemClock } from '../host.js';
import type { Log } from '../log/log.js';
import type { Children } from './children.js';
import { handoverPath, openHandover } from './handover.js';
import { newPost, sideWords, type Post } from './post.js';
import { ownMethods, type ReadFacts, type ReadOutcome, type ReloadParams } from './protocol.js';
import type { Supervision } from './supervision.js';

/** A child that gives no sign of life for so long is not waited for. */
const deafMs = 5000;
/** A side that works for longer on a reload than this is not waited for. */
const reloadMs = 120_000;

/** One at a time. */
export class Reload {
  readonly #state: Supervision;
  readonly #children: Children;
  readonly #log: Log;

  constructor(state: Supervision, children: Children, log: Log) {
    this.#state = state;
    this.#children = children;
    this.#log = log;
  }

  async run(): Promise<ReloadReport> {
    const files = { vrrp: openHandover(), checkers: openHandover() };
    const report = await this.#readAgain(files);
    for (const side of ['vrrp', 'checkers'] as const) {
      if (this.#state.posts.get(side)?.half !== files[side]) closeSync(files[side]);
    }
    return report;
  }

  async #readAgain(files: Readonly<Record<Side, number>>): Promise<ReloadReport> {
    let outcome: ReadOutcome | undefined;
    const known = this.#state.facts?.known ?? [];
    const end = await this.#children.help('reader', [files.vrrp, files.checkers], { known }, (report) => {
      if (report.kind === 'read') ({ outcome } = report);
    });
    if (outcome === undefined) {
      return this.#refused([], `It could not be read (${end.signal ?? `status ${end.code}`}).`);
    }
    for (const line of outcome.lines) this.#log.log('warning', line);
    if (!outcome.isGood) return this.#refused(outcome.lines, outcome.message);
    return this.#change(files, outcome.facts, outcome.lines);
  }

  #refused(lines: readonly string[], why: string): ReloadReport {
    const said = `New config failed validation, the old one runs on. ${why}`.trim();
    this.#log.log('error', said);
    return { isGood: false, lines: [...lines, said] };
  }

  async #change(
    files: Readonly<Record<Side, number>>,
    facts: ReadFacts,
    lines: readonly string[],
  ): Promise<ReloadReport> {
    const { posts } = this.#state;
    const generation = this.#state.generation + 1;
    const said: string[] = [];
    let isGood = true;
    for (const side of ['vrrp', 'checkers'] as const) {
      const post = posts.get(side);
      const isWanted = facts.sides.includes(side);
      if (post === undefined) continue;
      const params: ReloadParams = { path: handoverPath(files[side]), generation };
      try {
        const changed = await this.#askToReload(post, params);
        if (changed !== '') said.push(changed);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        const isLate = KaError.is(error) && error.code === 'KA_CONTROL_TIMEOUT';
        if (!isLate && !(KaError.is(error) && error.code === 'KA_CONTROL_GONE'))
          return this.#refused([...lines, ...said], `${sideWords[side].child}: ${message}`);
        // Dead, it is started again with the new configuration; stopped, it finds it when it goes on.
        if (isLate) {
          isGood = false;
          const text = `The ${sideWords[side].process} process (${post.link?.pid ?? 0}) does not answer; it takes the new configuration when it does.`;
          this.#log.log('error', text);
          said.push(text);
        }
      }
      const old = post.half;
      post.half = files[side];
      if (old !== undefined) closeSync(old);
      if (!isWanted) this.#children.retire(post);
    }
    this.#state.adopt(facts);
    this.#state.generation = generation;
    for (const side of facts.sides) {
      if (posts.has(side)) continue;
      const post = newPost(side);
      post.half = files[side];
      posts.set(side, post);
      this.#children.start(post);
    }
    this.#log.log('info', 'Reload complete');
    return {
      isGood,
      lines: [...lines, ...(said.length === 0 ? ['Reload complete: nothing changed'] : said)],
    };
  }

  /** Waits as long as the child lives and answers, whatever it has to do. @throws {KaError} KA_CONTROL_TIMEOUT */
  async #askToReload({ link }: Post, params: ReloadParams): Promise<string> {
    if (link === undefined) throw new KaError('KA_CONTROL_GONE', 'no process runs');
    const answer = link.ask(ownMethods.reload, params, { timeoutMs: reloadMs });
    let isDone = false;
    const done = answer.then(
      (result) => {
        isDone = true;
        return typeof result === 'string' ? result : '';
      },
      (error: unknown) => {
        isDone = true;
        throw error;
      },
    );
    const alive = async (): Promise<string> => {
      while (!isDone) {
        const asked = systemClock.nowMs();
        await link.ask('ping', undefined, { timeoutMs: deafMs });
        const left = deafMs / 10 - (systemClock.nowMs() - asked);
        await new Promise<void>((resolve) => {
          systemClock.schedule(Math.max(0, left), resolve, { background: true });
        });
      }
      return done;
    };
    return await Promise.race([done, alive()]);
  }
}
