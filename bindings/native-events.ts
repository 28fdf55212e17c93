/** What the engine tells when it happens. */
import type { NativeCause, NativeHold, NativeState } from './native-words.js';

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
      /** Absent: a static address. */
      readonly router?: number;
      readonly address: string;
      readonly dev: string;
      readonly what: 'restored' | 'gave-up' | 'failed' | 'stale-removed';
      readonly errno: number;
      readonly code: string;
    }
  /** A route or rule was deleted by someone else and put back; `gave-up` when that happened too often; `failed`: the kernel refuses it. */
  | {
      readonly kind: 'route';
      readonly atMs: number;
      /** Absent: a static one. */
      readonly router?: number;
      /** As the configuration has it, cut to 95 bytes. */
      readonly route: string;
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
      /** It took longer than the shortest advert interval: adverts were due meanwhile. */
      readonly missed: boolean;
      /** Routers that were master listen for an interval before they speak. */
      readonly listens: boolean;
    }
  | { readonly kind: 'watchdog'; readonly atMs: number; readonly stalledMs: number; readonly held: boolean }
  /**
   * Real-time scheduling, memory locking, or another wish of the configuration could not be had; with errno 0: the engine's thread
   * raised its priority (max_auto_priority).
   */
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
