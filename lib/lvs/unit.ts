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
  /** Its place in the configuration. */
  index: number;
  readonly name: string;
  readonly serverNames: readonly string[];
  readonly sorryName: string;
  /** Places of the real servers by `realServerId`. */
  readonly places: ReadonlyMap<string, number>;
  state: PoolState;
  /** By real server, then by checker; undefined: one that could not be made. */
  checkers: readonly (readonly (Checker | undefined)[])[];
}

/** Places of the real servers of a virtual server. */
export function serverPlaces(servers: readonly RealServer[]): ReadonlyMap<string, number> {
  return new Map(servers.map((server, i) => [realServerId(server), i]));
}

/**
 * True when a reload has nothing to do with a unit: its configuration is the very same (see `withServersOf`), and so are its checkers.
 * Which program a MISC_CHECK runs, and as whom, may have changed elsewhere.
 */
export function isUntouched({ config }: Unit, next: VirtualServer): boolean {
  if (config !== next) return false;
  return config.realServer.every(({ checkers }) => checkers.every(({ kind }) => kind !== 'MISC_CHECK'));
}

/** Ends the checkers of a unit. */
export function closeCheckers(unit: Unit): void {
  for (const list of unit.checkers) for (const checker of list) checker?.close();
}

/** The running checker of the same real server with the same parameters, when there was one. */
export function findChecker(
  unit: Unit | undefined,
  real: RealServer,
  config: CheckerConfig,
): Checker | undefined {
  const i = unit?.places.get(realServerId(real));
  if (unit === undefined || i === undefined) return undefined;
  const j = unit.config.realServer[i]?.checkers.findIndex((other) => isSameChecker(other, config)) ?? -1;
  return unit.checkers[i]?.[j];
}

/** State of a kept virtual server: its quorum, and of each checker that is the same its state and weight. */
export function inherit(unit: Unit, before: Unit): PoolState {
  const servers = unit.state.servers.map((server, i) => {
    const real = unit.config.realServer[i];
    const was = real === undefined ? undefined : before.places.get(realServerId(real));
    const old = was === undefined ? undefined : before.state.servers[was];
    if (real === undefined || was === undefined || old === undefined) return server;
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
  if (now === undefined) {
    const { key } = before.config;
    say(
      key.kind === 'group'
        ? `Removing Virtual Server Group [${key.group}]`
        : `Removing Virtual Server ${before.name}`,
    );
  }
  before.config.realServer.forEach((real, server) => {
    const name = before.serverNames[server] ?? '';
    const was = before.state.servers[server];
    const stays = now?.places.get(realServerId(real));
    const is = stays === undefined ? undefined : now?.state.servers[stays];
    if (is === undefined) {
      if (now !== undefined) say(`service ${name} no longer exist`);
      say(`Removing service ${name} from VS ${before.name}`);
      if (was?.isAlive === true) effects.push({ kind: 'server', server, isUp: false, isRemoval: true });
    } else if (was !== undefined && kernelWeight(is.weight) !== kernelWeight(was.weight)) {
      const [from, to] = [kernelWeight(was.weight), kernelWeight(is.weight)];
      const activity = was.isAlive ? 'active' : 'inactive';
      say(`Changing weight from ${from} to ${to} for ${activity} service ${name} of VS ${before.name}`);
    }
  });
  if (now === undefined && before.state.quorum.isUp)
    effects.push({ kind: 'virtual', isUp: false, change: undefined });
  return effects;
}

/**
 * What the end of the daemon does to a virtual server, as told. With omega whoever follows it hears that it is down.
 * @param isFlushed the whole virtual server is deleted at once: nothing is told of its real servers.
 */
export function shutdownEffects(unit: Unit, isFlushed: boolean): readonly PoolEffect[] {
  const effects: PoolEffect[] = [];
  const { omega, realServer } = unit.config;
  if (!isFlushed)
    realServer.forEach((real, server) => {
      const isAlive = unit.state.servers[server]?.isAlive === true;
      const how = real.inhibitOnFailure && !isAlive ? ' (inhibited)' : '';
      const text = `Shutting down${how} service ${unit.serverNames[server] ?? ''} from VS ${unit.name}`;
      effects.push({ kind: 'log', text });
      if (omega && isAlive) effects.push({ kind: 'server', server, isUp: false });
    });
  if (omega && unit.state.quorum.isUp) effects.push({ kind: 'virtual', isUp: false, change: undefined });
  return effects;
}
