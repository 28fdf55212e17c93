/** The addresses of a range, in order. Pure arithmetic on canonical text. */
import { SocketAddress } from 'node:net';
import type { Family } from '../units.js';

/** `first` to `last`, both included. An IPv6 range may run over the last 32 bits at most. */
export function addressRange(family: Family, first: string, last: string): readonly string[] {
  if (first === last) return [first];
  return family === 4 ? range4(first, last) : range6(first, last);
}

function range4(first: string, last: string): readonly string[] {
  const [from, to] = [number4(first), number4(last)];
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => {
    const n = from + i;
    return [n >>> 24, n >>> 16, n >>> 8, n].map((part) => String(part & 0xff)).join('.');
  });
}

function number4(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function range6(first: string, last: string): readonly string[] {
  const [from, to] = [groups6(first), groups6(last)];
  const low = (groups: readonly number[]): number => (groups[6] ?? 0) * 65_536 + (groups[7] ?? 0);
  const head = from.slice(0, 6).map((group) => group.toString(16));
  return Array.from({ length: Math.max(0, low(to) - low(from) + 1) }, (_, i) => {
    const n = low(from) + i;
    const tail = [Math.floor(n / 65_536), n % 65_536].map((group) => group.toString(16));
    return new SocketAddress({ address: [...head, ...tail].join(':'), family: 'ipv6' }).address;
  });
}

/** Eight numbers of 16 bits. */
function groups6(address: string): readonly number[] {
  const [head = '', tail] = address.split('::');
  const part = (text: string): number[] => (text === '' ? [] : text.split(':').flatMap(hextets));
  const left = part(head);
  if (tail === undefined) return left;
  const right = part(tail);
  return [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
}

/** The dotted end of a mapped address counts as two groups. */
function hextets(group: string): number[] {
  if (!group.includes('.')) return [parseInt(group, 16)];
  const n = number4(group);
  return [Math.floor(n / 65_536), n % 65_536];
}
