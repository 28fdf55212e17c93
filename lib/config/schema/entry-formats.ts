/**
 * The form of the entries of lists: addresses, routes, rules, peers, what is tracked, addresses of groups. Options are written
 * with their values as numbers, which every machine reads the same.
 */
import { parseAddress, rangeSize } from '../address.js';
import type { GroupEntry } from '../model-lvs.js';
import type {
  AddressEntry,
  Encap,
  LockedMetric,
  NextHop,
  Realms,
  RouteEntry,
  RuleEntry,
} from '../model-routes.js';
import type {
  InterfaceDelay,
  LinkbeatInterface,
  TrackInterface,
  TrackReference,
  UnicastPeer,
} from '../model-vrrp.js';
import type { Prefix } from '../model.js';
import { decimal, formOf, quoted, record, recordFormat, timeFormat, type JsonSchema } from './format.js';

const string = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const number = { type: 'integer', minimum: 0 } as const;
const family = { type: 'integer', enum: [4, 6] } as const;
const anyNumber = { type: 'integer' } as const;
const micros = timeFormat(1).json;
export const prefixJson = record({ family, address: string, prefixLength: number }, [
  'family',
  'address',
  'prefixLength',
]);
const locked = record({ value: number, lock: flag }, ['value', 'lock']);
const realmsJson = record({ from: number, to: number }, ['from', 'to']);
const range = record({ first: number, last: number }, ['first', 'last']);
const encapJson: JsonSchema = {
  type: 'object',
  properties: {
    kind: { type: 'string', enum: ['ip', 'ip6', 'mpls', 'ila'] },
    id: string,
    dst: string,
    src: string,
    tos: number,
    ttl: number,
    flags: number,
    labels: { type: 'array', items: number },
    locator: string,
  },
  required: ['kind'],
  additionalProperties: false,
};

/** `name value` for what is given. */
function option(name: string, value: string | number | undefined): readonly string[] {
  return value === undefined ? [] : [`${name} ${typeof value === 'number' ? String(value) : quoted(value)}`];
}

function word(name: string, isThere: boolean): readonly string[] {
  return isThere ? [name] : [];
}

function prefixText({ address, prefixLength }: Prefix): string {
  return `${address}/${String(prefixLength)}`;
}

const lifetime: JsonSchema = { anyOf: [number, { type: 'string', enum: ['infinity'] }] };

export const addressFormat = recordFormat<AddressEntry>(
  {
    ...{ family, address: string, prefixLength: number, dev: string, scope: number, label: string },
    ...{ broadcast: string, peer: string, home: flag, dad: flag, mngtmpaddr: flag, noprefixroute: flag },
    ...{ autojoin: flag, preferredLft: lifetime, noTrack: flag, trackGroup: string, useVmac: flag },
  },
  ['family', 'address', 'prefixLength', 'scope'],
  (entry) =>
    [
      // With a peer the prefix length is always that of a host.
      entry.peer === undefined ? `${entry.address}/${String(entry.prefixLength)}` : entry.address,
      ...option('dev', entry.dev),
      ...option('scope', entry.scope === 0 ? undefined : entry.scope),
      ...option('label', entry.label),
      ...option('brd', entry.broadcast),
      ...option('peer', entry.peer),
      ...word('home', entry.home),
      ...word('-nodad', entry.dad),
      ...word('mngtmpaddr', entry.mngtmpaddr),
      ...word('noprefixroute', entry.noprefixroute),
      ...word('autojoin', entry.autojoin),
      ...option('preferred_lft', entry.preferredLft === Infinity ? 'forever' : entry.preferredLft),
      ...word('no_track', entry.noTrack),
      ...option('track_group', entry.trackGroup),
      ...word('use_vmac', entry.useVmac),
    ].join(' '),
);

export const peerFormat = recordFormat<UnicastPeer>(
  { address: string, family, minTtl: number, maxTtl: number },
  ['address', 'family', 'minTtl', 'maxTtl'],
  ({ address, minTtl, maxTtl }) =>
    [
      address,
      ...option('min_ttl', minTtl === 0 ? undefined : minTtl),
      ...option('max_ttl', maxTtl === 255 ? undefined : maxTtl),
    ].join(' '),
);

export const trackedInterfaceFormat = recordFormat<TrackInterface>(
  { interface: string, weight: anyNumber, reverse: flag },
  ['interface', 'weight', 'reverse'],
  (entry) => `${quoted(entry.interface)} weight ${String(entry.weight)}${entry.reverse ? ' reverse' : ''}`,
);

export const referenceFormat = recordFormat<TrackReference>(
  { name: string, weight: anyNumber, reverse: flag },
  ['name', 'weight', 'reverse'],
  ({ name, weight, reverse }) => `${quoted(name)} weight ${String(weight)}${reverse ? ' reverse' : ''}`,
);

function realmsText(realms: Realms | undefined): readonly string[] {
  return realms === undefined ? [] : [`realms ${String(realms.from)}/${String(realms.to)}`];
}

function encapText(encap: Encap | undefined): readonly string[] {
  if (encap === undefined) return [];
  if (encap.kind === 'mpls') return [`encap mpls ${encap.labels.join('/')}`];
  if (encap.kind === 'ila') return [`encap ila ${encap.locator}`];
  const [tos, ttl] = encap.kind === 'ip' ? ['tos', 'ttl'] : ['tc', 'hoplimit'];
  return [
    `encap ${encap.kind}`,
    ...option('id', encap.id),
    ...option('dst', encap.dst),
    ...option('src', encap.src),
    ...option(tos, encap.tos),
    ...option(ttl, encap.ttl),
    ...option('flags', encap.flags),
  ];
}

/** The family is written where it is not that of the route. */
function viaText({ via, viaFamily }: Pick<NextHop, 'via' | 'viaFamily'>, own: 4 | 6): readonly string[] {
  if (via === undefined) return [];
  const word = viaFamily === own ? '' : viaFamily === 6 ? 'inet6 ' : 'inet ';
  return [`via ${word}${via}`];
}

function lockedText(name: string, metric: LockedMetric | undefined): readonly string[] {
  return metric === undefined ? [] : [`${name} ${metric.lock ? 'lock ' : ''}${String(metric.value)}`];
}

const nexthopJson = record(
  {
    ...{ via: string, viaFamily: family, dev: string, weight: number, onlink: flag },
    ...{ encap: encapJson, realms: realmsJson },
  },
  ['weight', 'onlink'],
);

export const routeFormat = recordFormat<RouteEntry>(
  {
    ...{ type: string, family, to: prefixJson, from: prefixJson, src: string, via: string },
    ...{ viaFamily: family, dev: string, tos: number, table: number, vrf: string, protocol: number },
    ...{ scope: number, metric: number, onlink: flag, encap: encapJson, expires: number, mtu: locked },
    ...{ advmss: locked, rtt: locked, rttvar: locked, rtoMin: locked, reordering: locked, cwnd: locked },
    ...{ ssthresh: locked, window: number, hoplimit: number, initcwnd: number, initrwnd: number },
    ...{ realms: realmsJson, features: string, quickack: flag, fastopenNoCookie: flag },
    congctl: record({ name: string, lock: flag }, ['name', 'lock']),
    ...{ pref: number, ttlPropagate: flag, placement: string },
    nexthop: { type: 'array', items: nexthopJson },
    ...{ noTrack: flag, trackGroup: string },
  },
  ['type', 'family', 'protocol', 'nexthop'],
  (route) =>
    [
      ...word(route.type, route.type !== 'unicast'),
      route.to === undefined ? (route.family === 6 ? 'default6' : 'default') : prefixText(route.to),
      ...option('from', route.from === undefined ? undefined : prefixText(route.from)),
      ...option('src', route.src),
      ...viaText(route, route.family),
      ...option('dev', route.dev),
      ...option('tos', route.tos),
      ...option('table', route.table),
      ...option('vrf', route.vrf),
      ...option('protocol', route.protocol),
      ...option('scope', route.scope),
      ...option('metric', route.metric),
      ...word('onlink', route.onlink),
      ...encapText(route.encap),
      ...option('expires', route.expires),
      ...lockedText('mtu', route.mtu),
      ...lockedText('advmss', route.advmss),
      ...lockedText('rtt', route.rtt),
      ...lockedText('rttvar', route.rttvar),
      ...lockedText('rto_min', route.rtoMin),
      ...lockedText('reordering', route.reordering),
      ...lockedText('cwnd', route.cwnd),
      ...lockedText('ssthresh', route.ssthresh),
      ...option('window', route.window),
      ...option('hoplimit', route.hoplimit),
      ...option('initcwnd', route.initcwnd),
      ...option('initrwnd', route.initrwnd),
      ...realmsText(route.realms),
      ...option('features', route.features),
      ...option('quickack', bit(route.quickack)),
      ...option('fastopen_no_cookie', bit(route.fastopenNoCookie)),
      ...(route.congctl === undefined
        ? []
        : [`congctl ${route.congctl.lock ? 'lock ' : ''}${quoted(route.congctl.name)}`]),
      ...option('pref', route.pref),
      ...(route.ttlPropagate === undefined
        ? []
        : [`ttl-propagate ${route.ttlPropagate ? 'enabled' : 'disabled'}`]),
      ...word(route.placement ?? '', route.placement !== undefined),
      ...word('no_track', route.noTrack),
      ...option('track_group', route.trackGroup),
      ...route.nexthop.flatMap((hop) => [
        'nexthop',
        ...viaText(hop, route.family),
        ...option('dev', hop.dev),
        ...option('weight', hop.weight),
        ...word('onlink', hop.onlink),
        ...encapText(hop.encap),
        ...realmsText(hop.realms),
      ]),
    ].join(' '),
);

function bit(value: boolean | undefined): number | undefined {
  return value === undefined ? undefined : value ? 1 : 0;
}

function rangeText(name: string, value: { first: number; last: number } | undefined): readonly string[] {
  return value === undefined ? [] : [`${name} ${String(value.first)}-${String(value.last)}`];
}

export const ruleFormat = recordFormat<RuleEntry>(
  {
    ...{ family, not: flag, from: prefixJson, to: prefixJson, preference: number, tos: number },
    fwmark: record({ mark: number, mask: number }, ['mark']),
    ...{ iif: string, oif: string, tunnelId: string, uidrange: range, ipproto: number, sport: range },
    ...{ dport: range, protocol: number, realms: realmsJson, suppressPrefixlength: number },
    suppressIfgroup: number,
    action: record({ kind: string, table: number, preference: number }, ['kind']),
    ...{ noTrack: flag, trackGroup: string },
  },
  ['family', 'preference', 'protocol', 'action'],
  (rule) =>
    [
      // keepalived loses the word behind inet6.
      ...word('inet6 inet6', rule.family === 6 && rule.from === undefined && rule.to === undefined),
      ...word('not', rule.not),
      ...option('from', rule.from === undefined ? undefined : prefixText(rule.from)),
      ...option('to', rule.to === undefined ? undefined : prefixText(rule.to)),
      ...option('preference', rule.preference),
      ...option('tos', rule.tos),
      ...(rule.fwmark === undefined
        ? []
        : [
            `fwmark ${String(rule.fwmark.mark)}${rule.fwmark.mask === undefined ? '' : `/${String(rule.fwmark.mask)}`}`,
          ]),
      ...option('iif', rule.iif),
      ...option('oif', rule.oif),
      ...option('tunnel-id', rule.tunnelId),
      ...rangeText('uidrange', rule.uidrange),
      ...option('ipproto', rule.ipproto),
      ...rangeText('sport', rule.sport),
      ...rangeText('dport', rule.dport),
      ...option('protocol', rule.protocol),
      ...realmsText(rule.realms),
      ...option('suppress_prefixlength', rule.suppressPrefixlength),
      ...option('suppress_ifgroup', rule.suppressIfgroup),
      ...word('no_track', rule.noTrack),
      ...option('track_group', rule.trackGroup),
      actionText(rule.action),
    ].join(' '),
);

function actionText(action: RuleEntry['action']): string {
  if (action.kind === 'table') return `table ${String(action.table)}`;
  return action.kind === 'goto' ? `goto ${String(action.preference)}` : action.kind;
}

/** Ranges beyond this size are taken as prefixes only. */
const maxRange = 1 << 24;

export const groupEntryFormat = formOf<GroupEntry>(
  {
    anyOf: [
      record(
        {
          kind: { type: 'string', enum: ['addresses'] },
          ...{ family, first: string, last: string, port: number },
        },
        ['kind', 'family', 'first', 'last', 'port'],
      ),
      record({ kind: { type: 'string', enum: ['fwmark'] }, fwmark: number, family }, ['kind', 'fwmark']),
    ],
  },
  (entry) => {
    if (entry.kind === 'fwmark') {
      const which = entry.family === undefined ? '' : entry.family === 4 ? ' inet' : ' inet6';
      return `fwmark ${String(entry.fwmark)}${which}`;
    }
    const [first, last] = [parseAddress(entry.first), parseAddress(entry.last)];
    const size = first === undefined || last === undefined ? 1 : rangeSize(first, last);
    const addresses =
      entry.first === entry.last
        ? entry.first
        : size > maxRange
          ? `${entry.first}/${String(32 - Math.round(Math.log2(size)))}`
          : `${entry.first}-${entry.last}`;
    return entry.port === 0 ? addresses : `${addresses} ${String(entry.port)}`;
  },
);

export const linkbeatFormat = recordFormat<LinkbeatInterface>(
  { interface: string, method: string },
  ['interface'],
  (entry) => [quoted(entry.interface), ...(entry.method === undefined ? [] : [entry.method])].join(' '),
);

export const interfaceDelayFormat = recordFormat<InterfaceDelay>(
  { interface: string, down: micros, up: micros },
  ['interface', 'down', 'up'],
  (entry) => `${quoted(entry.interface)} ${decimal(entry.down, 1_000_000)} ${decimal(entry.up, 1_000_000)}`,
);
