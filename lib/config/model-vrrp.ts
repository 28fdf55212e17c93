/**
 * The VRRP part of the configuration model: instances, groups, tracked objects, addresses, routes, rules, BFD.
 * See `model.ts` for the conventions.
 */
import type { Family, Micros, Priority, Vrid } from '../units.js';
import type { GarpExtraIf, Prefix, ScriptCommand, UserGroup, Word } from './model.js';
import type { Span } from './source.js';

export interface VrrpConfig {
  readonly vrrpInstance: readonly VrrpInstance[];
  readonly vrrpSyncGroup: readonly VrrpSyncGroup[];
  readonly vrrpScript: readonly VrrpScript[];
  readonly vrrpTrackProcess: readonly VrrpTrackProcess[];
  readonly trackFile: readonly TrackFile[];
  readonly bfdInstance: readonly BfdInstance[];
  readonly trackGroup: readonly TrackGroup[];
  readonly garpGroup: readonly GarpGroup[];
  readonly staticIpaddress: readonly AddressEntry[];
  readonly staticRoutes: readonly RouteEntry[];
  readonly staticRules: readonly RuleEntry[];
  readonly linkbeatInterfaces: readonly LinkbeatInterface[];
  readonly interfaceUpDownDelays: readonly InterfaceDelay[];
}

/** One `vrrp_instance`, with the values it runs with: global defaults, strict mode and corrections are applied. */
export interface VrrpInstance {
  readonly name: string;
  /** Of the name. */
  readonly at: Span;
  /** Decided by the first address-like keyword. */
  readonly family: Family;
  /** Initial state wish: given, else MASTER for priority 255, else BACKUP. */
  readonly state: 'MASTER' | 'BACKUP';
  /** Undefined: a unicast instance without interface. */
  readonly interface: Word | undefined;
  readonly virtualRouterId: Vrid;
  readonly virtualRouterIdAt: Span;
  readonly priority: Priority;
  /** Place of the priority line; undefined when it is derived. */
  readonly priorityAt: Span | undefined;
  readonly version: 2 | 3;
  readonly advertInt: Micros;
  readonly useVmac: UseVmac | undefined;
  readonly useVmacAddr: boolean;
  readonly vmacXmitBase: boolean;
  readonly useIpvlan: UseIpvlan | undefined;
  /** Adverts go to `unicastPeer`, not to a group. */
  readonly isUnicast: boolean;
  readonly unicastPeer: readonly UnicastPeer[];
  readonly unicastFaultNoPeer: boolean;
  readonly checkUnicastSrc: boolean;
  readonly oldUnicastChecksum: 'auto' | 'always' | 'never';
  readonly nativeIpv6: boolean;
  readonly vrf: string | undefined;
  readonly dontTrackPrimary: boolean;
  readonly trackInterface: readonly TrackInterface[];
  readonly trackScript: readonly TrackReference[];
  readonly trackFile: readonly TrackReference[];
  readonly trackProcess: readonly TrackReference[];
  readonly trackBfd: readonly TrackReference[];
  /** `mcast_src_ip` or `unicast_src_ip`: source of adverts; undefined: by the interface. */
  readonly mcastSrcIp: string | undefined;
  /** Destination group: given, else the global one of the family. */
  readonly mcastDstIp: string;
  readonly trackSrcIp: boolean;
  /** Undefined: 255 for IPv4, the kernel's own for IPv6. */
  readonly unicastTtl: number | undefined;
  readonly virtualIpaddress: readonly AddressEntry[];
  readonly virtualIpaddressExcluded: readonly AddressEntry[];
  readonly noVirtualIpaddress: boolean;
  readonly promoteSecondaries: boolean;
  readonly linkbeatUsePolling: boolean;
  readonly v3ChecksumAsV2: boolean;
  readonly virtualRoutes: readonly RouteEntry[];
  readonly virtualRules: readonly RuleEntry[];
  readonly accept: boolean;
  readonly skipCheckAdvAddr: boolean;
  readonly strictMode: boolean;
  /** False: `nopreempt`. */
  readonly preempt: boolean;
  readonly preemptDelay: Micros;
  readonly debug: number;
  readonly notifyMaster: ScriptCommand | undefined;
  readonly notifyBackup: ScriptCommand | undefined;
  readonly notifyFault: ScriptCommand | undefined;
  readonly notifyStop: ScriptCommand | undefined;
  /** 'state': announce DELETED without a script of its own. Undefined: removal is announced as FAULT. */
  readonly notifyDeleted: ScriptCommand | 'state' | undefined;
  readonly notify: ScriptCommand | undefined;
  readonly notifyMasterRxLowerPri: ScriptCommand | undefined;
  readonly smtpAlert: boolean;
  readonly notifyPriorityChanges: boolean;
  readonly lvsSyncDaemonInterface: string | undefined;
  readonly garpMasterDelay: Micros;
  readonly garpMasterRefresh: Micros;
  readonly garpMasterRepeat: number;
  readonly garpMasterRefreshRepeat: number;
  readonly garpLowerPrioDelay: Micros;
  readonly garpLowerPrioRepeat: number;
  readonly downTimerAdverts: number;
  /** Assumed priority of the others; undefined: off. */
  readonly timerExpiredBackup: number | undefined;
  readonly garpExtraIf: GarpExtraIf;
  readonly lowerPrioNoAdvert: boolean;
  readonly higherPrioSendAdvert: boolean;
  readonly ownerIgnoreAdverts: boolean;
  /** Bytes; 0: by `vrrp_rx_bufs_policy`. */
  readonly kernelRxBufSize: number;
  readonly authentication: Authentication | undefined;
  readonly authHmac: AuthHmac | undefined;
}

export interface UseVmac {
  readonly name: string | undefined;
  readonly mac: string | undefined;
  readonly group: string | undefined;
  readonly netlinkNotifyMsg: boolean;
}

export interface UseIpvlan {
  readonly name: string | undefined;
  readonly address: Prefix | undefined;
  readonly type: 'bridge' | 'private' | 'vepa';
  readonly group: string | undefined;
}

export interface UnicastPeer {
  readonly address: string;
  readonly family: Family;
  readonly minTtl: number;
  readonly maxTtl: number;
  readonly at: Span;
}

/** An entry of track_interface. Weight 0: the interface being down is a fault (with `reverse`: being up). */
export interface TrackInterface {
  readonly interface: string;
  readonly weight: number;
  readonly reverse: boolean;
  readonly at: Span;
}

/** An entry of another tracking list; weight and direction of the tracked object are filled in where the list gives none. */
export interface TrackReference {
  readonly name: string;
  readonly weight: number;
  readonly reverse: boolean;
  readonly at: Span;
}

/** auth_pass as its bytes on the wire: at most 8 are used. */
export interface Authentication {
  readonly authType: 'PASS' | 'AH';
  readonly authPass: string;
  readonly at: Span;
}

export interface AuthHmac {
  readonly key: readonly HmacKey[];
  readonly activeKey: number;
  readonly timeWindow: Micros;
  readonly antiReplay: 'time' | 'monotonic';
  readonly mode: 'enforce' | 'permissive' | 'receive-only';
  readonly at: Span;
}

/** Secret text is 32 to 64 bytes: Latin-1 text, one character a byte. `file`: to be read when used. */
export type HmacKey =
  | { readonly kind: 'bytes'; readonly id: number; readonly bytes: string }
  | { readonly kind: 'file'; readonly id: number; readonly path: string };

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

export interface VrrpSyncGroup {
  readonly name: string;
  readonly at: Span;
  /** Existing members only. */
  readonly group: readonly Word[];
  readonly trackInterface: readonly TrackInterface[];
  readonly trackScript: readonly TrackReference[];
  readonly trackFile: readonly TrackReference[];
  readonly trackProcess: readonly TrackReference[];
  readonly trackBfd: readonly TrackReference[];
  readonly notifyMaster: ScriptCommand | undefined;
  readonly notifyBackup: ScriptCommand | undefined;
  readonly notifyFault: ScriptCommand | undefined;
  readonly notifyStop: ScriptCommand | undefined;
  readonly notify: ScriptCommand | undefined;
  readonly smtpAlert: boolean;
  readonly syncGroupTrackingWeight: boolean;
  readonly notifyPriorityChanges: boolean;
}

export interface VrrpScript {
  readonly name: string;
  readonly at: Span;
  readonly script: ScriptCommand;
  readonly interval: Micros;
  /** Given, else the interval. */
  readonly timeout: Micros;
  readonly weight: number;
  readonly reverse: boolean;
  readonly rise: number;
  readonly fall: number;
  readonly user: UserGroup | undefined;
  readonly initFail: boolean;
}

export interface VrrpTrackProcess {
  readonly name: string;
  readonly at: Span;
  /** Process name or path, then parameters. Never empty. */
  readonly process: readonly string[];
  readonly paramMatch: 'exact' | 'initial' | 'partial' | undefined;
  readonly weight: number;
  readonly reverse: boolean;
  readonly quorum: number;
  /** Infinity: no upper limit. */
  readonly quorumMax: number;
  readonly terminateDelay: Micros;
  readonly forkDelay: Micros;
  readonly fullCommand: boolean;
}

export interface TrackFile {
  readonly name: string;
  readonly at: Span;
  readonly file: string;
  readonly weight: number;
  readonly reverse: boolean;
  readonly initFile: { readonly value: number; readonly overwrite: boolean } | undefined;
}

export interface TrackGroup {
  readonly name: string;
  readonly at: Span;
  readonly group: readonly Word[];
}

export interface GarpGroup {
  readonly at: Span;
  readonly garpInterval: Micros;
  readonly gnaInterval: Micros;
  readonly interfaces: readonly Word[];
}

export interface LinkbeatInterface {
  readonly interface: string;
  readonly method: 'MII' | 'ETHTOOL' | 'IOCTL' | undefined;
  readonly at: Span;
}

export interface InterfaceDelay {
  readonly interface: string;
  readonly down: Micros;
  readonly up: Micros;
  readonly at: Span;
}

export interface BfdInstance {
  readonly name: string;
  readonly at: Span;
  readonly neighborIp: string;
  readonly sourceIp: string | undefined;
  readonly family: Family;
  readonly minRx: Micros;
  readonly minTx: Micros;
  readonly idleTx: Micros;
  readonly multiplier: number;
  readonly passive: boolean;
  readonly ttl: number;
  /** -1: unchecked. */
  readonly maxHops: number;
  readonly multihop: boolean;
  readonly weight: number;
  readonly reverse: boolean;
  /** Who hears its events. */
  readonly vrrp: boolean;
  readonly checker: boolean;
}
