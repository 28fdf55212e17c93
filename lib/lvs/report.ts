/** What people see of a running balancer: health and last results from its checkers, connections and rates from the kernel. Pure. */
import type { IpvsCounters, IpvsEntryStatus, IpvsServiceKey } from '../../bindings/ipvs-types.js';
import type { CheckerStatus } from '../checkers/checker.js';
import type { RealServer, VirtualServer, VirtualServerGroup } from '../config/model-lvs.js';
import { destinationPort, serviceKeys } from './desired.js';
import { destinationId, serviceId } from './table.js';
import type { Unit } from './unit.js';

/** Connections that the kernel holds now, and its counters. */
export interface LoadReport {
  readonly activeConnections: number;
  readonly inactiveConnections: number;
  readonly persistentConnections: number;
  readonly counters: IpvsCounters;
}

/** A real server as people see it. */
export interface RealServerStatus {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly isAlive: boolean;
  /** Configured weight plus what checkers add; what was set by hand is `adminWeight`. */
  readonly weight: number;
  /** Weight set by hand, 0 when drained or disabled; undefined: the checkers decide. */
  readonly adminWeight: number | undefined;
  readonly checkers: readonly CheckerStatus[];
}

export interface VirtualServerStatus {
  readonly name: string;
  readonly scheduler: string;
  /** What it is in the kernel's table: one service, or one for each address of a group. */
  readonly services: readonly IpvsServiceKey[];
  readonly isQuorumUp: boolean;
  readonly isSorryActive: boolean;
  readonly servers: readonly RealServerStatus[];
}

export interface RealServerReport extends RealServerStatus {
  /** Undefined: it is not in the pool. Over all addresses of a group. */
  readonly load: LoadReport | undefined;
}

export interface VirtualServerReport extends VirtualServerStatus {
  readonly method: string;
  readonly load: LoadReport | undefined;
  readonly servers: readonly RealServerReport[];
}

/** @param adminWeight the weight of a real server that was set by hand. */
export function status(
  { name, state, serverNames, checkers, config }: Unit,
  groups: ReadonlyMap<string, VirtualServerGroup>,
  adminWeight: (real: RealServer) => number | undefined,
): VirtualServerStatus {
  return {
    name,
    scheduler: config.lvsSched,
    services: serviceKeys(config, groups),
    isQuorumUp: state.quorum.isUp,
    isSorryActive: state.quorum.isSorryActive,
    servers: state.servers.map(({ isAlive, weight }, i) => {
      const real = config.realServer[i];
      return {
        name: serverNames[i] ?? '',
        address: real?.address ?? '',
        port: real?.port ?? 0,
        isAlive,
        weight,
        adminWeight: real === undefined ? undefined : adminWeight(real),
        checkers: (checkers[i] ?? []).flatMap((checker) => (checker === undefined ? [] : [checker.status])),
      };
    }),
  };
}

/** Joins one virtual server with the kernel's table. */
export function report(
  config: VirtualServer,
  health: VirtualServerStatus,
  table: ReadonlyMap<string, IpvsEntryStatus>,
): VirtualServerReport {
  const entries = health.services.flatMap((key) => table.get(serviceId(key)) ?? []);
  const servers = health.servers.map((server, i): RealServerReport => {
    const real = config.realServer[i];
    if (real === undefined) return { ...server, load: undefined };
    const loads = entries.flatMap((entry) => {
      const id = destinationId({
        address: real.address,
        port: destinationPort(real.port, real.lvsMethod, entry.service.key),
      });
      return entry.destinations.filter((destination) => destinationId(destination) === id);
    });
    return { ...server, load: total(loads) };
  });
  const all = entries.flatMap((entry) => entry.destinations);
  const load = total(all);
  return {
    ...health,
    method: config.lvsMethod.method,
    // The service's own counters count what its removed servers carried too.
    load:
      entries.length === 0
        ? undefined
        : { ...(load ?? idle), counters: sum(entries.map(({ counters }) => counters)) },
    servers,
  };
}

const noCounters: IpvsCounters = {
  connections: 0n,
  packetsIn: 0n,
  packetsOut: 0n,
  bytesIn: 0n,
  bytesOut: 0n,
  connectionsPerSecond: 0n,
  packetsInPerSecond: 0n,
  packetsOutPerSecond: 0n,
  bytesInPerSecond: 0n,
  bytesOutPerSecond: 0n,
};
const idle: LoadReport = {
  activeConnections: 0,
  inactiveConnections: 0,
  persistentConnections: 0,
  counters: noCounters,
};

function total(loads: readonly LoadReport[]): LoadReport | undefined {
  if (loads.length === 0) return undefined;
  const count = (pick: (load: LoadReport) => number): number =>
    loads.reduce((before, load) => before + pick(load), 0);
  return {
    activeConnections: count((load) => load.activeConnections),
    inactiveConnections: count((load) => load.inactiveConnections),
    persistentConnections: count((load) => load.persistentConnections),
    counters: sum(loads.map(({ counters }) => counters)),
  };
}

function sum(all: readonly IpvsCounters[]): IpvsCounters {
  return all.reduce(
    (a, b) => ({
      connections: a.connections + b.connections,
      packetsIn: a.packetsIn + b.packetsIn,
      packetsOut: a.packetsOut + b.packetsOut,
      bytesIn: a.bytesIn + b.bytesIn,
      bytesOut: a.bytesOut + b.bytesOut,
      connectionsPerSecond: a.connectionsPerSecond + b.connectionsPerSecond,
      packetsInPerSecond: a.packetsInPerSecond + b.packetsInPerSecond,
      packetsOutPerSecond: a.packetsOutPerSecond + b.packetsOutPerSecond,
      bytesInPerSecond: a.bytesInPerSecond + b.bytesInPerSecond,
      bytesOutPerSecond: a.bytesOutPerSecond + b.bytesOutPerSecond,
    }),
    noCounters,
  );
}
