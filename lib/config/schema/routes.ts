/**
 * Entries of static_routes and virtual_routes.
 */
import type { Family } from '../../units.js';
import { parseAddress } from '../address.js';
import { messages } from '../messages.js';
import type { Prefix } from '../model.js';
import type { LockedMetric, NextHop, RouteEntry, RouteType } from '../model-routes.js';
import type { Line } from './dsl.js';
import { parseAnyBase, uint32 } from './values.js';
import { Words } from './words.js';

/** The kernel's numbers of them, from 1 on. */
const types: readonly RouteType[] = [
  'unicast',
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
  'nat',
  'xresolve',
];

/** Origin mark of routes that belong to the daemon. */
export const ownProtocol = 18;

type Draft = { -readonly [K in keyof RouteEntry]: RouteEntry[K] };

/** Whether a word can be meant as a destination. */
function isDestination(word: string): boolean {
  return parseAddress(word.split('/')[0] ?? '') !== undefined;
}

/** The name of a type, or a number of eight bits, stands before a destination that has no `to`. */
function isType(word: string): boolean {
  const number = parseAnyBase(word);
  return types.some((name) => name === word) || (number >= 0 && number <= 255);
}

/** keepalived passes any number on, and the kernel refuses those that are no type. */
function readType(words: Words, draft: Draft): void {
  const word = words.peek() ?? '';
  const type = types.find((name) => name === word) ?? types[parseAnyBase(word) - 1];
  if (type !== undefined) draft.type = type;
  else {
    words.line.report(
      messages.silentlyIgnored,
      words.index,
      `the kernel has no route type ${word}: it will not take the route`,
    );
    words.drop();
  }
  words.index++;
}

/** Reads a route; undefined when it is dropped (and reported). */
export function readRoute(line: Line, place: 'static' | 'virtual'): RouteEntry | undefined {
  const words = new Words(line);
  const draft = emptyRoute(line);
  let hasDestination = false;
  for (let option = words.peek(); option !== undefined && !words.isDropped(); option = words.advance()) {
    if (option === 'nexthop') {
      draft.nexthop = readNextHops(words);
      break;
    }
    if (option === 'no_track') draft.noTrack = true;
    else if (option === 'track_group' && place === 'static') draft.trackGroup = words.value(option);
    else if (
      readMatch(words, option, draft) ||
      readMetric(words, option, draft) ||
      readFlag(words, option, draft)
    )
      continue;
    else if (option === 'to' || isType(option) || !hasDestination || isDestination(option)) {
      if (option === 'to') words.index++;
      else if (isType(option)) readType(words, draft);
      if (words.peek() === undefined) {
        line.report(messages.missingValueFatal, words.index - 1, option, 'a prefix');
        words.drop();
      }
      const to = words.isDropped() ? undefined : words.prefix();
      if (to === undefined) continue;
      // keepalived: the last destination wins, silently.
      if (hasDestination)
        line.report(
          messages.silentlyIgnored,
          words.index,
          'a route has one destination: this one replaces the one before',
        );
      draft.to = to === 'any' ? undefined : to;
      draft.at = line.at(words.index);
      hasDestination = true;
    } else words.refuse(`'${option}' is no option of a route`);
  }
  if (!words.isDropped() && !hasDestination) words.refuse('it has no destination');
  if (words.isDropped()) return undefined;
  draft.family = words.family ?? 4;
  // keepalived: the interfaces of next hops are none of the route's own.
  if (!draft.noTrack && draft.dev === undefined) {
    line.report(messages.routeUntracked, 0);
    draft.noTrack = true;
  }
  if (draft.vrf !== undefined && draft.table === undefined) line.report(messages.routeOfVrf, 0, draft.vrf);
  return draft;
}

function emptyRoute(line: Line): Draft {
  return {
    type: 'unicast',
    family: 4,
    to: undefined,
    from: undefined,
    src: undefined,
    via: undefined,
    viaFamily: undefined,
    dev: undefined,
    tos: undefined,
    table: undefined,
    vrf: undefined,
    protocol: ownProtocol,
    scope: undefined,
    metric: undefined,
    onlink: false,
    encap: undefined,
    expires: undefined,
    mtu: undefined,
    advmss: undefined,
    rtt: undefined,
    rttvar: undefined,
    rtoMin: undefined,
    reordering: undefined,
    cwnd: undefined,
    ssthresh: undefined,
    window: undefined,
    hoplimit: undefined,
    initcwnd: undefined,
    initrwnd: undefined,
    realms: undefined,
    features: undefined,
    quickack: undefined,
    fastopenNoCookie: undefined,
    congctl: undefined,
    pref: undefined,
    ttlPropagate: undefined,
    placement: undefined,
    nexthop: [],
    noTrack: false,
    trackGroup: undefined,
    at: line.at(0),
  };
}

/** Options that say where the route leads and where it belongs. */
function readMatch(words: Words, option: string, draft: Draft): boolean {
  switch (option) {
    case 'via':
    case 'gw': {
      if (option === 'gw')
        words.line.reportWith(messages.deprecatedCounted, words.index, { replacement: 'via' }, 'gw', 'via');
      const via = readVia(words);
      draft.via = via?.address;
      draft.viaFamily = via?.family;
      return true;
    }
    case 'or': {
      words.line.report(messages.deprecatedCounted, words.index, 'or', 'nexthop');
      const via = words.address(option);
      if (via !== undefined && draft.via !== undefined) {
        const hop = {
          viaFamily: via.family,
          dev: undefined,
          weight: 1,
          onlink: false,
          encap: undefined,
          realms: undefined,
        };
        draft.nexthop = [
          { ...hop, via: draft.via },
          { ...hop, via: via.text },
        ];
        draft.via = undefined;
        draft.viaFamily = undefined;
      }
      return true;
    }
    case 'src':
      draft.src = words.address(option)?.text;
      return true;
    case 'from': {
      words.index++;
      const from = words.prefix();
      if (from !== undefined && from !== 'any') {
        if (from.family === 4) words.refuse("'from' works for IPv6 only");
        draft.from = from;
      }
      return true;
    }
    case 'dev':
    case 'oif':
      draft.dev = readDevice(words, option);
      return true;
    case 'tos':
    case 'dsfield':
      draft.tos = words.named(option, 'rt_dsfield', 255);
      return true;
    case 'table':
      draft.table = words.named(option, 'rt_tables', uint32);
      return true;
    case 'vrf':
      draft.vrf = words.value(option);
      return true;
    case 'protocol':
      draft.protocol = words.named(option, 'rt_protos', 255) ?? ownProtocol;
      return true;
    case 'scope':
      draft.scope = words.named(option, 'rt_scopes', 255);
      return true;
    case 'metric':
    case 'priority':
    case 'preference':
      draft.metric = words.number(option, 0, uint32);
      return true;
    case 'encap':
      draft.encap = words.encap();
      return true;
    case 'realms':
      draft.realms = words.realms();
      return true;
    case 'as':
      words.refuse("'as' is not supported");
      return true;
    case 'inet':
    case 'inet6':
      // keepalived: the word after these is lost.
      words.isFamily(option === 'inet' ? 4 : 6);
      words.index++;
      return true;
    default:
      return false;
  }
}

const lockable = {
  mtu: 'mtu',
  advmss: 'advmss',
  reordering: 'reordering',
  cwnd: 'cwnd',
  ssthresh: 'ssthresh',
} as const;
const plain = { window: 'window', initcwnd: 'initcwnd', initrwnd: 'initrwnd', expires: 'expires' } as const;
/** Units of one second. */
const times = { rtt: ['rtt', 8000], rttvar: ['rttvar', 4000], rto_min: ['rtoMin', 1000] } as const;
const preferences: Readonly<Record<string, number>> = { low: 3, medium: 0, high: 1 };

/** Options that are numbers. */
function readMetric(words: Words, option: string, draft: Draft): boolean {
  if (option in lockable) {
    draft[lockable[option as keyof typeof lockable]] = readLocked(words, option, (text) => Number(text));
    return true;
  }
  if (option in plain) {
    draft[plain[option as keyof typeof plain]] = words.number(option, 0, uint32);
    return true;
  }
  if (option in times) {
    const [field, perSecond] = times[option as keyof typeof times];
    draft[field] = readLocked(words, option, (text) => kernelTime(text, perSecond));
    return true;
  }
  if (option === 'hoplimit') draft.hoplimit = words.number(option, 0, 255);
  else if (option === 'congctl') {
    const lock = words.line.word(words.index + 1) === 'lock';
    if (lock) words.index++;
    const name = words.value(option);
    draft.congctl = name === undefined ? undefined : { name, lock };
  } else if (option === 'pref') {
    const text = words.value(option) ?? '';
    draft.pref = preferences[text] ?? (/^\d+$/.test(text) ? Number(text) : undefined);
    if (draft.pref === undefined) words.refuse(`'${text}' is not low, medium or high`);
  } else return false;
  return true;
}

function readFlag(words: Words, option: string, draft: Draft): boolean {
  switch (option) {
    case 'onlink':
      draft.onlink = true;
      return true;
    case 'add':
    case 'prepend':
    case 'append':
      draft.placement = option;
      return true;
    case 'features':
      if (words.value(option) === 'ecn') draft.features = 'ecn';
      else words.refuse("the only feature is 'ecn'");
      return true;
    case 'quickack':
      draft.quickack = words.number(option, 0, 1) === 1;
      return true;
    case 'fastopen_no_cookie':
      draft.fastopenNoCookie = words.number(option, 0, 1) === 1;
      return true;
    case 'ttl-propagate': {
      const text = words.value(option);
      if (text !== 'enabled' && text !== 'disabled') words.refuse('ttl-propagate is enabled or disabled');
      draft.ttlPropagate = text === 'enabled';
      return true;
    }
    default:
      return false;
  }
}

function readVia(words: Words): { readonly address: string; readonly family: Family } | undefined {
  let text = words.value('via');
  let isFree = false;
  if (text === 'inet' || text === 'inet6') {
    isFree = true;
    text = words.value('via');
  }
  if (text === undefined) return undefined;
  const address = parseAddress(text);
  if (address === undefined) {
    words.refuse(`'${text}' is not an address`);
    return undefined;
  }
  if (!isFree && !words.isFamily(address.family)) return undefined;
  return { address: address.text, family: address.family };
}

function readDevice(words: Words, option: string): string | undefined {
  const name = words.value(option);
  if (name === undefined || words.line.context.hasInterface(name)) return name;
  words.line.report(messages.interfaceMissing, words.index, name);
  words.drop();
  return undefined;
}

function readLocked(
  words: Words,
  option: string,
  convert: (text: string) => number,
): LockedMetric | undefined {
  const lock = words.line.word(words.index + 1) === 'lock';
  if (lock) words.index++;
  const text = words.value(option);
  if (text === undefined) return undefined;
  const value = convert(text);
  if (Number.isInteger(value) && value >= 0 && value <= uint32) return { value, lock };
  words.refuse(`'${text}' is no value for ${option}`);
  return undefined;
}

/** A time with an optional suffix, in the kernel's unit; at most 120 s. */
function kernelTime(text: string, perSecond: number): number {
  const found = /^(\d+(?:\.\d*)?|\.\d+)(s|sec|secs|ms|msec|msecs)?$/.exec(text);
  if (found === null) return Number.NaN;
  const number = Number(found[1]);
  const suffix = found[2];
  const value =
    suffix === undefined ? number : suffix.startsWith('s') ? number * perSecond : (number * perSecond) / 1000;
  return value <= 120 * perSecond ? Math.round(value) : Number.NaN;
}

function readNextHops(words: Words): readonly NextHop[] {
  const hops: NextHop[] = [];
  while (words.peek() === 'nexthop' && !words.isDropped()) {
    const hop: { -readonly [K in keyof NextHop]: NextHop[K] } = {
      via: undefined,
      viaFamily: undefined,
      dev: undefined,
      weight: 1,
      onlink: false,
      encap: undefined,
      realms: undefined,
    };
    for (
      let option = words.advance();
      option !== undefined && option !== 'nexthop' && !words.isDropped();
      option = words.advance()
    ) {
      if (option === 'via') {
        const via = readVia(words);
        hop.via = via?.address;
        hop.viaFamily = via?.family;
      } else if (option === 'dev' || option === 'oif') hop.dev = readDevice(words, option);
      else if (option === 'weight') hop.weight = words.number(option, 1, 256) ?? 1;
      else if (option === 'onlink') hop.onlink = true;
      else if (option === 'encap') hop.encap = words.encap();
      else if (option === 'realms') hop.realms = words.realms();
      else words.refuse(`'${option}' is no option of a next hop`);
    }
    hops.push(hop);
  }
  return hops;
}

/** Text of a prefix, for messages. */
export function prefixText(prefix: Prefix | undefined): string {
  return prefix === undefined ? 'default' : `${prefix.address}/${String(prefix.prefixLength)}`;
}
