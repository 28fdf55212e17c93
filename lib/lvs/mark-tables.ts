/**
 * nftables_ipvs: the tables that give packets to the addresses of a group the mark that its virtual server is known by in the kernel's
 * table. Pure. How the kernel gets there is in nftables.ts.
 */
import type { Config } from '../config/model.js';
import type { GroupEntry, LvsConfig } from '../config/model-lvs.js';
import type { NftTable } from '../nftables.js';

/** What they depend on. */
export type MarkConfig = Pick<LvsConfig, 'virtualServer' | 'virtualServerGroup'> & {
  readonly globalDefs: Pick<
    Config['globalDefs'],
    'nftablesIpvs' | 'nftablesIpvsPriority' | 'nftablesCounters'
  >;
};

type Protocol = 'tcp' | 'udp' | 'sctp';
type Addresses = Extract<GroupEntry, { readonly kind: 'addresses' }>;

/** The tables of a configuration; none without nftables_ipvs. */
export function markTables({
  globalDefs,
  virtualServer,
  virtualServerGroup,
}: MarkConfig): readonly NftTable[] {
  const { nftablesIpvs: name, nftablesIpvsPriority: priority, nftablesCounters: counts } = globalDefs;
  if (name === undefined) return [];
  const groups = new Map(virtualServerGroup.map((group) => [group.name, group]));
  const tables: NftTable[] = [];
  for (const family of ['ip', 'ip6'] as const) {
    /** Protocols in the order of their first virtual server. */
    const maps = new Map<Protocol, Map<string, number>>();
    for (const { key, protocol = 'UDP', groupMark } of virtualServer) {
      if (key.kind !== 'group' || groupMark === undefined) continue;
      const entries = (groups.get(key.group)?.entries ?? []).filter(
        (entry): entry is Addresses =>
          entry.kind === 'addresses' && entry.family === (family === 'ip' ? 4 : 6),
      );
      if (entries.length === 0) continue;
      const word = lowerCase[protocol];
      const marks = maps.get(word) ?? new Map<string, number>();
      for (const entry of entries) if (!marks.has(place(entry))) marks.set(place(entry), groupMark);
      maps.set(word, marks);
    }
    if (maps.size === 0) continue;
    tables.push({
      family,
      name,
      body: body(family, [...maps.keys()], priority, counts),
      elements: new Map(
        [...maps].map(([protocol, marks]) => [
          `${protocol}_map`,
          [...marks].map(([where, mark]) => `${where} : ${mark}`),
        ]),
      ),
    });
  }
  return tables;
}

const lowerCase = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' } as const;

function place({ first, last, port }: Addresses): string {
  return `${first === last ? first : `${first}-${last}`} . ${port === 0 ? '0-65535' : port}`;
}

function body(
  family: NftTable['family'],
  protocols: readonly Protocol[],
  priority: number,
  counts: boolean,
): string {
  const type = family === 'ip' ? 'ipv4_addr' : 'ipv6_addr';
  return [
    ...protocols.map(
      (each) =>
        `map ${each}_map {\ntype ${type} . inet_service : mark\nflags interval\n${counts ? 'counter\n' : ''}}`,
    ),
    `chain in {\ntype filter hook input priority ${priority}; policy accept;`,
    ...protocols.map(
      (each) =>
        `meta mark set ${family} daddr . ${each} dport map @${each}_map${counts ? ' counter' : ''} return`,
    ),
    '}',
  ].join('\n');
}
