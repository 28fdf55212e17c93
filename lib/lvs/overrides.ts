/** Weights that people set by hand: they stand above the file and the checkers until they are given back. */
import type { RealServer } from '../config/model-lvs.js';
import { realServerId } from './carry-over.js';
import type { VirtualServerHealth } from './desired.js';
import type { Unit } from './unit.js';

export class WeightOverrides {
  /** By virtual server name and real server id, so that they outlast a reload. */
  readonly #weights: Map<string, number>;
  readonly #onChange: (weights: Readonly<Record<string, number>>) => void;

  /**
   * @param weights those that a process before this one had.
   * @param onChange is told all of them after every change.
   */
  constructor(
    weights: Readonly<Record<string, number>> = {},
    onChange: (weights: Readonly<Record<string, number>>) => void = () => undefined,
  ) {
    this.#weights = new Map(Object.entries(weights));
    this.#onChange = onChange;
  }

  /** Undefined gives the weight back. */
  set(unit: Unit, real: RealServer, weight: number | undefined): void {
    if (weight === undefined) this.#weights.delete(keyOf(unit, real));
    else this.#weights.set(keyOf(unit, real), weight);
    this.#onChange(Object.fromEntries(this.#weights));
  }

  of(unit: Unit, real: RealServer): number | undefined {
    return this.#weights.get(keyOf(unit, real));
  }

  /** A weight by hand ends with its server: one that is configured anew begins with its own. */
  retain(units: readonly Unit[]): void {
    if (this.#weights.size === 0) return;
    const known = new Set(units.flatMap((unit) => unit.config.realServer.map((real) => keyOf(unit, real))));
    for (const key of this.#weights.keys()) if (!known.has(key)) this.#weights.delete(key);
    this.#onChange(Object.fromEntries(this.#weights));
  }

  /** The health of a unit with its weights by hand. */
  applied(unit: Unit): VirtualServerHealth {
    const { config, state } = unit;
    if (this.#weights.size === 0) return state;
    const servers = state.servers.map((server, i) => {
      const real = config.realServer[i];
      const weight = real === undefined ? undefined : this.of(unit, real);
      return weight === undefined ? server : { ...server, weight };
    });
    return { quorum: state.quorum, servers };
  }
}

function keyOf(unit: Unit, real: RealServer): string {
  return `${unit.name} ${realServerId(real)}`;
}
