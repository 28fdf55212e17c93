/**
 * Typed face of the addon's IPVS part: checks arguments, gives the kernel's numbers their names, ties each refusal to its
 * command. It keeps no state beyond the socket; what the table ought to be is decided in lib/lvs.
 */
import { isIP, isIPv4, SocketAddress } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { NativeError } from './errors.js';
import { loadAddon } from './load.js';
import type {
  IpvsCommand,
  IpvsCounters,
  IpvsDestination,
  IpvsDestinationKey,
  IpvsEntryStatus,
  IpvsForward,
  IpvsPersistence,
  IpvsRefusal,
  IpvsService,
  IpvsServiceKey,
  IpvsSyncDaemon,
  IpvsTimeouts,
  IpvsTunnel,
} from './ipvs-types.js';
import type {
  NativeIpvs,
  NativeIpvsCommand,
  NativeIpvsDaemon,
  NativeIpvsDestination,
  NativeIpvsKey,
  NativeIpvsService,
} from './native-ipvs.js';

export interface IpvsConnectionOptions {
  /** Network namespace: a name below /run/netns, or a path. Absent: that of this process. */
  readonly netns?: string;
  /** Bytes of the netlink receive buffer (lvs_netlink_cmd_rcv_bufs). */
  readonly receiveBuffer?: number;
}

/**
 * A socket to the kernel's IPVS. Calls may overlap: they are carried out one after the other, in the order of the calls,
 * off the JavaScript thread.
 */
export class IpvsConnection implements AsyncDisposable {
  readonly #native: NativeIpvs;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(native: NativeIpvs) {
    this.#native = native;
  }

  /**
   * Opens the socket.
   * @throws {NativeError} KA_IPVS_UNSUPPORTED (no IPVS in this kernel), KA_IPVS_PERMISSION, KA_IPVS_NOT_FOUND (namespace).
   */
  static async open(options: IpvsConnectionOptions = {}): Promise<IpvsConnection> {
    const connection = new IpvsConnection(new (loadAddon().Ipvs)());
    const path = options.netns === undefined ? undefined : netnsPath(options.netns);
    await connection.#queue((native) => native.open(path, options.receiveBuffer));
    return connection;
  }

  /**
   * Carries out all commands in order; a refused one does not stop the others.
   * @returns the refused ones, in order. Empty: everything was done.
   * @throws {NativeError} KA_IPVS_INVALID before anything is sent; others when the outcome is unknown: read the table then.
   */
  async run(commands: readonly IpvsCommand[]): Promise<readonly IpvsRefusal[]> {
    if (commands.length === 0) return [];
    const native = commands.map(encodeCommand);
    const refusals = await this.#queue((ipvs) => ipvs.run(native));
    return refusals.flatMap(({ index, errno, message }) => {
      const command = commands[index];
      return command === undefined ? [] : [{ command, errno, code: getSystemErrorName(-errno), message }];
    });
  }

  /**
   * The whole table with its counters, in one call: a dump of the services and one of the destinations of each, since the kernel has no
   * command for those of all.   Equivalent: ipvsadm -Ln --stats
   */
  async table(): Promise<readonly IpvsEntryStatus[]> {
    const { services, counters } = await this.#queue((ipvs) => ipvs.table());
    let at = 0;
    const next = (): IpvsCounters => readCounters(counters, at++ * countersPerEntry);
    return services.map((service) =>
      Object.freeze({
        service: decodeService(service),
        counters: next(),
        destinations: service.destinations.map((destination) =>
          Object.freeze({
            ...decodeDestination(destination),
            activeConnections: destination.activeConnections,
            inactiveConnections: destination.inactiveConnections,
            persistentConnections: destination.persistentConnections,
            counters: next(),
          }),
        ),
      }),
    );
  }

  /** The running synchronisation daemons: none, one or both. */
  async daemons(): Promise<readonly IpvsSyncDaemon[]> {
    return (await this.#queue((ipvs) => ipvs.daemons())).map(decodeDaemon);
  }

  async timeouts(): Promise<IpvsTimeouts> {
    return this.#queue((ipvs) => ipvs.timeouts());
  }

  /** Version of IPVS as text, e.g. `1.2.1`, and the size of the kernel's connection table. */
  async info(): Promise<{ readonly version: string; readonly connectionTableSize: number }> {
    const { version, connectionTableSize } = await this.#queue((ipvs) => ipvs.info());
    const text = [version >> 16, version >> 8, version].map((part) => String(part & 0xff)).join('.');
    return { version: text, connectionTableSize };
  }

  /** Closes the socket after the calls before it. The kernel's table stays as it is. Idempotent. */
  async close(): Promise<void> {
    await this.#queue((ipvs) => ipvs.close());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #queue<T>(call: (native: NativeIpvs) => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => call(this.#native));
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } catch (error) {
      throw NativeError.from(error);
    }
  }
}

/** The canonical text of an address, as the kernel's dump has it; undefined when it is none. */
export function canonicalAddress(text: string): string | undefined {
  const family = isIP(text);
  if (family === 0) return undefined;
  return family === 4 ? text : new SocketAddress({ address: text, family: 'ipv6' }).address;
}

const ops: Readonly<Record<IpvsCommand['kind'], number>> = {
  'add-service': 1,
  'set-service': 2,
  'delete-service': 3,
  'add-destination': 5,
  'set-destination': 6,
  'delete-destination': 7,
  'start-daemon': 9,
  'stop-daemon': 10,
  'set-timeouts': 12,
  zero: 16,
  flush: 17,
};
const protocols = { TCP: 6, UDP: 17, SCTP: 132 } as const;
const forwards: readonly IpvsForward[] = ['NAT', 'LOCAL', 'TUN', 'DR', 'BYPASS'];
const tunnelTypes: readonly IpvsTunnel['type'][] = ['ipip', 'gue', 'gre'];
const checksums: readonly IpvsTunnel['csum'][] = ['nocsum', 'csum', 'remcsum'];
const roles: readonly IpvsSyncDaemon['role'][] = ['master', 'backup'];

const flagPersistent = 0x01;
const flagOnePacket = 0x04;
const flagsScheduler = 0x38;

const maxU32 = 0xffff_ffff;
const maxWeight = 0x7fff_ffff;
/** IP_VS_SCHEDNAME_MAXLEN, IP_VS_PENAME_MAXLEN and IFNAMSIZ are all 16 with the final NUL. */
const maxName = 15;
/** The native side lays them out in the order of readCounters. */
const countersPerEntry = 10;

function encodeCommand(command: IpvsCommand): NativeIpvsCommand {
  const op = ops[command.kind];
  switch (command.kind) {
    case 'add-service':
    case 'set-service':
      return { op, service: encodeService(command.service) };
    case 'delete-service':
      return { op, service: encodeKey(command.service) };
    case 'add-destination':
    case 'set-destination':
      return { op, service: encodeKey(command.service), destination: encodeDestination(command.destination) };
    case 'delete-destination':
      return { op, service: encodeKey(command.service), destination: bareDestination(command.destination) };
    case 'start-daemon':
      return { op, daemon: encodeDaemon(command.daemon) };
    case 'stop-daemon':
      return { op, daemon: { role: roles.indexOf(command.role) + 1, interface: '', syncId: 0 } };
    case 'set-timeouts':
      return { op, timeouts: command.timeouts };
    case 'zero':
      return command.service === undefined ? { op } : { op, service: encodeKey(command.service) };
    case 'flush':
      return { op };
  }
}

function encodeKey(key: IpvsServiceKey): NativeIpvsKey {
  if (key.kind === 'fwmark')
    return {
      family: key.family,
      fwmark: number(key.fwmark, 1, maxU32, 'firewall mark'),
      protocol: 0,
      address: '',
      port: 0,
    };
  return {
    family: isIPv4(key.address) ? 4 : 6,
    fwmark: 0,
    protocol: protocols[key.protocol],
    address: address(key.address, 'service'),
    port: number(key.port, 0, 65_535, 'service port'),
  };
}

function encodeService(service: IpvsService): NativeIpvsService {
  const key = encodeKey(service.key);
  const { persistence } = service;
  return {
    ...key,
    scheduler: name(service.scheduler, 'scheduler'),
    flags:
      (persistence === undefined ? 0 : flagPersistent) |
      (service.onePacket ? flagOnePacket : 0) |
      (service.schedFlags & flagsScheduler),
    persistenceTimeoutS:
      persistence === undefined ? 0 : number(persistence.timeoutS, 1, maxU32, 'persistence timeout'),
    netmask: netmask(key.family, persistence?.granularity),
    persistenceEngine:
      persistence?.engine === undefined ? '' : name(persistence.engine, 'persistence engine'),
  };
}

function netmask(family: number, granularity: string | undefined): number {
  if (family === 6)
    return granularity === undefined ? 128 : number(Number(granularity), 1, 128, 'persistence prefix length');
  if (granularity === undefined) return maxU32;
  if (!isIPv4(granularity)) throw invalid('persistence granularity', granularity, 'a dotted IPv4 mask');
  return granularity.split('.').reduce((mask, part) => mask * 256 + Number(part), 0);
}

function encodeDestination(d: IpvsDestination): NativeIpvsDestination {
  if (d.forward === 'LOCAL' || d.forward === 'BYPASS')
    throw invalid('forwarding method', d.forward, 'NAT, DR or TUN (the kernel alone sets the others)');
  const tunnel = d.forward === 'TUN' ? d.tunnel : undefined;
  return {
    ...bareDestination(d),
    forward: forwards.indexOf(d.forward),
    tunnelType: tunnel === undefined ? 0 : tunnelTypes.indexOf(tunnel.type),
    tunnelPort: tunnel === undefined ? 0 : number(tunnel.port, 0, 65_535, 'tunnel port'),
    tunnelFlags: tunnel === undefined ? 0 : checksums.indexOf(tunnel.csum),
    weight: number(d.weight, 0, maxWeight, 'weight'),
    upperThreshold: number(d.upperThreshold, 0, maxU32, 'upper threshold'),
    lowerThreshold: number(d.lowerThreshold, 0, maxU32, 'lower threshold'),
  };
}

function bareDestination(d: IpvsDestinationKey): NativeIpvsDestination {
  return {
    address: address(d.address, 'destination'),
    port: number(d.port, 0, 65_535, 'destination port'),
    forward: 0,
    tunnelType: 0,
    tunnelPort: 0,
    tunnelFlags: 0,
    weight: 0,
    upperThreshold: 0,
    lowerThreshold: 0,
  };
}

function encodeDaemon(daemon: IpvsSyncDaemon): NativeIpvsDaemon {
  return {
    role: roles.indexOf(daemon.role) + 1,
    interface: name(daemon.interface, 'interface of the sync daemon'),
    syncId: number(daemon.syncId, 0, 255, 'sync id'),
    ...(daemon.maxLength === undefined ? {} : { maxLength: number(daemon.maxLength, 1, 65_507, 'maxlen') }),
    ...(daemon.group === undefined ? {} : { group: address(daemon.group, 'multicast group') }),
    ...(daemon.port === undefined ? {} : { port: number(daemon.port, 1, 65_535, 'multicast port') }),
    ...(daemon.ttl === undefined ? {} : { ttl: number(daemon.ttl, 1, 255, 'multicast TTL') }),
  };
}

function decodeService(native: NativeIpvsService): IpvsService {
  const isPersistent = (native.flags & flagPersistent) !== 0;
  return Object.freeze({
    key: decodeKey(native),
    scheduler: native.scheduler,
    schedFlags: native.flags & flagsScheduler,
    onePacket: (native.flags & flagOnePacket) !== 0,
    persistence: isPersistent ? decodePersistence(native) : undefined,
  });
}

function decodeKey(native: NativeIpvsKey): IpvsServiceKey {
  if (native.fwmark !== 0) return { kind: 'fwmark', family: native.family, fwmark: native.fwmark };
  const protocol = native.protocol === 6 ? 'TCP' : native.protocol === 17 ? 'UDP' : 'SCTP';
  return { kind: 'address', protocol, address: native.address, port: native.port };
}

function decodePersistence(native: NativeIpvsService): IpvsPersistence {
  const mask = native.netmask;
  const dotted = [mask >>> 24, mask >>> 16, mask >>> 8, mask].map((part) => String(part & 0xff)).join('.');
  return {
    timeoutS: native.persistenceTimeoutS,
    granularity: native.family === 4 ? dotted : String(mask),
    engine: native.persistenceEngine === '' ? undefined : native.persistenceEngine,
  };
}

function decodeDestination(native: NativeIpvsDestination): IpvsDestination {
  const forward = forwards[native.forward] ?? 'NAT';
  const tunnel: IpvsTunnel = {
    type: tunnelTypes[native.tunnelType] ?? 'ipip',
    port: native.tunnelPort,
    csum: checksums[native.tunnelFlags] ?? 'nocsum',
  };
  return {
    address: native.address,
    port: native.port,
    forward,
    tunnel: forward === 'TUN' ? tunnel : undefined,
    weight: native.weight,
    upperThreshold: native.upperThreshold,
    lowerThreshold: native.lowerThreshold,
  };
}

function decodeDaemon(native: NativeIpvsDaemon): IpvsSyncDaemon {
  return Object.freeze({
    role: native.role === 1 ? 'master' : 'backup',
    interface: native.interface,
    syncId: native.syncId,
    maxLength: native.maxLength,
    group: native.group,
    port: native.port,
    ttl: native.ttl,
  });
}

function readCounters(counters: BigUint64Array, at: number): IpvsCounters {
  const counter = (index: number): bigint => counters[at + index] ?? 0n;
  return Object.freeze({
    connections: counter(0),
    packetsIn: counter(1),
    packetsOut: counter(2),
    bytesIn: counter(3),
    bytesOut: counter(4),
    connectionsPerSecond: counter(5),
    packetsInPerSecond: counter(6),
    packetsOutPerSecond: counter(7),
    bytesInPerSecond: counter(8),
    bytesOutPerSecond: counter(9),
  });
}

function address(text: string, what: string): string {
  const canonical = canonicalAddress(text);
  if (canonical === undefined) throw invalid(`${what} address`, text, 'an IPv4 or IPv6 address');
  return canonical;
}

function number(value: number, low: number, high: number, what: string): number {
  if (!Number.isInteger(value) || value < low || value > high)
    throw invalid(what, String(value), `a whole number from ${low} to ${high}`);
  return value;
}

function name(text: string, what: string): string {
  if (text.length === 0 || Buffer.byteLength(text) > maxName || text.includes('\0'))
    throw invalid(what, text, `1 to ${maxName} bytes`);
  return text;
}

function invalid(what: string, got: string, expected: string): NativeError {
  return new NativeError('KA_IPVS_INVALID', `${what} "${got}" is not ${expected}`);
}

function netnsPath(netns: string): string {
  return netns.includes('/') ? netns : `/run/netns/${netns}`;
}
