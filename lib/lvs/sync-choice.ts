/** Which IPVS sync daemons a configuration asks for. Pure, and small: the process that reads configurations needs it, too. */
import type { Config, LvsSyncDaemon } from '../config/model.js';

/**
 * lvs_sync_daemon, else what the first instance with an lvs_sync_daemon_interface of its own asks for; with the id filled in that it
 * has from the instance that it follows.
 */
export function syncDaemonOf({ globalDefs, vrrpInstance }: Config): LvsSyncDaemon | undefined {
  const wanted = globalDefs.lvsSyncDaemon ?? ofInstance(vrrpInstance);
  if (wanted === undefined) return undefined;
  const followed = vrrpInstance.find(({ name }) => name === wanted.inst);
  return { ...wanted, id: wanted.id ?? followed?.virtualRouterId };
}

function ofInstance(instances: Config['vrrpInstance']): LvsSyncDaemon | undefined {
  for (const { name, at, lvsSyncDaemonInterface } of instances) {
    if (lvsSyncDaemonInterface === undefined) continue;
    const unset = { id: undefined, maxlen: undefined, port: undefined, ttl: undefined, group: undefined };
    return { ...unset, interface: lvsSyncDaemonInterface, inst: name, at };
  }
  return undefined;
}
