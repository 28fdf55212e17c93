/**
 * IP addresses as people write them, to canonical text (RFC 5952) and back to numbers. Strict as inet_pton: no leading
 * zeros, no short forms, no zones; the one reader of short forms says so.
 */
import type { Family } from '../units.js';

export interface Address {
  readonly family: Family;
  /** Canonical. */
  readonly text: string;
}

/** Undefined: neither an IPv4 nor an IPv6 address. */
export function parseAddress(text: string): Address | undefined {
  if (parseIpv4(text) !== undefined) return { family: 4, text };
  const groups = parseIpv6(text);
  return groups === undefined ? undefined : { family: 6, text: formatIpv6(groups) };
}

/** The 32 bits of a dotted address. */
export function parseIpv4(text: string): number | undefined {
  const length = text.length;
  if (length < 7 || length > 15) return undefined;
  let value = 0;
  let octet = 0;
  let digits = 0;
  let dots = 0;
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i);
    if (c >= 48 && c <= 57) {
      if (digits > 0 && octet === 0) return undefined;
      octet = octet * 10 + c - 48;
      if (++digits > 3 || octet > 255) return undefined;
    } else if (c === 46) {
      if (digits === 0 || ++dots > 3) return undefined;
      value = value * 256 + octet;
      octet = 0;
      digits = 0;
    } else return undefined;
  }
  return digits === 0 || dots !== 3 ? undefined : value * 256 + octet;
}

/** The 32 bits of an IPv4 address in any form that inet_aton knows: `10.1` is 10.0.0.1, `255` is 0.0.0.255, `0xff` too. */
export function parseLooseIpv4(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length > 4) return undefined;
  let value = 0;
  for (const [i, part] of parts.entries()) {
    if (!/^(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)$/.test(part)) return undefined;
    const number = /^0[0-7]+$/.test(part) ? Number.parseInt(part, 8) : Number(part);
    const room = i < parts.length - 1 ? 256 : 256 ** (5 - parts.length);
    if (number >= room) return undefined;
    value = value * room + number;
  }
  return value;
}

/** The eight groups of an IPv6 address. */
export function parseIpv6(text: string): readonly number[] | undefined {
  if (!text.includes(':') || text.length > 45) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? groupsOf(halves[1] ?? '', true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  return [...head, ...new Array<number>(missing).fill(0), ...tail];
}

function groupsOf(text: string, mayEndInIpv4: boolean): readonly number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (part.includes('.')) {
      const ipv4 = mayEndInIpv4 && index === parts.length - 1 ? parseIpv4(part) : undefined;
      if (ipv4 === undefined) return undefined;
      groups.push(Math.floor(ipv4 / 65536), ipv4 % 65536);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups.length > 8 ? undefined : groups;
}

export function formatIpv4(value: number): string {
  const octets = [value / 16777216, value / 65536, value / 256, value];
  return octets.map((octet) => String(Math.floor(octet) % 256)).join('.');
}

/** RFC 5952: lower case, the longest run of at least two zero groups as `::`; IPv4-mapped addresses end dotted. */
export function formatIpv6(groups: readonly number[]): string {
  if (groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
    return `::ffff:${formatIpv4((groups[6] ?? 0) * 65536 + (groups[7] ?? 0))}`;
  }
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > bestLength) {
      bestStart = start;
      bestLength = length;
    }
  }
  const hex = groups.map((group) => group.toString(16));
  if (bestStart < 0) return hex.join(':');
  return `${hex.slice(0, bestStart).join(':')}::${hex.slice(bestStart + bestLength).join(':')}`;
}

/** 224.0.0.0/4 or ff00::/8. */
export function isMulticast(address: Address): boolean {
  if (address.family === 4) return (parseIpv4(address.text) ?? 0) >>> 28 === 14;
  return ((parseIpv6(address.text)?.[0] ?? 0) & 0xff00) === 0xff00;
}

/** fe80::/10. */
export function isLinkLocal(address: Address): boolean {
  return address.family === 6 && ((parseIpv6(address.text)?.[0] ?? 0) & 0xffc0) === 0xfe80;
}

/** Broadcast address of an IPv4 prefix; `bit` 1 gives the usual one, 0 the old one. */
export function broadcastOf(address: string, prefixLength: number, bit: 0 | 1): string {
  const value = parseIpv4(address) ?? 0;
  const hostBits = 2 ** (32 - prefixLength);
  const network = Math.floor(value / hostBits) * hostBits;
  return formatIpv4(bit === 1 ? network + hostBits - 1 : network);
}

/** Number of addresses from `first` to `last`, both included; at most 2^53. */
export function rangeSize(first: Address, last: Address): number {
  return Number(toBigInt(last) - toBigInt(first) + 1n);
}

/** An address as one number, for comparisons and ranges. */
export function toBigInt(address: Address): bigint {
  if (address.family === 4) return BigInt(parseIpv4(address.text) ?? 0);
  return (parseIpv6(address.text) ?? []).reduce((sum, group) => sum * 65536n + BigInt(group), 0n);
}

/** The address that is `value`. */
export function fromBigInt(value: bigint, family: Family): Address {
  if (family === 4) return { family, text: formatIpv4(Number(value)) };
  const groups: number[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(Number((value >> shift) & 0xffffn));
  return { family, text: formatIpv6(groups) };
}
