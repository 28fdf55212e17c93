/** Subnets of the interfaces of this machine. */
import { networkInterfaces } from 'node:os';
import type { Family } from '../../units.js';
import { fromBigInt, parseAddress, toBigInt } from '../address.js';

export interface Subnet {
  readonly family: Family;
  /** First address of it. */
  readonly network: string;
  readonly prefixLength: number;
  /** As an address with prefix, for messages. */
  readonly text: string;
}

/** First address of the subnet that an address is in. */
export function networkOf(text: string, prefixLength: number): string | undefined {
  const address = parseAddress(text);
  if (address === undefined) return undefined;
  const hostBits = BigInt((address.family === 4 ? 32 : 128) - prefixLength);
  return fromBigInt((toBigInt(address) >> hostBits) << hostBits, address.family).text;
}

/** The subnet that an address of an interface brings; undefined for one that brings none. */
export function subnetOf(address: string, prefixLength: number): Subnet | undefined {
  const family = parseAddress(address)?.family;
  const network = networkOf(address, prefixLength);
  // Addresses that a virtual router added itself have no subnet of their own; every link has the link-local one.
  const isHost = prefixLength === (family === 4 ? 32 : 128);
  if (family === undefined || network === undefined || isHost || address.startsWith('fe80:'))
    return undefined;
  return { family, network, prefixLength, text: `${network}/${String(prefixLength)}` };
}

/** The subnets of an interface, link-local ones left out. */
export function systemNetworks(device: string): readonly Subnet[] {
  return (networkInterfaces()[device] ?? []).flatMap(
    ({ cidr, address }) => subnetOf(address, Number(cidr?.split('/')[1])) ?? [],
  );
}
