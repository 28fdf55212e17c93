/** --single-process: both sides in the process that was started, as in the library. */
import { constants } from 'node:os';
import type { Config } from '../config/model.js';
import {
  reloadTold,
  type ControlHost,
  type ReloadReport,
  type Side,
  type SideStanding,
  type ToldListener,
} from '../control/messages.js';
import { call } from '../control/serve.js';
import { KaError } from '../errors.js';
import { systemClock } from '../host.js';
import type { Log } from '../log/log.js';
import { readForDaemon } from './configuration.js';
import type { RunContext } from './context.js';
import type { DumpKind } from './dump.js';
import { openControl } from './control.js';
import { exitStatus, failureOf } from './exit-status.js';
import { sayStarting, sayStopped } from './first-last-lines.js';
import { enterOwnNamespace } from './namespace.js';
import { reapOrphans } from './orphans.js';
import { ownScript, runOwnScript, type OwnScript } from './own-scripts.js';
import { PidFile, pidFiles } from './process.js';
import type { ReadFacts } from './protocol.js';
import { beginReading, endReading } from './reload-file.js';
import { ReloadSchedule } from './reload-schedule.js';
import { refusalOf, ReloadQueue } from './reload-queue.js';
import { removeReloadResult } from './reload-result.js';
import { reloadSide } from './saved.js';
import type { RunningSide, SideContext } from './side.js';
import { listenToSignals } from './signals.js';
import type { SystemdNotifier } from './systemd.js';
import { until } from './until.js';

const order: readonly Side[] = ['vrrp', 'checkers'];

export class SingleProcess implements ControlHost {
  readonly version: string;
  readonly configFile: string;
  readonly startedAtMs = performance.timeOrigin;
  readonly #context: RunContext;
  readonly #log: Log;
  readonly #systemd: SystemdNotifier;
  readonly #stop = new AbortController();
  readonly #sides = new Map<Side, RunningSide>();
  readonly #listeners = new Set<ToldListener>();
  readonly #written: PidFile[] = [];
  #homeNamespace: string | undefined;
  #shutdown: OwnScript | undefined;
  #known: readonly string[] = [];
  #generation = 0;
  /** VRRP instances in MASTER state. */
  #masters: readonly string[] = [];
  #reloads: ReloadQueue | undefined;
  #facts: ReadFacts | undefined;
  readonly #schedule: ReloadSchedule;

  constructor(context: RunContext, log: Log, systemd: SystemdNotifier) {
    this.#context = context;
    this.#log = log;
    this.#systemd = systemd;
    this.#schedule = new ReloadSchedule({
      host: { clock: systemClock, logger: log },
      reload: () => void this.reload(),
    });
    this.version = context.version;
    this.configFile = context.options.configFile;
  }

  /** Runs until a signal ends it. The result is the exit status. */
  async run(): Promise<number> {
    sayStarting(this.#context, this.#log);
    const read = await readForDaemon(this.#context, { isReload: false });
    for (const line of read.lines) this.#log.log('warning', line);
    if (!read.isGood) {
      this.#log.log('error', read.message);
      this.#systemd.failed(constants.errno.EINVAL, read.message);
      return read.status;
    }
    try {
      return await this.#runWith(read.config, read.facts);
    } catch (error) {
      const { status, message, errno } = failureOf(error);
      this.#log.log('error', message);
      this.#systemd.failed(errno, message);
      return status;
    } finally {
      for (const file of this.#written) file.close();
    }
  }

  // ---- questions ----

  async ask(side: Side, method: string, params?: unknown): Promise<unknown> {
    const running = this.#sides.get(side);
    if (running === undefined) throw new KaError('KA_CONTROL_GONE', `the side ${side} does not run`);
    return await call(running.handlers, method, params);
  }

  onTold(listener: ToldListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  sides(): readonly SideStanding[] {
    return [...this.#sides.keys()].map((side) => ({ side, pid: process.pid, restarts: 0 }));
  }

  generation(): number {
    return this.#generation;
  }

  reload(): Promise<ReloadReport> {
    return this.#reloads?.ask() ?? Promise.resolve({ isGood: false, lines: ['The daemon is starting.'] });
  }

  // ---- life ----

  async #runWith(config: Config, facts: ReadFacts): Promise<number> {
    let isStarted: () => void = () => undefined;
    const started = new Promise<void>((resolve) => {
      isStarted = resolve;
    });
    this.#reloads = new ReloadQueue({
      after: started,
      run: () => this.#reloadNow(),
      isStopping: () => this.#stop.signal.aborted,
      pidFile: () => this.#written[0]?.path,
      onDone: (report) => {
        const told = reloadTold(report, this.#generation, systemClock.wallMs());
        for (const listener of this.#listeners) listener('daemon', told);
      },
      logger: this.#log,
    });
    this.#listen();
    process.umask(facts.umask ?? this.#context.options.umask);
    const files = pidFiles(this.#context.options, config.instance, config.usePidDir);
    this.#written.push(new PidFile(files.main));
    this.#known = facts.known;
    const control = await openControl(this, this.#context.options, this.#log, facts);
    try {
      // The control socket and the metrics stay where the daemon was started.
      this.#homeNamespace = enterOwnNamespace(this.#context.options, config);
      const startup = ownScript(config, 'startup');
      if (startup !== undefined) await runOwnScript('startup', startup, this.#log);
      this.#shutdown = facts.shutdown;
      for (const side of facts.sides) {
        await this.#start(side, config);
        this.#written.push(new PidFile(files[side]));
      }
      this.#generation = 1;
      isStarted();
      if (facts.sides.length === 0)
        this.#log.log('warning', 'Warning - keepalived has no configuration to run');
      this.#log.log('info', 'Startup complete');
      this.#systemd.ready(this.#summary());
      this.#systemd.startWatchdog(() => true);
      endReading(facts.reloadFile, this.#log);
      this.#facts = facts;
      this.#schedule.follow(facts.reloadTimeFile, facts.reloadRepeats);
      await until(this.#stop.signal);
      this.#log.log('info', 'Stopping');
      this.#systemd.stopping();
      await this.#reloads.settled();
    } finally {
      this.#schedule.close();
      for (const side of this.#sides.values()) await side.close();
      await control.close();
      removeReloadResult(files.main);
    }
    if (this.#shutdown !== undefined) await runOwnScript('shutdown', this.#shutdown, this.#log);
    sayStopped(this.#context, this.#log);
    return exitStatus.good;
  }

  async #start(side: Side, config: Config): Promise<void> {
    const context: SideContext = {
      options: this.#context.options,
      log: this.#log,
      homeNamespace: this.#homeNamespace,
      tell: (event) => {
        for (const listener of this.#listeners) listener(side, event);
      },
      report: (report) => {
        if (report.kind === 'summary' && this.#generation > 0) this.#systemd.status(this.#summary());
        if (report.kind !== 'held') return;
        this.#masters = report.held.masters;
        this.#sides
          .get('checkers')
          ?.follow?.(this.#masters)
          .catch((error: unknown) => this.#log.log('error', failureOf(error).message));
      },
      generation: () => this.#generation,
    };
    const start =
      side === 'vrrp'
        ? (await import('./vrrp-side.js')).startVrrp
        : (await import('./checkers-side.js')).startCheckers;
    const running = await start(config, context);
    this.#sides.set(side, running);
    await running.follow?.(this.#masters);
  }

  #listen(): void {
    listenToSignals({
      stop: () => this.#stop.abort(),
      reload: () => void this.reload(),
      dump: (kind) => this.#dump(kind),
      ignoresSigint: this.#context.options.ignoresSigint,
    });
    // Scripts are children of the launcher's thread, which waits for them; on this one only orphans arrive.
    if (process.pid === 1) reapOrphans(() => []);
  }

  #dump(kind: DumpKind): void {
    for (const side of this.#sides.values()) side.dump(kind);
  }

  #summary(): string {
    return [...this.#sides.values()].map(({ summary }) => summary).join('; ') || 'No VRRP instances';
  }

  // ---- reload ----

  async #reloadNow(): Promise<ReloadReport> {
    this.#log.log('info', 'Reloading ...');
    this.#systemd.reloading();
    const readingEnds = beginReading(this.#facts?.reloadFile, this.#log);
    const read = await readForDaemon(this.#context, { isReload: true, known: this.#known }).finally(
      readingEnds,
    );
    for (const line of read.lines) this.#log.log('warning', line);
    const report = read.isGood
      ? await this.#change(read.config, read.facts, read.lines)
      : this.#refused(read.lines, read.message);
    this.#systemd.ready(this.#summary());
    if (!this.#stop.signal.aborted)
      this.#schedule.follow(this.#facts?.reloadTimeFile, this.#facts?.reloadRepeats ?? false);
    return report;
  }

  #refused(lines: readonly string[], why: string, by?: Side): ReloadReport {
    const said = `New config failed validation, the old one runs on. ${why}`.trim();
    this.#log.log('error', said);
    if (by !== 'vrrp') this.#sides.get('vrrp')?.noteRefusedReload?.(refusalOf(lines, why));
    return { isGood: false, lines: [...lines, said] };
  }

  async #change(config: Config, facts: ReadFacts, lines: readonly string[]): Promise<ReloadReport> {
    const said: string[] = [];
    for (const side of order) {
      const running = this.#sides.get(side);
      try {
        if (running !== undefined) said.push(await reloadSide(side, running, config, this.#log));
        else if (facts.sides.includes(side)) await this.#start(side, config);
      } catch (error) {
        return this.#refused([...lines, ...said], failureOf(error).message, side);
      }
    }
    this.#known = facts.known;
    this.#facts = facts;
    this.#shutdown = facts.shutdown;
    this.#generation += 1;
    const words = said.filter((each) => each !== '').join('; ') || 'nothing changed';
    this.#log.log('info', `Reload complete: ${words}`);
    return { isGood: true, lines: [...lines, `Reload complete: ${words}`] };
  }
}
