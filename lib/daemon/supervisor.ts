/**
 * The process that was started: it needs neither parser nor engine. It keeps the sides that the configuration needs running, with
 * the last good configuration, remembers what a VRRP process held that dies, and passes on signals, reloads and questions.
 */
import { closeSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type {
  AskOptions,
  ControlHost,
  ReloadReport,
  Side,
  SideStanding,
  ToldListener,
} from '../control/messages.js';
import { KaError } from '../errors.js';
import { sleep, systemClock, type Timer } from '../host.js';
import type { Log } from '../log/log.js';
import type { ControlListener } from '../control/listener.js';
import { openControl } from './control.js';
import { ChildLink, type ChildEnd } from './child-link.js';
import type { RunContext } from './context.js';
import type { DumpKind } from './dump.js';
import { exitStatus } from './exit-status.js';
import { handoverPath, openHandover, writeHandover } from './handover.js';
import { PidFile, pidFiles } from './process.js';
import {
  ownMethods,
  type Beat,
  type ChildReport,
  type Held,
  type ReadFacts,
  type ReadOutcome,
  type ReloadParams,
  type Role,
} from './protocol.js';
import { reapOrphans } from './orphans.js';
import { removeReloadResult, writeReloadResult } from './reload-result.js';
import { Respawns } from './respawns.js';
import { listenToSignals } from './signals.js';
import type { SystemdNotifier } from './systemd.js';
import { defaultTitles } from './titles.js';
import { until } from './until.js';

/** keepalived's names of the children. */
const words: Readonly<Record<Side, { readonly child: string; readonly process: string }>> = {
  vrrp: { child: 'VRRP', process: 'vrrp' },
  checkers: { child: 'Healthcheck', process: 'checker' },
};

/** A child that gives no sign of life for so long is not waited for. */
const deafMs = 5000;
/** A side that works for longer on a reload than this is not waited for. */
const reloadMs = 120_000;
const defaultWaitMs = 5000;

/** One side that the configuration needs. */
interface Post {
  readonly side: Side;
  /** Its hand-over file, with the last good configuration; undefined while the first child has not written it. */
  half: number | undefined;
  link: ChildLink | undefined;
  restart: Timer | undefined;
  readonly respawns: Respawns;
  summary: string;
  isReady: boolean;
  /** It has been ready once: what ends it later is not permanent. */
  wasReady: boolean;
}

export class Supervisor implements ControlHost {
  readonly configFile: string;
  readonly version: string;
  readonly startedAtMs = performance.timeOrigin;
  readonly #context: RunContext;
  readonly #log: Log;
  readonly #systemd: SystemdNotifier;
  readonly #stop = new AbortController();
  readonly #posts = new Map<Side, Post>();
  readonly #listeners = new Set<ToldListener>();
  readonly #helpers = new Set<ChildLink>();
  #facts: ReadFacts | undefined;
  #generation = 0;
  #status: number = exitStatus.good;
  #reloading: Promise<unknown> = Promise.resolve();
  #held: Held = { masters: [], scripts: {} };
  #beat: Beat | undefined;
  #pidFile: PidFile | undefined;
  #isStarted = false;
  #control: Promise<ControlListener> | undefined;
  #firstDeaths = 0;
  #lastAnswerMs = new Map<Side, number>();

  constructor(context: RunContext, log: Log, systemd: SystemdNotifier) {
    this.#context = context;
    this.#log = log;
    this.#systemd = systemd;
    this.configFile = context.options.configFile;
    this.version = context.version;
  }

  /** Runs until a signal ends it. The result is the exit status. */
  async run(): Promise<number> {
    this.#startFirst();
    process.title = defaultTitles.parent;
    this.#log.log('info', `Starting Keepalived (ka-node ${this.version})`);
    for (const note of this.#context.options.notes) this.#log.log('info', note);
    try {
      this.#listen();
      this.#writePidFile();
      await until(this.#stop.signal);
    } catch (error) {
      this.#log.log('error', error instanceof Error ? error.message : String(error));
      this.#terminate(exitStatus.permission);
    }
    await this.#end();
    await (await this.#control)?.close();
    if (this.#pidFile !== undefined) removeReloadResult(this.#pidFile.path);
    this.#pidFile?.close();
    return this.#status;
  }

  // ---- questions ----

  ask(side: Side, method: string, params?: unknown, options?: AskOptions): Promise<unknown> {
    const link = this.#posts.get(side)?.link;
    if (link === undefined)
      return Promise.reject(new KaError('KA_CONTROL_GONE', `no ${words[side].process} process runs`));
    return link.ask(method, params, options);
  }

  onTold(listener: ToldListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  sides(): readonly SideStanding[] {
    return [...this.#posts.values()].map(({ side, link, respawns }) => ({
      side,
      pid: link?.pid,
      restarts: respawns.count,
    }));
  }

  generation(): number {
    return this.#generation;
  }

  // ---- start ----

  #startFirst(): void {
    const halves = { vrrp: openHandover(), checkers: openHandover() };
    let post: Post | undefined;
    const onReport = (report: ChildReport): void => {
      if (report.kind === 'read') post = this.#onFirstRead(report.outcome, report.becomes, first);
      else if (report.kind === 'half') this.#onHalf(report.side, halves);
      else if (post !== undefined) this.#onReport(post, report);
    };
    const memory = this.#memory();
    const first: ChildLink = new ChildLink({
      order: { role: 'first', generation: 1 },
      argv: this.#context.argv,
      fds: [halves.vrrp, halves.checkers, memory],
      onReport,
      onTold: (event) => {
        if (post !== undefined) this.#tell(post.side, event);
      },
      onEnd: (end) => {
        if (post !== undefined) this.#onEnd(post, end);
        else if (this.#facts === undefined && !this.#stop.signal.aborted) this.#onFirstDeath(end);
        this.#helpers.delete(first);
      },
    });
    closeSync(memory);
    // Until it is known what it becomes.
    this.#helpers.add(first);
  }

  #onFirstRead(outcome: ReadOutcome, becomes: Side | undefined, link: ChildLink): Post | undefined {
    for (const line of outcome.lines) this.#log.log('warning', line);
    if (!outcome.isGood) {
      this.#log.log('error', outcome.message);
      this.#systemd.failed(constants.errno.EINVAL, outcome.message);
      this.#terminate(outcome.status);
      return undefined;
    }
    const { facts } = outcome;
    this.#adopt(facts);
    this.#generation = 1;
    this.#control ??= openControl(this, this.#context.options, this.#log, facts);
    // With an instance name the pid file has another one.
    try {
      this.#writePidFile();
    } catch (error) {
      this.#log.log('error', error instanceof Error ? error.message : String(error));
      this.#terminate(exitStatus.permission);
      return undefined;
    }
    for (const side of facts.sides) this.#posts.set(side, newPost(side));
    if (facts.sides.length === 0) {
      this.#log.log('warning', 'Warning - keepalived has no configuration to run');
      this.#started();
    }
    const post = becomes === undefined ? undefined : this.#posts.get(becomes);
    if (post === undefined) return undefined;
    this.#helpers.delete(link);
    post.link = link;
    this.#saysStarting(post);
    return post;
  }

  #adopt(facts: ReadFacts): void {
    this.#facts = facts;
    if (facts.umask !== undefined) process.umask(facts.umask);
    process.title = facts.title;
  }

  /** The half of a side is in its file: it can be started, and started again. */
  #onHalf(side: Side, halves: Readonly<Record<Side, number>>): void {
    const post = this.#posts.get(side);
    if (post === undefined) return;
    post.half = halves[side];
    if (post.link === undefined && !this.#stop.signal.aborted) this.#startSide(post);
  }

  /** It died before it could say what is in the configuration. */
  #onFirstDeath({ code, signal }: ChildEnd): void {
    if (signal !== null && this.#firstDeaths++ < 3) {
      this.#log.log('warning', `The process that reads the configuration ended: ${signal}; once more`);
      this.#startFirst();
      return;
    }
    this.#log.log('error', `The process that reads the configuration ended: ${signal ?? `status ${code}`}`);
    this.#terminate(exitStatus.fatal);
  }

  #started(): void {
    if (this.#isStarted || this.#stop.signal.aborted) return;
    if (![...this.#posts.values()].every(({ wasReady }) => wasReady)) return;
    this.#isStarted = true;
    this.#log.log('info', 'Startup complete');
    this.#systemd.ready(this.#summary());
    this.#watch();
  }

  // ---- children ----

  #startSide(post: Post): void {
    const { side, half } = post;
    post.restart = undefined;
    if (half === undefined || this.#stop.signal.aborted) return;
    const memory = this.#memory();
    post.isReady = false;
    post.link = new ChildLink({
      order: { role: side, generation: this.#generation, isRestart: post.wasReady },
      argv: this.#context.argv,
      fds: [half, half, memory],
      onReport: (report) => this.#onReport(post, report),
      onTold: (event) => this.#tell(side, event),
      onEnd: (end) => this.#onEnd(post, end),
    });
    closeSync(memory);
    this.#saysStarting(post);
  }

  #saysStarting({ side, link }: Post): void {
    this.#log.log('info', `Starting ${words[side].child} child process, pid=${link?.pid ?? 0}`);
  }

  /** A hand-over file with what the VRRP process that died held. */
  #memory(): number {
    const fd = openHandover();
    const beat = this.#beat;
    // Without a sign of life nothing that was held is fresh; what operators arranged stands all the same.
    writeHandover(fd, { held: this.#held, beat: beat ?? { monotonicUs: 0, wallMs: 0 } });
    return fd;
  }

  #onReport(post: Post, report: ChildReport): void {
    switch (report.kind) {
      case 'ready':
        post.isReady = post.wasReady = true;
        post.summary = report.summary;
        this.#lastAnswerMs.set(post.side, systemClock.nowMs());
        if (this.#isStarted) this.#systemd.status(this.#summary());
        if (post.side === 'checkers') this.#tellMasters();
        this.#started();
        return;
      case 'summary':
        post.summary = report.text;
        if (this.#isStarted) this.#systemd.status(this.#summary());
        return;
      case 'held':
        this.#hold(report.held);
        return;
      case 'beat':
        this.#beat = report.beat;
        return;
      case 'reload':
        void this.reload();
        return;
      case 'failed':
        if (post.wasReady) return;
        this.#systemd.failed(report.errno, report.message);
        this.#log.log(
          'error',
          `pid ${post.link?.pid ?? 0} exited with permanent error ${permanent(report.status)}. Terminating`,
        );
        this.#terminate(report.status);
        return;
      case 'read':
      case 'half':
    }
  }

  #onEnd(post: Post, end: ChildEnd): void {
    const { side, link } = post;
    post.link = undefined;
    post.isReady = false;
    if (this.#stop.signal.aborted || !this.#posts.has(side)) return;
    const pid = link?.pid ?? 0;
    if (end.signal !== null)
      this.#log.log(
        'warning',
        `pid ${pid} exited due to signal ${constants.signals[end.signal]} (${end.signal})`,
      );
    if (!this.#context.options.respawns) {
      this.#log.log('error', `${words[side].child} child process(${pid}) died: Exiting`);
      this.#terminate(exitStatus.good);
      return;
    }
    this.#log.log('warning', `${words[side].child} child process(${pid}) died: Respawning`);
    const delayMs = post.respawns.next(systemClock.nowMs());
    this.#log.log(
      'info',
      `Restart of ${words[side].child} process delayed ${delayMs / 1000} seconds to limit respawn rate`,
    );
    const start = (): void => {
      if (post.half === undefined) void this.#readForRestart(post);
      else this.#startSide(post);
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
    const files = { vrrp: openHandover(), checkers: openHandover() };
    let outcome: ReadOutcome | undefined;
    const known = this.#facts?.known ?? [];
    await this.#help('reader', [files.vrrp, files.checkers], { known }, (report) => {
      if (report.kind === 'read') ({ outcome } = report);
    });
    const isGood = outcome?.isGood === true;
    for (const each of this.#posts.values()) {
      if (isGood && each.half === undefined) {
        each.half = files[each.side];
        if (each.link === undefined && each.restart === undefined) this.#startSide(each);
      } else {
        closeSync(files[each.side]);
      }
    }
    if (!isGood) post.restart = systemClock.schedule(1000, () => void this.#readForRestart(post));
  }

  /** What a VRRP process left that nobody speaks for goes at once. */
  async #clean(): Promise<void> {
    const half = this.#posts.get('vrrp')?.half;
    if (half === undefined || this.#held.masters.length === 0 || this.#context.options.keepsVrrp) return;
    this.#hold({ masters: [], scripts: {} });
    await this.#help('cleaner', [half, half], {}, () => undefined);
  }

  /** Runs a child to its end that is no side. */
  #help(
    role: Role,
    [vrrp, checkers]: readonly [number, number],
    more: { readonly known?: readonly string[] },
    onReport: (report: ChildReport) => void,
  ): Promise<ChildEnd> {
    return new Promise((resolve) => {
      const link: ChildLink = new ChildLink({
        order: { role, generation: this.#generation + (role === 'reader' ? 1 : 0), ...more },
        argv: this.#context.argv,
        fds: [vrrp, checkers, vrrp],
        onReport,
        onTold: () => undefined,
        onEnd: (end) => {
          this.#helpers.delete(link);
          resolve(end);
        },
      });
      this.#helpers.add(link);
    });
  }

  #tell(side: Side, event: Parameters<ToldListener>[1]): void {
    for (const listener of this.#listeners) listener(side, event);
  }

  #hold(held: Held): void {
    const isNews = held.masters.join('\n') !== this.#held.masters.join('\n');
    this.#held = held;
    if (isNews) this.#tellMasters();
  }

  /** The sync daemon of the checkers follows an instance. */
  #tellMasters(): void {
    const post = this.#posts.get('checkers');
    if (post?.isReady !== true || !this.#posts.has('vrrp')) return;
    this.ask('checkers', ownMethods.masters, this.#held.masters).catch((error: unknown) => {
      if (this.#stop.signal.aborted) return;
      this.#log.log('error', error instanceof Error ? error.message : String(error));
    });
  }

  // ---- reload ----

  reload(): Promise<ReloadReport> {
    const askedUs = process.hrtime.bigint() / 1000n;
    const result = this.#reloading.then(async () => {
      const report = this.#stop.signal.aborted
        ? { isGood: false, lines: ['The daemon is stopping.'] }
        : await this.#reloadNow();
      if (this.#pidFile !== undefined) writeReloadResult(this.#pidFile.path, askedUs, report);
      return report;
    });
    this.#reloading = result.catch((error: unknown) => {
      this.#log.log('error', error instanceof Error ? error.message : String(error));
    });
    return result;
  }

  async #reloadNow(): Promise<ReloadReport> {
    this.#log.log('info', 'Reloading ...');
    this.#systemd.reloading();
    const files = { vrrp: openHandover(), checkers: openHandover() };
    const report = await this.#readAgain(files);
    for (const side of ['vrrp', 'checkers'] as const) {
      if (this.#posts.get(side)?.half !== files[side]) closeSync(files[side]);
    }
    if (this.#stop.signal.aborted) return report;
    this.#systemd.ready(this.#summary());
    return report;
  }

  async #readAgain(files: Readonly<Record<Side, number>>): Promise<ReloadReport> {
    let outcome: ReadOutcome | undefined;
    const known = this.#facts?.known ?? [];
    const end = await this.#help('reader', [files.vrrp, files.checkers], { known }, (report) => {
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

  /** VRRP first: when it refuses, nothing has changed. */
  async #change(
    files: Readonly<Record<Side, number>>,
    facts: ReadFacts,
    lines: readonly string[],
  ): Promise<ReloadReport> {
    const generation = this.#generation + 1;
    const said: string[] = [];
    let isGood = true;
    for (const side of ['vrrp', 'checkers'] as const) {
      const post = this.#posts.get(side);
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
          return this.#refused([...lines, ...said], `${words[side].child}: ${message}`);
        // Dead, it is started again with the new configuration; stopped, it finds it when it goes on.
        if (isLate) {
          isGood = false;
          const text = `The ${words[side].process} process (${post.link?.pid ?? 0}) does not answer; it takes the new configuration when it does.`;
          this.#log.log('error', text);
          said.push(text);
        }
      }
      const old = post.half;
      post.half = files[side];
      if (old !== undefined) closeSync(old);
      if (!isWanted) this.#retire(post);
    }
    this.#adopt(facts);
    this.#generation = generation;
    for (const side of facts.sides) {
      if (this.#posts.has(side)) continue;
      const post = newPost(side);
      post.half = files[side];
      this.#posts.set(side, post);
      this.#startSide(post);
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

  /** The configuration needs this side no more; it has just been told so, and has nothing left to do. */
  #retire(post: Post): void {
    this.#posts.delete(post.side);
    post.restart?.cancel();
    const { link } = post;
    if (post.side === 'vrrp') this.#hold({ masters: [], scripts: {} });
    if (link === undefined) return;
    this.#log.log('info', `Stopping ${words[post.side].child} child process, pid=${link.pid}`);
    this.#helpers.add(link);
    link.signal('SIGTERM');
  }

  // ---- end ----

  #terminate(status: number): void {
    this.#status = status;
    this.#stop.abort();
  }

  async #end(): Promise<void> {
    if (this.#facts !== undefined) {
      this.#log.log('info', 'Stopping');
      this.#systemd.stopping();
    }
    const links = new Map<ChildLink, string>();
    for (const post of this.#posts.values()) {
      post.restart?.cancel();
      if (post.link !== undefined) links.set(post.link, words[post.side].process);
    }
    for (const link of this.#helpers) links.set(link, 'helper');
    for (const link of links.keys()) {
      link.signal('SIGTERM');
      // One that somebody stopped is to say goodbye as well.
      link.signal('SIGCONT');
    }
    const waitMs = this.#facts?.childWaitMs ?? defaultWaitMs;
    const running = (): [ChildLink, string][] => [...links].filter(([link]) => link.isRunning);
    await untilEnded(() => running().length === 0, waitMs);
    for (const [link, name] of running()) {
      this.#log.log('error', `${name} process failed to die - forcing termination`);
      link.signal('SIGKILL');
    }
    await untilEnded(() => running().length === 0, defaultWaitMs);
    // Who leaves in order holds nothing in the end.
    await this.#clean();
    if (this.#facts === undefined) return;
    this.#log.log('info', cpuUsage());
    this.#log.log('info', `Stopped Keepalived (ka-node ${this.version})`);
  }

  // ---- the process ----

  #listen(): void {
    listenToSignals({
      stop: () => this.#stop.abort(),
      reload: () => void this.reload(),
      dump: (kind) => this.#dump(kind),
      ignoresSigint: this.#context.options.ignoresSigint,
    });
    if (process.pid === 1) reapOrphans(() => [...this.#links()].map(({ pid }) => pid));
  }

  #dump(kind: DumpKind): void {
    const sides: readonly Side[] = kind === 'data' ? ['vrrp', 'checkers'] : ['vrrp'];
    if (kind === 'data') this.#dumpParent();
    for (const side of sides) {
      this.ask(side, ownMethods.dump, kind).catch((error: unknown) => {
        if (this.#posts.has(side))
          this.#log.log('error', error instanceof Error ? error.message : String(error));
      });
    }
  }

  /** A child writes it, which has the configuration. */
  #dumpParent(): void {
    const [post] = this.#posts.values();
    if (post === undefined) return;
    this.#log.log('info', `Printing parent data for process(${process.pid}) on signal`);
    this.ask(post.side, ownMethods.dumpParent).catch((error: unknown) => {
      this.#log.log('error', error instanceof Error ? error.message : String(error));
    });
  }

  *#links(): Iterable<ChildLink> {
    for (const { link } of this.#posts.values()) if (link !== undefined) yield link;
    yield* this.#helpers;
  }

  /** Tells systemd that all is well, as long as every child answers. A child that is being started again is none. */
  #watch(): void {
    const { watchdogMs } = this.#systemd;
    if (watchdogMs === undefined) return;
    const periodMs = watchdogMs / 4;
    const beat = (): void => {
      for (const { side, link, isReady } of this.#posts.values()) {
        if (link === undefined || !isReady) continue;
        link.ask('ping', undefined, { timeoutMs: watchdogMs }).then(
          () => this.#lastAnswerMs.set(side, systemClock.nowMs()),
          () => undefined,
        );
      }
      systemClock.schedule(periodMs, beat, { background: true });
    };
    beat();
    this.#systemd.startWatchdog(() => {
      const since = systemClock.nowMs() - watchdogMs;
      return [...this.#posts.values()].every(
        ({ side, isReady }) => !isReady || (this.#lastAnswerMs.get(side) ?? 0) > since,
      );
    });
  }

  #summary(): string {
    const summaries = [...this.#posts.values()].map(({ summary }) => summary).filter((each) => each !== '');
    return summaries.length === 0 ? 'No VRRP instances' : summaries.join('; ');
  }

  /** @throws {KaError} KA_DAEMON_PIDFILE */
  #writePidFile(): void {
    const facts = this.#facts;
    const { main } = pidFiles(this.#context.options, facts?.instance, facts?.usesPidDir ?? false);
    if (this.#pidFile?.path === main) return;
    this.#pidFile?.close();
    this.#pidFile = undefined;
    try {
      this.#pidFile = new PidFile(main);
    } catch (error) {
      // Nobody looks for process 1 of a container.
      if (process.pid !== 1) throw error;
    }
  }
}

function newPost(side: Side): Post {
  return {
    side,
    half: undefined,
    link: undefined,
    restart: undefined,
    respawns: new Respawns(),
    summary: '',
    isReady: false,
    wasReady: false,
  };
}

function permanent(status: number): string {
  if (status === exitStatus.permission) return 'missing permission';
  return status === exitStatus.config ? 'CONFIG' : 'FATAL';
}

/** Resolves when `isOver` holds, at the latest after `waitMs`. */
async function untilEnded(isOver: () => boolean, waitMs: number): Promise<void> {
  const deadline = systemClock.nowMs() + waitMs;
  while (!isOver() && systemClock.nowMs() < deadline) await sleep(systemClock, 5);
}

/** keepalived's last line but one. Node.js does not tell what its children used; the kernel does. */
function cpuUsage(): string {
  const { user, system } = process.cpuUsage();
  const [childUser = 0, childSystem = 0] = childTimes();
  const six = (seconds: number): string => seconds.toFixed(6);
  return `CPU usage (self/children) user: ${six(user / 1e6)}/${six(childUser)} system: ${six(system / 1e6)}/${six(childSystem)}`;
}

/** Seconds of ended children, user and system: proc(5), fields 16 and 17, in hundredths. */
function childTimes(): readonly number[] {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return [13, 14].map((index) => Number(fields[index]) / 100);
}
