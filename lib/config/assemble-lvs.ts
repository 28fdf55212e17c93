/**
 * Virtual servers, real servers and checkers as meant: inherited values are filled in, and keepalived's corrections
 * (reference, load balancing 1.5) are made and reported.
 */
import { micros, seconds, type Family, type Micros } from '../units.js';
import { assembleCheckers, type CheckerDefaults, type CheckerReferences } from './assemble-checkers.js';
import { wordsOfLines } from './causes.js';
import { messages } from './messages.js';
import type { LvsMethod, RealServer, SorryServer, VirtualServer, VirtualServerGroup } from './model-lvs.js';
import type { GlobalDefs } from './model.js';
import type { Context, Decoded } from './schema/dsl.js';
import { granularityFor } from './schema/granularity.js';
import { schedFlag, type Endpoint, type RawRealServer, type virtualServer } from './schema/lvs.js';
import type { RawVirtualServer } from './schema/root.js';
import { keywordAt } from './assemble-tracked.js';
import type { Span } from './source.js';

type Server = Decoded<typeof virtualServer.rows>;

const nat: LvsMethod = { method: 'NAT', tunnelType: 'ipip', tunnelPort: 0, tunnelCsum: 'nocsum' };

/** Groups that have entries. */
export function assembleGroups(
  raw: readonly VirtualServerGroup[],
  context: Context,
): readonly VirtualServerGroup[] {
  return raw.filter((group) => {
    if (group.entries.length > 0) return true;
    context.diagnostics.report(messages.groupEmpty, group.at, group.name);
    return false;
  });
}

/** How messages call a virtual server. */
function nameOf(raw: RawVirtualServer): string {
  const { key } = raw;
  if (key.kind === 'address') return key.port === 0 ? key.address : `${key.address} port ${String(key.port)}`;
  return key.kind === 'fwmark' ? `fwmark ${String(key.fwmark)}` : `group ${key.group}`;
}

/** What it becomes depends on more than itself and the global settings. */
export function dependsOnOthers({ key, section }: RawVirtualServer): boolean {
  if (key.kind === 'group') return true;
  return section.fields.realServer.some(({ section: { fields } }) => {
    const { MISCCHECK, FILECHECK, BFDCHECK } = fields;
    return MISCCHECK.length > 0 || FILECHECK.length > 0 || BFDCHECK.length > 0;
  });
}

/** Undefined: the virtual server is ignored, which is reported. */
export function assembleServer(
  raw: RawVirtualServer,
  groups: ReadonlyMap<string, VirtualServerGroup>,
  globals: GlobalDefs,
  context: Context,
  references: CheckerReferences,
): VirtualServer | undefined {
  const { fields, at } = raw.section;
  const { diagnostics } = context;
  const endpoints = fields.realServer;
  const family = familyOf(raw, endpoints, fields.sorryServer, groups, fields.lvsMethod ?? nat);
  if (fields.ipFamily !== undefined && (fields.ipFamily.value === 'inet' ? 4 : 6) !== family)
    diagnostics.report(
      messages.badValue,
      fields.ipFamily.at,
      `${nameOf(raw)} is not ${fields.ipFamily.value}`,
    );
  const sorry = usableSorry(raw, family, context);
  const servers = usableServers(raw, endpoints, family, context);
  const group = raw.key.kind === 'group' ? groups.get(keyGroup(raw)) : undefined;
  if (raw.key.kind === 'group' && group === undefined) {
    diagnostics.report(messages.groupUnknown, at, keyGroup(raw));
    return undefined;
  }
  if (servers.length === 0) {
    diagnostics.reportOrAdd(messages.noRealServers, refusedIn(raw, 'real_server'), at, nameOf(raw));
    return undefined;
  }
  const hasAddress =
    raw.key.kind === 'address' || group?.entries.some((entry) => entry.kind === 'addresses') === true;
  const isMark = !hasAddress;
  const protocol = protocolOf(raw, isMark, context);
  const lvsSched = fields.lvsSched ?? defaulted(raw, ['lvs_sched', 'lb_algo'], 'wlc', context);
  const method = methodOf(raw, endpoints, context);
  const port = raw.key.kind === 'address' ? raw.key.port : 0;
  const own: Own = { raw, group, method, port, isMark, globals, context, references };
  const quorum = quorumOf(fields, servers, context);
  const haSuspend = suspended(fields, isMark, context);
  const granularity = granularityFor(family, fields.persistenceGranularity, diagnostics);
  return {
    key: raw.key,
    at,
    groupMark: undefined,
    family,
    protocol,
    lvsSched,
    lvsMethod: method,
    ops: oncePerPacket(fields, isMark, protocol, context),
    schedFlags: flags(raw, context),
    persistenceEngine: fields.persistenceEngine,
    persistenceTimeout: persistence(raw, group, granularity !== undefined, context),
    persistenceGranularity: granularity ?? (family === 4 ? '255.255.255.255' : '128'),
    delayLoop: fields.delayLoop ?? seconds(60),
    haSuspend,
    smtpAlert: fields.smtpAlert ?? globals.smtpAlertChecker ?? globals.smtpAlert ?? false,
    virtualhost: fields.virtualhost,
    snmpName: fields.snmpName,
    alpha: fields.alpha,
    omega: fields.omega,
    ...quorum,
    quorumUp: fields.quorumUp,
    quorumDown: fields.quorumDown,
    weight: fields.weight,
    sorryServer: sorry === undefined ? undefined : sorryOf(sorry, own),
    realServer: servers.map((server) => realOf(server, own)),
  };
}

function keyGroup(raw: RawVirtualServer): string {
  return raw.key.kind === 'group' ? raw.key.group : '';
}

/** The address; ip_family; the form of the granularity; the first server that is not tunnelled; all tunnelled ones; IPv4. */
function familyOf(
  raw: RawVirtualServer,
  servers: readonly RawRealServer[],
  sorry: Endpoint | undefined,
  groups: ReadonlyMap<string, VirtualServerGroup>,
  method: LvsMethod,
): Family {
  const { fields } = raw.section;
  if (raw.key.kind === 'address') return raw.key.family;
  if (fields.ipFamily !== undefined) return fields.ipFamily.value === 'inet' ? 4 : 6;
  if (fields.persistenceGranularity !== undefined)
    return fields.persistenceGranularity.value.includes('.') ? 4 : 6;
  const group = groups.get(keyGroup(raw));
  for (const entry of group?.entries ?? []) if (entry.kind === 'addresses') return entry.family;
  if (sorry !== undefined && (fields.sorryServerLvsMethod ?? method).method !== 'TUN')
    return sorry.address.family;
  const plain = servers.find((server) => (server.section.fields.lvsMethod ?? method).method !== 'TUN');
  return plain?.endpoint.address.family ?? servers[0]?.endpoint.address.family ?? 4;
}

function usableSorry(raw: RawVirtualServer, family: Family, context: Context): Endpoint | undefined {
  const { fields } = raw.section;
  const sorry = fields.sorryServer;
  if (sorry === undefined) {
    if (fields.sorryServerLvsMethod !== undefined) {
      const [at = raw.section.at] = refusedIn(raw, 'sorry_server_lvs_method');
      context.diagnostics.report(
        messages.badValue,
        at,
        'sorry_server_lvs_method needs a sorry_server before it',
      );
    }
    if (fields.sorryServerInhibit !== undefined) {
      context.diagnostics.report(
        messages.badValue,
        fields.sorryServerInhibit.at,
        'sorry_server_inhibit needs a sorry_server before it',
      );
    }
    return undefined;
  }
  const method = fields.sorryServerLvsMethod ?? fields.lvsMethod ?? nat;
  if (sorry.address.family === family || method.method === 'TUN') return sorry;
  context.diagnostics.report(messages.serverFamily, sorry.at, sorry.address.text);
  return undefined;
}

function usableServers(
  raw: RawVirtualServer,
  servers: readonly RawRealServer[],
  family: Family,
  context: Context,
): readonly RawRealServer[] {
  const { fields } = raw.section;
  const fitting = servers.filter(({ section, endpoint }) => {
    const method = section.fields.lvsMethod ?? fields.lvsMethod ?? nat;
    if (endpoint.address.family === family || method.method === 'TUN') return true;
    context.diagnostics.report(messages.serverFamily, endpoint.at, endpoint.address.text);
    return false;
  });
  const first = firstOf(fitting);
  return fitting.filter(({ endpoint }) => {
    const earlier = first(endpoint);
    if (earlier === endpoint) return true;
    context.diagnostics.report(messages.duplicateServer, endpoint.at, endpoint.address.text);
    context.diagnostics.relate('the first one', earlier.at);
    return false;
  });
}

/** Finds the first server with the same address and port: of a few by comparing, which costs less than a table. */
function firstOf(servers: readonly RawRealServer[]): (endpoint: Endpoint) => Endpoint {
  if (servers.length <= 16) {
    return (endpoint) => servers.find((server) => isSame(server.endpoint, endpoint))?.endpoint ?? endpoint;
  }
  const table = new Map<string, Endpoint>();
  const keyOf = ({ address, port }: Endpoint): string => `${address.text} ${String(port ?? 0)}`;
  for (const { endpoint } of servers.toReversed()) table.set(keyOf(endpoint), endpoint);
  return (endpoint) => table.get(keyOf(endpoint)) ?? endpoint;
}

function isSame(a: Endpoint, b: Endpoint): boolean {
  return a.address.text === b.address.text && (a.port ?? 0) === (b.port ?? 0);
}

/** `keywords`: its names, the one of today first. */
function defaulted(
  raw: RawVirtualServer,
  keywords: readonly [string, ...string[]],
  value: string,
  context: Context,
): string {
  context.diagnostics.reportOrAdd(
    messages.defaulted,
    keywords.flatMap((keyword) => refusedIn(raw, keyword)),
    raw.section.at,
    keywords[0],
    value,
  );
  return value;
}

/** Where a refusal may stand because of which there is no such thing: the two are one mistake. */
function refusedIn({ statement }: RawVirtualServer, keyword: string): readonly Span[] {
  return statement === undefined ? [] : wordsOfLines(statement, keyword);
}

function protocolOf(raw: RawVirtualServer, isMark: boolean, context: Context): VirtualServer['protocol'] {
  const { fields } = raw.section;
  if (!isMark) {
    if (fields.protocol !== undefined) return fields.protocol.value;
    defaulted(raw, ['protocol'], 'UDP', context);
    return 'UDP';
  }
  if (fields.protocol !== undefined) {
    context.diagnostics.report(
      messages.serverFlag,
      fields.protocol.at,
      'a firewall mark has no protocol; it is ignored',
    );
  }
  return undefined;
}

function methodOf(raw: RawVirtualServer, servers: readonly RawRealServer[], context: Context): LvsMethod {
  const { fields } = raw.section;
  if (fields.lvsMethod !== undefined) return fields.lvsMethod;
  const isNeeded =
    servers.some((server) => server.section.fields.lvsMethod === undefined) ||
    (fields.sorryServer !== undefined && fields.sorryServerLvsMethod === undefined);
  if (isNeeded) defaulted(raw, ['lvs_method', 'lb_kind'], 'NAT', context);
  return nat;
}

function suspended(fields: Server, isMark: boolean, context: Context): boolean {
  if (fields.haSuspend === undefined) return false;
  if (!isMark) return true;
  context.diagnostics.report(
    messages.serverFlag,
    fields.haSuspend.at,
    'ha_suspend needs an address; it is ignored',
  );
  return false;
}

function oncePerPacket(
  fields: Server,
  isMark: boolean,
  protocol: VirtualServer['protocol'],
  context: Context,
): boolean {
  if (fields.ops === undefined) return false;
  if (isMark || protocol === 'UDP') return true;
  context.diagnostics.report(
    messages.serverFlag,
    fields.ops.at,
    'one-packet scheduling needs UDP; ops is ignored',
  );
  return false;
}

function persistence(
  raw: RawVirtualServer,
  group: VirtualServerGroup | undefined,
  hasGranularity: boolean,
  context: Context,
): number | undefined {
  const { fields, at } = raw.section;
  const given = fields.persistenceTimeout ?? (hasGranularity ? 360 : undefined);
  if (given !== undefined) return given;
  const isPortless =
    (raw.key.kind === 'address' && raw.key.port === 0) ||
    group?.entries.some((entry) => entry.kind === 'addresses' && entry.port === 0) === true;
  if (!isPortless) return undefined;
  context.diagnostics.report(
    messages.serverFlag,
    at,
    'without a port connections must be persistent; persistence_timeout 360 is used',
  );
  return 360;
}

/** sh-* and mh-* work only after their scheduler. */
function flags(raw: RawVirtualServer, context: Context): number {
  const { section, statement } = raw;
  const { fields, at } = section;
  let bits =
    (fields.flag1 ? schedFlag.first : 0) |
    (fields.flag2 ? schedFlag.second : 0) |
    (fields.flag3 ? schedFlag.third : 0);
  if (statement === undefined) return bits;
  let scheduler: string | undefined;
  for (const item of statement.body?.items ?? []) {
    const keyword = item.words[0] ?? '';
    if (keyword === 'lvs_sched' || keyword === 'lb_algo') scheduler = item.words[1];
    if (!/^((sh|mh)-(port|fallback)|hashed)$/.test(keyword)) continue;
    if (scheduler !== 'sh' && scheduler !== 'mh') {
      context.diagnostics.report(
        messages.serverFlag,
        keywordAt({ statement, at }, keyword),
        `${keyword} works with ${keyword.startsWith('mh') ? 'mh' : 'sh'} only, which must be chosen before; it is ignored`,
      );
    } else if (keyword.startsWith(scheduler)) {
      bits |= keyword.endsWith('port') ? schedFlag.second : schedFlag.first;
    }
  }
  return bits;
}

function quorumOf(
  fields: Server,
  servers: readonly RawRealServer[],
  context: Context,
): { readonly quorum: number; readonly hysteresis: number } {
  const total = servers.reduce((sum, server) => sum + (server.section.fields.weight ?? fields.weight), 0);
  let quorum = fields.quorum?.value ?? 1;
  if (quorum > total) {
    const at = fields.quorum?.at ?? servers[0]?.section.at;
    if (at !== undefined)
      context.diagnostics.report(messages.quorumReduced, at, String(quorum), String(total));
    quorum = total;
  }
  let hysteresis = fields.hysteresis?.value ?? 0;
  if (fields.hysteresis !== undefined && hysteresis > 0 && hysteresis >= quorum) {
    hysteresis = Math.max(0, quorum - 1);
    context.diagnostics.report(messages.hysteresisReduced, fields.hysteresis.at, String(hysteresis));
  }
  return { quorum, hysteresis };
}

/** What is decided of a virtual server before its servers are looked at. */
interface Own {
  readonly raw: RawVirtualServer;
  readonly group: VirtualServerGroup | undefined;
  readonly method: LvsMethod;
  readonly port: number;
  readonly isMark: boolean;
  readonly globals: GlobalDefs;
  readonly context: Context;
  readonly references: CheckerReferences;
}

function sorryOf(sorry: Endpoint, own: Own): SorryServer {
  const { fields } = own.raw.section;
  const lvsMethod = fields.sorryServerLvsMethod ?? own.method;
  return {
    address: sorry.address.text,
    family: sorry.address.family,
    port: portOf(sorry, lvsMethod, own),
    inhibit: fields.sorryServerInhibit !== undefined,
    lvsMethod,
    at: sorry.at,
  };
}

/**
 * NAT keeps a given port; the others use that of the virtual server, marks none. A group has many ports: a server is called, and
 * checked, by its own, and packets keep theirs.
 */
function portOf({ port: given, at }: Endpoint, method: LvsMethod, own: Own): number {
  const { raw, group, port, isMark, context } = own;
  if (method.method === 'NAT') return given ?? port;
  if (given !== undefined && group !== undefined) {
    const other = group.entries.find((entry) => entry.kind === 'fwmark' || entry.port !== given);
    if (other !== undefined) {
      context.diagnostics.report(messages.portIgnored, at, String(given));
      context.diagnostics.relate('what the group has', other.at);
    }
  }
  if (raw.key.kind === 'group' && !isMark) return given ?? port;
  const used = isMark ? 0 : port;
  if (raw.key.kind !== 'group' && given !== undefined && used !== given)
    context.diagnostics.report(messages.portReset, at, String(used));
  return used;
}

function realOf(server: RawRealServer, own: Own): RealServer {
  const { raw, port, globals, context, references } = own;
  const { section, endpoint } = server;
  const { fields } = section;
  const parent = raw.section.fields;
  const lvsMethod = fields.lvsMethod ?? own.method;
  const ownPort = portOf(endpoint, lvsMethod, own);
  const alpha = fields.alpha ?? parent.alpha;
  const virtualhost = fields.virtualhost ?? parent.virtualhost;
  const delayLoop = fields.delayLoop ?? parent.delayLoop ?? seconds(60);
  const defaults: CheckerDefaults = {
    address: endpoint.address.text,
    family: endpoint.address.family,
    port: endpoint.port ?? port,
    retry: fields.retry ?? parent.retry,
    delayBeforeRetry: fields.delayBeforeRetry ?? parent.delayBeforeRetry,
    warmup: fields.warmup ?? parent.warmup,
    delayLoop,
    serverDelayLoop: parent.delayLoop ?? seconds(60),
    connectTimeout: fields.connectTimeout ?? parent.connectTimeout ?? fiveSeconds,
    alpha,
    virtualhost,
    logAllFailures: globals.checkerLogAllFailures,
  };
  return {
    address: endpoint.address.text,
    family: endpoint.address.family,
    port: ownPort,
    at: endpoint.at,
    weight: fields.weight ?? parent.weight,
    lvsMethod,
    uthreshold: fields.uthreshold,
    lthreshold: fields.lthreshold,
    inhibitOnFailure: fields.inhibitOnFailure ?? parent.inhibitOnFailure,
    notifyUp: fields.notifyUp,
    notifyDown: fields.notifyDown,
    alpha,
    smtpAlert: fields.smtpAlert ?? globals.smtpAlertChecker ?? globals.smtpAlert ?? true,
    virtualhost,
    snmpName: fields.snmpName,
    checkers: assembleCheckers(section, defaults, globals, context, references),
  };
}

const fiveSeconds: Micros = micros(5_000_000);
