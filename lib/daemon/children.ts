/**
 * The processes of the supervisor: starts the sides, starts them again when they die, with the last good configuration and what the
 * VRRP process held; runs the helpers that read and clean; ends them all.
 */
import { closeSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';
import type { Side, ToldListener } from '../control/messages.js';
import { sleep, systemClock } from '../host.js';
import type { Log } from '../log/log.js';
import { ChildLink, endingOf, type ChildEnd } from './child-link.js';
import type { RunContext } from './context.js';
import { Estate } from './estate.js';
import { exitStatus } from './exit-status.js';
import { handoverPath, openHandover, openHandovers, writeHandover } from './handover.js';
import { sideNames, sideWords, type Post } from './post.js';
import {
  ownMethods,
  readOutcome,
  type ChildReport,
  type Held,
  type Memory,
  type ReadOutcome,
  type ReadParams,
  type Role,
} from './protocol.js';
import type { Supervision } from './supervision.js';

const defaultWaitMs = 5000;
/** At the end of the daemon; services that stay send clients to servers that nobody checks. */
const longestCleanMs = 30_000;
/** What could not be done for want of something is tried again after so long. */
const troubleMs = 1000;

/**
 * The checkers process answers within this time, or is not asked to read. To compare a large table with the kernel's keeps it busy for a
 * second where processors are slow, which is less than what a process of its own takes to start and to compile the same.
 */
const promptMs = 3000;
const longestReadMs = 30_000;
const inOrder: ChildEnd = { code: exitStatus.good, signal: null };

type Descriptors = ConstructorParameters<typeof ChildLink>[0]['fds'];

/** What a reader said, and how it ended. */
export interface Read {
  readonly outcome: ReadOutcome | undefined;
  readonly end: ChildEnd;
}

export interface ChildrenOptions {
  readonly state: Supervision;
  readonly context: RunContext;
  readonly log: Log;
  readonly onReport: (post: Post, report: ChildReport) => void;
  readonly onTold: ToldListener;
}

export class Children {
  readonly #options: ChildrenOptions;
  readonly #state: Supervision;
  readonly #log: Log;

  /** Of the last VRRP process that died. */
  estate: Estate | undefined;
  #ending: Map<ChildLink, string> | undefined;

  /** Of the VRRP processes, which it outlives. */
  readonly recorder = openHandover();

  /** @throws {KaError} KA_DAEMON_HANDOVER */
  constructor(options: ChildrenOptions) {
    this.#options = options;
    this.#state = options.state;
    this.#log = options.log;
  }

  /** Starts a side, unless its half is still missing or the daemon is ending. */
  start(post: Post): void {
    const { side, half } = post;
    post.restart = undefined;
    if (half === undefined || this.#state.isStopping) return;
    let memory: number;
    try {
      memory = this.memory(post.past.give());
    } catch (error) {
      // No descriptor or no room is left: that passes, and the supervisor must outlive it.
      this.#log.log('error', wordsOf(error));
      post.restart = systemClock.schedule(troubleMs, () => this.start(post));
      return;
    }
    post.isReady = false;
    post.hasRun = true;
    const niceness = getPriority();
    const startLink = (): ChildLink =>
      new ChildLink({
        order: {
          role: side,
          generation: this.#state.generation,
          isRestart: post.wasReady,
          ...(side === 'vrrp' ? { niceness } : {}),
        },
        argv: this.#options.context.argv,
        fds: [half, half, memory, this.recorder],
        onReport: (report) => this.#options.onReport(post, report),
        onTold: (event) => this.#options.onTold(side, event),
        onEnd: (end) => this.ended(post, end),
      });
    post.link = side === 'vrrp' ? hurried(niceness, startLink) : startLink();
    closeSync(memory);
    this.saysStarting(post);
  }

  saysStarting({ side, link }: Post): void {
    const pid = link?.pid ?? 0;
    this.#log.log('info', `Starting ${sideWords[side].child} child process, pid=${pid}`);
    this.#tellProcess({ process: side, pid, what: 'started' });
  }

  /** Of one that nobody asked to end. */
  saysDied(process: Side | 'reader', pid: number, end: ChildEnd): void {
    this.#tellProcess({ process, pid, what: 'died', ending: endingOf(end) });
  }

  #tellProcess(news: Readonly<Record<string, string | number>>): void {
    this.#options.onTold('daemon', { kind: 'process', ...news, happenedMs: systemClock.wallMs() });
  }

  /** A hand-over file with what processes that died held. The caller closes it. @throws KA_DAEMON_HANDOVER, of write(2) */
  memory(past: readonly string[] = []): number {
    const { held, beat, death, weights, timeouts } = this.#state;
    // Without a sign of life nothing that was held is fresh; what operators arranged stands all the same.
    const memory: Memory = {
      held,
      beat: beat ?? { monotonicUs: 0, wallMs: 0 },
      weights,
      past,
      ...(timeouts === undefined ? {} : { timeouts }),
      ...(death === undefined ? {} : { death }),
    };
    return written(memory);
  }

  /** The next process comes, or the addresses go. */
  #inherit(): void {
    if (this.#options.context.options.keepsVrrp) return;
    const { left, held, beat } = this.#state;
    if (this.estate?.isOpen !== true) this.estate = new Estate({ logger: this.#log });
    this.estate.open(left, held.masters, beat);
  }

  /** What a VRRP process holds now. */
  hold(held: Held): void {
    const isNews = held.masters.join('\n') !== this.#state.held.masters.join('\n');
    this.#state.held = held;
    if (isNews) this.tellMasters();
  }

  /** The sync daemon of the checkers follows an instance. */
  tellMasters(): void {
    const { posts, held } = this.#state;
    if (posts.get('checkers')?.isReady !== true || !posts.has('vrrp')) return;
    this.#state.ask('checkers', ownMethods.masters, held.masters).catch((error: unknown) => {
      if (this.#state.isStopping) return;
      this.#log.log('error', wordsOf(error));
    });
  }

  /** The process of a side has ended: another one follows, now or later. */
  ended(post: Post, end: ChildEnd): void {
    const { side, link } = post;
    post.link = undefined;
    post.isReady = false;
    if (side === 'vrrp') this.#state.beat = link?.lastBeat;
    // One that was retired; its side may be needed again, and have another post.
    if (link !== undefined) this.#state.helpers.delete(link);
    if (this.#state.isStopping || this.#state.posts.get(side) !== post) return;
    const pid = link?.pid ?? 0;
    const { child } = sideWords[side];
    this.saysDied(side, pid, end);
    // What could not be started has not run since the last one ended.
    if (side === 'vrrp' && end.notStarted === undefined) {
      this.#state.death = { pid, ending: endingOf(end), atMs: systemClock.wallMs() };
      this.#inherit();
    }
    if (end.notStarted !== undefined) this.#log.log('error', `${child} process: ${end.notStarted}`);
    if (end.signal !== null)
      this.#log.log(
        'warning',
        `pid ${pid} exited due to signal ${constants.signals[end.signal]} (${end.signal})`,
      );
    if (!this.#options.context.options.respawns) {
      this.#log.log('error', `${child} child process(${pid}) died: Exiting`);
      this.#state.stop(exitStatus.good);
      return;
    }
    this.#log.log('warning', `${child} child process(${pid}) died: Respawning`);
    const delayMs = post.respawns.next(systemClock.nowMs());
    this.#log.log(
      'info',
      `Restart of ${child} process delayed ${delayMs / 1000} seconds to limit respawn rate`,
    );
    const start = (): void => {
      if (post.half === undefined) void this.#readForRestart(post);
      else this.start(post);
    };
    if (delayMs === 0) {
      start();
      return;
    }
    if (side === 'vrrp') void this.#clean();
    post.restart = systemClock.schedule(delayMs, start);
  }

  /** The first child died before it had written the configuration down: it is read once more. */
  async #readForRestart(post: Post): Promise<void> {
    const { posts } = this.#state;
    post.restart = undefined;
    let isGood = false;
    try {
      const files = openHandovers();
      const { outcome } = await this.read(files);
      isGood = outcome?.isGood === true;
      for (const side of sideNames) {
        const each = posts.get(side);
        // A reload may have brought a newer half meanwhile.
        if (isGood && each !== undefined && each.half === undefined) each.half = files[side];
        else closeSync(files[side]);
      }
    } catch (error) {
      this.#log.log('error', wordsOf(error));
    }
    if (this.#state.isStopping) return;
    for (const each of posts.values()) {
      if (each.link === undefined && each.restart === undefined) this.start(each);
    }
    if (!isGood && post.half === undefined)
      post.restart = systemClock.schedule(troubleMs, () => void this.#readForRestart(post));
  }

  /**
   * Reads the configuration into hand-over files: in the checkers process, which has what that needs and whose checks can wait for a
   * moment, else in one of its own. @throws KA_DAEMON_HANDOVER, of write(2)
   */
  async read(files: Readonly<Record<Side, number>>): Promise<Read> {
    const known = this.#state.facts?.known ?? [];
    const read = await this.#readByCheckers(files, known);
    if (read !== undefined || this.#state.isStopping) return { outcome: read, end: inOrder };
    const memory = written(known);
    let outcome: ReadOutcome | undefined;
    const ended = this.#help('reader', [files.vrrp, files.checkers, memory, this.recorder], (report) => {
      if (report.kind === 'read') ({ outcome } = report);
    });
    closeSync(memory);
    const end = await ended;
    return { outcome, end };
  }

  /** Undefined: another process must. */
  async #readByCheckers(
    files: Readonly<Record<Side, number>>,
    known: readonly string[],
  ): Promise<ReadOutcome | undefined> {
    const post = this.#state.posts.get('checkers');
    if (post?.link === undefined || !post.isReady) return undefined;
    const { link } = post;
    const paths = { vrrp: handoverPath(files.vrrp), checkers: handoverPath(files.checkers) };
    const params: ReadParams = { paths, generation: this.#state.generation + 1, known };
    try {
      await link.ask('ping', undefined, { timeoutMs: promptMs });
      return readOutcome(await link.ask(ownMethods.read, params, { timeoutMs: longestReadMs }));
    } catch {
      // It is busy, stopped, or has died over it: a process of its own will say more.
      return undefined;
    }
  }

  /** What a VRRP process left that nobody speaks for goes at once; what operators arranged stands. */
  async #clean(): Promise<void> {
    const { posts, held } = this.#state;
    const half = posts.get('vrrp')?.half;
    if (this.#options.context.options.keepsVrrp) return;
    this.#inherit();
    this.estate?.abandon();
    if (half === undefined || held.masters.length === 0) return;
    this.hold({ ...held, masters: [], scripts: {} });
    await this.#help('cleaner', [half, half, half, this.recorder], () => undefined);
  }

  /** Removes the services of a checkers process that died, when none comes after it, and gives back the timeouts. */
  async #cleanTable(post: Post): Promise<void> {
    const { side, half, past } = post;
    const { timeouts } = this.#state;
    if (side !== 'checkers' || half === undefined || this.#options.context.options.keepsIpvs) return;
    if (!post.hasRun && past.isEmpty) return;
    this.#state.timeouts = undefined;
    try {
      const { removeServices } = await import('./left-services.js');
      await removeServices(
        [...(post.hasRun ? [half] : []), ...past.files],
        timeouts,
        this.#options.context.options,
        this.#log,
      );
    } catch (error) {
      this.#log.log('error', wordsOf(error));
    }
    past.forget();
  }

  /** Runs a child to its end that is no side. */
  #help(role: Role, fds: Descriptors, onReport: (report: ChildReport) => void): Promise<ChildEnd> {
    const { generation, helpers } = this.#state;
    const link: ChildLink = new ChildLink({
      order: { role, generation: generation + (role === 'reader' ? 1 : 0) },
      argv: this.#options.context.argv,
      fds,
      onReport,
      onTold: () => undefined,
      onEnd: (end) => {
        helpers.delete(link);
        if (role === 'reader' && end.code === null && !this.#state.isStopping)
          this.saysDied('reader', link.pid, end);
      },
    });
    helpers.add(link);
    return link.ended;
  }

  /** The configuration needs this side no more; it has just been told so, and has nothing left to do. */
  retire(post: Post): void {
    this.#state.posts.delete(post.side);
    post.restart?.cancel();
    const { link } = post;
    if (post.side === 'vrrp') {
      this.hold({ masters: [], scripts: {} });
      this.#state.left = { netns: undefined, instances: [] };
    } else this.#state.weights = {};
    if (link === undefined) {
      void this.#cleanTable(post);
      return;
    }
    post.past.forget();
    if (post.side === 'checkers') this.#state.timeouts = undefined;
    this.#log.log('info', `Stopping ${sideWords[post.side].child} child process, pid=${link.pid}`);
    this.#state.helpers.add(link);
    link.signal('SIGTERM');
  }

  /** Asks every process to end; idempotent. What they are is answered, with their names. */
  askAllToEnd(): ReadonlyMap<ChildLink, string> {
    if (this.#ending !== undefined) return this.#ending;
    const links = (this.#ending = new Map<ChildLink, string>());
    for (const post of this.#state.posts.values()) {
      post.restart?.cancel();
      if (post.link !== undefined) links.set(post.link, sideWords[post.side].process);
    }
    for (const link of this.#state.helpers) links.set(link, 'helper');
    for (const link of links.keys()) {
      // One that removes what another has left ends by itself, and soon.
      if (link.role !== 'cleaner') link.signal('SIGTERM');
      // One that somebody stopped is to say goodbye as well.
      link.signal('SIGCONT');
    }
    return links;
  }

  /** Ends every process, in order if it can be. */
  async endAll(): Promise<void> {
    const balancer = this.#state.posts.get('checkers')?.link;
    const links = this.askAllToEnd();
    const waitMs = this.#state.facts?.childWaitMs ?? defaultWaitMs;
    const running = (): [ChildLink, string][] => [...links].filter(([link]) => link.isRunning);
    await untilEnded(() => running().length === 0, waitMs);
    for (const [link, name] of running()) {
      this.#log.log('error', `${name} process failed to die - forcing termination`);
      link.signal('SIGKILL');
    }
    await untilEnded(() => running().length === 0, defaultWaitMs);
    // Who leaves in order holds nothing in the end.
    const checkers = this.#state.posts.get('checkers');
    await Promise.race([this.#clean(), sleep(systemClock, defaultWaitMs)]);
    if (checkers !== undefined && !balancer?.hasLeft())
      await Promise.race([this.#cleanTable(checkers), sleep(systemClock, longestCleanMs)]);
  }
}

/** A new hand-over file with a value in it. @throws KA_DAEMON_HANDOVER, of write(2) */
function written(value: unknown): number {
  const fd = openHandover();
  try {
    writeHandover(fd, value);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/**
 * Starts a process that others wait for, since peers do not: a mastership is lost if that takes too long. It is born with the highest
 * priority, and ends that itself.
 */
function hurried<T>(niceness: number, start: () => T): T {
  try {
    setPriority(constants.priority.PRIORITY_HIGHEST);
  } catch {
    // We may not.
    return start();
  }
  try {
    return start();
  } finally {
    setPriority(niceness);
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Resolves when `isOver` holds, at the latest after `waitMs`. */
async function untilEnded(isOver: () => boolean, waitMs: number): Promise<void> {
  const deadline = systemClock.nowMs() + waitMs;
  while (!isOver() && systemClock.nowMs() < deadline) await sleep(systemClock, 5);
}
