/**
 * All virtual routers of one configuration, running: the engine, the trackers that feed it, and the notifications that follow from it.
 * The daemon and the library both use this; it knows nothing of signals, files of its own, or the console.
 */
import '../../bindings/dispose.js';
import { EventEmitter } from 'node:events';
import { uptime } from 'node:os';
import { stateName } from '../../bindings/engine.js';
import type {
  NativeEvent,
  NativeEngineStatus,
  NativeRecord,
  NativeRouterStatus,
  NativeTransaction,
  PolicyHold,
} from '../../bindings/native.js';
import { systemAccounts, type Accounts } from '../accounts.js';
import type { Config, ScriptCommand } from '../config/model.js';
import { silentLogger, systemClock, type Clock, type Host, type Logger } from '../host.js';
import { Notifier, type NotifyCommands, type NotifyState, type NotifySubject } from '../notify/notify.js';
import { Outlets } from '../notify/outlets.js';
import { diffPlans, nativeRouter, type Numbering, type Standing } from '../plan/diff.js';
import { makePlan, type GroupPlan, type Notifies, type Plan, type RouterPlan } from '../plan/plan.js';
import type { Explanation } from '../recorder/explain.js';
import { resolveScript, type ScriptPolicy } from '../script-security.js';
import { openNativeEngine, type EnginePort, type OpenEngine } from './engine-port.js';
import { eventLines, groupStateAfter, splitBrainLines } from './event-words.js';
import { Journal } from './journal.js';
import {
  TrackerSet,
  logVerdict,
  scriptPolicy,
  type KnownVerdicts,
  type TrackerListener,
} from './tracker-set.js';
import { VirtualRouterView, type StateChange } from './virtual-router.js';
import { explainCause, transitionLines, type VrrpState } from './words.js';

export interface NodeOptions {
  readonly logger?: Logger;
  readonly clock?: Clock;
  /** Closes the node when it aborts. */
  readonly signal?: AbortSignal;
  /** Path of the network namespace to work in (/run/netns/NAME); default: that of the configuration, else the caller's. */
  readonly netns?: string;
  /** Puts all routers in fault when the event loop does not answer for so many milliseconds. Default: never. */
  readonly eventLoopTimeoutMs?: number;
  /** Names of the instances that eventLoopTimeoutMs is for. Default: all. */
  readonly eventLoopTimeoutInstances?: readonly string[];
  /**
   * Ask the neighbours, from the interface's own address, whether somebody else holds the addresses of a master: once an advert
   * interval, five times a second at most, a hundred times a second for all routers together. Default: true.
   */
  readonly splitBrainProbe?: boolean;
  /** Leave the addresses in place when the node is closed (keepalived --dont-release-vrrp). */
  readonly keepAddresses?: boolean;
  readonly accounts?: Accounts;
  /** What another process held that ended a moment ago without a goodbye: its masterships are gone on with. */
  readonly resume?: ResumedStates;
  /** For tests. */
  readonly openEngine?: OpenEngine;
}

/** What outlives a process. */
export interface ResumedStates {
  /** Names of instances that become MASTER without waiting. */
  readonly masters: ReadonlySet<string>;
  /** Verdicts of scripts, which count until their next result. */
  readonly scripts: ReadonlyMap<string, 'up' | 'down'>;
  /** Instances that an operator took out of service, and those that must not preempt. */
  readonly standby?: ReadonlySet<string>;
  readonly patient?: ReadonlySet<string>;
}

export interface NodeEvents {
  /** A router of this node changed its state. */
  state: [router: VirtualRouterView, change: StateChange];
  /** Everything the engine told, in order. */
  engine: [event: NativeEvent];
  closed: [];
}

/** One router at one moment. */
export interface RouterStandingNow {
  readonly name: string;
  readonly state: VrrpState;
  readonly priority: number;
  /** Wall clock of the last transition, milliseconds; 0: none yet. */
  readonly sinceMs: number;
  /** Undefined while the engine does not run. */
  readonly engine: NativeRouterStatus | undefined;
}

/** All that is known of one router now, for whoever shows it. */
export interface RouterInspection {
  readonly plan: RouterPlan;
  readonly view: VirtualRouterView;
  /** Tracked objects that hold it in fault. */
  readonly faults: readonly string[];
  readonly tracked: ReturnType<TrackerSet['seenBy']>;
  readonly isStandby: boolean;
  readonly isPatient: boolean;
  /** Undefined while the engine does not run. */
  readonly engine: NativeRouterStatus | undefined;
}

/** What a reload did, by name of the instance. */
export interface ReloadSummary {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

interface RouterEntry {
  readonly id: number;
  readonly plan: RouterPlan;
  readonly view: VirtualRouterView;
  readonly subject: NotifySubject;
  readonly standing: Standing;
  readonly faults: readonly string[];
}

interface GroupEntry {
  readonly plan: GroupPlan;
  readonly subject: NotifySubject;
}

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
  readonly byId: ReadonlyMap<number, RouterEntry>;
  readonly groups: ReadonlyMap<number, GroupEntry>;
}

type Transition = Extract<NativeEvent, { readonly kind: 'transition' }>;

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
  readonly #notifier: Notifier;
  readonly #outlets: Outlets;
  #config: Config | undefined;
  readonly #onAbort = (): void => void this.close();
  #engine: EnginePort | undefined;
  #current: Current | undefined;
  #trackers: TrackerSet | undefined;
  readonly #byId = new Map<number, RouterEntry>();
  readonly #groups = new Map<number, GroupEntry>();
  readonly #groupStates = new Map<string, NotifyState>();
  /** Names of routers that an operator took out of service, and of those that must not preempt for now. */
  readonly #standby = new Set<string>();
  readonly #patient = new Set<string>();
  /** Routers that were removed and whose last transition is still to come. */
  readonly #leaving = new Map<number, RouterEntry>();
  readonly #journal: Journal;
  #closing: Promise<void> | undefined;

  /** Use `createNode`. */
  constructor(options: NodeOptions) {
    super();
    this.#options = options;
    this.#host = { clock: options.clock ?? systemClock, logger: options.logger ?? silentLogger };
    this.#journal = new Journal(this.#host.clock);
    this.#notifier = new Notifier(this.#host);
    this.#outlets = new Outlets({
      host: this.#host,
      fifos: ['notify_fifo', 'vrrp_notify_fifo'],
      accounts: options.accounts ?? systemAccounts,
      resolve: (script, what, config) => this.#ready(script, what, this.#scriptPolicy(config)),
    });
  }

  /** The routers, in the order of the configuration. */
  get routers(): readonly VirtualRouterView[] {
    return [...this.#byId.values()].map(({ view }) => view);
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
    return [...this.#byId].map(([id, { view }]) => ({
      name: view.name,
      state: view.state,
      priority: view.priority,
      sinceMs: view.lastChange?.atMs ?? 0,
      engine: known.get(id),
    }));
  }

  inspect(): readonly RouterInspection[] {
    const known = new Map(this.status()?.routers.map((each) => [each.id, each]));
    return [...this.#byId].map(([id, { plan, view, faults }]) => ({
      plan,
      view,
      faults,
      tracked: this.#trackers?.seenBy(plan) ?? [],
      isStandby: this.#standby.has(plan.name),
      isPatient: this.#patient.has(plan.name),
      engine: known.get(id),
    }));
  }

  /** The instances that move with the one (or the sync group) of this name; empty: there is none. */
  members(name: string): readonly string[] {
    const entries = [...this.#byId.values()];
    const isGroup = [...this.#groups.values()].some(({ plan }) => plan.name === name);
    const one = entries.find(({ plan }) => plan.name === name);
    const group = one === undefined ? (isGroup ? name : undefined) : one.plan.group;
    if (group === undefined) return one === undefined ? [] : [name];
    return entries.filter(({ plan }) => plan.group === group).map(({ plan }) => plan.name);
  }

  /**
   * Takes routers out of service, or back in: a master says priority 0 and goes to STANDBY, which outlasts reloads and is no
   * fault. Resolves when the engine has done it.
   */
  setStandby(names: readonly string[], isStandby: boolean): Promise<void> {
    for (const name of names) {
      if (isStandby) this.#standby.add(name);
      else this.#standby.delete(name);
    }
    return this.#tellPolicy();
  }

  /** Makes routers patient: as backups they do not preempt, whatever their configuration says. It outlasts reloads. */
  async setPatient(names: readonly string[], isPatient: boolean): Promise<void> {
    for (const name of names) {
      if (isPatient) this.#patient.add(name);
      else this.#patient.delete(name);
    }
    const current = this.#current;
    if (current === undefined) return;
    const plan = this.#patientPlan(current.wanted);
    const routers = [...this.#byId.values()].flatMap((entry) => {
      const now = plan.routers.find(({ key }) => key === entry.plan.key);
      if (now === undefined || now.params.preempt === entry.plan.params.preempt) return [];
      this.#byId.set(entry.id, { ...entry, plan: now });
      return [nativeRouter(entry.id, now, entry.standing)];
    });
    this.#current = { ...current, plan };
    if (routers.length > 0) await this.#engine?.apply({ routers });
  }

  /** Tells a router to do something; see NativeTransaction. Resolves when the engine has begun it. */
  async command(name: string, command: 'release' | 'offer' | 'take-over' | 'announce'): Promise<void> {
    const id = [...this.#byId.values()].find(({ plan }) => plan.name === name)?.id;
    if (id !== undefined) await this.#engine?.apply({ commands: [{ id, command }] });
  }

  /** Last state told of each sync group. */
  get groupStates(): ReadonlyMap<string, NotifyState> {
    return this.#groupStates;
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
    return [...this.#byId]
      .filter(([, { view }]) => name === undefined || view.name === name)
      .map(([id, { view, plan }]) => this.#journal.explain(view, plan, this.#record(id)));
  }

  /** Writes into the flight recorder that somebody asked for something: `standby for 30 min`. `router` undefined: of all. */
  noteCommand(text: string, router?: string): void {
    this.#journal.command(text, router);
  }

  /** Writes into the flight recorder that a configuration was not taken over, and why. */
  noteRefusedReload(reason: string): void {
    this.#journal.reloadRefused(reason);
  }

  /** For `createNode`. */
  start(config: Config): Promise<void> {
    for (const name of this.#options.resume?.standby ?? []) this.#standby.add(name);
    for (const name of this.#options.resume?.patient ?? []) this.#patient.add(name);
    this.#configure(config);
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
      this.#onEvents(events),
    );
    await engine.start();
    this.#engine = engine;
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
    this.#configure(config);
    const summary = await this.#adopt(this.#plan(config), this.#scriptPolicy(config));
    if (config.globalDefs.fifoWriteVrrpStatesOnReload) this.#tellStates();
    return summary;
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
    for (const { subject } of this.#groups.values()) this.#announce(subject, 'STOP', 0);
    await Promise.all([this.#notifier.drain(), this.#outlets.close()]);
    this.emit('closed');
  }

  #plan(config: Config): Plan {
    const { eventLoopTimeoutMs, eventLoopTimeoutInstances, keepAddresses, netns, splitBrainProbe } =
      this.#options;
    return makePlan(config, {
      uptimeS: uptime(),
      ...(eventLoopTimeoutMs === undefined ? {} : { eventLoopTimeoutMs }),
      ...(eventLoopTimeoutInstances === undefined ? {} : { eventLoopTimeoutInstances }),
      ...(keepAddresses === undefined ? {} : { keepAddresses }),
      ...(netns === undefined ? {} : { netns }),
      ...(splitBrainProbe === undefined ? {} : { splitBrainProbe }),
    });
  }

  #scriptPolicy(config: Config): ScriptPolicy {
    return scriptPolicy(config, this.#options.accounts ?? systemAccounts);
  }

  async #adopt(wanted: Plan, policy: ScriptPolicy): Promise<ReloadSummary> {
    this.#forgetStrangers(wanted);
    const plan = this.#patientPlan(wanted);
    const was = { current: this.#current, byId: new Map(this.#byId), groups: new Map(this.#groups) };
    const trackers = this.#track(plan, policy);
    const diff = diffPlans(this.#current, plan, (router) => this.#standingOf(trackers, router));
    const told = new Set([...diff.added, ...diff.changed].map(({ key }) => key));
    this.#replaceRouters(plan, diff.numbering, policy, (router, was) => {
      const { faults } = trackers.policyOf(router);
      if (was !== undefined && !told.has(router.key)) return was;
      return { standing: this.#standingOf(trackers, router), faults };
    });
    this.#current = { wanted, plan, numbering: diff.numbering, policy };
    if (was.current !== undefined)
      this.#journal.reload(diff.added, diff.removed, was.current.plan.routers, plan.routers);
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
    trackers.startScripts();
    this.#applyPolicy();
    const names = (routers: readonly RouterPlan[]): readonly string[] => routers.map(({ name }) => name);
    return { added: names(diff.added), changed: names(diff.changed), removed: names(diff.removed) };
  }

  /** Maintenance of an instance ends with it. */
  #forgetStrangers({ routers }: Plan): void {
    const names = new Set(routers.map(({ name }) => name));
    for (const set of [this.#standby, this.#patient])
      for (const name of set) if (!names.has(name)) set.delete(name);
  }

  #patientPlan(plan: Plan): Plan {
    if (this.#patient.size === 0) return plan;
    const routers = plan.routers.map((router) =>
      this.#patient.has(router.name) ? { ...router, params: { ...router.params, preempt: false } } : router,
    );
    return { ...plan, routers };
  }

  /** What policy and operators say of a router now. */
  #standingOf(trackers: TrackerSet, router: RouterPlan): Standing {
    const { prioritySum, isOwner, holds } = trackers.policyOf(router);
    return { prioritySum, isOwner, holds: this.#standby.has(router.name) ? [...holds, 'standby'] : holds };
  }

  /** Trackers of `plan` instead of those of the plan before, whose knowledge they take over. */
  #track(plan: Plan, policy: ScriptPolicy): TrackerSet {
    const before = this.#trackers;
    const known = before ?? resumedVerdicts(this.#options.resume);
    const listener: TrackerListener = {
      onState: (what, tracker) => {
        this.#journal.tracker(what, tracker);
        this.#applyPolicy();
      },
      onRefused: (script, reason) => this.#journal.refused(script, reason),
    };
    this.#trackers = new TrackerSet(plan, policy, this.#host, listener, known);
    before?.close();
    return this.#trackers;
  }

  /** The engine refused a change, and so runs on as it was: so does all that is known of it here. */
  #goBack({ current, byId, groups }: Known): void {
    this.#current = current;
    replaceAll(this.#byId, byId);
    replaceAll(this.#groups, groups);
    for (const id of byId.keys()) this.#leaving.delete(id);
    if (current !== undefined) this.#track(current.plan, current.policy).startScripts();
  }

  /** Routers that stay keep their view, so that whoever holds it goes on hearing of it. */
  #replaceRouters(
    plan: Plan,
    numbering: Numbering,
    policy: ScriptPolicy,
    known: (router: RouterPlan, was: RouterEntry | undefined) => Pick<RouterEntry, 'standing' | 'faults'>,
  ): void {
    const old = new Map(this.#byId);
    this.#byId.clear();
    for (const router of plan.routers) {
      const id = numbering.routers.get(router.key) ?? 0;
      const was = old.get(id);
      old.delete(id);
      const view = was?.view.name === router.name ? was.view : successor(router, was?.view);
      const commands = this.#commands(router.name, router.notifies, policy);
      const knowledge = known(router, was);
      this.#byId.set(id, {
        id,
        plan: router,
        view,
        subject: { kind: 'INSTANCE', name: router.name, commands },
        standing: knowledge.standing,
        faults: knowledge.faults,
      });
    }
    for (const [id, entry] of old) this.#leaving.set(id, entry);
    this.#groups.clear();
    for (const group of plan.groups) {
      const commands = this.#commands(group.name, group.notifies, policy);
      const id = numbering.groups.get(group.name) ?? 0;
      this.#groups.set(id, { plan: group, subject: { kind: 'GROUP', name: group.name, commands } });
    }
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

  #configure(config: Config): void {
    this.#config = config;
    this.#outlets.configure(config);
  }

  /** Scripts, then pipes, then mail: keepalived's order. */
  #announce(subject: NotifySubject, state: NotifyState, priority: number): void {
    this.#notifier.entered(subject, state, priority);
    this.#outlets.entered(subject.kind, subject.name, state, priority);
  }

  /** vrrp_notify_priority_changes: a change without a change of state. */
  #tellPriority({ name, state, priority }: VirtualRouterView): void {
    const isWanted = this.#config?.vrrpInstance.some(
      (each) => each.name === name && each.notifyPriorityChanges,
    );
    if (isWanted !== true || (state !== 'MASTER' && state !== 'BACKUP')) return;
    this.#outlets.tell('INSTANCE', name, `${state}_PRIORITY`, priority);
  }

  /** fifo_write_vrrp_states_on_reload. */
  #tellStates(): void {
    for (const { name, state, priority } of this.routers)
      if (state !== 'INIT')
        this.#outlets.tell('INSTANCE', name, state === 'STANDBY' ? 'BACKUP' : state, priority);
    for (const { plan } of this.#groups.values()) {
      const state = this.#groupStates.get(plan.name);
      if (state !== undefined) this.#outlets.tell('GROUP', plan.name, state, 0);
    }
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
    for (const [id, entry] of this.#byId) {
      const { faults } = trackers.policyOf(entry.plan);
      const { prioritySum, holds: wanted } = this.#standingOf(trackers, entry.plan);
      const standing: Standing = { prioritySum, isOwner: entry.standing.isOwner, holds: wanted };
      if (prioritySum !== entry.standing.prioritySum) priorities.push({ id, prioritySum });
      const set = wanted.filter((hold) => !entry.standing.holds.includes(hold));
      const clear = entry.standing.holds.filter((hold) => !standing.holds.includes(hold));
      if (set.length + clear.length > 0) holds.push({ id, set, clear });
      this.#byId.set(id, { ...entry, standing, faults });
    }
    if (priorities.length + holds.length === 0) return;
    await this.#engine?.apply({ priorities, holds });
  }

  #onEvents(events: readonly NativeEvent[]): void {
    for (const event of events) {
      guarded(() => this.#onEvent(event));
      guarded(() => this.emit('engine', event));
    }
  }

  #record(id: number): NativeRecord | undefined {
    return this.#closing === undefined ? this.#engine?.record(id) : undefined;
  }

  #nameOf(id: number): string {
    return (this.#byId.get(id) ?? this.#leaving.get(id))?.view.name ?? `router ${id}`;
  }

  #onEvent(event: NativeEvent): void {
    this.#journal.engine(event, (id) => this.#nameOf(id));
    switch (event.kind) {
      case 'transition':
        this.#onTransition(event);
        return;
      case 'group-transition': {
        const group = this.#groups.get(event.group);
        if (group === undefined || event.cause.kind === 'shutdown') return;
        const isStandby = [...this.#byId.values()].some(
          ({ plan }) => plan.group === group.plan.name && this.#standby.has(plan.name),
        );
        const state = isStandby && event.to === 'initialize' ? 'BACKUP' : groupStateAfter(event.to);
        this.#host.logger.log('info', `VRRP_Group(${group.plan.name}) Syncing instances to ${state} state`);
        this.#groupStates.set(group.plan.name, state);
        this.#announce(group.subject, state, 0);
        return;
      }
      case 'priority': {
        const entry = this.#byId.get(event.router);
        if (entry === undefined) return;
        const change = `from ${event.previous} to ${event.priority}`;
        this.#host.logger.log('info', `(${entry.view.name}) Changing effective priority ${change}`);
        entry.view.changePriority(event.priority);
        this.#tellPriority(entry.view);
        return;
      }
      case 'lower-priority-heard': {
        const entry = this.#byId.get(event.router);
        if (entry === undefined) return;
        const { name, priority } = entry.view;
        const heard = `Received advert from ${event.peer} with lower priority ${event.peerPriority}, ours ${priority}`;
        this.#host.logger.log('info', `(${name}) ${heard}, forcing new election`);
        this.#notifier.heardLowerPriority(entry.subject);
        this.#outlets.tell('INSTANCE', name, 'MASTER_RX_LOWER_PRI', priority);
        return;
      }
      case 'split-brain':
        this.#onSplitBrain(event);
        return;
      default:
        for (const { level, text } of eventLines(event, (id) => this.#nameOf(id)))
          this.#host.logger.log(level, text);
    }
  }

  #onSplitBrain(event: Extract<NativeEvent, { readonly kind: 'split-brain' }>): void {
    const entry = this.#byId.get(event.router);
    if (entry === undefined) return;
    const { name, priority } = entry.view;
    for (const { level, text } of splitBrainLines(name, priority, event)) this.#host.logger.log(level, text);
    const word = event.active ? 'MASTER_SPLIT_BRAIN' : 'MASTER_SPLIT_BRAIN_END';
    this.#outlets.tell('INSTANCE', name, word, priority);
    guarded(() => entry.view.changeSplitBrain(event));
  }

  #onTransition(event: Transition): void {
    const entry = this.#byId.get(event.router) ?? this.#leaving.get(event.router);
    if (entry === undefined) return;
    const from = entry.view.state;
    const named = stateName(event.to, event.cause);
    const to = named === 'FAULT' && this.#standby.has(entry.view.name) ? 'STANDBY' : named;
    for (const { level, text } of transitionLines(
      entry.view.name,
      { ...event, name: to },
      from,
      entry.faults,
    )) {
      this.#host.logger.log(level, text);
    }
    const change: StateChange = {
      from,
      to,
      priority: event.priority,
      cause: event.cause,
      reason: explainCause(event.cause, entry.faults),
      atMs: event.atMs,
    };
    const member = event.cause.member === undefined ? undefined : this.#nameOf(event.cause.member);
    this.#journal.transition(
      { ...change, router: entry.view.name, member, faults: entry.faults },
      this.#record(event.router),
    );
    this.#notify(entry, from, to, event.priority);
    if (to === 'DELETED') this.#leaving.delete(event.router);
    guarded(() => entry.view.changeState(change));
    this.emit('state', entry.view, change);
  }

  /** keepalived: a removed instance is announced as FAULT unless it has notify_deleted, and not at all when it was in FAULT. */
  #notify({ subject }: RouterEntry, from: VrrpState, to: VrrpState, priority: number): void {
    if (to === 'INIT') return;
    // Scripts know no STANDBY: to them it is a node that does not hold the addresses, and no fault that a mail is about.
    if (to === 'STANDBY') {
      if (from !== 'BACKUP') this.#announce(subject, 'BACKUP', priority);
      return;
    }
    if (to !== 'DELETED' || subject.commands.deleted !== undefined) {
      this.#announce(subject, to, priority);
    } else if (from !== 'FAULT') {
      this.#announce(subject, 'FAULT', priority);
    }
  }
}

/** What a listener throws is the application's uncaught exception, and no reason to lose the events behind it. */
function guarded(deliver: () => void): void {
  try {
    deliver();
  } catch (thrown) {
    queueMicrotask(() => {
      throw thrown;
    });
  }
}

/** View of a router that is new, or that goes on under another name. */
function successor(router: RouterPlan, before: VirtualRouterView | undefined): VirtualRouterView {
  const view = new VirtualRouterView(
    router.name,
    router.params.vrid,
    before?.priority ?? router.basePriority,
  );
  if (before?.lastChange !== undefined) view.changeState(before.lastChange);
  return view;
}

/** Start as MASTER what was so; a sync group that was not MASTER as a whole begins anew. */
function resumed(
  transaction: NativeTransaction,
  plan: Plan,
  resume: ResumedStates | undefined,
): NativeTransaction {
  if (resume === undefined || resume.masters.size === 0) return transaction;
  const { masters } = resume;
  const brokenGroups = new Set(
    plan.routers.flatMap(({ name, group }) => (group === undefined || masters.has(name) ? [] : [group])),
  );
  const fresh = new Set(
    plan.routers.flatMap(({ name, group }) =>
      masters.has(name) && (group === undefined || !brokenGroups.has(group)) ? [name] : [],
    ),
  );
  const { routers = [] } = transaction;
  return {
    ...transaction,
    routers: routers.map((router) => (fresh.has(router.name) ? { ...router, startActive: true } : router)),
  };
}

function resumedVerdicts(resume: ResumedStates | undefined): KnownVerdicts | undefined {
  return resume === undefined
    ? undefined
    : { verdictOn: (script) => resume.scripts.get(script) ?? 'unknown', isReload: false };
}

function replaceAll<K, V>(map: Map<K, V>, by: ReadonlyMap<K, V>): void {
  map.clear();
  for (const [key, value] of by) map.set(key, value);
}
