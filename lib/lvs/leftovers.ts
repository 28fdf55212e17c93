/**
 * What processes of this daemon left in the kernel's table that the configuration does not have: they ran another one, and died before
 * they could take it back. What is in none of the configurations that they ran is somebody else's, and stays.
 */
import type { IpvsCommand, IpvsServiceKey } from '../../bindings/ipvs-types.js';
import type { Config } from '../config/model.js';
import type { LvsConfig } from '../config/model-lvs.js';
import type { Logger } from '../host.js';
import { serviceKeys } from './desired.js';
import { isHarmless, refusalText } from './errors.js';
import { describeCommand, type Ipvs } from './ipvs.js';
import { serviceId } from './table.js';

/**
 * Removes services and sync daemons of `past` that `now` does not have. Equivalent: ipvsadm -D, --stop-daemon
 * @param now what runs from here on; undefined: nothing.
 * @throws {NativeError} when IPVS is out of reach.
 */
export async function removeLeftovers(
  ipvs: Ipvs,
  past: readonly Config[],
  now: Config | undefined,
  logger: Logger,
): Promise<void> {
  if (past.length === 0) return;
  const theirs = new Map<string, IpvsServiceKey>();
  for (const config of past) for (const key of keysOf(config)) theirs.set(serviceId(key), key);
  for (const key of now === undefined ? [] : keysOf(now)) theirs.delete(serviceId(key));
  const there = (await ipvs.table()).filter(({ service }) => theirs.has(serviceId(service.key)));
  const commands: readonly IpvsCommand[] = [
    ...there.map(({ service }) => ({ kind: 'delete-service', service: service.key }) as const),
    ...(await syncDaemons(ipvs, past, now)),
  ];
  for (const command of commands)
    logger.log('info', `IPVS: ${describeCommand(command)}, left by a process that died`);
  for (const refusal of await ipvs.run(commands))
    if (!isHarmless(refusal)) logger.log('error', refusalText(refusal));
}

/** A configuration that has a sync daemon itself sees to those that run. */
async function syncDaemons(
  ipvs: Ipvs,
  past: readonly Config[],
  now: Config | undefined,
): Promise<readonly IpvsCommand[]> {
  const wanted = past.flatMap(({ globalDefs: { lvsSyncDaemon: daemon }, vrrpInstance }) => {
    const followed = vrrpInstance.find(({ name }) => name === daemon?.inst);
    return daemon === undefined
      ? []
      : { interface: daemon.interface, id: daemon.id ?? followed?.virtualRouterId ?? 0 };
  });
  if (wanted.length === 0 || now?.globalDefs.lvsSyncDaemon !== undefined) return [];
  return (await ipvs.daemons())
    .filter((running) =>
      wanted.some((each) => each.interface === running.interface && each.id === running.syncId),
    )
    .map(({ role }) => ({ kind: 'stop-daemon', role }));
}

function keysOf(config: LvsConfig): readonly IpvsServiceKey[] {
  const groups = new Map(config.virtualServerGroup.map((group) => [group.name, group]));
  return config.virtualServer.flatMap((server) => serviceKeys(server, groups));
}
