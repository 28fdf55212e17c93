/**
 * All virtual routers of one configuration, running: the engine, the trackers that feed it, and the notifications that follow from it.
 * The daemon and the library both use this; it knows nothing of signals, files of its own, or the console.
 */
import '../../bindings/dispose.js';
import { EventEmitter } from 'node:events';
import { uptime } from 'node:os';
import type { NativeEngineStatus, NativeRecord, PolicyHold } from '../../bindings/native.js';
import { systemAccounts } from '../accounts.js';
import type { Config, ScriptCommand } from '../config/model.js';
import { silentLogger, systemClock, type Host } from '../host.js';
import type { NotifyCommands, NotifyState } from '../notify/notify.js';
import { diffPlans, nativeRouter, type Numbering, type Standing } from '../plan/diff.js';
import { makePlan, type Notifies, type Plan, type RouterPlan } from '../plan/plan.js';
import type { Explanation } from '../recorder/explain.js';
import { resolveScript, type ScriptPolicy } from '../script-security.js';
import { AddressFilter } from './address-filter.js';
import { Announcements } from './announcements.js';
import { openNativeEngine, type EnginePort } from './engine-port.js';
import { EventDesk } from './event-desk.js';
import { Interventions } from './interventions.js';
import { Journal } from './journal.js';
import type {
  NodeEvents,
  NodeOptions,
  ReloadSummary,
  RouterInspection,
  RouterStandingNow,
} from './node-types.js';
import { resumed, resumedVerdicts, verdictsAfterReload } from './resume.js';
import { Roster, type RosterSnapshot } from './roster.js';
import { TrackerSet, logVerdict, scriptPolicy, type TrackerListener } from './tracker-set.js';
import type { VirtualRouterView } from './virtual-router.js';

export type * from './node-types.js';
export type { ResumedStates } from './resume.js';

interface Current {
  /** As the configuration has it. */
  readonly wanted: Plan;
  /** As it runs: patient routers do not preempt. */
  readonly plan: Plan;
  readonly numbering: Numbering;
  readonly policy: ScriptPolicy;
}

/** What is known at one moment, to go back to. */
interface Known {
  readonly current: Current | undefined;
  readonly roster: RosterSnapshot;
}

/**
 * Starts the VRRP part of a configuration.
 * @throws {NativeError} when the engine cannot start (permission, namespace, no addon).
 */
export async function createNode(config: Config, options: NodeOptions = {}): Promise<VrrpNode> {
  const node = new VrrpNode(options);
  await node.start(config);
  return node;
}

export class VrrpNode extends EventEmitter<NodeEvents> implements AsyncDisposable {
  readonly #options: NodeOptions;
  readonly #host: Host;
  readonly #announcements: Announcements;
  readonly #onAbort = (): void => void this.close();
  #engine: EnginePort | undefined;
  #current: Current | undefined;
  #trackers: TrackerSet | undefined;
  #filter: AddressFilter | undefined;
  readonly #roster = new Roster();
  readonly #desk: EventDesk;
  readonly #interventions = new Interventions();
  readonly #journal: Journal;
  #closing: Promise<void> | undefined;

  /** Use `createNode`. */
  constructor(options: NodeOptions) {
    super();
    this.#options = options;
    this.#host = { clock: options.clock ?? systemClock, logger: options.logger ?? silentLogger };
    this.#journal = new Journal(this.#host.clock, options.recorded);
    this.#announcements = new Announcements({
      host: this.#host,
      accounts: options.accounts ?? systemAccounts,
      resolve: (script, what, config) => this.#ready(script, what, this.#scriptPolicy(config)),
    });
    this.#desk = new EventDesk({
      host: this.#host,
      roster: this.#roster,
      interventions: this.#interventions,
      journal: this.#journal,
      announcements: this.#announcements,
      record: (id) => this.#record(id),
      onState: (router, change) => {
        this.#filter?.changed();
        this.emit('state', router, change);
      },
      onSplitBrain: (router, event) => this.emit('splitBrain', router, event),
      onEngine: (event) => this.emit('engine', event),
    });
  }

  /** The routers, in the order of the configuration. */
  get routers(): readonly VirtualRouterView[] {
    return [...this.#roster.routers.values()].map(({ view }) => view);
  }

  router(name: string): VirtualRouterView | undefined {
    return this.routers.find((router) => router.name === name);
  }

  /** What the engine knows now: states, counters, lateness. Undefined before the start and after the end. */
  status(): NativeEngineStatus | undefined {
    return this.#closing === undefined ? this.#engine?.status() : undefined;
  }

  /** Each router with what the engine knows of it, in the order of the configuration. */
  standings(): readonly RouterStandingNow[] {
    const known = new Map(this.status()?.routers.map((each) => [each.id, each]));
    return [...this.#roster.routers].map(([id, { view }]) => ({
      name: view.name,
      state: view.state,
      priority: view.priority,
      sinceMs: view.lastChange?.atMs ?? 0,
      engine: known.get(id),
    }));
  }

  inspect(): readonly RouterInspection[] {
    const known = new Map(this.status()?.routers.map((each) => [each.id, each]));
    return [...this.#roster.routers].map(([id, { plan, view, faults }]) => ({
      plan,
      view,
      faults,
      tracked: this.#trackers?.seenBy(plan) ?? [],
      isStandby: this.#interventions.isStandby(plan.name),
      isPatient: this.#interventions.isPatient(plan.name),
      engine: known.get(id),
    }));
  }

  /** The instances that move with the one (or the sync group) of this name; empty: there is none. */
  members(name: string): readonly string[] {
    return this.#roster.members(name);
  }

  /**
   * Takes routers out of service, or back in: a master says priority 0 and goes to STANDBY, which outlasts reloads and is no
   * fault. Resolves when the engine has done it.
   */
  setStandby(names: readonly string[], isStandby: boolean): Promise<void> {
    this.#interventions.setStandby(names, isStandby);
    return this.#tellPolicy();
  }

  /** Makes routers patient: as backups they do not preempt, whatever their configuration says. It outlasts reloads. */
  async setPatient(names: readonly string[], isPatient: boolean): Promise<void> {
    this.#interventions.setPatient(names, isPatient);
    const current = this.#current;
    if (current === undefined) return;
    const plan = this.#interventions.applied(current.wanted);
    const routers = [...this.#roster.routers.values()].flatMap((entry) => {
      const now = plan.routers.find(({ key }) => key === entry.plan.key);
      if (now === undefined || now.params.preempt === entry.plan.params.preempt) return [];
      this.#roster.routers.set(entry.id, { ...entry, plan: now });
      return [nativeRouter(entry.id, now, entry.standing)];
    });
    this.#current = { ...current, plan };
    if (routers.length > 0) await this.#engine?.apply({ routers });
  }

  /** Tells a router to do something; see NativeTransaction. Resolves when the engine has begun it. */
  async command(name: string, command: 'release' | 'offer' | 'take-over' | 'announce'): Promise<void> {
    const id = this.#roster.named(name)?.id;
    if (id !== undefined) await this.#engine?.apply({ commands: [{ id, command }] });
  }

  /** Last state told of each sync group. */
  get groupStates(): ReadonlyMap<string, NotifyState> {
    return this.#desk.groupStates;
  }

  /** What a vrrp_script last said. */
  verdictOn(script: string): 'unknown' | 'up' | 'down' {
    return this.#trackers?.verdictOn(script) ?? 'unknown';
  }

  /** How long the runs of each vrrp_script took. */
  scriptTimings(): ReturnType<TrackerSet['timings']> {
    return this.#trackers?.timings() ?? [];
  }

  /** Tracked objects and what was last seen of them. */
  trackers(): ReturnType<TrackerSet['list']> {
    return this.#trackers?.list() ?? [];
  }

  /** Why routers are what they are, from the flight recorder: all, or the one of that name; none has it: an empty list. */
  why(name?: string): readonly Explanation[] {
    return [...this.#roster.routers]
      .filter(([, { view }]) => name === undefined || view.name === name)
      .map(([id, { view, plan }]) => this.#journal.explain(view, plan, this.#record(id)));
  }

  /** Writes into the flight recorder that somebody asked for something: `standby for 30 min`. `router` undefined: of all. */
  noteCommand(text: string, router?: string, endsMaintenance = false): void {
    this.#journal.command(text, router, endsMaintenance);
  }

  /** Writes into the flight recorder that a configuration was not taken over, and why. */
  noteRefusedReload(reason: string): void {
    this.#journal.reloadRefused(reason);
  }

  /** For `createNode`. */
  start(config: Config): Promise<void> {
    this.#interventions.resume(this.#options.resume ?? {});
    this.#announcements.configure(config);
    return this.startPlan(this.#plan(config), this.#scriptPolicy(config));
  }

  /** For `createNode` and `VirtualRouter.start`. */
  async startPlan(plan: Plan, policy: ScriptPolicy): Promise<void> {
    const { signal } = this.#options;
    signal?.throwIfAborted();
    const open = this.#options.openEngine ?? openNativeEngine;
    // Whoever goes on does not start: vrrp_startup_delay is over.
    const { startupDelayUs: _delay, ...atOnce } = plan.engine;
    const engine = open(this.#options.resume === undefined ? plan.engine : atOnce, (events) =>
      this.#desk.take(events),
    );
    await engine.start();
    this.#engine = engine;
    this.#filter = new AddressFilter({
      host: this.#host,
      netns: plan.engine.netns,
      routers: () => this.#roster.routers.values(),
    });
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    try {
      signal?.throwIfAborted();
      await this.#adopt(plan, policy);
      signal?.throwIfAborted();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /**
   * Applies another configuration: instances that it does not change are not touched. Options of the engine itself (namespace,
   * scheduling) stay as they were at the start.
   */
  async reload(config: Config): Promise<ReloadSummary> {
    const before = this.#announcements.config;
    this.#announcements.configure(config);
    let summary: ReloadSummary;
    try {
      summary = await this.#adopt(this.#plan(config), this.#scriptPolicy(config));
    } catch (error) {
      if (before !== undefined) this.#announcements.configure(before);
      throw error;
    }
    if (config.globalDefs.fifoWriteVrrpStatesOnReload)
      this.#announcements.tellAll(this.routers, this.#desk.groupStatesNow());
    return summary;
  }

  /** Begins with what `close` does, which is to follow: priority 0 goes out before anything else is seen to. */
  leave(): void {
    void this.#engine?.stop();
  }

  /** Priority 0, addresses removed, scripts of `notify_stop` run (for at most a second). Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#trackers?.close();
    await this.#engine?.stop();
    const unfiltered = this.#filter?.close(this.#options.keepAddresses === true);
    for (const { subject } of this.#roster.groups.values()) this.#announcements.entered(subject, 'STOP', 0);
    await Promise.all([unfiltered, this.#announcements.close()]);
    this.emit('closed');
  }

  #plan(config: Config): Plan {
    return makePlan(config, { uptimeS: uptime(), ...this.#options });
  }

  #scriptPolicy(config: Config): ScriptPolicy {
    return scriptPolicy(config, this.#options.accounts ?? systemAccounts);
  }

  async #adopt(wanted: Plan, policy: ScriptPolicy): Promise<ReloadSummary> {
    const plan = this.#interventions.applied(wanted);
    const was: Known = { current: this.#current, roster: this.#roster.snapshot() };
    const trackers = this.#track(plan, policy);
    const diff = diffPlans(this.#current, plan, (router) => this.#standingOf(trackers, router));
    const told = new Set([...diff.added, ...diff.changed].map(({ key }) => key));
    this.#roster.replace({
      plan,
      numbering: diff.numbering,
      commands: (name, notifies) => this.#commands(name, notifies, policy),
      known: (router, was) => {
        const { faults } = trackers.policyOf(router);
        if (was !== undefined && !told.has(router.key)) return was;
        return { standing: this.#standingOf(trackers, router), faults };
      },
    });
    this.#current = { wanted, plan, numbering: diff.numbering, policy };
    this.#filter?.configure(plan.filter);
    if (was.current !== undefined)
      this.#journal.reload(diff.added, diff.removed, was.current.plan.routers, plan.routers);
    this.#options.onApply?.([...(was.current?.plan.routers ?? []), ...plan.routers]);
    try {
      await this.#engine?.apply(
        was.current === undefined ? resumed(diff.transaction, plan, this.#options.resume) : diff.transaction,
      );
    } catch (error) {
      this.#goBack(was);
      if (was.current !== undefined)
        this.#journal.reloadRefused(error instanceof Error ? error.message : String(error));
      throw error;
    }
    // What was arranged for an instance ends with it, and not with a plan that is refused.
    this.#interventions.keepOnly(wanted);
    this.#desk.keepOnly(plan);
    // At the start the first transition says so: a resumed master's rules stay until then.
    if (was.current !== undefined) this.#filter?.changed();
    trackers.startScripts();
    this.#applyPolicy();
    const names = (routers: readonly RouterPlan[]): readonly string[] => routers.map(({ name }) => name);
    return { added: names(diff.added), changed: names(diff.changed), removed: names(diff.removed) };
  }

  /** What policy and operators say of a router now. */
  #standingOf(trackers: TrackerSet, router: RouterPlan): Standing {
    const { prioritySum, isOwner, holds } = trackers.policyOf(router);
    return {
      prioritySum,
      isOwner,
      holds: this.#interventions.isStandby(router.name) ? [...holds, 'standby'] : holds,
    };
  }

  /** Trackers of `plan` instead of those of the plan before, whose knowledge they take over. */
  #track(plan: Plan, policy: ScriptPolicy): TrackerSet {
    const before = this.#trackers;
    const running = this.#current?.plan;
    const known =
      before === undefined || running === undefined
        ? resumedVerdicts(this.#options.resume)
        : verdictsAfterReload(before, running, plan);
    const listener: TrackerListener = {
      onState: (what, tracker) => {
        this.#journal.tracker(what, tracker);
        this.#applyPolicy();
        this.emit('tracked', what, tracker);
      },
      onRefused: (script, reason) => this.#journal.refused(script, reason),
    };
    this.#trackers = new TrackerSet(plan, policy, this.#host, listener, known);
    before?.close();
    return this.#trackers;
  }

  /** The engine refused a change, and so runs on as it was: so does all that is known of it here. */
  #goBack({ current, roster }: Known): void {
    this.#current = current;
    this.#roster.goBack(roster);
    this.#filter?.configure(current?.plan.filter);
    if (current !== undefined) this.#track(current.plan, current.policy).startScripts();
  }

  #commands(name: string, notifies: Notifies, policy: ScriptPolicy): NotifyCommands {
    const ready = (script: ScriptCommand | undefined): NotifyCommands['any'] =>
      script === undefined ? undefined : this.#ready(script, name, policy);
    return {
      master: ready(notifies.master),
      backup: ready(notifies.backup),
      fault: ready(notifies.fault),
      stop: ready(notifies.stop),
      deleted: notifies.deleted === 'state' ? 'state' : ready(notifies.deleted),
      any: ready(notifies.any),
      lowerPriority: ready(notifies.lowerPriority),
    };
  }

  #ready(script: ScriptCommand, what: string, policy: ScriptPolicy): NotifyCommands['any'] {
    const verdict = resolveScript(script, policy);
    logVerdict(this.#host, what, verdict);
    if (verdict.command === undefined)
      this.#journal.refused(what, verdict.messages.at(-1) ?? 'it cannot run');
    return verdict.command;
  }

  #applyPolicy(): void {
    this.#tellPolicy().catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      this.#host.logger.log('error', `a change of priority did not reach the engine: ${reason}`);
    });
  }

  /** Tells the engine what trackers and operators changed since it was last told. */
  async #tellPolicy(): Promise<void> {
    const trackers = this.#trackers;
    if (trackers === undefined || this.#closing !== undefined) return;
    const priorities: { readonly id: number; readonly prioritySum: number }[] = [];
    const holds: {
      readonly id: number;
      readonly set: readonly PolicyHold[];
      readonly clear: readonly PolicyHold[];
    }[] = [];
    for (const [id, entry] of this.#roster.routers) {
      const { faults } = trackers.policyOf(entry.plan);
      const { prioritySum, holds: wanted } = this.#standingOf(trackers, entry.plan);
      const standing: Standing = { prioritySum, isOwner: entry.standing.isOwner, holds: wanted };
      if (prioritySum !== entry.standing.prioritySum) priorities.push({ id, prioritySum });
      const set = wanted.filter((hold) => !entry.standing.holds.includes(hold));
      const clear = entry.standing.holds.filter((hold) => !standing.holds.includes(hold));
      if (set.length + clear.length > 0) holds.push({ id, set, clear });
      this.#roster.routers.set(id, { ...entry, standing, faults });
    }
    if (priorities.length + holds.length === 0) return;
    await this.#engine?.apply({ priorities, holds });
  }

  #record(id: number): NativeRecord | undefined {
    return this.#closing === undefined ? this.#engine?.record(id) : undefined;
  }
}
