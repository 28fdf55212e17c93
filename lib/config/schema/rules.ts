/**
 * Entries of static_rules and virtual_rules.
 */
import { messages } from '../messages.js';
import type { RuleAction, RuleEntry } from '../model-routes.js';
import type { Line } from './dsl.js';
import { namedNumber } from './names.js';
import { ownProtocol } from './routes.js';
import { parseAnyBase, uint32 } from './values.js';
import { Words } from './words.js';

/** A rule as written; a missing preference is filled in when all rules are known. */
export type RuleDraft = Omit<RuleEntry, 'preference'> & { readonly preference: number | undefined };

type Draft = { -readonly [K in keyof RuleDraft]: K extends 'action' ? RuleAction | undefined : RuleDraft[K] };

/** Reads a rule; undefined when it is dropped (and reported). */
export function readRule(line: Line, place: 'static' | 'virtual'): RuleDraft | undefined {
  const words = new Words(line);
  const draft: Draft = {
    family: 4,
    not: false,
    from: undefined,
    to: undefined,
    preference: undefined,
    tos: undefined,
    fwmark: undefined,
    iif: undefined,
    oif: undefined,
    tunnelId: undefined,
    uidrange: undefined,
    ipproto: undefined,
    sport: undefined,
    dport: undefined,
    protocol: ownProtocol,
    realms: undefined,
    suppressPrefixlength: undefined,
    suppressIfgroup: undefined,
    action: undefined,
    noTrack: false,
    trackGroup: undefined,
    at: line.at(0),
  };
  for (let option = words.peek(); option !== undefined && !words.isDropped(); option = words.advance()) {
    if (option === 'no_track') draft.noTrack = true;
    else if (option === 'track_group' && place === 'static') draft.trackGroup = words.value(option);
    else if (!readSelector(words, option, draft) && !readAction(words, option, draft)) {
      words.line.report(messages.unknownOption, words.index, option, 'a rule');
      words.drop();
    }
  }
  const { action } = draft;
  if (!words.isDropped() && action === undefined)
    words.refuse('it has no action: table, goto, blackhole, ...');
  if (
    !words.isDropped() &&
    action?.kind === 'goto' &&
    !(draft.preference !== undefined && draft.preference < action.preference)
  ) {
    words.refuse('goto needs a preference below its target');
  }
  if (words.isDropped() || action === undefined) return undefined;
  return { ...draft, action, family: words.family ?? 4 };
}

function readSelector(words: Words, option: string, draft: Draft): boolean {
  switch (option) {
    case 'from':
    case 'to': {
      words.index++;
      if (words.peek() === undefined) {
        words.line.report(messages.missingValueFatal, words.index - 1, option, 'a prefix');
        words.drop();
        return true;
      }
      const prefix = words.prefix();
      if (prefix !== undefined && prefix !== 'any') draft[option] = prefix;
      return true;
    }
    case 'not':
      draft.not = true;
      return true;
    case 'preference':
    case 'priority':
    case 'order':
      draft.preference = words.number(option, 0, uint32);
      return true;
    case 'tos':
    case 'dsfield':
      draft.tos = words.named(option, 'rt_dsfield', 255);
      return true;
    case 'fwmark':
      draft.fwmark = readMark(words);
      return true;
    case 'dev':
    case 'iif':
      draft.iif = readDevice(words, option);
      return true;
    case 'oif':
      draft.oif = readDevice(words, option);
      return true;
    case 'tunnel-id': {
      const text = words.value(option) ?? '';
      if (/^\d+$/.test(text) && BigInt(text) < 1n << 64n) draft.tunnelId = text;
      else words.refuse(`'${text}' is no tunnel id`);
      return true;
    }
    case 'uidrange':
      draft.uidrange = readRange(words, option, uint32);
      return true;
    case 'sport':
    case 'dport':
      draft[option] = readPorts(words, option);
      return true;
    case 'ipproto':
      draft.ipproto = readProtocol(words);
      return true;
    case 'protocol':
      draft.protocol = words.number(option, 0, 255) ?? ownProtocol;
      return true;
    case 'realms':
      draft.realms = words.realms();
      return true;
    case 'suppress_prefixlength':
    case 'sup_pl':
      draft.suppressPrefixlength = words.number(option, 0, 128);
      return true;
    case 'suppress_ifgroup':
    case 'sup_group':
      draft.suppressIfgroup = words.named(option, 'group', uint32);
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

const plainActions = ['nop', 'blackhole', 'unreachable', 'prohibit', 'l3mdev'] as const;

function readAction(words: Words, option: string, draft: Draft): boolean {
  let action: RuleAction | undefined;
  let name: string | undefined = option;
  if (name === 'type') name = words.value(option);
  const plain = plainActions.find((kind) => kind === name);
  if (plain !== undefined) action = { kind: plain };
  else if (name === 'table' || name === 'lookup') {
    const table = words.named(name, 'rt_tables', uint32);
    if (table === 0) words.refuse('table 0 does not exist');
    if (table !== undefined) action = { kind: 'table', table };
  } else if (name === 'goto') {
    const preference = words.number(name, 0, uint32);
    if (preference !== undefined) action = { kind: 'goto', preference };
  } else return false;
  if (draft.action !== undefined) words.refuse('it has two actions');
  draft.action = action;
  return true;
}

function readMark(words: Words): RuleDraft['fwmark'] {
  const text = words.value('fwmark') ?? '';
  const [mark = Number.NaN, mask] = text.split('/').map(parseAnyBase);
  const isGood = (value: number): boolean => value >= 0 && value <= uint32;
  if (isGood(mark) && (mask === undefined || isGood(mask))) return { mark, mask };
  words.refuse(`'${text}' is not <mark>[/<mask>]`);
  return undefined;
}

function readDevice(words: Words, option: string): string | undefined {
  const name = words.value(option);
  if (name === undefined || words.line.context.hasInterface(name)) return name;
  words.line.report(messages.interfaceMissing, words.index, name);
  words.drop();
  return undefined;
}

function readRange(words: Words, option: string, max: number): { first: number; last: number } | undefined {
  const text = words.value(option) ?? '';
  const found = /^(\d+)-(\d+)$/.exec(text);
  const first = Number(found?.[1]);
  const last = Number(found?.[2]);
  if (first <= last && last <= max) return { first, last };
  words.refuse(`'${text}' is not <first>-<last>`);
  return undefined;
}

/** keepalived: a single port is refused, the option is left out, the rule is kept. */
function readPorts(words: Words, option: string): { first: number; last: number } | undefined {
  const text = words.value(option) ?? '';
  const found = /^(\d+)-(\d+)$/.exec(text);
  const first = Number(found?.[1]);
  const last = Number(found?.[2]);
  if (first <= last && last <= 65535) return { first, last };
  words.line.reportWith(
    messages.notANumber,
    words.index,
    /^\d+$/.test(text) ? { hint: `write ${text}-${text}`, replacement: `${text}-${text}` } : {},
    text,
    'a range <first>-<last> of ports',
  );
  return undefined;
}

const protocols: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  tcp: 6,
  udp: 17,
  gre: 47,
  esp: 50,
  ah: 51,
  'ipv6-icmp': 58,
  ospf: 89,
  vrrp: 112,
  sctp: 132,
};

function readProtocol(words: Words): number | undefined {
  const text = words.value('ipproto') ?? '';
  const number = protocols[text] ?? namedNumber(words.line.context, 'group', text, 255);
  if (number === undefined || number > 255) words.refuse(`'${text}' is no protocol`);
  return number;
}
