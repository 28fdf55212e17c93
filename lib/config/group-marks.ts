/**
 * nftables_ipvs: which virtual servers of a group are one service of a firewall mark, in place of one of each address. The marks count
 * up in the order of the file, as keepalived's do; a group that has marks of its own stays as it is.
 */
import type { GlobalDefs } from './model.js';
import type { VirtualServer, VirtualServerGroup } from './model-lvs.js';

export function withGroupMarks(
  servers: readonly VirtualServer[],
  groups: readonly VirtualServerGroup[],
  { nftablesIpvs, nftablesIpvsStartFwmark }: Pick<GlobalDefs, 'nftablesIpvs' | 'nftablesIpvsStartFwmark'>,
): readonly VirtualServer[] {
  if (nftablesIpvs === undefined) return servers;
  const marked = new Set(
    groups.filter(({ entries }) => entries.every(({ kind }) => kind === 'addresses')).map(({ name }) => name),
  );
  // Virtual servers that share a group and a protocol share their service, as they do without marks.
  const marks = new Map<string, number>();
  return servers.map((server) => {
    if (server.key.kind !== 'group' || !marked.has(server.key.group)) return server;
    const id = `${server.protocol ?? ''} ${server.key.group}`;
    const groupMark = marks.get(id) ?? nftablesIpvsStartFwmark + marks.size;
    marks.set(id, groupMark);
    return { ...server, groupMark };
  });
}
