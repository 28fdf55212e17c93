/**
 * From the plan that runs to the plan that is wanted: one transaction for the engine. Routers are matched by what they are on the
 * wire (`RouterPlan.key`), so that a renamed one keeps its state; groups are matched by name.
 */
import { isDeepStrictEqual } from 'node:util';
import type {
  NativeGroup,
  NativeRouter,
  NativeStatics,
  NativeTransaction,
  PolicyHold,
} from '../../bindings/native.js';
import type { Plan, RouterPlan } from './plan.js';

/** Numbers that the engine knows routers and groups by. */
export interface Numbering {
  readonly routers: ReadonlyMap<string, number>;
  readonly groups: ReadonlyMap<string, number>;
  readonly next: number;
}

/** What policy knows of a router at the moment of the change. */
export interface Standing {
  readonly prioritySum: number;
  readonly isOwner: boolean;
  readonly holds: readonly PolicyHold[];
}

export interface PlanDiff {
  readonly transaction: NativeTransaction;
  readonly numbering: Numbering;
  readonly added: readonly RouterPlan[];
  readonly changed: readonly RouterPlan[];
  readonly removed: readonly RouterPlan[];
}

const emptyNumbering: Numbering = { routers: new Map(), groups: new Map(), next: 1 };

const noStatics: NativeStatics = { addresses: [], routes: [], rules: [] };

/** Everything is new when `before` is undefined. */
export function diffPlans(
  before: { readonly plan: Plan; readonly numbering: Numbering } | undefined,
  after: Plan,
  standingOf: (router: RouterPlan) => Standing,
): PlanDiff {
  const old = before?.numbering ?? emptyNumbering;
  const oldPlans = new Map((before?.plan.routers ?? []).map((router) => [router.key, router]));
  let next = old.next;
  const routers = new Map(after.routers.map(({ key }) => [key, old.routers.get(key) ?? next++]));
  const groups = new Map(after.groups.map(({ name }) => [name, old.groups.get(name) ?? next++]));
  const added = after.routers.filter(({ key }) => !oldPlans.has(key));
  const changed = after.routers.filter((router) => {
    const was = oldPlans.get(router.key);
    return was !== undefined && !isDeepStrictEqual(comparable(was), comparable(router));
  });
  const removed = [...oldPlans.values()].filter(({ key }) => !routers.has(key));
  const number = (key: string): number => routers.get(key) ?? old.routers.get(key) ?? 0;
  const removeGroups = [...old.groups].filter(([name]) => !groups.has(name)).map(([, id]) => id);
  return {
    transaction: {
      remove: removed.map(({ key }) => number(key)),
      removeGroups,
      routers: [...added, ...changed].map((router) =>
        nativeRouter(number(router.key), router, standingOf(router)),
      ),
      groups: after.groups.map((group): NativeGroup => ({
        id: groups.get(group.name) ?? 0,
        name: group.name,
        members: group.members.map(number),
      })),
      ...(isDeepStrictEqual(before?.plan.paces, after.paces) ? {} : { paces: after.paces }),
      ...(isDeepStrictEqual(before?.plan.linkDelays ?? [], after.linkDelays)
        ? {}
        : { linkDelays: after.linkDelays }),
      ...(isDeepStrictEqual(before?.plan.statics ?? noStatics, after.statics)
        ? {}
        : { statics: [after.statics] as const }),
      ...((before?.plan.tellUnknownVrids ?? false) === after.tellUnknownVrids
        ? {}
        : { tellUnknownVrids: after.tellUnknownVrids }),
    },
    numbering: { routers, groups, next },
    added,
    changed,
    removed,
  };
}

/** What the engine must hear of when it changes; notifications and trackers are not its business. */
function comparable(router: RouterPlan): unknown {
  return { params: router.params, basePriority: router.basePriority };
}

/** A router as the engine is told of it. */
export function nativeRouter(id: number, router: RouterPlan, standing: Standing): NativeRouter {
  return {
    ...router.params,
    id,
    prioritySum: standing.prioritySum,
    owner: standing.isOwner,
    holds: standing.holds,
  };
}
