/** What the process that runs the load balancer answers to the control server. */
import type { IpvsCounters, IpvsDestinationStatus, IpvsEntryStatus } from '../../bindings/ipvs-types.js';
import type { CheckerStatus } from '../checkers/checker.js';
import { KaError } from '../errors.js';
import type { Clock } from '../host.js';
import type { Balancer, RealServerStatus, VirtualServerStatus } from '../lvs/balancer.js';
import type { Ipvs } from '../lvs/ipvs.js';
import { matchServer, type Named } from '../lvs/match-name.js';
import { serviceId } from '../lvs/table.js';
import { plain } from '../plain-text.js';
import type { ControlHandlers } from './messages.js';
import type { LvsStatus, WeightResult } from './schema.js';

export interface CheckersOperationsOptions {
  /** Undefined before its start. */
  readonly balancer: () => Balancer | undefined;
  readonly ipvs: () => Ipvs;
  readonly clock: Clock;
}

type Rates = LvsStatus['virtualServers'][number]['total'];

/** By method; see lib/control/api.ts. */
export function checkersOperations({ balancer, ipvs, clock }: CheckersOperationsOptions): ControlHandlers {
  const running = (): Balancer => {
    const found = balancer();
    if (found === undefined) throw new KaError('KA_CONTROL_GONE', 'the load balancer is being started');
    return found;
  };
  const lvs = async (): Promise<Omit<LvsStatus, 'ageMs'>> => {
    const table = new Map((await ipvs().table()).map((entry) => [serviceId(entry.service.key), entry]));
    return {
      atMs: clock.wallMs(),
      virtualServers: running()
        .status()
        .map((server) => virtualServer(server, table, clock.nowMs())),
    };
  };
  return {
    lvs,
    metrics: lvs,
    weight: async (params): Promise<Omit<WeightResult, 'ageMs'>> => {
      const { virtual, real, weight } = weightIn(params);
      const all = running().status();
      const service = one(matchServer(all, virtual), 'there is no virtual server', virtual);
      const server = one(matchServer(service.servers, real), `${service.name} has no real server`, real);
      running().setWeight(service.name, server.name, weight);
      await running().settled();
      const after = (await lvs()).virtualServers.find(({ name }) => name === service.name);
      const now = after?.servers.find(({ name }) => name === server.name);
      return {
        atMs: clock.wallMs(),
        virtualServer: service.name,
        realServer: server.name,
        weight: now?.weight ?? 0,
        activeConnections: now?.activeConnections ?? 0,
      };
    },
  };
}

/** @param missing what is said when it is not there, before its name. */
function one<T extends Named>(found: readonly T[], missing: string, name: string): T {
  const [first, ...others] = found;
  if (first === undefined) throw new KaError('KA_CONTROL_UNKNOWN', `${missing} '${name}'`);
  if (others.length > 0)
    throw new KaError(
      'KA_CONTROL_REQUEST',
      `'${name}' may be ${found.map((each) => each.name).join(' or ')}`,
    );
  return first;
}

function virtualServer(
  server: VirtualServerStatus,
  table: ReadonlyMap<string, IpvsEntryStatus>,
  nowMs: number,
): LvsStatus['virtualServers'][number] {
  const entries = server.services.flatMap((key) => table.get(serviceId(key)) ?? []);
  return {
    name: server.name,
    scheduler: server.scheduler,
    isQuorumUp: server.isQuorumUp,
    isSorryActive: server.isSorryActive,
    inTable: entries.length > 0,
    ...counted(entries.map(({ counters }) => counters)),
    servers: server.servers.map((real) => realServer(real, entries, nowMs)),
  };
}

function realServer(
  server: RealServerStatus,
  entries: readonly IpvsEntryStatus[],
  nowMs: number,
): LvsStatus['virtualServers'][number]['servers'][number] {
  const { name, isAlive, weight, adminWeight, address, port, checkers } = server;
  const own = entries.flatMap(({ destinations }) =>
    // Without NAT a destination has the port of its service.
    destinations.filter(
      (each) => each.address === address && (each.port === port || port === 0 || each.forward !== 'NAT'),
    ),
  );
  const sum = (read: (one: IpvsDestinationStatus) => number): number =>
    own.reduce((total, each) => total + read(each), 0);
  return {
    name,
    isAlive,
    weight: adminWeight ?? weight,
    ...(adminWeight === undefined ? {} : { adminWeight }),
    inTable: own.length > 0,
    activeConnections: sum((each) => each.activeConnections),
    inactiveConnections: sum((each) => each.inactiveConnections),
    persistentConnections: sum((each) => each.persistentConnections),
    ...counted(own.map(({ counters }) => counters)),
    checkers: checkers.map((each) => checker(each, nowMs)),
  };
}

function checker({ name, isUp, hasRun, isSuspended, detail, latencyMs, atMs }: CheckerStatus, nowMs: number) {
  return {
    name,
    isUp,
    hasRun,
    isSuspended,
    detail: plain(detail),
    ...(latencyMs === undefined ? {} : { latencyMs }),
    ...(atMs === undefined ? {} : { agoMs: Math.max(0, nowMs - atMs) }),
  };
}

function counted(counters: readonly IpvsCounters[]): { readonly total: Rates; readonly perSecond: Rates } {
  const sum = (read: (one: IpvsCounters) => bigint): number =>
    Number(counters.reduce((total, each) => total + read(each), 0n));
  return {
    total: {
      connections: sum((each) => each.connections),
      inPackets: sum((each) => each.packetsIn),
      outPackets: sum((each) => each.packetsOut),
      inBytes: sum((each) => each.bytesIn),
      outBytes: sum((each) => each.bytesOut),
    },
    perSecond: {
      connections: sum((each) => each.connectionsPerSecond),
      inPackets: sum((each) => each.packetsInPerSecond),
      outPackets: sum((each) => each.packetsOutPerSecond),
      inBytes: sum((each) => each.bytesInPerSecond),
      outBytes: sum((each) => each.bytesOutPerSecond),
    },
  };
}

/** The control server has checked it. */
function weightIn(params: unknown): {
  readonly virtual: string;
  readonly real: string;
  readonly weight: number | undefined;
} {
  const given = new Map<string, unknown>(
    typeof params === 'object' && params !== null ? Object.entries(params) : [],
  );
  const virtual = given.get('virtualServer');
  const real = given.get('realServer');
  const weight = given.get('weight');
  if (typeof virtual !== 'string' || typeof real !== 'string')
    throw new KaError('KA_CONTROL_REQUEST', 'a virtual server and a real server are to be named');
  return { virtual, real, weight: typeof weight === 'number' ? weight : undefined };
}
