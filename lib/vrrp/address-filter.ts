/**
 * no_accept: while an instance is MASTER, packets to and from its addresses are dropped, with the tables and rules of keepalived.
 * Neighbour discovery is let through, without which an IPv6 address could not be reached at all. It decides what is dropped; how
 * the kernel gets there is in nftables.ts.
 */
import type { Host } from '../host.js';
import { Nftables, type NftTable } from '../nftables.js';
import type { FilterPlan, RouterPlan } from '../plan/plan.js';

/** A router that runs. */
interface Held {
  readonly plan: Pick<RouterPlan, 'name' | 'isAccepting' | 'params'>;
  readonly view: { readonly isMaster: boolean };
}

export interface AddressFilterOptions {
  readonly host: Host;
  /** Path of a network namespace; absent: that of this process. */
  readonly netns?: string | undefined;
  /** All routers, as they are now. */
  readonly routers: () => Iterable<Held>;
  /** For tests. */
  readonly nftables?: Pick<Nftables, 'want' | 'settled'>;
}

export class AddressFilter {
  readonly #options: AddressFilterOptions;
  readonly #nftables: Pick<Nftables, 'want' | 'settled'>;
  #plan: FilterPlan | undefined;
  /** Table names that were in use, which a reload may have changed. */
  #table: string | undefined;
  #dropping: ReadonlySet<string> = new Set();
  /** Families that have had something to drop: as with keepalived, their rules stay while the sets are empty. */
  readonly #families = new Set<NftTable['family']>();
  #isDue = false;
  #isClosed = false;

  constructor(options: AddressFilterOptions) {
    this.#options = options;
    const { host, netns } = options;
    this.#nftables =
      options.nftables ??
      new Nftables({ host, netns, without: 'packets to addresses of no_accept are not dropped' });
  }

  /** What the configuration wants; undefined: no instance has no_accept. It is looked at with the next `changed`. */
  configure(plan: FilterPlan | undefined): void {
    this.#plan = plan;
  }

  /** A router is, or may be, in another state. Whatever comes in one turn of the event loop is seen to at once. */
  changed(): void {
    if (this.#isDue || this.#isClosed || (this.#plan ?? this.#table) === undefined) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      if (!this.#isClosed) this.#state();
    });
  }

  /** Removes the tables, or leaves them with the addresses. */
  async close(keepsAddresses: boolean): Promise<void> {
    this.#isClosed = true;
    const table = this.#plan?.table ?? this.#table;
    if (table !== undefined && !keepsAddresses) this.#nftables.want(table, []);
    await this.#nftables.settled();
  }

  #state(): void {
    const plan = this.#plan;
    const table = plan?.table ?? this.#table;
    if (table === undefined) return;
    if (table !== this.#table || plan === undefined) this.#families.clear();
    this.#table = plan?.table;
    const dropped = [...this.#options.routers()].filter(
      ({ plan: { isAccepting }, view }) => !isAccepting && view.isMaster,
    );
    this.#tell(new Set(dropped.map(({ plan: { name } }) => name)));
    const addresses = dropped.flatMap(({ plan: { params } }) => [
      ...params.addresses,
      ...params.excludedAddresses,
    ]);
    const ip: string[] = [];
    const ip6: string[] = [];
    const linkLocal: string[] = [];
    for (const { address, dev } of addresses) {
      const [bare = ''] = address.split('/');
      if (!bare.includes(':')) ip.push(bare);
      else if (/^fe[89ab]/i.test(bare)) linkLocal.push(`${bare} . "${dev}"`);
      else ip6.push(bare);
    }
    if (ip.length > 0) this.#families.add('ip');
    if (ip6.length + linkLocal.length > 0) this.#families.add('ip6');
    const wanted: NftTable[] = [];
    if (plan !== undefined && this.#families.has('ip'))
      wanted.push({ family: 'ip', name: table, body: ipBody(plan), elements: new Map([['vips', ip]]) });
    if (plan !== undefined && this.#families.has('ip6'))
      wanted.push({
        family: 'ip6',
        name: table,
        body: ip6Body(plan),
        elements: new Map([
          ['vips', ip6],
          ['vips_link_local', linkLocal],
        ]),
      });
    this.#nftables.want(table, wanted);
  }

  #tell(dropping: ReadonlySet<string>): void {
    const { logger } = this.#options.host;
    for (const name of dropping)
      if (!this.#dropping.has(name)) logger.log('detail', `(${name}) setting firewall drop rule`);
    for (const name of this.#dropping)
      if (!dropping.has(name)) logger.log('detail', `(${name}) removing firewall drop rule`);
    this.#dropping = dropping;
  }
}

function hook(plan: FilterPlan, chain: 'in' | 'out', rules: readonly string[]): string {
  const name = chain === 'in' ? 'input' : 'output';
  return [
    `chain ${chain} {`,
    `type filter hook ${name} priority ${plan.priority}; policy accept;`,
    ...rules,
    '}',
  ].join('\n');
}

function ipBody(plan: FilterPlan): string {
  const count = plan.hasCounters ? ' counter' : '';
  return [
    'set vips { type ipv4_addr; }',
    hook(plan, 'out', [`ip saddr @vips${count} drop`]),
    hook(plan, 'in', [`ip daddr @vips${count} drop`]),
  ].join('\n');
}

/** A link-local address is one of its interface only: the same may be another host's elsewhere. */
function ip6Body(plan: FilterPlan): string {
  const count = plan.hasCounters ? ' counter' : '';
  const rules = (address: 'saddr' | 'daddr', chain: string): readonly string[] => [
    `icmpv6 type @neighbor-discovery${count} accept`,
    `ip6 ${address} fe80::/10${count} goto ${chain}`,
    `ip6 ${address} @vips${count} drop`,
  ];
  return [
    'set vips { type ipv6_addr; }',
    'set neighbor-discovery { type icmpv6_type; flags constant; elements = { nd-neighbor-solicit, nd-neighbor-advert }; }',
    'set vips_link_local { type ipv6_addr . iface_index; }',
    hook(plan, 'out', rules('saddr', 'out_link_local')),
    hook(plan, 'in', rules('daddr', 'in_link_local')),
    `chain in_link_local {\nip6 daddr . iif @vips_link_local${count} drop\n}`,
    `chain out_link_local {\nip6 saddr . oif @vips_link_local${count} drop\n}`,
  ].join('\n');
}
