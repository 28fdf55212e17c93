/** From a virtual server of the configuration to the unit that runs it, with its checkers; what stays of the one before goes on. */
import type { Prober } from '../../bindings/prober.js';
import { CheckLoop, type Checker, type CheckerListener } from '../checkers/checker.js';
import { createCheck } from '../checkers/create.js';
import { BfdChecker, FileChecker, fileEffect } from '../checkers/event-checkers.js';
import type { Checker as CheckerConfig, MiscCheck, SslSettings, VirtualServer } from '../config/model-lvs.js';
import type { Command } from '../exec.js';
import type { Host, Random } from '../host.js';
import { endpointName } from './names.js';
import { initialPool, type PoolChecker, type PoolState } from './pool.js';
import type { Recalled } from './recall.js';
import { findChecker, inherit, serverPlaces, type Unit } from './unit.js';

export interface BuildContext {
  readonly host: Host;
  readonly prober: Prober;
  /** Phases of first attempts. */
  readonly random: Random;
  readonly ssl: SslSettings | undefined;
  /** The command of a MISC_CHECK; undefined: it may not run. */
  readonly command: (check: MiscCheck) => Command | undefined;
  /** What a track_file holds now. */
  readonly fileValue: (name: string) => number;
  /** What the process before this one left in the kernel. */
  readonly recalled?: Recalled | undefined;
  /** Whoever follows one checker of one real server. */
  readonly listener: (unit: Unit, server: number, checker: number, config: CheckerConfig) => CheckerListener;
}

export function buildUnit(
  config: VirtualServer,
  place: { readonly index: number; readonly name: string },
  before: Unit | undefined,
  context: BuildContext,
): Unit {
  const { protocol, realServer, sorryServer } = config;
  const unit: Unit = {
    config,
    ...place,
    serverNames: realServer.map(({ address, port }) => endpointName(address, protocol, port)),
    sorryName: sorryServer === undefined ? '' : endpointName(sorryServer.address, protocol, sorryServer.port),
    places: serverPlaces(realServer),
    state: initialPool(config, (i, j): PoolChecker => {
      const checker = realServer[i]?.checkers[j];
      if (checker?.kind !== 'FILE_CHECK') return { isUp: true, weight: 0 };
      const effect = fileEffect(checker, context.fileValue(checker.trackFile));
      return effect === 'fault' ? { isUp: false, weight: 0 } : { isUp: true, weight: effect };
    }),
    checkers: [],
  };
  unit.checkers = realServer.map((real, i) =>
    real.checkers.map((checker, j) =>
      buildChecker(unit, i, j, checker, findChecker(before, real, checker), context),
    ),
  );
  if (before !== undefined) unit.state = inherit(unit, before);
  if (context.recalled !== undefined) unit.state = recollect(unit, context.recalled);
  return unit;
}

/** What was told of the servers that were down is not told again. What no check can bring back is left up. */
function recollect({ state, checkers }: Unit, { down, isQuorumKept }: Recalled): PoolState {
  return {
    quorum: isQuorumKept ? { isUp: true, isSorryActive: false } : state.quorum,
    servers: state.servers.map((server, i) => {
      if (!down.has(i)) return server;
      const known = server.checkers.map((checker, j) =>
        checkers[i]?.[j] instanceof CheckLoop ? { ...checker, isUp: false } : checker,
      );
      return { ...server, checkers: known, isAlive: known.every(({ isUp }) => isUp), isReportedDown: true };
    }),
  };
}

function buildChecker(
  unit: Unit,
  server: number,
  index: number,
  config: CheckerConfig,
  old: Checker | undefined,
  context: BuildContext,
): Checker | undefined {
  const { host, prober, random, ssl, command } = context;
  const serverName = unit.serverNames[server] ?? '';
  const listener = context.listener(unit, server, index, config);
  if (config.kind === 'FILE_CHECK')
    return new FileChecker(config, context.fileValue(config.trackFile), serverName, host, listener);
  if (config.kind === 'BFD_CHECK') return new BfdChecker(config, serverName, host, listener);
  const check = createCheck(config, { host, prober, serverName, virtualName: unit.name }, { ssl, command });
  if (check === undefined) return undefined;
  const standing = old instanceof CheckLoop ? old.standing : undefined;
  const isPresumedDown = context.recalled?.down.has(server) === true;
  return new CheckLoop({ check, host, random, listener, standing, isPresumedDown });
}
