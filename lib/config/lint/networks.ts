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

/** Subnets of one family, of which an interface may have thousands. */
export class Subnets {
  readonly #texts: ReadonlySet<string>;
  readonly #lengths: ReadonlySet<number>;

  constructor(list: readonly Subnet[]) {
    this.#texts = new Set(list.map(({ text }) => text));
    this.#lengths = new Set(list.map(({ prefixLength }) => prefixLength));
  }

  get isEmpty(): boolean {
    return this.#texts.size === 0;
  }

  /** Whether an address is in one of them. */
  has(address: string): boolean {
    return [...this.#lengths].some((length) =>
      this.#texts.has(`${networkOf(address, length) ?? ''}/${String(length)}`),
    );
  }

  /** For messages: the first few, and how many there are besides. */
  get text(): string {
    const named = [...this.#texts].slice(0, 4).join(', ');
    return this.#texts.size <= 4 ? named : `${named} and ${String(this.#texts.size - 4)} more`;
  }
}

/** The subnets of an interface, link-local ones left out. */
export function systemNetworks(device: string): readonly Subnet[] {
  return (networkInterfaces()[device] ?? []).flatMap(
    ({ cidr, address }) => subnetOf(address, Number(cidr?.split('/')[1])) ?? [],
  );
}
