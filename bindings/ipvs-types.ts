/** IPVS as people write it: the values that `ipvs.ts` exchanges with the kernel. All of them are plain and readonly. */

export type IpvsFamily = 4 | 6;
export type IpvsProtocol = 'TCP' | 'UDP' | 'SCTP';

/** What names a service in the kernel's table. Port 0 means every port and needs persistence. */
export type IpvsServiceKey =
  | {
      readonly kind: 'address';
      readonly protocol: IpvsProtocol;
      /** IPv4 or IPv6 address. */
      readonly address: string;
      readonly port: number;
    }
  | { readonly kind: 'fwmark'; readonly family: IpvsFamily; /** 1 to 4294967295. */ readonly fwmark: number };

/** Clients keep their real server for `timeoutS` seconds; `granularity` says which clients count as one. */
export interface IpvsPersistence {
  /** Seconds, at least 1. */
  readonly timeoutS: number;
  /** IPv4: dotted mask. IPv6: prefix length as text. */
  readonly granularity: string;
  /** Persistence engine, e.g. `sip`. */
  readonly engine: string | undefined;
}

export interface IpvsService {
  readonly key: IpvsServiceKey;
  /** rr, wrr, lc, wlc, lblc, lblcr, sh, mh, dh, fo, ovf, sed, nq, twos or another that the kernel knows. */
  readonly scheduler: string;
  /** Scheduler flags: 0x08 (flag-1, sh-fallback, mh-fallback), 0x10 (flag-2, sh-port, mh-port), 0x20 (flag-3). */
  readonly schedFlags: number;
  /** One packet scheduling, UDP only. */
  readonly onePacket: boolean;
  readonly persistence: IpvsPersistence | undefined;
}

/** Forwarding as in ipvsadm: -m, -g, -i. `LOCAL` and `BYPASS` are only ever read. */
export type IpvsForward = 'NAT' | 'DR' | 'TUN' | 'LOCAL' | 'BYPASS';

/** Encapsulation of a TUN destination. */
export interface IpvsTunnel {
  readonly type: 'ipip' | 'gue' | 'gre';
  /** UDP port of gue, else 0. */
  readonly port: number;
  readonly csum: 'nocsum' | 'csum' | 'remcsum';
}

export interface IpvsDestinationKey {
  readonly address: string;
  readonly port: number;
}

export interface IpvsDestination extends IpvsDestinationKey {
  readonly forward: IpvsForward;
  /** Undefined unless `forward` is TUN. */
  readonly tunnel: IpvsTunnel | undefined;
  /** 0 to 2147483647; 0 gets no new connections. */
  readonly weight: number;
  /** Connections above which the server gets no new ones; 0: no limit. */
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
}

/** A service with its destinations: one entry of a table. */
export interface IpvsEntry {
  readonly service: IpvsService;
  readonly destinations: readonly IpvsDestination[];
}

/** Counters since the last zero, and the kernel's estimates per second. */
export interface IpvsCounters {
  readonly connections: bigint;
  readonly packetsIn: bigint;
  readonly packetsOut: bigint;
  readonly bytesIn: bigint;
  readonly bytesOut: bigint;
  readonly connectionsPerSecond: bigint;
  readonly packetsInPerSecond: bigint;
  readonly packetsOutPerSecond: bigint;
  readonly bytesInPerSecond: bigint;
  readonly bytesOutPerSecond: bigint;
}

export interface IpvsDestinationStatus extends IpvsDestination {
  readonly activeConnections: number;
  readonly inactiveConnections: number;
  readonly persistentConnections: number;
  readonly counters: IpvsCounters;
}

/** An entry as the kernel reports it. */
export interface IpvsEntryStatus extends IpvsEntry {
  readonly counters: IpvsCounters;
  readonly destinations: readonly IpvsDestinationStatus[];
}

/** Connection timeouts in seconds; when setting, 0 leaves a value as it is. */
export interface IpvsTimeouts {
  readonly tcpS: number;
  readonly tcpFinS: number;
  readonly udpS: number;
}

/** A connection synchronisation daemon. What is undefined is the kernel's default. */
export interface IpvsSyncDaemon {
  readonly role: 'master' | 'backup';
  /** Interface that carries the multicast. */
  readonly interface: string;
  /** 0 to 255. */
  readonly syncId: number;
  readonly maxLength: number | undefined;
  readonly group: string | undefined;
  readonly port: number | undefined;
  readonly ttl: number | undefined;
}

/** One change to the kernel's table. */
export type IpvsCommand =
  | { readonly kind: 'add-service' | 'set-service'; readonly service: IpvsService }
  | { readonly kind: 'delete-service'; readonly service: IpvsServiceKey }
  | {
      readonly kind: 'add-destination' | 'set-destination';
      readonly service: IpvsServiceKey;
      readonly destination: IpvsDestination;
    }
  | {
      readonly kind: 'delete-destination';
      readonly service: IpvsServiceKey;
      readonly destination: IpvsDestinationKey;
    }
  | { readonly kind: 'start-daemon'; readonly daemon: IpvsSyncDaemon }
  | { readonly kind: 'stop-daemon'; readonly role: 'master' | 'backup' }
  | { readonly kind: 'set-timeouts'; readonly timeouts: IpvsTimeouts }
  /** Sets counters to zero: of one service with its destinations, or of everything. */
  | { readonly kind: 'zero'; readonly service?: IpvsServiceKey }
  | { readonly kind: 'flush' };

/** A command that the kernel refused. */
export interface IpvsRefusal {
  readonly command: IpvsCommand;
  /** Positive errno. */
  readonly errno: number;
  /** Its name, e.g. EEXIST. */
  readonly code: string;
  /** The kernel's own explanation, mostly empty. */
  readonly message: string;
}
