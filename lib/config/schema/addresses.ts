/**
 * Entries of static_ipaddress, virtual_ipaddress, virtual_ipaddress_excluded and unicast_peer.
 */
import type { Family } from '../../units.js';
import { broadcastOf, parseAddress } from '../address.js';
import { messages } from '../messages.js';
import type { AddressEntry } from '../model-routes.js';
import type { UnicastPeer } from '../model-vrrp.js';
import type { Prefix } from '../model.js';
import { nearest } from '../suggest.js';
import type { Line } from './dsl.js';
import { namedNumber } from './names.js';
import { hostAddress, parseAnyBase } from './values.js';

/** Where an address entry stands. */
export type AddressPlace = 'static' | 'virtual';

interface Draft {
  dev: string | undefined;
  devIndex: number;
  scope: number;
  label: string | undefined;
  broadcast: string | undefined;
  peer: string | undefined;
  home: boolean;
  dad: boolean;
  mngtmpaddr: boolean;
  noprefixroute: boolean;
  autojoin: boolean;
  preferredLft: number | undefined;
  noTrack: boolean;
  trackGroup: string | undefined;
  useVmac: boolean;
}

/** Options with help, for suggestions and for the reference. */
export const addressOptions: Readonly<Record<string, string>> = {
  dev: '<interface>: device that carries the address',
  scope: '<name>|<number>: scope (IPv4)',
  label: '<string>: label of the address (IPv4, up to 15 characters)',
  brd: '<address>|+|-: broadcast address (IPv4)',
  broadcast: '<address>|+|-: the same as brd',
  peer: '<address>: other end of a point-to-point link',
  home: 'IPv6 home address',
  '-nodad': 'IPv6: the kernel looks for duplicates',
  mngtmpaddr: 'IPv6: template of temporary addresses',
  noprefixroute: 'no route for the prefix',
  autojoin: 'joins the multicast group',
  preferred_lft: '<seconds>|forever: preferred lifetime (IPv6)',
  no_track: 'its loss does not matter',
  track_group: '<name>: instances that depend on its interface (static addresses)',
  use_vmac: 'own VMAC (virtual addresses)',
};

const maxLabel = 15;

/** Reads an entry; undefined when it is dropped (and reported). */
export function readAddressEntry(line: Line, place: AddressPlace): AddressEntry | undefined {
  const prefix = readPrefix(line, 0);
  if (prefix === undefined) return undefined;
  const draft: Draft = {
    dev: undefined,
    devIndex: 0,
    scope: 0,
    label: undefined,
    broadcast: undefined,
    peer: undefined,
    home: false,
    dad: false,
    mngtmpaddr: false,
    noprefixroute: false,
    autojoin: false,
    preferredLft: undefined,
    noTrack: false,
    trackGroup: undefined,
    useVmac: false,
  };
  for (let index = 1; index < line.words.length;) {
    const used = readOption(line, index, place, prefix, draft);
    if (used === undefined) return undefined;
    index += used;
  }
  const { devIndex, ...options } = draft;
  const { family, address } = prefix;
  let { prefixLength } = prefix;
  if (draft.peer !== undefined) {
    const full = family === 4 ? 32 : 128;
    if (prefixLength !== full && (line.word(0) ?? '').includes('/')) {
      line.report(messages.adjusted, 0, `with a peer the prefix length is ${String(full)}`);
    }
    prefixLength = full;
    options.broadcast = undefined;
  }
  return {
    family,
    address,
    prefixLength,
    ...options,
    at: line.at(0),
    devAt: devIndex === 0 ? undefined : line.at(devIndex),
  };
}

/** Words that were used; undefined: the entry is dropped. */
function readOption(
  line: Line,
  index: number,
  place: AddressPlace,
  prefix: Prefix,
  draft: Draft,
): number | undefined {
  const option = line.word(index) ?? '';
  switch (option) {
    case 'home':
    case 'mngtmpaddr':
    case 'noprefixroute':
    case 'autojoin':
      draft[option] = true;
      return 1;
    case '-nodad':
      draft.dad = true;
      return 1;
    case 'no_track':
      draft.noTrack = true;
      return 1;
    case 'use_vmac':
      if (place === 'static') break;
      draft.useVmac = true;
      line.withoutEffect('use_vmac', index);
      return 1;
    case 'track_group':
      if (place === 'virtual') break;
      return value(line, index, (text) => {
        draft.trackGroup = text;
        return true;
      });
    case 'dev':
      return value(line, index, (text) => readDev(line, index, text, draft));
    case 'scope':
      return value(line, index, (text) => readScope(line, index, text, prefix.family, draft));
    case 'label':
      return value(line, index, (text) => readLabel(line, index, text, prefix.family, draft));
    case 'brd':
    case 'broadcast':
      return value(line, index, (text) => readBroadcast(line, index, text, prefix, draft));
    case 'peer':
      return value(line, index, (text) => readPeer(line, index, text, prefix.family, draft));
    case 'preferred_lft':
      return value(line, index, (text) => readLifetime(line, index, text, draft));
    default:
      break;
  }
  return unknownOption(line, index);
}

function value(line: Line, index: number, use: (text: string) => boolean): number | undefined {
  const text = line.word(index + 1);
  if (text === undefined) {
    line.report(messages.entryDropped, index, line.word(0) ?? '', `'${line.word(index) ?? ''}' has no value`);
    return undefined;
  }
  return use(text) ? 2 : undefined;
}

/** A misspelt option that takes a value takes that with it, so that one mistake is one message. */
function unknownOption(line: Line, index: number): number {
  const option = line.word(index) ?? '';
  const near = nearest(option, Object.keys(addressOptions));
  const next = line.word(index + 1);
  line.reportWith(
    messages.unknownAddressOption,
    index,
    near === undefined ? {} : { hint: `did you mean '${near}'?`, replacement: near },
    option,
  );
  const takesValue = near !== undefined && addressOptions[near]?.startsWith('<') === true;
  return takesValue && next !== undefined && !Object.hasOwn(addressOptions, next) ? 2 : 1;
}

function readDev(line: Line, index: number, text: string, draft: Draft): boolean {
  if (draft.dev !== undefined) {
    line.report(messages.entryDropped, index, line.word(0) ?? '', 'dev is given twice');
    return false;
  }
  draft.dev = text;
  draft.devIndex = index + 1;
  if (line.context.hasInterface(text)) return true;
  line.report(messages.interfaceMissing, index + 1, text);
  return false;
}

function readScope(line: Line, index: number, text: string, family: Family, draft: Draft): boolean {
  if (family === 6) {
    line.report(messages.adjusted, index, 'scope means nothing for IPv6; it is ignored');
    return true;
  }
  const scope = namedNumber(line.context, 'rt_scopes', text, 255);
  if (scope === undefined)
    line.report(messages.notOneOf, index + 1, text, 'global site link host nowhere 0..255');
  else draft.scope = scope;
  return true;
}

function readLabel(line: Line, index: number, text: string, family: Family, draft: Draft): boolean {
  if (family === 6) {
    line.report(messages.adjusted, index, 'IPv6 addresses have no label; it is ignored');
    return true;
  }
  if (text.length > maxLabel) {
    line.report(messages.labelTooLong, index + 1, text);
    return false;
  }
  draft.label = text;
  return true;
}

function readBroadcast(line: Line, index: number, text: string, prefix: Prefix, draft: Draft): boolean {
  if (prefix.family === 6) {
    line.report(messages.entryDropped, index, prefix.address, 'IPv6 has no broadcast');
    return false;
  }
  if (draft.peer !== undefined) {
    line.report(messages.adjusted, index, 'an address with a peer has no broadcast; it is ignored');
    return true;
  }
  if (text === '+' || text === '-') {
    if (prefix.prefixLength > 30) {
      line.report(
        messages.adjusted,
        index,
        `a /${String(prefix.prefixLength)} has no broadcast; it is ignored`,
      );
    } else draft.broadcast = broadcastOf(prefix.address, prefix.prefixLength, text === '+' ? 1 : 0);
    return true;
  }
  const address = parseAddress(text);
  if (address?.family !== 4) {
    line.report(messages.notAnAddress, index + 1, text, 'an IPv4 address, + or -');
    return false;
  }
  draft.broadcast = address.text;
  return true;
}

function readPeer(line: Line, index: number, text: string, family: Family, draft: Draft): boolean {
  const address = parseAddress(text);
  if (address?.family !== family) {
    line.report(messages.notAnAddress, index + 1, text, `an IPv${String(family)} address`);
    return false;
  }
  if (draft.peer !== undefined) line.report(messages.adjusted, index, 'peer is given twice');
  draft.peer = address.text;
  if (draft.broadcast !== undefined)
    line.report(messages.adjusted, index, 'an address with a peer has no broadcast');
  return true;
}

function readLifetime(line: Line, index: number, text: string, draft: Draft): boolean {
  const number = text === 'forever' ? Infinity : parseAnyBase(text);
  if (Number.isNaN(number) || number < 0 || (number > 4294967295 && number !== Infinity)) {
    line.report(messages.notANumber, index + 1, text, 'a number of seconds or forever');
    return true;
  }
  draft.preferredLft = number;
  return true;
}

/** `ADDR[/PREFIX]`; a bad prefix is reported and becomes that of a host. */
export function readPrefix(line: Line, index: number): Prefix | undefined {
  const text = line.word(index) ?? '';
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) {
    line.report(messages.notAnAddress, index, text, 'an IP address');
    return undefined;
  }
  const full = address.family === 4 ? 32 : 128;
  let prefixLength = full;
  if (slash >= 0) {
    const given = text.slice(slash + 1);
    if (/^\d+$/.test(given) && Number(given) <= full) prefixLength = Number(given);
    else if (given === '')
      line.report(messages.silentlyIgnored, index, `'/' without a length means /${String(full)}`);
    else
      line.report(
        messages.badValue,
        index,
        `'/${given}' is no prefix length (0 to ${String(full)}); /${String(full)} is used`,
      );
  }
  return { family: address.family, address: address.text, prefixLength };
}

/** An entry of unicast_peer. */
export function readUnicastPeer(line: Line): UnicastPeer | undefined {
  const text = line.word(0) ?? '';
  const address = hostAddress(line, 0);
  if (address === undefined) {
    line.report(messages.notAnAddress, 0, text, 'an IP address');
    return undefined;
  }
  const ttl = { min_ttl: 0, max_ttl: 255 };
  for (let index = 1; index < line.words.length; index += 2) {
    const option = line.word(index);
    if (option !== 'min_ttl' && option !== 'max_ttl') {
      line.report(messages.unknownOption, index, option ?? '', 'a unicast peer');
      index--;
      continue;
    }
    const number = parseAnyBase(line.word(index + 1) ?? '');
    if (number >= 0 && number <= 255) ttl[option] = number;
    else line.report(messages.outOfRange, index + 1, line.word(index + 1) ?? '', '0', '255');
  }
  if (ttl.min_ttl > ttl.max_ttl)
    line.report(messages.badValue, 0, 'min_ttl is larger than max_ttl: nothing is accepted');
  return {
    address: address.text,
    family: address.family,
    minTtl: ttl.min_ttl,
    maxTtl: ttl.max_ttl,
    at: line.at(0),
  };
}
