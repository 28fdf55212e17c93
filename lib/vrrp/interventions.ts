/**
 * What operators arranged, by name of the router: out of service (standby), or patient (as a backup it does not preempt, whatever its
 * configuration says). It outlasts reloads, and ends with the router. It is only known here: the node tells the engine.
 */
import type { Plan } from '../plan/plan.js';
import type { ResumedStates } from './resume.js';

export class Interventions {
  readonly #standby = new Set<string>();
  readonly #patient = new Set<string>();

  /** Takes over what another process knew. */
  resume({ standby, patient }: Pick<ResumedStates, 'standby' | 'patient'>): void {
    for (const name of standby ?? []) this.#standby.add(name);
    for (const name of patient ?? []) this.#patient.add(name);
  }

  isStandby(name: string): boolean {
    return this.#standby.has(name);
  }

  isPatient(name: string): boolean {
    return this.#patient.has(name);
  }

  setStandby(names: readonly string[], isStandby: boolean): void {
    change(this.#standby, names, isStandby);
  }

  setPatient(names: readonly string[], isPatient: boolean): void {
    change(this.#patient, names, isPatient);
  }

  /** Forgets routers that the plan has not. */
  keepOnly({ routers }: Plan): void {
    const names = new Set(routers.map(({ name }) => name));
    for (const set of [this.#standby, this.#patient])
      for (const name of set) if (!names.has(name)) set.delete(name);
  }

  /** The plan as it is to run. */
  applied(plan: Plan): Plan {
    if (this.#patient.size === 0) return plan;
    const routers = plan.routers.map((router) =>
      this.#patient.has(router.name) ? { ...router, params: { ...router.params, preempt: false } } : router,
    );
    return { ...plan, routers };
  }
}

function change(set: Set<string>, names: readonly string[], isIn: boolean): void {
  for (const name of names) {
    if (isIn) set.add(name);
    else set.delete(name);
  }
}
