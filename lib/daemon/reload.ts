/**
 * A reload: another process reads the configuration, and the sides take it over, VRRP first: when that refuses, nothing has changed.
 * The hand-over files of the new configuration become those of the posts, or are closed.
 */
import { closeSync } from 'node:fs';
import type { ReloadReport, Side } from '../control/messages.js';
import { KaError } from '../errors.js';
import { systemClock } from '../host.js';
import type { Log } from '../log/log.js';
import { describeChildEnd, type ChildLink } from './child-link.js';
import type { Children } from './children.js';
import { handoverPath, openHandovers } from './handover.js';
import { newPost, sideNames, sideWords, type Post } from './post.js';
import { ownMethods, type ReadFacts, type ReloadParams } from './protocol.js';
import { beginReading } from './reload-file.js';
import { refusalOf, stoppingReport } from './reload-queue.js';
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
    const files = openHandovers();
    try {
      return await this.#readAgain(files);
    } finally {
      for (const side of sideNames) {
        if (this.#state.posts.get(side)?.half !== files[side]) closeSync(files[side]);
      }
    }
  }

  async #readAgain(files: Readonly<Record<Side, number>>): Promise<ReloadReport> {
    const readingEnds = beginReading(this.#state.facts?.reloadFile, this.#log);
    const { outcome, end } = await this.#children.read(files).finally(readingEnds);
    if (this.#state.isStopping) return stoppingReport;
    if (outcome === undefined) return this.#refused([], `It could not be read (${describeChildEnd(end)}).`);
    for (const line of outcome.lines) this.#log.log('warning', line);
    if (!outcome.isGood) return this.#refused(outcome.lines, outcome.message);
    return this.#change(files, outcome.facts, outcome.lines);
  }

  #refused(lines: readonly string[], why: string, by?: Side): ReloadReport {
    const said = `New config failed validation, the old one runs on. ${why}`.trim();
    this.#log.log('error', said);
    // VRRP has noted what it refused itself.
    if (by !== 'vrrp' && this.#state.posts.has('vrrp'))
      this.#state.ask('vrrp', ownMethods.refused, refusalOf(lines, why)).catch(() => undefined);
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
    const taken: string[] = [];
    let isGood = true;
    for (const side of sideNames) {
      const post = posts.get(side);
      if (post === undefined) continue;
      const { child, process } = sideWords[side];
      try {
        const changed = await this.#give(post, files[side], generation);
        if (changed !== '') said.push(changed);
      } catch (error) {
        if (this.#state.isStopping) return stoppingReport;
        const message = error instanceof Error ? error.message : String(error);
        // One that was stopped finds the new configuration when it goes on.
        if (!hasCode(error, 'KA_CONTROL_TIMEOUT')) {
          const others = taken.map((each) => ` ${each} has taken the new one.`).join('');
          return this.#refused([...lines, ...said], `${child}: ${message}${others}`, side);
        }
        isGood = false;
        // Should it die before it goes on, what it runs now is found in the kernel.
        if (post.half !== undefined) post.past.keep(post.half);
        const text = `The ${process} process (${post.link?.pid ?? 0}) does not answer; it takes the new configuration when it does.`;
        this.#log.log('error', text);
        said.push(text);
      }
      if (this.#state.isStopping) return stoppingReport;
      taken.push(child);
      const old = post.half;
      post.half = files[side];
      if (old !== undefined) closeSync(old);
      if (!facts.sides.includes(side)) this.#children.retire(post);
    }
    this.#state.adopt(facts);
    this.#state.generation = generation;
    for (const side of facts.sides) {
      const post = posts.get(side) ?? newPost(side);
      post.half ??= files[side];
      posts.set(side, post);
      // New, or one whose first process died before it had written its half.
      if (post.link === undefined && post.restart === undefined) this.#children.start(post);
    }
    this.#log.log('info', 'Reload complete');
    return {
      isGood,
      lines: [...lines, ...(said.length === 0 ? ['Reload complete: nothing changed'] : said)],
    };
  }

  /**
   * Lets a side take the new configuration. One that dies over it is started again with the old one, and given the new one once more.
   * @returns what changed. '': nothing, or no process runs, and the next one finds the new configuration in its post.
   * @throws what the side refuses it with; {KaError} KA_CONTROL_TIMEOUT, KA_CONTROL_GONE when it died twice.
   */
  async #give(post: Post, file: number, generation: number): Promise<string> {
    const { past } = post;
    for (let deaths = 0; ; deaths += 1) {
      const { link } = post;
      if (link === undefined) {
        if (post.hasRun && post.half !== undefined) past.keep(post.half);
        post.hasRun = false;
        return '';
      }
      // The process after one that dies over it is started before the death is heard of here.
      past.keep(file);
      try {
        const changed = await this.#ask(post, link, { path: handoverPath(file), generation });
        past.forget();
        return changed;
      } catch (error) {
        if (!hasCode(error, 'KA_CONTROL_GONE')) throw error;
        await link.ended;
        if (this.#state.isStopping || deaths > 0) throw error;
      }
    }
  }

  /** Waits as long as the child lives and answers, whatever it has to do. @throws {KaError} KA_CONTROL_TIMEOUT */
  async #ask(post: Post, link: ChildLink, params: ReloadParams): Promise<string> {
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
        // One that is only just starting answers nothing yet.
        if (post.isReady) await link.ask('ping', undefined, { timeoutMs: deafMs });
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

function hasCode(error: unknown, code: string): boolean {
  return KaError.is(error) && error.code === code;
}
