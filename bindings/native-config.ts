/** What the engine is told: its options, routers, and transactions that change them. */
import type { NativeRoute, NativeRule } from './native-routing.js';
import type { PolicyHold } from './native-words.js';

/** One virtual address as the kernel is to have it (ip address add ...). */
export interface NativeAddress {
  /** Address with prefix length: `10.0.0.100/24`. */
  readonly address: string;
  /** Interface name; it may appear later. */
  readonly dev: string;
  /** rtnetlink scope number (0 global, 253 link, 254 host). */
  readonly scope?: number;
  /** Interface label, IPv4, at most 15 characters. */
  readonly label?: string;
  readonly broadcast?: string;
  readonly peer?: string;
  readonly home?: boolean;
  /** false: added with IFA_F_NODAD (keepalived's default for virtual addresses). */
  readonly dad?: boolean;
  readonly noprefixroute?: boolean;
  readonly mngtmpaddr?: boolean;
  readonly autojoin?: boolean;
  /** IFA_CACHEINFO preferred lifetime in seconds; absent: forever. */
  readonly preferredLifetimeS?: number;
  /** Loss of the address or of its interface does not matter. */
  readonly noTrack?: boolean;
}

/** keepalived garp_* of one router; times in microseconds. */
export interface NativeAnnounce {
  readonly delayUs: number;
  readonly repeat: number;
  readonly refreshUs: number;
  readonly refreshRepeat: number;
  readonly lowerPrioDelayUs: number;
  readonly lowerPrioRepeat: number;
}

export interface NativePeer {
  readonly address: string;
  /** Accepted TTL / hop limit range of this peer's adverts. */
  readonly minTtl: number;
  readonly maxTtl: number;
}

export interface NativeTrackedLink {
  readonly name: string;
  /** 0: the router is held while the link is down; else added to the priority as keepalived's track_interface does. */
  readonly weight: number;
  readonly reverse: boolean;
}

/** Everything that the engine needs to know of one virtual router. */
export interface NativeRouter {
  /** Chosen by JavaScript, stable across reloads. */
  readonly id: number;
  /** For events and messages. */
  readonly name: string;
  readonly vrid: number;
  readonly version: 2 | 3;
  readonly family: 4 | 6;
  /** Interface that adverts are sent and received on; empty: unicast by routing alone. */
  readonly interface: string;
  /** Base priority plus every weight that JavaScript knows, before clamping; the engine adds link weights and clamps to 1..254. */
  readonly prioritySum: number;
  /** Base priority 255: the priority is 255 whatever the weights say. */
  readonly owner: boolean;
  readonly advertIntervalUs: number;
  readonly downTimerAdverts: number;
  readonly preempt: boolean;
  readonly preemptDelayUs: number;
  readonly startActive: boolean;
  readonly lowerPrioNoAdvert: boolean;
  readonly higherPrioSendAdvert: boolean;
  readonly ownerIgnoreAdverts: boolean;
  /** Holds that policy sets from the start. */
  readonly holds: readonly PolicyHold[];
  /** mcast_src_ip / unicast_src_ip; absent: first IPv4 address, or the link-local IPv6 address, of the interface. */
  readonly source?: string;
  /** track_src_ip: hold the router while `source` is not on the host. */
  readonly trackSource?: boolean;
  /** Unicast when present and not empty. */
  readonly unicastPeers: readonly NativePeer[];
  /** check_unicast_src: only adverts of listed peers within their TTL range are accepted. */
  readonly checkUnicastSource: boolean;
  /** TTL / hop limit of unicast adverts. */
  readonly unicastTtl: number;
  /** Multicast destination: 224.0.0.18, ff02::12 or the configured group. */
  readonly multicastGroup: string;
  /** vrrp_skip_check_adv_addr. */
  readonly skipCheckAdvAddr: boolean;
  /** v3 IPv4: checksum without pseudo-header (v3_checksum_as_v2). */
  readonly v3ChecksumAsV2: boolean;
  /**
   * old_unicast_checksum: v3 IPv4 unicast in the way of very old peers. `always`: sent from the start; `never`: refused; absent:
   * adopted from a peer that sends it.
   */
  readonly oldUnicastChecksum?: 'always' | 'never';
  /** VRRPv2 simple password: up to 8 bytes. */
  readonly authPass?: Uint8Array;
  readonly addresses: readonly NativeAddress[];
  readonly excludedAddresses: readonly NativeAddress[];
  /** The kernel has them while the router is active. */
  readonly routes?: readonly NativeRoute[];
  readonly rules?: readonly NativeRule[];
  readonly promoteSecondaries: boolean;
  readonly trackedLinks: readonly NativeTrackedLink[];
  /** dont_track_primary: the state of the own interface does not hold the router. */
  readonly dontTrackPrimary: boolean;
  readonly announce: NativeAnnounce;
  /** garp_extra_if all: period of announcements on the links of addresses other than its own interface; 0 or absent: none. */
  readonly extraAnnounceUs?: number;
  /** Its share of the socket's receive buffer in bytes: those of all routers of a socket add up; 0: no wish. */
  readonly rxBufferBytes: number;
  /** The same, as a multiple of the interface's MTU. */
  readonly rxBufferMtus?: number;
  /** Held by `watchdog` when JavaScript has not answered for eventLoopTimeoutMs. */
  readonly watchdog: boolean;
}

export interface NativeGroup {
  readonly id: number;
  readonly name: string;
  readonly members: readonly number[];
}

/** What the host is to have whatever routers do; what it has already it keeps at the end. */
export interface NativeStatics {
  readonly addresses: readonly NativeAddress[];
  readonly routes: readonly NativeRoute[];
  readonly rules: readonly NativeRule[];
}

/** ARP/NA pacing: the interfaces named share one pace (garp_group); an empty list is the default of all others. */
export interface NativePace {
  readonly interfaces: readonly string[];
  readonly garpIntervalUs: number;
  readonly gnaIntervalUs: number;
}

/** interface_up_down_delays: how long a change of a link must last to count. */
export interface NativeLinkDelay {
  readonly name: string;
  readonly downUs: number;
  readonly upUs: number;
}

/**
 * A set of changes that the engine carries out between two wake-ups, all of them or, when one is wrong, none:
 * removals, then paces, routers, groups, single values. New routers start when the groups are known.
 */
export interface NativeTransaction {
  readonly remove?: readonly number[];
  /** Added when the id is new, else updated in place. */
  readonly routers?: readonly NativeRouter[];
  readonly groups?: readonly NativeGroup[];
  readonly removeGroups?: readonly number[];
  readonly paces?: readonly NativePace[];
  /** All of them; links that are not named have none. */
  readonly linkDelays?: readonly NativeLinkDelay[];
  /** One, to replace those before. */
  readonly statics?: readonly [NativeStatics];
  readonly priorities?: readonly { readonly id: number; readonly prioritySum: number }[];
  readonly holds?: readonly {
    readonly id: number;
    readonly set: readonly PolicyHold[];
    readonly clear: readonly PolicyHold[];
  }[];
  readonly commands?: readonly {
    readonly id: number;
    /** `offer`: priority 0 is sent and the addresses stay until somebody else speaks (transition with cause `command`). */
    readonly command: 'release' | 'offer' | 'take-over' | 'announce';
  }[];
  /** log_unknown_vrids: `advert-dropped` also for a VRID of no router, each once a second at most. At first: no. */
  readonly tellUnknownVrids?: boolean;
}

/** Options fixed for the life of an engine. */
export interface NativeEngineOptions {
  /** Path of a network namespace (/run/netns/NAME); absent: the caller's. */
  readonly netns?: string;
  /** SCHED_RR priority 1..99 of the engine thread (vrrp_rt_priority). */
  readonly realtimePriority?: number;
  /** Nice value -20..19 of the engine thread (vrrp_priority). */
  readonly niceness?: number;
  readonly cpuAffinity?: readonly number[];
  /** What the engine uses stays in memory (vrrp_no_swap); what V8 manages does not. */
  readonly lockMemory?: boolean;
  /** RLIMIT_RTTIME in microseconds (vrrp_rlimit_rttime). */
  readonly rlimitRttimeUs?: number;
  /**
   * Highest SCHED_RR priority 1..99 that the engine thread gives itself, one more each time that it wakes too late
   * (max_auto_priority); absent: it does not.
   */
  readonly maxAutoPriority?: number;
  /** How late is too late, in microseconds; absent: a second (min_auto_priority_delay). */
  readonly autoPriorityDelayUs?: number;
  /** Delay before any router starts (vrrp_startup_delay). */
  readonly startupDelayUs?: number;
  /** Routers with `watchdog` are held when JavaScript has not answered for so long; 0: never. */
  readonly eventLoopTimeoutMs?: number;
  /** --dont-release-vrrp: addresses stay at stop. */
  readonly keepAddresses?: boolean;
  /** A process: when it ends, every router leaves in order, whatever JavaScript is doing. */
  readonly leaveWith?: number;
  /**
   * Descriptor of a file of 16 bytes, where the engine notes when it last ran: CLOCK_MONOTONIC and wall clock in nanoseconds, as
   * two 64-bit numbers of the machine's byte order. Zeros: it has left in order.
   */
  readonly lifeSignFd?: number;
  /** Do not ask the neighbours who else holds the addresses of a master. */
  readonly noSplitBrainProbe?: boolean;
  /** Receive buffer of the netlink sockets that hear of changes, in bytes, and whether beyond net.core.rmem_max; absent: 16 MiB. */
  readonly monitorBufferBytes?: number;
  readonly monitorBufferForced?: boolean;
  /** The same of the netlink sockets that requests go through; absent: 4 MiB. */
  readonly requestBufferBytes?: number;
  readonly requestBufferForced?: boolean;
}
