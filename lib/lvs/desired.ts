/**
 * Desired state: from virtual servers and the health of their real servers to the IPVS table that the kernel ought to
 * have. Pure. What is done about the difference is `diff.ts`.
 */
import type { IpvsDestination, IpvsEntry, IpvsService, IpvsServiceKey } from '../../bindings/ipvs-types.js';
import type {
  LvsConfig,
  LvsMethod,
  RealServer,
  VirtualServer,
  VirtualServerGroup,
} from '../config/model-lvs.js';
import { assertNever } from '../errors.js';
import { serverWeight, sorryWeight, type QuorumState, type ServerHealth } from '../policy/quorum.js';
import { addressRange } from './addresses.js';
import { destinationId, serviceId, type Table } from './table.js';

/** What is known of a virtual server; `servers` are in the order of its real_server blocks. */
export interface VirtualServerHealth {
  readonly quorum: QuorumState;
  readonly servers: readonly ServerHealth[];
}

/**
 * The table for all virtual servers. `health` is in the order of `config.virtualServer`. Where virtual servers share a group,
 * the services are those of the first and have the destinations of all.
 */
export function desiredTable(config: LvsConfig, health: readonly VirtualServerHealth[]): Table {
  const groups = new Map(config.virtualServerGroup.map((group) => [group.name, group]));
  const merged = new Map<string, IpvsEntry>();
  config.virtualServer.forEach((server, i) => {
    const state = health[i];
    if (state === undefined) return;
    for (const entry of desiredEntries(server, groups, state)) {
      const id = serviceId(entry.service.key);
      const before = merged.get(id);
      merged.set(id, before === undefined ? entry : mergeEntries(before, entry));
    }
  });
  return [...merged.values()];
}

/** The entries of one virtual server: one, or as many as its group has addresses and marks. */
export function desiredEntries(
  server: VirtualServer,
  groups: ReadonlyMap<string, VirtualServerGroup>,
  health: VirtualServerHealth,
): readonly IpvsEntry[] {
  return serviceKeys(server, groups).map((key) => ({
    service: serviceOf(server, key),
    destinations: destinationsOf(server, key, health),
  }));
}

/** What a virtual server is called in the kernel's table. */
export function serviceKeys(
  server: VirtualServer,
  groups: ReadonlyMap<string, VirtualServerGroup>,
): readonly IpvsServiceKey[] {
  const { key, groupMark } = server;
  const protocol = server.protocol ?? 'UDP';
  switch (key.kind) {
    case 'address':
      return [{ kind: 'address', protocol, address: key.address, port: key.port }];
    case 'fwmark':
      return [{ kind: 'fwmark', family: server.family, fwmark: key.fwmark }];
    case 'group':
      if (groupMark !== undefined)
        return families(groups.get(key.group)).map((family) => ({
          kind: 'fwmark',
          family,
          fwmark: groupMark,
        }));
      return (groups.get(key.group)?.entries ?? []).flatMap((entry): readonly IpvsServiceKey[] => {
        if (entry.kind === 'fwmark')
          return [{ kind: 'fwmark', family: entry.family ?? server.family, fwmark: entry.fwmark }];
        return addressRange(entry.family, entry.first, entry.last).map((address) => ({
          kind: 'address',
          protocol,
          address,
          port: entry.port,
        }));
      });
    default:
      return assertNever(key);
  }
}

/** Of the addresses of a group. */
function families(group: VirtualServerGroup | undefined): readonly (4 | 6)[] {
  const entries = group?.entries ?? [];
  return ([4, 6] as const).filter((family) => entries.some((entry) => entry.family === family));
}

function serviceOf(server: VirtualServer, key: IpvsServiceKey): IpvsService {
  const { persistenceTimeout, persistenceGranularity, persistenceEngine } = server;
  return {
    key,
    scheduler: server.lvsSched,
    schedFlags: server.schedFlags,
    onePacket: server.ops,
    persistence:
      persistenceTimeout === undefined
        ? undefined
        : { timeoutS: persistenceTimeout, granularity: persistenceGranularity, engine: persistenceEngine },
  };
}

function destinationsOf(
  server: VirtualServer,
  key: IpvsServiceKey,
  health: VirtualServerHealth,
): readonly IpvsDestination[] {
  const { sorryServer } = server;
  const all: (IpvsDestination | undefined)[] = server.realServer.map((real, i) => {
    const state = health.servers[i];
    if (state === undefined) return undefined;
    const { isAlive, weight: own } = state;
    const { inhibitOnFailure, uthreshold: upperThreshold, lthreshold: lowerThreshold } = real;
    const weight = serverWeight({ isAlive, weight: own, inhibitOnFailure }, health.quorum);
    return weight === undefined
      ? undefined
      : destination(real, key, { weight, upperThreshold, lowerThreshold });
  });
  const weight = sorryServer === undefined ? undefined : sorryWeight(sorryServer.inhibit, health.quorum);
  if (sorryServer !== undefined && weight !== undefined)
    all.push(destination(sorryServer, key, { weight, upperThreshold: 0, lowerThreshold: 0 }));
  const present = all.filter((each) => each !== undefined);
  return areApart(server) ? present : union([], present);
}

/** All its servers have addresses of their own: there is nothing to unite. Looked at once, not at every change of health. */
function areApart(server: VirtualServer): boolean {
  const known = apart.get(server);
  if (known !== undefined) return known;
  const { realServer, sorryServer } = server;
  const addresses = [...realServer, ...(sorryServer === undefined ? [] : [sorryServer])].map(({ address }) =>
    destinationId({ address, port: 0 }),
  );
  const answer = new Set(addresses).size === addresses.length;
  apart.set(server, answer);
  return answer;
}

const apart = new WeakMap<VirtualServer, boolean>();

/** Only NAT can change the port: the others keep the service's, and that of a mark is 0. */
export function destinationPort(
  port: number,
  { method }: Pick<LvsMethod, 'method'>,
  key: IpvsServiceKey,
): number {
  if (method === 'NAT' && port !== 0) return port;
  return key.kind === 'address' ? key.port : 0;
}

/** Written out, not spread from parts: V8 gives each object that is so made a layout of its own, and there may be thousands. */
function destination(
  {
    address,
    port,
    lvsMethod: { method, tunnelType, tunnelPort, tunnelCsum },
  }: Pick<RealServer, 'address' | 'port' | 'lvsMethod'>,
  key: IpvsServiceKey,
  load: Pick<IpvsDestination, 'weight' | 'upperThreshold' | 'lowerThreshold'>,
): IpvsDestination {
  return {
    address,
    port: destinationPort(port, { method }, key),
    forward: method,
    tunnel: method === 'TUN' ? { type: tunnelType, port: tunnelPort, csum: tunnelCsum } : undefined,
    weight: load.weight,
    upperThreshold: load.upperThreshold,
    lowerThreshold: load.lowerThreshold,
  };
}

function mergeEntries(first: IpvsEntry, second: IpvsEntry): IpvsEntry {
  return { service: first.service, destinations: union(first.destinations, second.destinations) };
}

/** One destination an address and port. Of two that are the same the one with weight stands: a sorry server may be one of
 * the real servers, and virtual servers that share a group may share servers. */
function union(
  first: readonly IpvsDestination[],
  second: readonly IpvsDestination[],
): readonly IpvsDestination[] {
  const all = new Map<string, IpvsDestination>();
  for (const each of [...first, ...second]) {
    const id = destinationId(each);
    const before = all.get(id);
    if (before === undefined || before.weight === 0) all.set(id, each);
  }
  return [...all.values()];
}
