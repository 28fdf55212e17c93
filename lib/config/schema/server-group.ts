/**
 * Entries of virtual_server_group: addresses, ranges and firewall marks.
 */
import { parseAddress, parseIpv6, fromBigInt, toBigInt, rangeSize, type Address } from '../address.js';
import { messages } from '../messages.js';
import type { GroupEntry } from '../model-lvs.js';
import type { Line } from './dsl.js';
import { uint32 } from './values.js';

/** An entry of virtual_server_group. */
export function readGroupEntry(line: Line): GroupEntry | undefined {
  const text = line.word(0) ?? '';
  if (text === 'fwmark') return readMark(line);
  const range = parseRange(text);
  if (typeof range === 'string') {
    line.report(messages.badValue, 0, range);
    return undefined;
  }
  let port = 0;
  const service = line.word(1);
  if (service !== undefined) {
    if (!/^\d+$/.test(service) || Number(service) > 65535) {
      line.report(messages.notANumber, 1, service, 'a port from 1 to 65535');
      return undefined;
    }
    port = Number(service);
  }
  const [first, last] = range;
  return {
    kind: 'addresses',
    family: first.family,
    first: first.text,
    last: last.text,
    port,
    at: line.at(0),
  };
}

function readMark(line: Line): GroupEntry | undefined {
  const text = line.word(1) ?? '';
  if (!/^\d+$/.test(text) || Number(text) > uint32) {
    line.report(messages.notANumber, 1, text, `a mark from 0 to ${String(uint32)}`);
    return undefined;
  }
  const family = line.word(2);
  if (family !== undefined && family !== 'inet' && family !== 'inet6') {
    line.report(messages.notOneOf, 2, family, 'inet inet6');
    return undefined;
  }
  return {
    kind: 'fwmark',
    fwmark: Number(text),
    family: family === undefined ? undefined : family === 'inet' ? 4 : 6,
    at: line.at(0),
  };
}

const maxRange = 1 << 24;

/** First and last address, or what is wrong. */
function parseRange(text: string): readonly [Address, Address] | string {
  const slash = text.indexOf('/');
  if (slash >= 0) return parsePrefixRange(text.slice(0, slash), text.slice(slash + 1), text);
  const dash = text.indexOf('-');
  const first = parseAddress(dash < 0 ? text : text.slice(0, dash));
  if (first === undefined) return `'${text}' is not an IP address`;
  if (dash < 0) return [first, first];
  const end = text.slice(dash + 1);
  const last = parseAddress(end) ?? lastOf(first, end);
  if (last === undefined) return `'${end}' is no end of a range that starts at ${first.text}`;
  if (last.family !== first.family || toBigInt(last) < toBigInt(first))
    return `the range ${text} ends before it starts`;
  if (rangeSize(first, last) > maxRange) return `the range ${text} has too many addresses`;
  return [first, last];
}

function lastOf(first: Address, end: string): Address | undefined {
  if (first.family === 4) {
    if (!/^\d{1,3}$/.test(end) || Number(end) > 255) return undefined;
    return fromBigInt((toBigInt(first) & ~255n) | BigInt(end), 4);
  }
  if (!/^[0-9a-fA-F]{1,4}$/.test(end)) return undefined;
  return fromBigInt((toBigInt(first) & ~0xffffn) | BigInt(Number.parseInt(end, 16)), 6);
}

function parsePrefixRange(start: string, length: string, text: string): readonly [Address, Address] | string {
  const first = parseAddress(start);
  const full = first?.family === 6 ? 128 : 32;
  const bits = /^\d+$/.test(length) ? Number(length) : 0;
  if (first === undefined || bits < 1 || bits > full) return `'${text}' is not a prefix`;
  const size = 1n << BigInt(full - bits);
  const value = toBigInt(first);
  if (value % size !== 0n) return `${text} has host bits that are not 0`;
  if (parseIpv6(start) !== undefined && size > BigInt(maxRange))
    return `the prefix ${text} has too many addresses`;
  return [first, fromBigInt(value + size - 1n, first.family)];
}
