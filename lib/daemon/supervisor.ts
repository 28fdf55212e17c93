/**
 * The process that was started: it needs neither parser nor engine. It starts the first child, hears what children report, and passes
 * on signals, reloads and questions. Processes are the business of children.ts, a new configuration that of reload.ts, and what
 * all of them know is in supervision.ts.
 */
import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import type { ControlListener } from '../control/listener.js';
import {
  reloadTold,
  type AskOptions,
  type ControlHost,
  type ReloadReport,
  type Side,
  type SideStanding,
  type ToldListener,
} from '../control/messages.js';
import { systemClock } from '../host.js';
import type { Log } from '../log/log.js';
import { ChildLink, describeChildEnd, type ChildEnd } from './child-link.js';
import { Children } from './children.js';
import type { RunContext } from './context.js';
import { openControl } from './control.js';
import type { DumpKind } from './dump.js';
import { exitStatus } from './exit-status.js';
import { sayStarting, sayStopped } from './first-last-lines.js';
import { openHandover, openHandovers } from './handover.js';
import { reapOrphans } from './orphans.js';
import type { OwnScript } from './own-scripts.js';
import { newPost, sideNames, type Post } from './post.js';
import { PidFile, pidFiles } from './process.js';
import { ownMethods, type ChildReport, type ReadOutcome } from './protocol.js';
import { endReading } from './reload-file.js';
import { ReloadQueue } from './reload-queue.js';
import { ReloadSchedule } from './reload-schedule.js';
import { removeReloadResult } from './reload-result.js';
import { Reload } from './reload.js';
import { listenToSignals } from './signals.js';
import { Supervision } from './supervision.js';
import type { SystemdNotifier } from './systemd.js';
import { defaultTitles } from './titles.js';
import { until } from './until.js';
import { Watchdog } from './watchdog.js';

export class Supervisor implements ControlHost {
  readonly configFile: string;
  readonly version: string;
  readonly startedAtMs = performance.timeOrigin;
  readonly #context: RunContext;
  readonly #log: Log;
  readonly #systemd: SystemdNotifier;
  readonly #state = new Supervision();
  readonly #children: Children;
  readonly #reload: Reload;
  readonly #watchdog: Watchdog;
  readonly #listeners = new Set<ToldListener>();
  /** What was told before there was anybody to hear it. */
  readonly #early: Parameters<ToldListener>[] = [];
  readonly #reloads: ReloadQueue;
  readonly #schedule: ReloadSchedule;
  /** The configuration has been read for the first time, or never will be. */
  #onRead: () => void = () => undefined;
  #pidFile: PidFile | undefined;
  #isStarted = false;
  #control: Promise<ControlListener> | undefined;
  #firstDeaths = 0;

  constructor(context: RunContext, log: Log, systemd: SystemdNotifier) {
    this.#context = context;
    this.#log = log;
    this.#systemd = systemd;
    this.configFile = context.options.configFile;
    this.version = context.version;
    this.#children = new Children({
      state: this.#state,
      context,
      log,
      onReport: (post, report) => this.#onReport(post, report),
      onTold: (teller, event) => this.#tell(teller, event),
    });
    this.#reload = new Reload(this.#state, this.#children, log);
    this.#watchdog = new Watchdog(this.#state, systemd);
    const firstRead = new Promise<void>((resolve) => {
      this.#onRead = resolve;
      this.#state.stopSignal.addEventListener('abort', () => resolve(), { once: true });
    });
    this.#reloads = new ReloadQueue({
      after: firstRead,
      run: () => this.#reloadNow(),
      isStopping: () => this.#state.isStopping,
      pidFile: () => this.#pidFile?.path,
      onDone: (report) =>
        this.#tell('daemon', reloadTold(report, this.#state.generation, systemClock.wallMs())),
      logger: log,
    });
    this.#schedule = new ReloadSchedule({
      host: { clock: systemClock, logger: log },
      reload: () => void this.reload(),
    });
  }

  /** Runs until a signal ends it. The result is the exit status. */
  async run(): Promise<number> {
    this.#startFirst();
    process.title = defaultTitles.parent;
    sayStarting(this.#context, this.#log);
    try {
      this.#listen();
      this.#writePidFile();
      await until(this.#state.stopSignal);
    } catch (error) {
      this.#log.log('error', error instanceof Error ? error.message : String(error));
      this.#state.stop(exitStatus.permission);
    }
    this.#schedule.close();
    await this.#end();
    await (await this.#control)?.close();
    if (this.#pidFile !== undefined) removeReloadResult(this.#pidFile.path);
    this.#pidFile?.close();
    return this.#state.status;
  }

  // ---- questions ----

  ask(side: Side, method: string, params?: unknown, options?: AskOptions): Promise<unknown> {
    return this.#state.ask(side, method, params, options);
  }

  onTold(listener: ToldListener): () => void {
    this.#listeners.add(listener);
    for (const told of this.#early.splice(0)) listener(...told);
    return () => this.#listeners.delete(listener);
  }

  sides(): readonly SideStanding[] {
    return [...this.#state.posts.values()].map(({ side, link, respawns }) => ({
      side,
      pid: link?.pid,
      restarts: respawns.count,
    }));
  }

  generation(): number {
    return this.#state.generation;
  }

  // ---- start ----

  #startFirst(): void {
    const opened = openHandovers();
    const halves = new Map(sideNames.map((side) => [side, opened[side]]));
    const drop = (side: Side): void => {
      const half = halves.get(side);
      halves.delete(side);
      if (half !== undefined) closeSync(half);
    };
    let post: Post | undefined;
    const onReport = (report: ChildReport): void => {
      if (report.kind === 'read') {
        post = this.#onFirstRead(report.outcome, report.becomes, first);
        for (const side of sideNames) if (!this.#state.posts.has(side)) drop(side);
        this.#onRead();
      } else if (report.kind === 'half') {
        const half = halves.get(report.side);
        if (half !== undefined && this.#onHalf(report.side, half)) halves.delete(report.side);
        else drop(report.side);
      } else if (post !== undefined) this.#onReport(post, report);
    };
    // Nobody died yet, and nothing is read from it: V8's serializer need not be loaded before the first child is started.
    const memory = openHandover();
    const first: ChildLink = new ChildLink({
      order: { role: 'first', generation: 1 },
      argv: this.#context.argv,
      fds: [opened.vrrp, opened.checkers, memory, this.#children.recorder],
      onReport,
      onTold: (event) => {
        if (post !== undefined) this.#tell(post.side, event);
      },
      onEnd: (end) => {
        sideNames.forEach(drop);
        if (post !== undefined) this.#children.ended(post, end);
        else if (this.#state.facts === undefined && !this.#state.isStopping)
          this.#onFirstDeath(first.pid, end);
        this.#state.helpers.delete(first);
      },
    });
    closeSync(memory);
    // Until it is known what it becomes.
    this.#state.helpers.add(first);
  }

  #onFirstRead(outcome: ReadOutcome, becomes: Side | undefined, link: ChildLink): Post | undefined {
    for (const line of outcome.lines) this.#log.log('warning', line);
    if (!outcome.isGood) {
      this.#log.log('error', outcome.message);
      this.#systemd.failed(constants.errno.EINVAL, outcome.message);
      this.#state.stop(outcome.status);
      return undefined;
    }
    const { facts } = outcome;
    this.#state.adopt(facts);
    this.#state.generation = 1;
    endReading(facts.reloadFile, this.#log);
    this.#schedule.follow(facts.reloadTimeFile, facts.reloadRepeats);
    this.#control ??= openControl(this, this.#context.options, this.#log, facts);
    try {
      this.#writePidFile();
    } catch (error) {
      this.#log.log('error', error instanceof Error ? error.message : String(error));
      this.#state.stop(exitStatus.permission);
      return undefined;
    }
    for (const side of facts.sides) this.#state.posts.set(side, newPost(side));
    if (facts.sides.length === 0) {
      this.#log.log('warning', 'Warning - keepalived has no configuration to run');
      this.#started();
    }
    const post = becomes === undefined ? undefined : this.#state.posts.get(becomes);
    if (post === undefined) return undefined;
    this.#state.helpers.delete(link);
    post.link = link;
    post.hasRun = true;
    this.#children.saysStarting(post);
    return post;
  }

  /** The half of a side is in its file: it can be started, and started again. False: it has a newer one already. */
  #onHalf(side: Side, half: number): boolean {
    const post = this.#state.posts.get(side);
    if (post === undefined || post.half !== undefined) return false;
    post.half = half;
    if (post.link === undefined) this.#children.start(post);
    return true;
  }

  /** It died before it could say what is in the configuration. */
  #onFirstDeath(pid: number, end: ChildEnd): void {
    const { signal } = end;
    this.#children.saysDied('reader', pid, end);
    if (signal !== null && this.#firstDeaths++ < 3) {
      this.#log.log('warning', `The process that reads the configuration ended: ${signal}; once more`);
      this.#startFirst();
      return;
    }
    this.#log.log('error', `The process that reads the configuration ended: ${describeChildEnd(end)}`);
    this.#state.stop(exitStatus.fatal);
  }

  #started(): void {
    if (this.#isStarted || this.#state.isStopping) return;
    if (![...this.#state.posts.values()].every(({ wasReady }) => wasReady)) return;
    this.#isStarted = true;
    this.#log.log('info', 'Startup complete');
    this.#systemd.ready(this.#state.summary);
    this.#watchdog.start();
  }

  // ---- children ----

  #onReport(post: Post, report: ChildReport): void {
    // A side that is not needed any more may still say goodbye while its successor runs.
    if (this.#state.posts.get(post.side) !== post) return;
    switch (report.kind) {
      case 'ready':
        post.isReady = post.wasReady = true;
        post.summary = report.summary;
        post.past.removed();
        this.#watchdog.answered(post.side);
        if (post.side === 'vrrp') this.#children.estate?.taken();
        if (this.#isStarted) this.#systemd.status(this.#state.summary);
        if (post.side === 'checkers') this.#children.tellMasters();
        this.#started();
        return;
      case 'summary':
        post.summary = report.text;
        if (this.#isStarted) this.#systemd.status(this.#state.summary);
        return;
      case 'held':
        this.#children.hold(report.held);
        return;
      case 'weights':
        this.#state.weights = report.weights;
        return;
      case 'timeouts':
        this.#state.timeouts = report.timeouts;
        return;
      case 'left':
        this.#state.left = report.left;
        return;
      case 'begun':
        this.#children.estate?.begun();
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
        this.#state.stop(report.status);
        return;
      case 'read':
      case 'half':
    }
  }

  #tell(...told: Parameters<ToldListener>): void {
    if (this.#control === undefined) this.#early.push(told);
    for (const listener of this.#listeners) listener(...told);
  }

  // ---- reload ----

  reload(): Promise<ReloadReport> {
    return this.#reloads.ask();
  }

  async #reloadNow(): Promise<ReloadReport> {
    this.#log.log('info', 'Reloading ...');
    this.#systemd.reloading();
    try {
      return await this.#reload.run();
    } finally {
      const { facts, isStopping } = this.#state;
      if (!isStopping) {
        this.#systemd.ready(this.#state.summary);
        this.#schedule.follow(facts?.reloadTimeFile, facts?.reloadRepeats ?? false);
      }
    }
  }

  // ---- end ----

  async #end(): Promise<void> {
    if (this.#state.facts !== undefined) {
      this.#log.log('info', 'Stopping');
      this.#systemd.stopping();
    }
    await this.#children.endAll();
    const { facts } = this.#state;
    if (facts === undefined) return;
    if (facts.shutdown !== undefined) await this.#runShutdownScript(facts.shutdown, facts.netNamespace);
    sayStopped(this.#context, this.#log);
  }

  async #runShutdownScript(script: OwnScript, netNamespace: string | undefined): Promise<void> {
    const { enterOwnNamespace } = await import('./namespace.js');
    const { runOwnScript } = await import('./own-scripts.js');
    try {
      enterOwnNamespace(this.#context.options, { netNamespace });
    } catch (error) {
      this.#log.log('error', `shutdown script: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    await runOwnScript('shutdown', script, this.#log);
  }

  // ---- the process ----

  #listen(): void {
    listenToSignals({
      stop: () => {
        // Before anything else: a backup counts from the goodbye.
        this.#children.askAllToEnd();
        this.#state.stop();
      },
      reload: () => void this.reload(),
      dump: (kind) => this.#dump(kind),
      ignoresSigint: this.#context.options.ignoresSigint,
    });
    if (process.pid === 1) reapOrphans(() => [...this.#state.links()].map(({ pid }) => pid));
  }

  #dump(kind: DumpKind): void {
    const sides: readonly Side[] = kind === 'data' ? ['vrrp', 'checkers'] : ['vrrp'];
    if (kind === 'data') this.#dumpParent();
    for (const side of sides) {
      this.ask(side, ownMethods.dump, kind).catch((error: unknown) => {
        if (this.#state.posts.has(side))
          this.#log.log('error', error instanceof Error ? error.message : String(error));
      });
    }
  }

  /** A child writes it, which has the configuration. */
  #dumpParent(): void {
    const [post] = this.#state.posts.values();
    if (post === undefined) return;
    this.#log.log('info', `Printing parent data for process(${process.pid}) on signal`);
    this.ask(post.side, ownMethods.dumpParent).catch((error: unknown) => {
      this.#log.log('error', error instanceof Error ? error.message : String(error));
    });
  }

  /** @throws {KaError} KA_DAEMON_PIDFILE */
  #writePidFile(): void {
    const facts = this.#state.facts;
    // Without -p its name is known when the configuration is.
    if (facts === undefined && this.#context.options.pidFile === undefined) return;
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

function permanent(status: number): string {
  if (status === exitStatus.permission) return 'missing permission';
  return status === exitStatus.config ? 'CONFIG' : 'FATAL';
}
