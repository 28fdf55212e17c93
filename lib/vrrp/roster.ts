/** The routers and sync groups of the plan that runs, by the engine's numbers, with what is known of each. */
import type { NotifyCommands, NotifySubject } from '../notify/notify.js';
import type { Numbering, Standing } from '../plan/diff.js';
import type { GroupPlan, Notifies, Plan, RouterPlan } from '../plan/plan.js';
import { VirtualRouterView } from './virtual-router.js';

export interface RouterEntry {
  readonly id: number;
  readonly plan: RouterPlan;
  readonly view: VirtualRouterView;
  readonly subject: NotifySubject;
  /** What the engine was told of it last. */
  readonly standing: Standing;
  /** Tracked objects that hold it in fault. */
  readonly faults: readonly string[];
}

export interface GroupEntry {
  readonly plan: GroupPlan;
  readonly subject: NotifySubject;
}

/** A roster at one moment, to go back to. */
export interface RosterSnapshot {
  readonly routers: ReadonlyMap<number, RouterEntry>;
  readonly groups: ReadonlyMap<number, GroupEntry>;
}

export interface RosterChange {
  readonly plan: Plan;
  readonly numbering: Numbering;
  readonly commands: (name: string, notifies: Notifies) => NotifyCommands;
  readonly known: (
    router: RouterPlan,
    was: RouterEntry | undefined,
  ) => Pick<RouterEntry, 'standing' | 'faults'>;
}

export class Roster {
  /** In the order of the configuration. */
  readonly routers = new Map<number, RouterEntry>();
  readonly groups = new Map<number, GroupEntry>();
  /** Routers that were removed and whose last transition is still to come. */
  readonly #leaving = new Map<number, RouterEntry>();

  /** One that runs or that is just leaving. */
  find(id: number): RouterEntry | undefined {
    return this.routers.get(id) ?? this.#leaving.get(id);
  }

  named(name: string): RouterEntry | undefined {
    return [...this.routers.values()].find(({ plan }) => plan.name === name);
  }

  nameOf(id: number): string {
    return this.find(id)?.view.name ?? `router ${id}`;
  }

  /** The instances that move with the one (or the sync group) of this name; empty: there is none. */
  members(name: string): readonly string[] {
    const entries = [...this.routers.values()];
    const isGroup = [...this.groups.values()].some(({ plan }) => plan.name === name);
    const one = entries.find(({ plan }) => plan.name === name);
    const group = one === undefined ? (isGroup ? name : undefined) : one.plan.group;
    if (group === undefined) return one === undefined ? [] : [name];
    return entries.filter(({ plan }) => plan.group === group).map(({ plan }) => plan.name);
  }

  /** Routers that stay keep their view, so that whoever holds it goes on hearing of it. */
  replace({ plan, numbering, commands, known }: RosterChange): void {
    const old = new Map(this.routers);
    this.routers.clear();
    for (const router of plan.routers) {
      const id = numbering.routers.get(router.key) ?? 0;
      const was = old.get(id);
      old.delete(id);
      const view = was?.view.name === router.name ? was.view : successor(router, was?.view);
      const { standing, faults } = known(router, was);
      this.routers.set(id, {
        id,
        plan: router,
        view,
        subject: { kind: 'INSTANCE', name: router.name, commands: commands(router.name, router.notifies) },
        standing,
        faults,
      });
    }
    for (const [id, entry] of old) this.#leaving.set(id, entry);
    this.groups.clear();
    for (const group of plan.groups) {
      const id = numbering.groups.get(group.name) ?? 0;
      const subject = {
        kind: 'GROUP',
        name: group.name,
        commands: commands(group.name, group.notifies),
      } as const;
      this.groups.set(id, { plan: group, subject });
    }
  }

  /** A router that was removed has told its last transition. */
  left(id: number): void {
    this.#leaving.delete(id);
  }

  snapshot(): RosterSnapshot {
    return { routers: new Map(this.routers), groups: new Map(this.groups) };
  }

  goBack({ routers, groups }: RosterSnapshot): void {
    replaceAll(this.routers, routers);
    replaceAll(this.groups, groups);
    for (const id of routers.keys()) this.#leaving.delete(id);
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

function replaceAll<K, V>(map: Map<K, V>, by: ReadonlyMap<K, V>): void {
  map.clear();
  for (const [key, value] of by) map.set(key, value);
}
