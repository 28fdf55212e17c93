/**
 * Addresses, routes and policy rules of the configuration model. See `model.ts` for the conventions.
 */
import type { Family } from '../units.js';
import type { Prefix } from './model.js';
import type { Span } from './source.js';

/** An address of static_ipaddress, virtual_ipaddress or virtual_ipaddress_excluded. */
export interface AddressEntry {
  readonly family: Family;
  /** Canonical, without prefix. */
  readonly address: string;
  readonly prefixLength: number;
  /** Given or derived from the instance, `default_interface`; undefined: the instance's own interface or its VMAC. */
  readonly dev: string | undefined;
  /** rtnetlink scope number: 0 global, 200 site, 253 link, 254 host, 255 nowhere. */
  readonly scope: number;
  readonly label: string | undefined;
  /** Address, already computed for `+` and `-`. */
  readonly broadcast: string | undefined;
  readonly peer: string | undefined;
  readonly home: boolean;
  /** `-nodad`: the kernel does duplicate address detection. */
  readonly dad: boolean;
  readonly mngtmpaddr: boolean;
  readonly noprefixroute: boolean;
  readonly autojoin: boolean;
  /** Seconds; Infinity: forever; undefined: not given (IPv6 /128: 0, else forever). */
  readonly preferredLft: number | undefined;
  readonly noTrack: boolean;
  readonly trackGroup: string | undefined;
  readonly useVmac: boolean;
  /** Of the address word. */
  readonly at: Span;
  readonly devAt: Span | undefined;
}

export type RouteType =
  | 'unicast'
  | 'local'
  | 'broadcast'
  | 'anycast'
  | 'multicast'
  | 'blackhole'
  | 'unreachable'
  | 'prohibit'
  | 'throw'
  | 'nat'
  | 'xresolve';

/** A route metric that may be locked. */
export interface LockedMetric {
  readonly value: number;
  readonly lock: boolean;
}

/** Light-weight tunnel of a route or next hop. */
export type Encap =
  | {
      readonly kind: 'ip' | 'ip6';
      /** 64 bits: as a decimal string. */
      readonly id: string | undefined;
      readonly dst: string | undefined;
      readonly src: string | undefined;
      /** `tos` of ip, `tc` of ip6. */
      readonly tos: number | undefined;
      /** `ttl` of ip, `hoplimit` of ip6. */
      readonly ttl: number | undefined;
      readonly flags: number | undefined;
    }
  | { readonly kind: 'mpls'; readonly labels: readonly number[] }
  | { readonly kind: 'ila'; readonly locator: string };

export interface Realms {
  readonly from: number;
  readonly to: number;
}

export interface NextHop {
  readonly via: string | undefined;
  readonly viaFamily: Family | undefined;
  readonly dev: string | undefined;
  readonly weight: number;
  readonly onlink: boolean;
  readonly encap: Encap | undefined;
  readonly realms: Realms | undefined;
}

/** One route of static_routes or virtual_routes. Undefined: not given. Tables, protocols, scopes are numbers. */
export interface RouteEntry {
  readonly type: RouteType;
  readonly family: Family;
  /** Undefined: the default route. */
  readonly to: Prefix | undefined;
  readonly from: Prefix | undefined;
  readonly src: string | undefined;
  readonly via: string | undefined;
  /** May differ from `family`. */
  readonly viaFamily: Family | undefined;
  readonly dev: string | undefined;
  readonly tos: number | undefined;
  readonly table: number | undefined;
  readonly vrf: string | undefined;
  readonly protocol: number;
  readonly scope: number | undefined;
  readonly metric: number | undefined;
  readonly onlink: boolean;
  readonly encap: Encap | undefined;
  readonly expires: number | undefined;
  readonly mtu: LockedMetric | undefined;
  readonly advmss: LockedMetric | undefined;
  /** In the kernel's unit, 1/8 ms. */
  readonly rtt: LockedMetric | undefined;
  /** 1/4 ms. */
  readonly rttvar: LockedMetric | undefined;
  /** ms. */
  readonly rtoMin: LockedMetric | undefined;
  readonly reordering: LockedMetric | undefined;
  readonly cwnd: LockedMetric | undefined;
  readonly ssthresh: LockedMetric | undefined;
  readonly window: number | undefined;
  readonly hoplimit: number | undefined;
  readonly initcwnd: number | undefined;
  readonly initrwnd: number | undefined;
  readonly realms: Realms | undefined;
  readonly features: 'ecn' | undefined;
  readonly quickack: boolean | undefined;
  readonly fastopenNoCookie: boolean | undefined;
  readonly congctl: { readonly name: string; readonly lock: boolean } | undefined;
  /** low 3, medium 0, high 1: RFC 4191. */
  readonly pref: number | undefined;
  readonly ttlPropagate: boolean | undefined;
  readonly placement: 'add' | 'prepend' | 'append' | undefined;
  readonly nexthop: readonly NextHop[];
  readonly noTrack: boolean;
  readonly trackGroup: string | undefined;
  /** Of the destination word. */
  readonly at: Span;
}

export type RuleAction =
  | { readonly kind: 'table'; readonly table: number }
  | { readonly kind: 'goto'; readonly preference: number }
  | { readonly kind: 'l3mdev' | 'nop' | 'blackhole' | 'unreachable' | 'prohibit' };

/** One policy rule of static_rules or virtual_rules. */
export interface RuleEntry {
  readonly family: Family;
  readonly not: boolean;
  readonly from: Prefix | undefined;
  readonly to: Prefix | undefined;
  /** Given, else 16384, 16383, ... in order. */
  readonly preference: number;
  readonly tos: number | undefined;
  readonly fwmark: { readonly mark: number; readonly mask: number | undefined } | undefined;
  readonly iif: string | undefined;
  readonly oif: string | undefined;
  /** 64 bits: a decimal string. */
  readonly tunnelId: string | undefined;
  readonly uidrange: { readonly first: number; readonly last: number } | undefined;
  readonly ipproto: number | undefined;
  readonly sport: { readonly first: number; readonly last: number } | undefined;
  readonly dport: { readonly first: number; readonly last: number } | undefined;
  readonly protocol: number;
  readonly realms: Realms | undefined;
  readonly suppressPrefixlength: number | undefined;
  readonly suppressIfgroup: number | undefined;
  readonly action: RuleAction;
  readonly noTrack: boolean;
  readonly trackGroup: string | undefined;
  /** Of the first word. */
  readonly at: Span;
}
