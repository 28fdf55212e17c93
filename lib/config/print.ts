/**
 * A model as the text of a configuration: reading the text again gives the same model. Keywords, their order and the form of their
 * values are those of the tables; only what the model holds in another shape than one keyword is put together here.
 */
import type { Checker, SorryServer, RealServer, VirtualServer } from './model-lvs.js';
import type { VrrpInstance } from './model-vrrp.js';
import type { Config, GlobalDefs } from './model.js';
import type { AnyBlock, CompiledRow } from './schema/dsl.js';
import { decimal, quoted } from './schema/format.js';
import { schedFlag } from './schema/lvs.js';
import { root } from './schema/root.js';

/** Lines of one keyword where the table alone does not tell; undefined: left out. */
type Special = readonly string[] | undefined;
type Specials = Readonly<Record<string, () => Special>>;

/** Prints a configuration. Comments, includes and definitions are no part of a model. */
export function printConfig(model: Config): string {
  const fields: Fields = { ...model, SSL: model.ssl };
  const inner = new Map<unknown, Specials>([
    [model.globalDefs, globalSpecials(model.globalDefs)],
    ...model.vrrpInstance.map((item) => [item, instanceSpecials(item, model.globalDefs)] as const),
    ...model.vrrpScript.map((item) => [item, weightSpecials(item)] as const),
    ...model.vrrpTrackProcess.map((item) => [item, processSpecials(item)] as const),
    ...model.trackFile.map((item) => [item, weightSpecials(item)] as const),
    ...model.bfdInstance.map((item) => [item, bfdSpecials(item)] as const),
    ...model.virtualServer.map((item) => [item, serverSpecials(item)] as const),
  ]);
  const order = [...root.byKeyword.values()].sort((a, b) => rank(a.keyword) - rank(b.keyword));
  return order
    .filter(({ alias }) => alias === undefined)
    .flatMap((row) => {
      const { keyword, field } = row;
      const value = fields[field];
      if (keyword === 'virtual_server_group')
        return model.virtualServerGroup.flatMap(({ name, entries }) =>
          listLines(row, `${keyword} ${quoted(name)}`, entries),
        );
      if (keyword === 'net_namespace_ipvs') return wordLine(keyword, model.netNamespaceIpvs);
      const { block } = row.row.reader;
      if (block === undefined) return rowLines(row, value);
      const blocks = Array.isArray(value) ? value : value === undefined ? [] : [value];
      return blocks.flatMap((item: unknown) => {
        if (!isFields(item)) return [];
        return braced(headOf(keyword, item), blockLines(block, item, inner.get(item) ?? {}));
      });
    })
    .map((line) => `${line}\n`)
    .join('');
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

/** What is referred to stands before what refers to it. */
function rank(keyword: string): number {
  const early = ['global_defs', 'vrrp_script', 'vrrp_track_process', 'track_file', 'bfd_instance'];
  const at = early.indexOf(keyword);
  return at < 0 ? early.length : at;
}

function braced(head: string, lines: readonly string[]): readonly string[] {
  return [`${head} {`, ...lines.map((line) => `    ${line}`), '}'];
}

function wordLine(keyword: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value === '' ? keyword : `${keyword} ${quoted(value)}`];
}

function headOf(keyword: string, item: Fields): string {
  const { name, key } = item;
  if (isFields(key)) {
    if (key['kind'] === 'fwmark') return `${keyword} fwmark ${String(key['fwmark'])}`;
    if (key['kind'] === 'group') return `${keyword} group ${quoted(String(key['group']))}`;
    return `${keyword} ${String(key['address'])}${key['port'] === 0 ? '' : ` ${String(key['port'])}`}`;
  }
  return typeof name === 'string' ? `${keyword} ${quoted(name)}` : keyword;
}

/** Every keyword of a block, in the order of the table; those of `specials` as it says. */
function blockLines(schema: AnyBlock, fields: Fields, specials: Specials): readonly string[] {
  const rows = [...schema.byKeyword.values()].filter(({ alias }) => alias === undefined);
  const first = Object.keys(specials).filter((keyword) => keyword.startsWith('^'));
  return [
    ...first.flatMap((keyword) => specials[keyword]?.() ?? []),
    ...rows.flatMap((row) => {
      const special = specials[row.keyword];
      return special === undefined ? rowLines(row, fields[row.field]) : (special() ?? []);
    }),
  ];
}

/** One keyword by its table. */
function rowLines(row: CompiledRow, value: unknown): readonly string[] {
  const { keyword } = row;
  const { reader } = row.row;
  if (value === undefined) return [];
  if (reader.block !== undefined) {
    const blocks: readonly unknown[] = Array.isArray(value) ? value : [value];
    const { block } = reader;
    return blocks.flatMap((item) => (isFields(item) ? braced(keyword, blockLines(block, item, {})) : []));
  }
  if (reader.isList === true) return Array.isArray(value) ? listLines(row, keyword, value) : [];
  // A row of which each line gives one element of a list.
  const isEach = Array.isArray(row.row.initial) && reader.format?.json.type !== 'array';
  const values: readonly unknown[] = isEach && Array.isArray(value) ? value : [value];
  return values.flatMap((item) => {
    const text = isDefault(row, item) ? undefined : reader.format?.print(item);
    return text === undefined ? [] : [text === '' ? keyword : `${keyword} ${text}`];
  });
}

/** What is so without a word is left out; a default may be out of the range of what can be written. */
function isDefault({ row }: CompiledRow, value: unknown): boolean {
  return typeof value !== 'object' && value === row.initial;
}

function listLines(row: CompiledRow, head: string, entries: readonly unknown[]): readonly string[] {
  if (entries.length === 0) return [];
  return braced(
    head,
    entries.flatMap((entry) => row.row.reader.format?.print(entry) ?? []),
  );
}

function weightSpecials(item: { readonly weight: number; readonly reverse: boolean }): Specials {
  return { weight: () => [`weight ${String(item.weight)}${item.reverse ? ' reverse' : ''}`] };
}

function processSpecials(
  item: Parameters<typeof weightSpecials>[0] & { readonly quorum: number; readonly quorumMax: number },
): Specials {
  const { quorum, quorumMax } = item;
  return {
    ...weightSpecials(item),
    quorum: () => (quorum === 0 ? undefined : [`quorum ${String(quorum)}`]),
    quorum_max: () => (quorumMax === Infinity ? undefined : [`quorum_max ${String(quorumMax)}`]),
    delay: () => undefined,
  };
}

function bfdSpecials(
  item: Parameters<typeof weightSpecials>[0] & { readonly vrrp: boolean; readonly checker: boolean },
): Specials {
  return {
    ...weightSpecials(item),
    vrrp: () => (item.vrrp && !item.checker ? ['vrrp'] : undefined),
    checker: () => (item.checker && !item.vrrp ? ['checker'] : undefined),
  };
}

function globalSpecials(globals: GlobalDefs): Specials {
  // vrrp_min_garp changes what is not said, and 0 may not be said.
  const unlessZero =
    (keyword: string, value: number, unit = 1) =>
    (): Special =>
      globals.vrrpMinGarp && value === 0 ? undefined : [`${keyword} ${decimal(value, unit)}`];
  return {
    max_auto_priority: () => [`max_auto_priority ${String(globals.maxAutoPriority)}`],
    vrrp_garp_master_delay: unlessZero('vrrp_garp_master_delay', globals.vrrpGarpMasterDelay, 1_000_000),
    vrrp_garp_master_repeat: unlessZero('vrrp_garp_master_repeat', globals.vrrpGarpMasterRepeat),
    vrrp_garp_master_refresh_repeat: unlessZero(
      'vrrp_garp_master_refresh_repeat',
      globals.vrrpGarpMasterRefreshRepeat,
    ),
  };
}

function instanceSpecials(instance: VrrpInstance, globals: GlobalDefs): Specials {
  const { family, strictMode, priority, preempt, accept, isUnicast, mcastDstIp, nativeIpv6 } = instance;
  const group = family === 4 ? globals.vrrpMcastGroup4 : globals.vrrpMcastGroup6;
  const vips = rowOf('vrrp_instance', 'virtual_ipaddress');
  const peers = rowOf('vrrp_instance', 'unicast_peer');
  const bare = (): Special => undefined;
  /** The first of these decides the family, so they come first. */
  const leading = (): Special => [
    ...(nativeIpv6 && family === 6 ? ['native_ipv6'] : []),
    ...listLines(vips, 'virtual_ipaddress', instance.virtualIpaddress),
    ...listLines(peers, 'unicast_peer', instance.unicastPeer),
  ];
  /** What strict mode fixes is not said; nor what is as global_defs has it, which may be a value that no line can give. */
  const number = (keyword: string, value: number, usual: number, unit: number) => (): Special =>
    strictMode && keyword.startsWith('garp_lower')
      ? undefined
      : value === usual
        ? undefined
        : [`${keyword} ${decimal(value, unit)}`];
  const second = 1_000_000;
  const bool = (keyword: string, value: boolean) => (): Special => [`${keyword} ${value ? 'on' : 'off'}`];
  return {
    '^leading': leading,
    virtual_ipaddress: bare,
    unicast_peer: bare,
    native_ipv6: bare,
    // A keyword of unicast alone, which global_defs gives to all.
    check_unicast_src: () =>
      instance.checkUnicastSrc && !globals.vrrpCheckUnicastSrc ? ['check_unicast_src'] : undefined,
    state: () => [`state ${instance.state}`],
    mcast_dst_ip: () => (isUnicast || mcastDstIp === group ? undefined : [`mcast_dst_ip ${mcastDstIp}`]),
    accept: () =>
      accept === (!strictMode || priority === 255) ? undefined : [accept ? 'accept' : 'no_accept'],
    no_accept: bare,
    preempt: bare,
    nopreempt: () => (preempt ? undefined : ['nopreempt']),
    skip_check_adv_addr: () => (instance.skipCheckAdvAddr ? ['skip_check_adv_addr'] : undefined),
    strict_mode: bool('strict_mode', strictMode),
    preempt_delay: () =>
      instance.preemptDelay === 0 ? undefined : [`preempt_delay ${decimal(instance.preemptDelay, second)}`],
    garp_master_delay: number(
      'garp_master_delay',
      instance.garpMasterDelay,
      globals.vrrpGarpMasterDelay,
      second,
    ),
    garp_master_refresh: number(
      'garp_master_refresh',
      instance.garpMasterRefresh,
      globals.vrrpGarpMasterRefresh,
      second,
    ),
    garp_master_repeat: number(
      'garp_master_repeat',
      instance.garpMasterRepeat,
      globals.vrrpGarpMasterRepeat,
      1,
    ),
    garp_master_refresh_repeat: number(
      'garp_master_refresh_repeat',
      instance.garpMasterRefreshRepeat,
      globals.vrrpGarpMasterRefreshRepeat,
      1,
    ),
    garp_lower_prio_delay: number(
      'garp_lower_prio_delay',
      instance.garpLowerPrioDelay,
      globals.vrrpGarpLowerPrioDelay,
      second,
    ),
    garp_lower_prio_repeat: number(
      'garp_lower_prio_repeat',
      instance.garpLowerPrioRepeat,
      globals.vrrpGarpLowerPrioRepeat,
      1,
    ),
    garp_extra_if: () => [
      `garp_extra_if ${instance.garpExtraIf.all ? 'all ' : ''}${decimal(instance.garpExtraIf.period, second)}`,
    ],
    down_timer_adverts: () =>
      strictMode ? undefined : [`down_timer_adverts ${String(instance.downTimerAdverts)}`],
    lower_prio_no_advert: strictMode ? bare : bool('lower_prio_no_advert', instance.lowerPrioNoAdvert),
    higher_prio_send_advert: strictMode
      ? bare
      : bool('higher_prio_send_advert', instance.higherPrioSendAdvert),
    owner_ignore_adverts: priority === 255 ? bool('owner_ignore_adverts', instance.ownerIgnoreAdverts) : bare,
  };
}

function rowOf(blockName: string, keyword: string): CompiledRow {
  const row = root.byKeyword.get(blockName)?.row.reader.block?.byKeyword.get(keyword);
  if (row === undefined) throw new Error(`there is no ${keyword} in ${blockName}`);
  return row;
}

function serverSpecials(server: VirtualServer): Specials {
  const { key, family, schedFlags, sorryServer, quorum, hysteresis, realServer, delayLoop } = server;
  const flag = (bit: number, keyword: string) => (): Special =>
    (schedFlags & bit) === 0 ? undefined : [keyword];
  const methodRow = rowOf('virtual_server', 'lvs_method');
  return {
    ip_family: () => (key.kind === 'address' ? undefined : [`ip_family ${family === 4 ? 'inet' : 'inet6'}`]),
    'flag-1': flag(schedFlag.first, 'flag-1'),
    'flag-2': flag(schedFlag.second, 'flag-2'),
    'flag-3': flag(schedFlag.third, 'flag-3'),
    persistence_granularity: () =>
      server.persistenceTimeout === undefined
        ? undefined
        : [`persistence_granularity ${server.persistenceGranularity}`],
    ops: () => (server.ops ? ['ops'] : undefined),
    ha_suspend: () => (server.haSuspend ? ['ha_suspend'] : undefined),
    quorum: () => [`quorum ${String(Math.max(1, quorum))}`],
    hysteresis: () => (hysteresis === 0 ? undefined : [`hysteresis ${String(hysteresis)}`]),
    sorry_server: () =>
      sorryServer === undefined ? undefined : [`sorry_server ${endpointText(sorryServer)}`],
    sorry_server_inhibit: () => (sorryServer?.inhibit === true ? ['sorry_server_inhibit'] : undefined),
    sorry_server_lvs_method: () => {
      const text =
        sorryServer === undefined ? undefined : methodRow.row.reader.format?.print(sorryServer.lvsMethod);
      return text === undefined ? undefined : [`sorry_server_lvs_method ${text}`];
    },
    real_server: () => {
      const block = rowOf('virtual_server', 'real_server').row.reader.block;
      if (block === undefined) return undefined;
      return realServer.flatMap((real) =>
        braced(`real_server ${endpointText(real)}`, realLines(block, real, delayLoop)),
      );
    },
  };
}

function endpointText({ address, port }: Pick<SorryServer, 'address' | 'port'>): string {
  return port === 0 ? address : `${address} ${String(port)}`;
}

function realLines(schema: AnyBlock, real: RealServer, delayLoop: number): readonly string[] {
  const checkers = real.checkers.flatMap((checker) => {
    const block = schema.byKeyword.get(checker.kind)?.row.reader.block;
    return block === undefined ? [] : braced(checker.kind, checkerLines(block, checker, delayLoop));
  });
  // Values of 0 may differ from what the virtual server hands down, so they are said.
  const specials: Specials = { weight: () => [`weight ${String(real.weight)}`] };
  return [...blockLines(schema, { ...real }, specials), ...checkers];
}

function checkerLines(schema: AnyBlock, checker: Checker, delayLoop: number): readonly string[] {
  const specials: Record<string, () => Special> = {};
  if ('connectPort' in checker && checker.connectPort === 0) specials['connect_port'] = () => undefined;
  switch (checker.kind) {
    case 'UDP_CHECK':
      specials['require_reply'] = () =>
        checker.requireReply ? [`require_reply ${checker.replyPattern ?? ''}`.trimEnd()] : undefined;
      break;
    case 'FILE_CHECK':
      Object.assign(specials, weightSpecials(checker));
      break;
    case 'MISC_CHECK':
      // Its default need not be a whole number of seconds.
      if (checker.miscTimeout === delayLoop) specials['misc_timeout'] = () => undefined;
      break;
    default:
      break;
  }
  return blockLines(schema, { ...checker }, specials);
}
