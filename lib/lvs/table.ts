/** IPVS tables as values: names of entries, equality, and nothing else. Tables are what `bindings/ipvs-types.ts` defines. */
import { canonicalAddress } from '../../bindings/ipvs.js';
import type {
  IpvsDestination,
  IpvsDestinationKey,
  IpvsEntry,
  IpvsService,
  IpvsServiceKey,
} from '../../bindings/ipvs-types.js';

export type Table = readonly IpvsEntry[];

/** A name that is the same for the same service, however its address is written: `TCP [10.0.0.1]:80`, `FWM 7 inet6`. */
export function serviceId(key: IpvsServiceKey): string {
  if (key.kind === 'fwmark') return key.family === 6 ? `FWM ${key.fwmark} inet6` : `FWM ${key.fwmark}`;
  return `${key.protocol} [${canonical(key.address)}]:${key.port}`;
}

/** As `serviceId`, within one service. */
export function destinationId(key: IpvsDestinationKey): string {
  return `[${canonical(key.address)}]:${key.port}`;
}

/** An IPv4 address has one form only. */
function canonical(address: string): string {
  return address.includes(':') ? (canonicalAddress(address) ?? address) : address;
}

/** True when the kernel would behave the same with either; the keys are not compared. */
export function isSameService(a: IpvsService, b: IpvsService): boolean {
  return (
    a.scheduler === b.scheduler &&
    a.schedFlags === b.schedFlags &&
    a.onePacket === b.onePacket &&
    a.persistence?.timeoutS === b.persistence?.timeoutS &&
    a.persistence?.granularity === b.persistence?.granularity &&
    a.persistence?.engine === b.persistence?.engine
  );
}

/** True when all settings of two destinations are equal; the keys are not compared. */
export function isSameDestination(a: IpvsDestination, b: IpvsDestination): boolean {
  return (
    a.forward === b.forward &&
    a.weight === b.weight &&
    a.upperThreshold === b.upperThreshold &&
    a.lowerThreshold === b.lowerThreshold &&
    (a.forward !== 'TUN' ||
      (a.tunnel?.type === b.tunnel?.type &&
        a.tunnel?.port === b.tunnel?.port &&
        a.tunnel?.csum === b.tunnel?.csum))
  );
}
