/** How a node goes on with what another process held that ended a moment ago. */
import type { NativeTransaction } from '../../bindings/native.js';
import type { Plan } from '../plan/plan.js';
import type { KnownVerdicts } from './tracker-set.js';

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

/** Start as MASTER what was so; a sync group that was not MASTER as a whole begins anew. */
export function resumed(
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

export function resumedVerdicts(resume: ResumedStates | undefined): KnownVerdicts | undefined {
  return resume === undefined
    ? undefined
    : { verdictOn: (script) => resume.scripts.get(script) ?? 'unknown', isReload: false };
}

/**
 * keepalived: a script that a reload gives to an instance that runs already counts as successful until its first result, since nothing
 * has become worse by asking more.
 */
export function verdictsAfterReload(before: KnownVerdicts, running: Plan, plan: Plan): KnownVerdicts {
  const old = new Set(running.scripts.map(({ name }) => name));
  const keys = new Set(running.routers.map(({ key }) => key));
  const added = new Set(
    plan.routers
      .filter(({ key }) => keys.has(key))
      .flatMap(({ tracked }) => tracked)
      .filter(({ kind, name }) => kind === 'script' && !old.has(name))
      .map(({ name }) => name),
  );
  return {
    verdictOn: (script) => (added.has(script) ? 'up' : before.verdictOn(script)),
    isReload: true,
  };
}
