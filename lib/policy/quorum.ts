/**
 * Has a virtual server enough real servers? From their weights and health to quorum, use of the sorry server, and what
 * becomes of each destination. Pure; it knows nothing of the kernel, of checkers or of names.
 */

/** quorum, hysteresis and sorry_server of a virtual server. */
export interface QuorumRules {
  readonly quorum: number;
  readonly hysteresis: number;
  readonly hasSorryServer: boolean;
}

/** What counts of a real server. */
export interface ServerHealth {
  readonly isAlive: boolean;
  /** Configured weight with what checkers add or take; may be out of the kernel's range. */
  readonly weight: number;
}

/** `isUp` begins as false, as keepalived's does: a virtual server that can serve gains its quorum when it starts. */
export interface QuorumState {
  readonly isUp: boolean;
  readonly isSorryActive: boolean;
}

export const initialQuorum: QuorumState = { isUp: false, isSorryActive: false };

/** A change of quorum with the numbers that explain it. */
export interface QuorumChange {
  readonly kind: 'gained' | 'lost' | 'started-down';
  readonly quorum: number;
  readonly hysteresis: number;
  /** The virtual server is being set up, see `stepQuorum`. */
  readonly isStart: boolean;
  /** quorum - hysteresis when lost, else quorum + hysteresis, which it has reached or not. */
  readonly threshold: number;
  /** Sum of the weights of the servers that are alive. */
  readonly total: number;
  /** What happens to the sorry server with it. */
  readonly sorry: 'added' | 'removed' | undefined;
}

export interface QuorumStep {
  readonly state: QuorumState;
  readonly change: QuorumChange | undefined;
}

/** Largest weight that the kernel takes. */
export const maxWeight = 2_147_483_647;

/** The weight as the kernel gets it. */
export function kernelWeight(weight: number): number {
  return Math.min(Math.max(0, weight), maxWeight);
}

/** Sum of the effective weights of the servers that are alive. */
export function aliveWeight(servers: readonly ServerHealth[]): number {
  return servers.reduce((sum, server) => (server.isAlive ? sum + kernelWeight(server.weight) : sum), 0);
}

/**
 * Judges the quorum anew. It is gained at `quorum + hysteresis` and lost below `quorum - hysteresis` or at 0; in between it
 * stays. `isStart`: the virtual server is being set up, or a reload has changed its numbers: a lack is then announced once
 * more, and only when there is a sorry server to bring in.
 */
export function stepQuorum(
  state: QuorumState,
  rules: QuorumRules,
  servers: readonly ServerHealth[],
  isStart = false,
): QuorumStep {
  const total = aliveWeight(servers);
  const { quorum, hysteresis, hasSorryServer } = rules;
  const gainAt = quorum + hysteresis;
  const keepAt = quorum - hysteresis;
  if (!state.isUp && total > 0 && total >= gainAt) {
    const change = { kind: 'gained', quorum, hysteresis, isStart, threshold: gainAt, total } as const;
    return {
      state: { isUp: true, isSorryActive: false },
      change: { ...change, sorry: state.isSorryActive ? 'removed' : undefined },
    };
  }
  const isShort = total === 0 || total < keepAt;
  const mustStartSorry = isStart && !state.isUp && hasSorryServer && !state.isSorryActive;
  if (!(state.isUp && isShort) && !mustStartSorry) return { state, change: undefined };
  return {
    state: { isUp: false, isSorryActive: hasSorryServer },
    change: {
      kind: isStart ? 'started-down' : 'lost',
      quorum,
      hysteresis,
      isStart,
      threshold: isStart ? gainAt : keepAt,
      total,
      sorry: hasSorryServer && !state.isSorryActive ? 'added' : undefined,
    },
  };
}

/** The weight that a real server has in the kernel, or undefined when it is not there. */
export function serverWeight(
  server: ServerHealth & { readonly inhibitOnFailure: boolean },
  state: QuorumState,
): number | undefined {
  if (server.isAlive && !state.isSorryActive) return kernelWeight(server.weight);
  return server.inhibitOnFailure ? 0 : undefined;
}

/** As `serverWeight`, of the sorry server. */
export function sorryWeight(inhibit: boolean, state: QuorumState): number | undefined {
  if (state.isSorryActive) return 1;
  return inhibit ? 0 : undefined;
}
