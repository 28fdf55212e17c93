/**
 * The whole surface of the native addon, as types. No logic here; `engine.ts` and `ipvs.ts` are the typed faces that the
 * rest of the project uses. Shapes in this file are what crosses the boundary: plain objects, numbers with the unit in the name.
 * Names are the core's (active, backup, initialize); the translation to MASTER, BACKUP, FAULT is in `engine.ts`.
 */
import type { NativeAddressWatchConstructor, NativeRemoveAddresses } from './native-addresses.js';
import type { NativeIpvsConstructor } from './native-ipvs.js';
import type { NativeLauncherConstructor } from './native-launcher.js';
import type { NativeListenForAdverts } from './native-listener.js';
import type { NativeProberConstructor } from './native-prober.js';
import type { NativeScheduleProcess } from './native-scheduling.js';
import type { NativeMakeFifo, NativeSendNoWait, NativeUnixDatagramConstructor } from './native-syslog.js';

/** State of a virtual router, RFC 9568 section 6.4. */
export type NativeState = 'initialize' | 'backup' | 'active';

/** Reasons that keep a router in `initialize` (native/vrrp/types.h, Hold). */
export type NativeHold =
  | 'not-started'
  | 'link-down'
  | 'tracked-link'
  | 'no-source'
  | 'policy'
  | 'waiting'
  | 'group'
  | 'watchdog'
  | 'standby'
  | 'address-failed';

/** Holds that JavaScript may set and clear; the engine owns the others. */
export type PolicyHold = 'policy' | 'waiting' | 'standby';

/** Why a transition happened (native/vrrp/types.h, CauseKind). */
export type NativeCauseKind =
  | 'started'
  | 'owner'
  | 'silence'
  | 'preempted'
  | 'peer-left'
  | 'higher-priority'
  | 'held'
  | 'released'
  | 'group'
  | 'command'
  | 'params'
  | 'removed'
  | 'shutdown'
  | 'address-lost'
  /** This node was not running, and the peer is master since. */
  | 'absent';

/** The cause of a transition as data. */
export interface NativeCause {
  readonly kind: NativeCauseKind;
  /** `held`: the holds that came; `released`: those that went. */
  readonly holds?: readonly NativeHold[];
  /** Source address of the advert that decided, or of the master that fell silent. */
  readonly peer?: string;
  readonly peerPriority?: number;
  /** `group`: id of the router that began it, and its own cause. */
  readonly member?: number;
  readonly memberKind?: NativeCauseKind;
  /** `held` by tracked-link or link-down: the interfaces that are down. */
  readonly links?: readonly string[];
}

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
  /** old_unicast_checksum never: the checksum of very old peers is refused instead of adopted. */
  readonly noOldUnicastChecksum?: boolean;
  /** VRRPv2 simple password: up to 8 bytes. */
  readonly authPass?: Uint8Array;
  readonly addresses: readonly NativeAddress[];
  readonly excludedAddresses: readonly NativeAddress[];
  readonly promoteSecondaries: boolean;
  readonly trackedLinks: readonly NativeTrackedLink[];
  /** dont_track_primary: the state of the own interface does not hold the router. */
  readonly dontTrackPrimary: boolean;
  readonly announce: NativeAnnounce;
  /** Kernel receive buffer in bytes; 0: default. */
  readonly rxBufferBytes: number;
  /** Held by `watchdog` when JavaScript has not answered for eventLoopTimeoutMs. */
  readonly watchdog: boolean;
}

export interface NativeGroup {
  readonly id: number;
  readonly name: string;
  readonly members: readonly number[];
}

/** ARP/NA pacing: the interfaces named share one pace (garp_group); an empty list is the default of all others. */
export interface NativePace {
  readonly interfaces: readonly string[];
  readonly garpIntervalUs: number;
  readonly gnaIntervalUs: number;
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
  /** mlock the process (vrrp_no_swap). */
  readonly lockMemory?: boolean;
  /** RLIMIT_RTTIME in microseconds (vrrp_rlimit_rttime). */
  readonly rlimitRttimeUs?: number;
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
}

/** What happened, in order. `atMs` is wall-clock time in milliseconds since 1970 with microsecond fraction. */
export type NativeEvent =
  | {
      readonly kind: 'transition';
      readonly atMs: number;
      readonly router: number;
      readonly from: NativeState;
      readonly to: NativeState;
      readonly holds: readonly NativeHold[];
      readonly priority: number;
      readonly cause: NativeCause;
    }
  | {
      readonly kind: 'group-transition';
      readonly atMs: number;
      readonly group: number;
      readonly from: NativeState;
      readonly to: NativeState;
      readonly cause: NativeCause;
    }
  | {
      readonly kind: 'priority';
      readonly atMs: number;
      readonly router: number;
      readonly priority: number;
      readonly previous: number;
    }
  /** A master hears another of lower priority; told at most once a second for each router. */
  | {
      readonly kind: 'lower-priority-heard';
      readonly atMs: number;
      readonly router: number;
      readonly peer: string;
      readonly peerPriority: number;
    }
  /** A kind of bad advert was seen for the first time since the router's state or the sender changed. */
  | {
      readonly kind: 'advert-dropped';
      readonly atMs: number;
      readonly router?: number;
      readonly vrid: number;
      readonly interface: string;
      readonly peer: string;
      readonly reason: NativeDropReason;
    }
  /** Sending began to fail, each errno once, or works again: an advert reached every destination (errno 0). */
  | {
      readonly kind: 'send-failed';
      readonly atMs: number;
      readonly router: number;
      readonly errno: number;
      readonly code: string;
      readonly destination: string;
      readonly failures: number;
    }
  /** An address was deleted by someone else and put back; `gaveUp` when that happened too often. */
  | {
      readonly kind: 'address';
      readonly atMs: number;
      readonly router: number;
      readonly address: string;
      readonly dev: string;
      readonly what: 'restored' | 'gave-up' | 'failed' | 'stale-removed';
      readonly errno: number;
      readonly code: string;
    }
  | {
      readonly kind: 'link';
      readonly atMs: number;
      readonly name: string;
      readonly index: number;
      readonly present: boolean;
      /** Set up by the administrator; without carrier it is not `up` all the same. */
      readonly enabled: boolean;
      readonly up: boolean;
    }
  /** Somebody else holds our addresses while we are master, for longer than a handover takes; or no more. */
  | {
      readonly kind: 'split-brain';
      readonly atMs: number;
      readonly router: number;
      /** false: the signs have ended. */
      readonly active: boolean;
      /** `adverts`: adverts of lower priority go on; `neighbour`: an address is answered for by another MAC address. */
      readonly sign: 'adverts' | 'neighbour';
      /** `adverts`: who sends them, and the priority. */
      readonly peer?: string;
      readonly peerPriority?: number;
      /** `neighbour`: the address, and the MAC address that answers. */
      readonly address?: string;
      readonly mac?: string;
    }
  /** The engine thread woke later than the smallest skew of its routers, or was not running at all (stopped, machine suspended). */
  | {
      readonly kind: 'late';
      readonly atMs: number;
      readonly lateUs: number;
      /** The machine slept: CLOCK_BOOTTIME went on and CLOCK_MONOTONIC did not. */
      readonly suspended: boolean;
    }
  | { readonly kind: 'watchdog'; readonly atMs: number; readonly stalledMs: number; readonly held: boolean }
  /** Real-time scheduling, memory locking, or another wish of the configuration could not be had. */
  | {
      readonly kind: 'warning';
      readonly atMs: number;
      readonly router?: number;
      readonly message: string;
      readonly errno: number;
      readonly code: string;
    }
  /** Events lost because JavaScript did not take them. */
  | { readonly kind: 'overflow'; readonly atMs: number; readonly lost: number };

/** Why an advert was not accepted; each is a counter (native/wire/vrrp.h DecodeError and the engine's checks). */
export type NativeDropReason =
  | 'truncated'
  | 'ip-header'
  | 'ttl'
  | 'version'
  | 'type'
  | 'length'
  | 'checksum'
  | 'vrid'
  | 'auth-type'
  | 'auth-mismatch'
  | 'auth-failed'
  | 'interval'
  | 'address-list'
  | 'destination'
  | 'source'
  | 'owner'
  | 'own'
  | 'held';

export interface NativeRouterStatus {
  readonly id: number;
  readonly state: NativeState;
  readonly holds: readonly NativeHold[];
  readonly priority: number;
  readonly sinceMs: number;
  /** Of the last transition; absent before the first. */
  readonly cause?: NativeCause;
  /** What adverts are sent from; absent while there is none. */
  readonly source?: string;
  readonly master?: string;
  readonly masterPriority: number;
  readonly masterAdvertIntervalUs: number;
  /** Virtual addresses that the kernel holds now because of this router. */
  readonly installed: readonly string[];
  /** Somebody else holds the addresses of this master now. */
  readonly splitBrain: boolean;
  readonly counters: {
    readonly sent: number;
    readonly sendFailed: number;
    readonly sendFailedByErrno: Readonly<Record<string, number>>;
    readonly received: number;
    readonly priorityZeroSent: number;
    readonly priorityZeroReceived: number;
    readonly becameActive: number;
    readonly releasedActive: number;
    readonly dropped: Readonly<Partial<Record<NativeDropReason, number>>>;
    readonly announced: number;
    /** Alarms raised because somebody else held the addresses while we were master. */
    readonly splitBrains: number;
    /** Time spent in each state so far, microseconds. */
    readonly timeInStateUs: Readonly<Record<NativeState, number>>;
  };
}

export interface NativeEngineStatus {
  readonly routers: readonly NativeRouterStatus[];
  readonly wakeUps: number;
  /** Lateness of wake-ups for adverts and silences: bucket i counts those below 2^i microseconds (last: all above). */
  readonly lateness: readonly number[];
  readonly maxLatenessUs: number;
  /** Sum of all of it, microseconds. */
  readonly latenessSumUs: number;
  /** How often the kernel dropped link and address news, so that everything was listed anew. */
  readonly netlinkOverruns: number;
  readonly droppedUnknown: Readonly<Partial<Record<NativeDropReason, number>>>;
  readonly links: readonly { readonly name: string; readonly index: number; readonly up: boolean }[];
}

/** Adverts of one kind that came at their interval: a run instead of a record each. Times are wall clock, milliseconds. */
export interface NativeAdvertRun {
  /** `refused`: heard and not accepted, see `reason`. */
  readonly fate: 'sent' | 'received' | 'refused';
  /** The sender; of sent ones the last destination. */
  readonly peer: string;
  readonly reason?: NativeDropReason;
  readonly priority?: number;
  /** As advertised. */
  readonly intervalUs?: number;
  /** Why sent ones did not leave. */
  readonly code?: string;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Longest pause between two of them; one of three intervals and more begins another run. */
  readonly longestGapMs: number;
}

/** What the engine's flight recorder holds of one router. */
export interface NativeRecord {
  /** Ordered by their last advert. */
  readonly adverts: readonly NativeAdvertRun[];
  /** The latest wake-up of each of the last seconds, oldest first. */
  readonly late: readonly { readonly atMs: number; readonly lateUs: number }[];
}

/** The raw engine object of the addon. Every method throws NativeError's raw form { code, errno, op, message }. */
export interface NativeEngine {
  /** Starts the thread, once; the object then keeps the process alive until stop(). Resolves when its sockets are ready, rejects with what is missing (permission, namespace). */
  start(): Promise<void>;
  /** Queues a transaction; resolves when the engine has carried it out. */
  apply(transaction: NativeTransaction): Promise<void>;
  status(): NativeEngineStatus;
  /** Undefined when no router has this number. */
  record(router: number): NativeRecord | undefined;
  /** Says that the event loop turns; needed when eventLoopTimeoutMs is set. `Engine` in engine.ts does it. */
  heartbeat(): void;
  /** Priority 0, addresses removed, thread joined. Idempotent. */
  stop(): Promise<void>;
}

export interface NativeEngineConstructor {
  /** `onEvents` is called on the JavaScript thread with batches, in order. */
  new (options: NativeEngineOptions, onEvents: (events: readonly NativeEvent[]) => void): NativeEngine;
}

/** Exports of the addon. */
export interface NativeAddon {
  readonly AddressWatch: NativeAddressWatchConstructor;
  readonly Engine: NativeEngineConstructor;
  readonly Ipvs: NativeIpvsConstructor;
  readonly Launcher: NativeLauncherConstructor;
  readonly Prober: NativeProberConstructor;
  readonly listenForAdverts: NativeListenForAdverts;
  readonly removeAddresses: NativeRemoveAddresses;
  readonly UnixDatagram: NativeUnixDatagramConstructor;
  readonly sendNoWait: NativeSendNoWait;
  readonly makeFifo: NativeMakeFifo;
  /** See `enterNamespace` in `namespace.ts`. 0, or the negative errno. */
  readonly enterNamespace: (path: string) => number;
  /** See `outliveSignals` in `signals.ts`. */
  readonly outliveSignals: () => void;
  /** See `reapChild` in `signals.ts`. */
  readonly reapChild: (pid: number) => boolean;
  /** See `hearSignals` in `signals.ts`. A descriptor, or the negative errno. */
  readonly hearSignals: (numbers: readonly number[]) => number;
  readonly scheduleProcess: NativeScheduleProcess;
  /** Version of the native surface; `load.ts` refuses another one. */
  readonly abi: number;
}
