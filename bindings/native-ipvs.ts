/**
 * The IPVS part of the native surface, as types (see native.ts). Numbers are the kernel's; `ipvs.ts` gives them names.
 */

/** `fwmark` 0: the service of protocol, address and port. Protocols: 6, 17, 132. */
export interface NativeIpvsKey {
  readonly family: 4 | 6;
  readonly fwmark: number;
  readonly protocol: number;
  readonly address: string;
  readonly port: number;
}

export interface NativeIpvsService extends NativeIpvsKey {
  readonly scheduler: string;
  readonly flags: number;
  readonly persistenceTimeoutS: number;
  /** IPv4 mask in host order, or IPv6 prefix length. */
  readonly netmask: number;
  readonly persistenceEngine: string;
}

export interface NativeIpvsDestination {
  readonly address: string;
  readonly port: number;
  /** 0 NAT, 1 local, 2 tunnel, 3 direct, 4 bypass. */
  readonly forward: number;
  /** 0 ipip, 1 gue, 2 gre. */
  readonly tunnelType: number;
  readonly tunnelPort: number;
  readonly tunnelFlags: number;
  readonly weight: number;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
}

export interface NativeIpvsDaemon {
  /** 1 master, 2 backup. */
  readonly role: number;
  readonly interface: string;
  readonly syncId: number;
  readonly maxLength?: number;
  readonly group?: string;
  readonly port?: number;
  readonly ttl?: number;
}

export interface NativeIpvsTimeouts {
  readonly tcpS: number;
  readonly tcpFinS: number;
  readonly udpS: number;
}

/** `op` is the number of the kernel's command (IPVS_CMD_*); it decides which of the rest is read. */
export interface NativeIpvsCommand {
  readonly op: number;
  readonly service?: NativeIpvsKey | NativeIpvsService;
  readonly destination?: NativeIpvsDestination;
  readonly daemon?: NativeIpvsDaemon;
  readonly timeouts?: NativeIpvsTimeouts;
}

/** A refused command: its place in the batch. */
export interface NativeIpvsRefusal {
  readonly index: number;
  readonly errno: number;
  readonly message: string;
}

export interface NativeIpvsTable {
  readonly services: readonly (NativeIpvsService & {
    readonly destinations: readonly (NativeIpvsDestination & {
      readonly activeConnections: number;
      readonly inactiveConnections: number;
      readonly persistentConnections: number;
    })[];
  })[];
  /** Ten for each service and then for each of its destinations, in order: see `readCounters` in ipvs.ts. */
  readonly counters: BigUint64Array;
}

/** A netlink socket to IPVS. Calls run on pool threads; the order of calls that are in flight together is not kept. */
export interface NativeIpvs {
  /** `netns`: path of a namespace file; undefined: the namespace of this process. */
  open(netns: string | undefined, receiveBuffer: number | undefined): Promise<void>;
  /** @throws {TypeError} when an address is none. */
  run(commands: readonly NativeIpvsCommand[]): Promise<readonly NativeIpvsRefusal[]>;
  table(): Promise<NativeIpvsTable>;
  daemons(): Promise<readonly NativeIpvsDaemon[]>;
  timeouts(): Promise<NativeIpvsTimeouts>;
  info(): Promise<{ readonly version: number; readonly connectionTableSize: number }>;
  close(): Promise<void>;
}

export interface NativeIpvsConstructor {
  new (): NativeIpvs;
}
