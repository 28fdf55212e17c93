/**
 * One virtual server of a running balancer, and what of it goes on under a new configuration.
 */
import type { Checker } from '../checkers/checker.js';
import type { Checker as CheckerConfig, RealServer, VirtualServer } from '../config/model-lvs.js';
import { kernelWeight } from '../policy/quorum.js';
import { isSameChecker, realServerId } from './carry-over.js';
import type { PoolEffect, PoolState } from './pool.js';

/** One virtual server while it runs. */
export interface Unit {
  readonly config: VirtualServer;
  readonly name: string;
  readonly serverNames: readonly string[];
  readonly sorryName: string;
  state: PoolState;
  /** By real server, then by checker; undefined: one that could not be made. */
  checkers: readonly (readonly (Checker | undefined)[])[];
}

/** Ends the checkers of a unit. */
export function closeCheckers(unit: Unit): void {
  for (const checker of unit.checkers.flat()) checker?.close();
}

/** The running checker of the same real server with the same parameters, when there was one. */
export function findChecker(
  unit: Unit | undefined,
  real: RealServer,
  config: CheckerConfig,
): Checker | undefined {
  const i = unit?.config.realServer.findIndex((other) => realServerId(other) === realServerId(real)) ?? -1;
  const j = unit?.config.realServer[i]?.checkers.findIndex((other) => isSameChecker(other, config)) ?? -1;
  return unit?.checkers[i]?.[j];
}

/** State of a kept virtual server: its quorum, and of each checker that is the same its state and weight. */
export function inherit(unit: Unit, before: Unit): PoolState {
  const servers = unit.state.servers.map((server, i) => {
    const real = unit.config.realServer[i];
    const was = before.config.realServer.findIndex(
      (other) => real !== undefined && realServerId(other) === realServerId(real),
    );
    const old = before.state.servers[was];
    if (real === undefined || old === undefined) return server;
    const checkers = server.checkers.map((checker, j) => {
      const config = real.checkers[j];
      const at =
        before.config.realServer[was]?.checkers.findIndex(
          (other) => config !== undefined && isSameChecker(other, config),
        ) ?? -1;
      return old.checkers[at] ?? checker;
    });
    const weight = checkers.reduce((sum, checker) => sum + checker.weight, real.weight);
    const isAlive = checkers.every((checker) => checker.isUp);
    return { checkers, isAlive, weight, isReportedDown: old.isReportedDown };
  });
  return { quorum: before.state.quorum, servers };
}

/** What a reload does to a virtual server, as told: servers that are gone (it itself, when `now` is undefined), other weights. */
export function reloadEffects(before: Unit, now: Unit | undefined): readonly PoolEffect[] {
  const effects: PoolEffect[] = [];
  const say = (text: string): void => void effects.push({ kind: 'log', text });
  const kept = new Map(now?.config.realServer.map((real, i) => [realServerId(real), i]));
  if (now === undefined) say(`Removing Virtual Server ${before.name}`);
  before.config.realServer.forEach((real, server) => {
    const name = before.serverNames[server] ?? '';
    const was = before.state.servers[server];
    const stays = kept.get(realServerId(real));
    const is = stays === undefined ? undefined : now?.state.servers[stays];
    if (is === undefined) {
      if (now !== undefined) say(`service ${name} no longer exist`);
      say(`Removing service ${name} from VS ${before.name}`);
      if (was?.isAlive === true) effects.push({ kind: 'server', server, isUp: false });
    } else if (was !== undefined && kernelWeight(is.weight) !== kernelWeight(was.weight)) {
      const [from, to] = [kernelWeight(was.weight), kernelWeight(is.weight)];
      const activity = was.isAlive ? 'active' : 'inactive';
      say(`Changing weight from ${from} to ${to} for ${activity} service ${name} of VS ${before.name}`);
    }
  });
  return effects;
}
