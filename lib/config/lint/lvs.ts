/** What hurts in load balancing, one function a rule. */
import type { Micros } from '../../units.js';
import { firstByName } from '../by-name.js';
import type { Checker, VirtualServer, VirtualServerGroup } from '../model-lvs.js';
import type { Config } from '../model.js';
import { parseAddress, toBigInt } from '../address.js';
import type { LintContext } from './lint.js';
import { lintMessages } from './messages.js';

export function persistentOps({ virtualServer }: Config, { diagnostics }: LintContext): void {
  for (const server of virtualServer)
    if (server.ops && server.persistenceTimeout !== undefined)
      diagnostics.report(lintMessages.persistentOps, server.at, nameOf(server));
}

export function missingSorryServer({ virtualServer }: Config, { diagnostics }: LintContext): void {
  for (const server of virtualServer) {
    const least = Math.min(...server.realServer.map(({ weight }) => weight));
    if (server.sorryServer === undefined && server.quorum > least && server.realServer.length > 1)
      diagnostics.report(lintMessages.noSorryServer, server.at, nameOf(server), String(server.quorum));
  }
}

/** Once a virtual server for the same times, which are then most likely its own. */
export function slowCheckers({ virtualServer }: Config, { diagnostics }: LintContext): void {
  for (const server of virtualServer) {
    const seen = new Set<string>();
    for (const checker of server.realServer.flatMap(({ checkers }) => checkers)) {
      const time = timesOf(checker);
      if (time === undefined || time.limit <= time.loop) continue;
      const [limit, loop] = [String(time.limit / 1e6), String(time.loop / 1e6)];
      const key = `${checker.kind} ${limit} ${loop}`;
      if (seen.has(key)) continue;
      seen.add(key);
      diagnostics.report(lintMessages.slowChecker, checker.at, checker.kind, limit, loop);
    }
  }
}

function timesOf(checker: Checker): { readonly limit: Micros; readonly loop: Micros } | undefined {
  if (checker.kind === 'FILE_CHECK' || checker.kind === 'BFD_CHECK') return undefined;
  const limit = checker.kind === 'MISC_CHECK' ? checker.miscTimeout : checker.connectTimeout;
  return { limit, loop: checker.delayLoop };
}

export function serverIsVirtual(config: Config, { diagnostics }: LintContext): void {
  const groups = firstByName(config.virtualServerGroup);
  const virtual = new Set(
    config.vrrpInstance.flatMap(({ virtualIpaddress }) => virtualIpaddress.map(({ address }) => address)),
  );
  for (const server of config.virtualServer)
    for (const { address, lvsMethod, at } of server.realServer)
      if (lvsMethod.method !== 'NAT' && serves(server, address, groups, virtual))
        diagnostics.report(lintMessages.serverIsVirtual, at, address);
}

/** Whether an address is one of those that a virtual server has. */
function serves(
  { key }: VirtualServer,
  address: string,
  groups: ReadonlyMap<string, VirtualServerGroup>,
  virtual: ReadonlySet<string>,
): boolean {
  if (key.kind === 'address') return key.address === address;
  // What a mark is set on is not known here; the addresses that this machine takes over are the likely ones.
  if (key.kind === 'fwmark') return virtual.has(address);
  const wanted = parseAddress(address);
  const entries = groups.get(key.group)?.entries ?? [];
  return entries.some((entry) => {
    if (entry.kind !== 'addresses' || wanted?.family !== entry.family) return false;
    const [first, last] = [parseAddress(entry.first), parseAddress(entry.last)];
    if (first === undefined || last === undefined) return false;
    return toBigInt(first) <= toBigInt(wanted) && toBigInt(wanted) <= toBigInt(last);
  });
}

function nameOf({ key }: VirtualServer): string {
  if (key.kind === 'address') return `${key.address} ${String(key.port)}`;
  return key.kind === 'fwmark' ? `fwmark ${String(key.fwmark)}` : `group ${key.group}`;
}
