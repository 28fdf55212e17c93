/**
 * The VRRP part of the configuration model: instances, groups, tracked objects, addresses, routes, rules, BFD.
 * See `model.ts` for the conventions.
 */
import type { Family, Micros, Priority, Vrid } from '../units.js';
import type { GarpExtraIf, Prefix, ScriptCommand, UserGroup, Word } from './model.js';
import type { Span } from './source.js';
import type { AddressEntry, RouteEntry, RuleEntry } from './model-routes.js';

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
  /** Places of lines; undefined when there is none and the value is derived. */
  readonly stateAt: Span | undefined;
  /** Undefined: a unicast instance without interface. */
  readonly interface: Word | undefined;
  readonly virtualRouterId: Vrid;
  readonly virtualRouterIdAt: Span;
  readonly priority: Priority;
  readonly priorityAt: Span | undefined;
  readonly version: 2 | 3;
  readonly versionAt: Span | undefined;
  readonly advertInt: Micros;
  readonly advertIntAt: Span | undefined;
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
