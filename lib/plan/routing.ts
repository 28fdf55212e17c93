/** Routes and policy rules of the configuration in the kernel's numbers. Pure. */
import type { NativeEncap, NativeNextHop, NativeRoute, NativeRule } from '../../bindings/native.js';
import type { Prefix } from '../config/model.js';
import type {
  Encap,
  LockedMetric,
  NextHop,
  Realms,
  RouteEntry,
  RouteType,
  RuleAction,
  RuleEntry,
} from '../config/model-routes.js';

/** RTPROT_KEEPALIVED: what is tracked bears it, whatever the configuration says. */
const ownProtocol = 18;
/** RT_TABLE_MAIN. */
const mainTable = 254;

/** RTN_*, linux/rtnetlink.h. */
const types: Readonly<Record<RouteType, number>> = {
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
  nat: 10,
  xresolve: 11,
};

/** RTAX_*. */
const metricIds = {
  mtu: 2,
  window: 3,
  rtt: 4,
  rttvar: 5,
  ssthresh: 6,
  cwnd: 7,
  advmss: 8,
  reordering: 9,
  hoplimit: 10,
  initcwnd: 11,
  features: 12,
  rtoMin: 13,
  initrwnd: 14,
  quickack: 15,
  fastopenNoCookie: 17,
} as const;
/** RTAX_FEATURE_ECN. */
const ecn = 1;

/** FR_ACT_*, linux/fib_rules.h. */
const actions: Readonly<Record<RuleAction['kind'], number>> = {
  table: 1,
  l3mdev: 1,
  goto: 2,
  nop: 3,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
};

/** Those of a VRF's table, which is not looked up, are left out. */
export function planRoutes(routes: readonly RouteEntry[]): readonly NativeRoute[] {
  return routes.filter(({ vrf, table }) => vrf === undefined || table !== undefined).map(planRoute);
}

function planRoute(route: RouteEntry): NativeRoute {
  const { congctl } = route;
  return {
    to: prefixText(route.to),
    from: prefixText(route.from),
    src: route.src,
    via: route.via,
    dev: route.dev,
    metric: route.metric,
    expiresS: route.expires,
    realms: realmsNumber(route.realms),
    preference: route.pref,
    ttlPropagate: route.ttlPropagate,
    encap: planEncap(route.encap),
    family: route.family,
    type: types[route.type],
    tos: route.tos ?? 0,
    table: route.table ?? mainTable,
    // keepalived: what it watches is known by its protocol.
    protocol: route.noTrack || route.dev === undefined ? route.protocol : ownProtocol,
    scope: route.scope ?? 0,
    onlink: route.onlink,
    metrics: planMetrics(route),
    congestionControl: congctl?.name,
    congestionControlLocked: congctl?.lock,
    // keepalived: a type without a device is added, anything else comes before what is there.
    placement: route.placement ?? (isWithoutDevice(route.type) ? 'add' : 'prepend'),
    nextHops: route.nexthop.map(planNextHop),
    tracked: !route.noTrack,
    text: routeText(route),
  };
}

function isWithoutDevice(type: RouteType): boolean {
  return type === 'blackhole' || type === 'unreachable' || type === 'prohibit' || type === 'throw';
}

function planMetrics(route: RouteEntry): NativeRoute['metrics'] {
  const plain = (value: number | undefined): LockedMetric | undefined =>
    value === undefined ? undefined : { value, lock: false };
  const flag = (value: boolean | undefined): LockedMetric | undefined =>
    value === undefined ? undefined : { value: value ? 1 : 0, lock: false };
  const metrics: readonly (readonly [number, LockedMetric | undefined])[] = [
    [metricIds.mtu, route.mtu],
    [metricIds.window, plain(route.window)],
    [metricIds.rtt, route.rtt],
    [metricIds.rttvar, route.rttvar],
    [metricIds.ssthresh, route.ssthresh],
    [metricIds.cwnd, route.cwnd],
    [metricIds.advmss, route.advmss],
    [metricIds.reordering, route.reordering],
    [metricIds.hoplimit, plain(route.hoplimit)],
    [metricIds.initcwnd, plain(route.initcwnd)],
    [metricIds.features, plain(route.features === undefined ? undefined : ecn)],
    [metricIds.rtoMin, route.rtoMin],
    [metricIds.initrwnd, plain(route.initrwnd)],
    [metricIds.quickack, flag(route.quickack)],
    [metricIds.fastopenNoCookie, flag(route.fastopenNoCookie)],
  ];
  return metrics.flatMap(([id, metric]) =>
    metric === undefined ? [] : [{ id, value: metric.value, locked: metric.lock }],
  );
}

function planNextHop(hop: NextHop): NativeNextHop {
  return {
    via: hop.via,
    dev: hop.dev,
    realms: realmsNumber(hop.realms),
    encap: planEncap(hop.encap),
    weight: hop.weight,
    onlink: hop.onlink,
  };
}

function planEncap(encap: Encap | undefined): readonly NativeEncap[] | undefined {
  if (encap === undefined) return undefined;
  switch (encap.kind) {
    case 'mpls':
      return [{ kind: 'mpls', labels: encap.labels.map((label) => ({ label })) }];
    case 'ila': {
      const hex = encap.locator.split(':').map((part) => part.padStart(4, '0'));
      return [{ kind: 'ila', locator: BigInt(`0x${hex.join('')}`).toString() }];
    }
    case 'ip':
    case 'ip6': {
      const { id, dst, src, tos, ttl, flags } = encap;
      return [{ kind: encap.kind, id, dst, src, tos, ttl, flags }];
    }
  }
}

export function planRule(rule: RuleEntry): NativeRule {
  const { action } = rule;
  const one = <T>(range: T | undefined): readonly T[] | undefined =>
    range === undefined ? undefined : [range];
  return {
    from: prefixText(rule.from),
    to: prefixText(rule.to),
    mark: rule.fwmark?.mark,
    markMask: rule.fwmark?.mask,
    iif: rule.iif,
    oif: rule.oif,
    tunnelId: rule.tunnelId,
    users: one(rule.uidrange),
    ipProtocol: rule.ipproto,
    sourcePorts: one(rule.sport),
    destinationPorts: one(rule.dport),
    realms: realmsNumber(rule.realms),
    suppressPrefixLength: rule.suppressPrefixlength,
    suppressGroup: rule.suppressIfgroup,
    family: rule.family,
    not: rule.not,
    preference: rule.preference,
    tos: rule.tos ?? 0,
    protocol: rule.noTrack ? (rule.protocol === ownProtocol ? 0 : rule.protocol) : ownProtocol,
    action: actions[action.kind],
    table: action.kind === 'table' ? action.table : 0,
    target: action.kind === 'goto' ? action.preference : 0,
    l3mdev: action.kind === 'l3mdev',
    tracked: !rule.noTrack,
    text: ruleText(rule),
  };
}

/** Interfaces that a tracked entry needs. */
export function routeLinks(route: RouteEntry): readonly string[] {
  return route.noTrack || route.dev === undefined ? [] : [route.dev];
}

export function ruleLinks(rule: RuleEntry): readonly string[] {
  if (rule.noTrack) return [];
  return [rule.iif, rule.oif].filter((name) => name !== undefined);
}

function routeText(route: RouteEntry): string {
  const to = prefixText(route.to) ?? 'default';
  const part = (word: string, value: string | number | undefined): string =>
    value === undefined ? '' : ` ${word} ${value}`;
  const type = route.type === 'unicast' ? '' : `${route.type} `;
  return `${type}${to}${part('via', route.via)}${part('dev', route.dev)}${part('table', route.table)}${part('metric', route.metric)}`;
}

function ruleText(rule: RuleEntry): string {
  const from = prefixText(rule.from) ?? 'all';
  const to = rule.to === undefined ? '' : ` to ${prefixText(rule.to)}`;
  const { action } = rule;
  const what =
    action.kind === 'table'
      ? `table ${action.table}`
      : action.kind === 'goto'
        ? `goto ${action.preference}`
        : action.kind;
  return `rule ${rule.preference} from ${from}${to} ${what}`;
}

function prefixText(prefix: Prefix | undefined): string | undefined {
  return prefix === undefined ? undefined : `${prefix.address}/${prefix.prefixLength}`;
}

function realmsNumber(realms: Realms | undefined): number | undefined {
  return realms === undefined ? undefined : realms.from * 65536 + realms.to;
}
