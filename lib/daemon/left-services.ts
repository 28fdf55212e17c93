/**
 * Removes the services that a checkers process left which was killed, and gives back the timeouts, when no other comes after it. Done by
 * the supervisor.
 */
import type { IpvsTimeouts } from '../../bindings/ipvs-types.js';
import type { Config } from '../config/model.js';
import { systemClock, type Logger } from '../host.js';
import { Ipvs } from '../lvs/ipvs.js';
import { removeLeftovers } from '../lvs/leftovers.js';
import { ConnectionTimeouts } from '../lvs/timeouts.js';
import { Nftables } from '../nftables.js';
import { readHalf } from './half-file.js';
import { ipvsNamespace, namespacePath } from './namespace.js';
import type { DaemonOptions } from './options.js';

/**
 * @param files hand-over files of the configurations that it may have run; not empty.
 * @param timeouts the kernel's before lvs_timeouts; undefined: they were not touched.
 * @throws {NativeError} when IPVS is out of reach.
 */
export async function removeServices(
  files: readonly number[],
  timeouts: IpvsTimeouts | undefined,
  options: DaemonOptions,
  logger: Logger,
): Promise<void> {
  const past = files.map((file) => readHalf(file).config);
  const [latest] = past;
  const netns = latest === undefined ? undefined : namespaceOf(latest, options);
  await using ipvs = new Ipvs(netns === undefined ? {} : { netns });
  await removeLeftovers(ipvs, past, undefined, logger);
  await new ConnectionTimeouts(ipvs, { before: timeouts }).close();
  const tables = past.flatMap(({ globalDefs }) => globalDefs.nftablesIpvs ?? []);
  if (tables.length === 0) return;
  const host = { clock: systemClock, logger };
  const nftables = new Nftables({ host, netns, without: 'tables of nftables_ipvs are left' });
  for (const table of tables) nftables.want(table, []);
  await nftables.settled();
}

/** As seen from the supervisor, which stays where it was started. */
function namespaceOf(config: Config, options: DaemonOptions): string | undefined {
  if (config.netNamespaceIpvs !== undefined && options.namespace === undefined)
    return ipvsNamespace(config, { options, homeNamespace: undefined });
  const own = options.namespace ?? config.netNamespace;
  return own === undefined ? undefined : namespacePath(own);
}
