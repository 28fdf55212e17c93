/** Figures of a running node, as plain data for lib/control/metrics.ts. */
import type { NativeRouterStatus } from '../../bindings/native.js';
import type { VrrpNode } from '../vrrp/node.js';
import { shownState } from './vrrp-status.js';

export interface InstanceFigures {
  readonly name: string;
  readonly vrid: number;
  readonly interface: string;
  readonly state: string;
  readonly priority: number;
  readonly sinceMs: number;
  /** Somebody else holds the addresses of this master now. */
  readonly isSplit: boolean;
  readonly counters: NativeRouterStatus['counters'] | undefined;
}

export interface VrrpMetrics {
  readonly atMs: number;
  readonly instances: readonly InstanceFigures[];
  readonly transitions: readonly {
    readonly instance: string;
    readonly to: string;
    readonly cause: string;
    readonly count: number;
  }[];
  readonly engine:
    | {
        readonly wakeUps: number;
        readonly lateness: readonly number[];
        readonly latenessSumUs: number;
        readonly maxLatenessUs: number;
        readonly netlinkOverruns: number;
        readonly droppedUnknown: Readonly<Partial<Record<string, number>>>;
      }
    | undefined;
  readonly scripts: readonly {
    readonly name: string;
    readonly verdict: string;
    readonly counts: readonly number[];
    readonly runs: number;
    readonly sumS: number;
    readonly timeouts: number;
  }[];
}

/** @param transitions counts by `transitionKey`. */
export function vrrpMetrics(
  node: VrrpNode,
  transitions: ReadonlyMap<string, number>,
  atMs: number,
): VrrpMetrics {
  const status = node.status();
  return {
    atMs,
    instances: node.inspect().map((each) => ({
      name: each.plan.name,
      vrid: each.plan.params.vrid,
      interface: each.plan.params.interface,
      state: shownState(each),
      priority: each.engine?.priority ?? each.view.priority,
      sinceMs: each.view.lastChange?.atMs ?? 0,
      isSplit: each.engine?.splitBrain ?? false,
      counters: each.engine?.counters,
    })),
    transitions: [...transitions].map(([key, count]) => {
      const [instance = '', to = '', cause = ''] = key.split('\n');
      return { instance, to, cause, count };
    }),
    engine:
      status === undefined
        ? undefined
        : {
            wakeUps: status.wakeUps,
            lateness: status.lateness,
            latenessSumUs: status.latenessSumUs,
            maxLatenessUs: status.maxLatenessUs,
            netlinkOverruns: status.netlinkOverruns,
            droppedUnknown: status.droppedUnknown,
          },
    scripts: node
      .scriptTimings()
      .map(({ name, timing }) => ({ name, verdict: node.verdictOn(name), ...timing.now })),
  };
}
