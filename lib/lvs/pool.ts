/**
 * One virtual server as a value: which of its real servers are alive, with what weight, and whether the quorum holds. Events
 * in, ordered effects out, in keepalived's order: kernel, server notification, then the quorum. Pure.
 */
import type { VirtualServer } from '../config/model-lvs.js';
import {
  initialQuorum,
  kernelWeight,
  stepQuorum,
  type QuorumChange,
  type QuorumState,
} from '../policy/quorum.js';

/** What one checker contributes to its real server. */
export interface PoolChecker {
  readonly isUp: boolean;
  /** Added to the configured weight; 0 for most. */
  readonly weight: number;
}

export interface PoolServer {
  readonly checkers: readonly PoolChecker[];
  readonly isAlive: boolean;
  /** Configured weight plus what checkers add. */
  readonly weight: number;
  /** A failure was told to the world although the server was never in the pool (alpha). */
  readonly isReportedDown: boolean;
}

export interface PoolState {
  readonly quorum: QuorumState;
  readonly servers: readonly PoolServer[];
}

export type PoolEvent =
  /** The virtual server is set up. */
  | { readonly kind: 'start'; readonly rsInitNotifies: boolean }
  /** A checker's own state was settled. */
  | { readonly kind: 'verdict'; readonly server: number; readonly checker: number; readonly isUp: boolean }
  /** What a checker adds to the weight changed. */
  | { readonly kind: 'weight'; readonly server: number; readonly checker: number; readonly weight: number };

/** What is to be done, in this order. `kernel`: the table no longer is what it ought to be. */
export type PoolEffect =
  | { readonly kind: 'log'; readonly text: string }
  | { readonly kind: 'kernel' }
  /** `isRemoval`: the configuration has it no more. */
  | {
      readonly kind: 'server';
      readonly server: number;
      readonly isUp: boolean;
      readonly isRemoval?: boolean;
    }
  /** `change`: undefined when it ends with its quorum. */
  | { readonly kind: 'virtual'; readonly isUp: boolean; readonly change: QuorumChange | undefined };

export interface PoolStep {
  readonly state: PoolState;
  readonly effects: readonly PoolEffect[];
}

/** Names for the log lines; `servers` are in the order of the real_server blocks. */
export interface PoolNames {
  readonly virtual: string;
  readonly servers: readonly string[];
  readonly sorry: string;
}

/** Before `start`: checkers are up unless alpha. `files` are the weights and faults of FILE_CHECKs, known from the start. */
export function initialPool(
  config: VirtualServer,
  files?: (server: number, checker: number) => PoolChecker,
): PoolState {
  const servers = config.realServer.map((real, i): PoolServer => {
    const checkers = real.checkers.map((checker, j): PoolChecker => {
      if (checker.kind === 'FILE_CHECK') return files?.(i, j) ?? { isUp: true, weight: 0 };
      return { isUp: !checker.alpha, weight: 0 };
    });
    return settle({ checkers, isAlive: false, weight: real.weight, isReportedDown: false }, real.weight);
  });
  return { quorum: initialQuorum, servers };
}

/** Takes one event. */
export function stepPool(
  config: VirtualServer,
  names: PoolNames,
  state: PoolState,
  event: PoolEvent,
): PoolStep {
  switch (event.kind) {
    case 'start':
      return start(config, names, state, event.rsInitNotifies);
    case 'verdict':
      return verdict(config, names, state, event);
    case 'weight':
      return reweigh(config, names, state, event);
  }
}

/** Alive when no checker is down; the weight is the configured one with all that checkers add. */
function settle(server: PoolServer, configured: number): PoolServer {
  return {
    ...server,
    isAlive: server.checkers.every((checker) => checker.isUp),
    weight: server.checkers.reduce((sum, checker) => sum + checker.weight, configured),
  };
}

function start(config: VirtualServer, names: PoolNames, state: PoolState, notifies: boolean): PoolStep {
  const effects: PoolEffect[] = [{ kind: 'kernel' }];
  if (notifies)
    state.servers.forEach(({ isAlive }, server) => {
      if (isAlive) effects.push({ kind: 'server', server, isUp: true });
    });
  return withQuorum(config, names, state, effects, true);
}

function verdict(
  config: VirtualServer,
  names: PoolNames,
  state: PoolState,
  event: Extract<PoolEvent, { readonly kind: 'verdict' }>,
): PoolStep {
  const before = state.servers[event.server];
  const real = config.realServer[event.server];
  const name = names.servers[event.server];
  if (before === undefined || real === undefined || name === undefined) return { state, effects: [] };
  const changed = change(before, event.checker, { isUp: event.isUp }, real.weight);
  if (changed.isAlive === before.isAlive) return unchanged(state, event, before, changed);
  const { isAlive } = changed;
  const inhibited = real.inhibitOnFailure;
  const verb = isAlive ? (inhibited ? 'Enabling' : 'Adding') : inhibited ? 'Disabling' : 'Removing';
  const word = inhibited ? 'of' : isAlive ? 'to' : 'from';
  const effects: PoolEffect[] = [
    { kind: 'log', text: `${verb} service ${name} ${word} VS ${names.virtual}` },
    // The sorry server has the pool to itself: what changes shows when the quorum is back.
    ...(state.quorum.isSorryActive ? [] : [{ kind: 'kernel' } as const]),
    { kind: 'server', server: event.server, isUp: isAlive },
  ];
  const next = replace(state, event.server, { ...changed, isReportedDown: !isAlive });
  return withQuorum(config, names, next, effects, false);
}

/** An alpha server that fails before it ever was in the pool is reported down once. */
function unchanged(
  state: PoolState,
  event: Extract<PoolEvent, { readonly kind: 'verdict' }>,
  before: PoolServer,
  changed: PoolServer,
): PoolStep {
  const isNews = !event.isUp && !before.isAlive && !before.isReportedDown;
  const next = replace(state, event.server, isNews ? { ...changed, isReportedDown: true } : changed);
  return { state: next, effects: isNews ? [{ kind: 'server', server: event.server, isUp: false }] : [] };
}

function reweigh(
  config: VirtualServer,
  names: PoolNames,
  state: PoolState,
  event: Extract<PoolEvent, { readonly kind: 'weight' }>,
): PoolStep {
  const before = state.servers[event.server];
  const real = config.realServer[event.server];
  const name = names.servers[event.server];
  if (before === undefined || real === undefined || name === undefined) return { state, effects: [] };
  const changed = change(before, event.checker, { weight: event.weight }, real.weight);
  if (changed.weight === before.weight) return { state, effects: [] };
  const next = replace(state, event.server, changed);
  const activity = before.isAlive ? 'active' : 'inactive';
  const [from, to] = [kernelWeight(before.weight), kernelWeight(changed.weight)];
  const text = `Changing weight from ${from} to ${to} for ${activity} service ${name} of VS ${names.virtual}`;
  const effects: PoolEffect[] = from === to ? [] : [{ kind: 'log', text }];
  if (!before.isAlive || state.quorum.isSorryActive) return { state: next, effects };
  return withQuorum(config, names, next, [...effects, { kind: 'kernel' }], false);
}

/** Judges the quorum and adds what follows from a change of it. */
function withQuorum(
  config: VirtualServer,
  names: PoolNames,
  state: PoolState,
  effects: PoolEffect[],
  isStart: boolean,
): PoolStep {
  const { quorum, hysteresis, sorryServer } = config;
  const rules = { quorum, hysteresis, hasSorryServer: sorryServer !== undefined };
  const step = stepQuorum(state.quorum, rules, state.servers, isStart);
  const { change } = step;
  if (change === undefined) return { state, effects };
  effects.push({ kind: 'log', text: quorumText(change, names.virtual) });
  if (change.sorry !== undefined) {
    const inhibited = sorryServer?.inhibit === true;
    effects.push(
      ...sorryTexts(change.sorry, inhibited, names).map((text) => ({ kind: 'log', text }) as const),
    );
    effects.push({ kind: 'kernel' });
  }
  effects.push({ kind: 'virtual', isUp: step.state.isUp, change });
  return { state: { ...state, quorum: step.state }, effects };
}

function quorumText(change: QuorumChange, virtual: string): string {
  const { quorum, hysteresis, threshold, total } = change;
  switch (change.kind) {
    case 'gained':
      return `Gained quorum ${quorum}+${hysteresis}=${threshold} <= ${total} for VS ${virtual}`;
    case 'lost':
      return `Lost quorum ${quorum}-${hysteresis}=${threshold} > ${total} for VS ${virtual}`;
    case 'started-down':
      return `Starting with quorum down ${quorum}-${hysteresis}=${threshold} > ${total} for VS ${virtual}`;
  }
}

function sorryTexts(what: 'added' | 'removed', inhibited: boolean, names: PoolNames): readonly string[] {
  const { sorry, virtual } = names;
  if (what === 'added')
    return [
      inhibited
        ? `Enabling sorry server ${sorry} to VS ${virtual}`
        : `Adding sorry server ${sorry} to VS ${virtual}`,
      `Removing alive servers from the pool for VS ${virtual}`,
    ];
  return [
    inhibited
      ? `Disabling sorry server ${sorry} from VS ${virtual}`
      : `Removing sorry server ${sorry} from VS ${virtual}`,
    `Adding alive servers to the pool for VS ${virtual}`,
  ];
}

function change(server: PoolServer, at: number, more: Partial<PoolChecker>, configured: number): PoolServer {
  const checkers = server.checkers.map((checker, i) => (i === at ? { ...checker, ...more } : checker));
  return settle({ ...server, checkers }, configured);
}

function replace(state: PoolState, at: number, server: PoolServer): PoolState {
  return { ...state, servers: state.servers.with(at, server) };
}
