/** What a node writes into its flight recorder, and the answer to why a router is what it is. */
import { isDeepStrictEqual } from 'node:util';
import type { NativeCause, NativeEvent, NativeRecord } from '../../bindings/native.js';
import type { Clock } from '../host.js';
import type { RouterPlan } from '../plan/plan.js';
import { explain, type Explanation } from '../recorder/explain.js';
import { Timeline, type EntryStore } from '../recorder/timeline.js';
import type { Tracker } from '../track/tracker.js';
import type { VirtualRouterView } from './virtual-router.js';
import type { VrrpState } from './words.js';

/** A transition as it is written down. */
export interface NotedTransition {
  readonly atMs: number;
  readonly router: string;
  readonly from: VrrpState;
  readonly to: VrrpState;
  readonly priority: number;
  readonly cause: NativeCause;
  /** Name of the member that moved the group. */
  readonly member: string | undefined;
  readonly faults: readonly string[];
}

export class Journal {
  readonly #timeline: Timeline;
  readonly #clock: Clock;

  constructor(clock: Clock, store: EntryStore | undefined) {
    this.#clock = clock;
    this.#timeline = new Timeline(store);
  }

  transition(change: NotedTransition, record: NativeRecord | undefined): void {
    this.#timeline.add({ kind: 'transition', ...change, record });
  }

  /** Everything that the engine told besides transitions. */
  engine(event: NativeEvent, nameOf: (id: number) => string): void {
    if (event.kind === 'transition' || event.kind === 'group-transition') return;
    const id = 'router' in event ? event.router : undefined;
    const router = id === undefined ? undefined : nameOf(id);
    this.#timeline.add({ kind: 'engine', atMs: event.atMs, router, event });
  }

  tracker(what: string, tracker: Tracker): void {
    const { state, detail } = tracker;
    const output = 'output' in tracker && typeof tracker.output === 'string' ? tracker.output : '';
    this.#timeline.add({
      kind: 'tracker',
      atMs: this.#clock.wallMs(),
      what,
      state: state.kind === 'value' ? String(state.value) : state.kind,
      detail,
      output,
    });
  }

  refused(what: string, message: string): void {
    this.#timeline.add({ kind: 'refused', atMs: this.#clock.wallMs(), what, message });
  }

  reload(
    added: readonly RouterPlan[],
    removed: readonly RouterPlan[],
    before: readonly RouterPlan[],
    after: readonly RouterPlan[],
  ): void {
    const old = new Map(before.map((router) => [router.key, router]));
    const changed = after.flatMap((router) => {
      const was = old.get(router.key);
      const what = was === undefined ? [] : whatChanged(was, router);
      return what.length === 0 ? [] : [{ router: router.name, what }];
    });
    const names = (routers: readonly RouterPlan[]): readonly string[] => routers.map(({ name }) => name);
    this.#timeline.add({
      kind: 'reload',
      atMs: this.#clock.wallMs(),
      refusedFor: undefined,
      added: names(added),
      removed: names(removed),
      changed,
    });
  }

  reloadRefused(reason: string): void {
    const atMs = this.#clock.wallMs();
    this.#timeline.add({ kind: 'reload', atMs, refusedFor: reason, added: [], removed: [], changed: [] });
  }

  /** `router` undefined: for all. */
  command(text: string, router: string | undefined, endsMaintenance: boolean): void {
    const entry = { kind: 'command', atMs: this.#clock.wallMs(), router, text } as const;
    this.#timeline.add(endsMaintenance ? { ...entry, endsMaintenance } : entry);
  }

  explain(view: VirtualRouterView, plan: RouterPlan, record: NativeRecord | undefined): Explanation {
    return explain({
      instance: view.name,
      state: view.state,
      priority: view.priority,
      sinceMs: view.lastChange?.atMs ?? 0,
      interface: plan.params.interface,
      advertIntervalMs: plan.params.advertIntervalUs / 1000,
      tracked: plan.tracked.map(({ kind, name }) => `${kind} ${name}`),
      nowMs: this.#clock.wallMs(),
      transitions: this.#timeline.transitions(view.name),
      others: this.#timeline.others(),
      record,
    });
  }
}

/** What differs, in the words of the configuration where it has one: `priority 150 -> 90`. */
function whatChanged(before: RouterPlan, after: RouterPlan): readonly string[] {
  const changes: string[] = [];
  if (before.name !== after.name) changes.push(`name ${before.name} -> ${after.name}`);
  if (before.basePriority !== after.basePriority)
    changes.push(`priority ${before.basePriority} -> ${after.basePriority}`);
  const old = new Map<string, unknown>(Object.entries(before.params));
  const now = new Map<string, unknown>(Object.entries(after.params));
  for (const key of new Set([...old.keys(), ...now.keys()])) {
    if (key === 'name' || isDeepStrictEqual(old.get(key), now.get(key))) continue;
    changes.push(parameter(key, old.get(key), now.get(key)));
  }
  if (!isDeepStrictEqual(before.tracked, after.tracked)) changes.push('what it tracks');
  if (!isDeepStrictEqual(before.notifies, after.notifies)) changes.push('its notify scripts');
  if (before.group !== after.group) changes.push('its sync group');
  return changes;
}

/** Keywords that are called otherwise in the engine's parameters. */
const keywords: ReadonlyMap<string, string> = new Map([
  ['advertIntervalUs', 'advert_int'],
  ['preemptDelayUs', 'preempt_delay'],
  ['addresses', 'virtual_ipaddress'],
  ['excludedAddresses', 'virtual_ipaddress_excluded'],
  ['trackedLinks', 'track_interface'],
  ['unicastPeers', 'unicast_peer'],
  ['authPass', 'auth_pass'],
  ['source', 'mcast_src_ip or unicast_src_ip'],
  ['announce', 'garp settings'],
]);

function parameter(key: string, before: unknown, after: unknown): string {
  const name = keywords.get(key) ?? key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const shown = (value: unknown): string | undefined => {
    if (typeof value === 'number') return key.endsWith('Us') ? `${value / 1e6} s` : String(value);
    return typeof value === 'boolean' ? String(value) : undefined;
  };
  const [from, to] = [shown(before), shown(after)];
  return from === undefined || to === undefined ? name : `${name} ${from} -> ${to}`;
}
