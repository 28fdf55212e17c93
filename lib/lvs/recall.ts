/**
 * What the kernel's table tells a new process about the one that died: servers that are not in it were down. Without this a server
 * that is known to be dead would get connections until its first check. Pure.
 */
import type { IpvsDestination, IpvsEntry, IpvsServiceKey } from '../../bindings/ipvs-types.js';
import type { LvsConfig, LvsMethod, VirtualServer } from '../config/model-lvs.js';
import { aliveWeight } from '../policy/quorum.js';
import { destinationPort, serviceKeys } from './desired.js';
import { destinationId, serviceId, type Table } from './table.js';

/** Of one virtual server. */
export interface Recalled {
  /** Places of the real servers that were out of the pool. */
  readonly down: ReadonlySet<number>;
  /** Between losing and gaining it the quorum stays what it was. */
  readonly isQuorumKept: boolean;
}

/** In the order of the virtual servers; undefined: the kernel does not have it. */
export function recall(config: LvsConfig, table: Table): readonly (Recalled | undefined)[] {
  const entries = new Map(table.map((entry) => [serviceId(entry.service.key), entry]));
  const groups = new Map(config.virtualServerGroup.map((group) => [group.name, group]));
  return config.virtualServer.map((server) => {
    const key = serviceKeys(server, groups).find((each) => entries.has(serviceId(each)));
    const entry = key === undefined ? undefined : entries.get(serviceId(key));
    return key === undefined || entry === undefined ? undefined : recallOne(server, key, entry);
  });
}

function recallOne(server: VirtualServer, key: IpvsServiceKey, entry: IpvsEntry): Recalled {
  const destinations = new Map(entry.destinations.map((each) => [destinationId(each), each]));
  const find = (at: Place): IpvsDestination | undefined =>
    destinations.get(
      destinationId({ address: at.address, port: destinationPort(at.port, at.lvsMethod, key) }),
    );
  const down = new Set<number>();
  server.realServer.forEach((real, i) => {
    const found = find(real);
    if (found === undefined || (real.inhibitOnFailure && found.weight === 0)) down.add(i);
  });
  const { quorum, hysteresis, sorryServer } = server;
  const alive = server.realServer.map(({ weight }, i) => ({ weight, isAlive: !down.has(i) }));
  const total = aliveWeight(alive);
  const isSorryIdle = sorryServer !== undefined && (find(sorryServer)?.weight ?? 0) === 0;
  const isBetween = total > 0 && total >= quorum - hysteresis && total < quorum + hysteresis;
  return { down, isQuorumKept: isSorryIdle && isBetween };
}

interface Place {
  readonly address: string;
  readonly port: number;
  readonly lvsMethod: LvsMethod;
}
