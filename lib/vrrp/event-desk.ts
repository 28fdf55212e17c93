/** What the engine tells, brought to whoever has to know: log, flight recorder, notifications, the views of the routers, listeners. */
import { stateName } from '../../bindings/engine.js';
import type { NativeEvent, NativeRecord } from '../../bindings/native.js';
import type { Host } from '../host.js';
import type { NotifyState } from '../notify/notify.js';
import type { Plan } from '../plan/plan.js';
import type { Announcements } from './announcements.js';
import { eventLines, groupStateAfter, splitBrainLines } from './event-words.js';
import type { Interventions } from './interventions.js';
import type { Journal } from './journal.js';
import type { Roster } from './roster.js';
import type { SplitBrain, StateChange, VirtualRouterView } from './virtual-router.js';
import { explainCause, transitionLines } from './words.js';

export interface EventDeskOptions {
  readonly host: Host;
  readonly roster: Roster;
  readonly interventions: Interventions;
  readonly journal: Journal;
  readonly announcements: Announcements;
  /** The engine's flight recorder of a router. */
  readonly record: (router: number) => NativeRecord | undefined;
  readonly onState: (router: VirtualRouterView, change: StateChange) => void;
  readonly onSplitBrain: (router: VirtualRouterView, event: SplitBrain) => void;
  readonly onEngine: (event: NativeEvent) => void;
}

export class EventDesk {
  readonly #options: EventDeskOptions;
  /** Last state told of each sync group. */
  readonly groupStates = new Map<string, NotifyState>();

  constructor(options: EventDeskOptions) {
    this.#options = options;
  }

  take(events: readonly NativeEvent[]): void {
    for (const event of events) {
      guarded(() => this.#onEvent(event));
      guarded(() => this.#options.onEngine(event));
    }
  }

  /** Last state told of each sync group that is configured. */
  groupStatesNow(): ReadonlyMap<string, NotifyState | undefined> {
    const names = [...this.#options.roster.groups.values()].map(({ plan }) => plan.name);
    return new Map(names.map((name) => [name, this.groupStates.get(name)]));
  }

  /** Forgets the sync groups that the plan does not have. */
  keepOnly(plan: Plan): void {
    for (const name of this.groupStates.keys())
      if (!plan.groups.some((group) => group.name === name)) this.groupStates.delete(name);
  }

  #onEvent(event: NativeEvent): void {
    const { announcements, host, interventions, journal, roster } = this.#options;
    journal.engine(event, (id) => roster.nameOf(id));
    switch (event.kind) {
      case 'transition':
        this.#onTransition(event);
        return;
      case 'group-transition': {
        const group = roster.groups.get(event.group);
        if (group === undefined || event.cause.kind === 'shutdown') return;
        const isStandby = [...roster.routers.values()].some(
          ({ plan }) => plan.group === group.plan.name && interventions.isStandby(plan.name),
        );
        const state = isStandby && event.to === 'initialize' ? 'BACKUP' : groupStateAfter(event.to);
        host.logger.log('info', `VRRP_Group(${group.plan.name}) Syncing instances to ${state} state`);
        this.groupStates.set(group.plan.name, state);
        announcements.entered(group.subject, state, 0);
        return;
      }
      case 'priority': {
        const entry = roster.routers.get(event.router);
        if (entry === undefined) return;
        const change = `from ${event.previous} to ${event.priority}`;
        host.logger.log('info', `(${entry.view.name}) Changing effective priority ${change}`);
        entry.view.changePriority(event.priority);
        announcements.priorityChanged(entry.view);
        return;
      }
      case 'lower-priority-heard': {
        const entry = roster.routers.get(event.router);
        if (entry === undefined) return;
        const { name, priority } = entry.view;
        const heard = `Received advert from ${event.peer} with lower priority ${event.peerPriority}, ours ${priority}`;
        host.logger.log('info', `(${name}) ${heard}, forcing new election`);
        announcements.lowerPriorityHeard(entry.subject, priority);
        return;
      }
      case 'split-brain':
        this.#onSplitBrain(event);
        return;
      default:
        for (const { level, text } of eventLines(event, (id) => roster.nameOf(id)))
          host.logger.log(level, text);
    }
  }

  #onSplitBrain(event: SplitBrain): void {
    const { announcements, host, roster } = this.#options;
    const entry = roster.routers.get(event.router);
    if (entry === undefined) return;
    const { name, priority } = entry.view;
    for (const { level, text } of splitBrainLines(name, priority, event)) host.logger.log(level, text);
    announcements.splitBrain(name, event.active, priority);
    guarded(() => entry.view.changeSplitBrain(event));
    this.#options.onSplitBrain(entry.view, event);
  }

  #onTransition(event: Extract<NativeEvent, { readonly kind: 'transition' }>): void {
    const { announcements, host, interventions, journal, roster } = this.#options;
    const entry = roster.find(event.router);
    if (entry === undefined) return;
    const from = entry.view.state;
    const named = stateName(event.to, event.cause);
    const to = named === 'FAULT' && interventions.isStandby(entry.view.name) ? 'STANDBY' : named;
    for (const { level, text } of transitionLines(
      entry.view.name,
      { ...event, name: to },
      from,
      entry.faults,
    )) {
      host.logger.log(level, text);
    }
    // The engine has let go of what a removed router counted; keepalived tells what it was.
    const priority = to === 'DELETED' ? entry.view.priority : event.priority;
    const change: StateChange = {
      from,
      to,
      priority,
      cause: event.cause,
      reason: explainCause(event.cause, entry.faults),
      atMs: event.atMs,
    };
    const member = event.cause.member === undefined ? undefined : roster.nameOf(event.cause.member);
    journal.transition(
      { ...change, router: entry.view.name, member, faults: entry.faults },
      this.#options.record(event.router),
    );
    announcements.routerMoved(entry.subject, from, to, priority);
    if (to === 'DELETED') roster.left(event.router);
    guarded(() => entry.view.changeState(change));
    this.#options.onState(entry.view, change);
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
