/**
 * From the configuration to what has to run: parameters of the engine's routers, sync groups, trackers and notifications. Pure:
 * nothing is started here, and numbers for routers are given by diff.ts.
 */
import type {
  NativeAddress,
  NativeEngineOptions,
  NativeLinkDelay,
  NativePace,
  NativeRouter,
  NativeStatics,
} from '../../bindings/native.js';
import type { Config, ScriptCommand } from '../config/model.js';
import type { AddressEntry } from '../config/model-routes.js';
import type {
  TrackFile,
  TrackReference,
  VrrpInstance,
  VrrpScript,
  VrrpSyncGroup,
  VrrpTrackProcess,
} from '../config/model-vrrp.js';
import { groupedLinks, planLinkDelays, planLinks } from './links.js';
import { planRoutes, planRule } from './routing.js';
import { uniqueBy } from './unique.js';

/** Everything that a router needs except its number and what policy decides while it runs. */
export type RouterParams = Omit<NativeRouter, 'id' | 'prioritySum' | 'owner' | 'holds'>;

/** Commands that are run when something happens to a router or a sync group. */
export interface Notifies {
  readonly master: ScriptCommand | undefined;
  readonly backup: ScriptCommand | undefined;
  readonly fault: ScriptCommand | undefined;
  readonly stop: ScriptCommand | undefined;
  /** 'state': DELETED is announced, without a command of its own; undefined: removal is announced as FAULT. */
  readonly deleted: ScriptCommand | 'state' | undefined;
  readonly any: ScriptCommand | undefined;
  readonly lowerPriority: ScriptCommand | undefined;
}

/** One entry of a tracking list. */
export interface TrackPlan {
  readonly kind: 'script' | 'file' | 'process';
  readonly name: string;
  readonly weight: number;
  readonly reverse: boolean;
}

export interface RouterPlan {
  /** What makes two configurations' routers the same one (keepalived matches at reload by this, not by name). */
  readonly key: string;
  readonly name: string;
  readonly basePriority: number;
  readonly params: RouterParams;
  readonly tracked: readonly TrackPlan[];
  /** What its configuration lacks: it stays in FAULT. */
  readonly faults: readonly string[];
  /** false: packets to and from its addresses are dropped while it is MASTER. */
  readonly isAccepting: boolean;
  readonly notifies: Notifies;
  /** Name of its sync group. */
  readonly group: string | undefined;
}

export interface GroupPlan {
  readonly name: string;
  /** Keys of its members. */
  readonly members: readonly string[];
  readonly notifies: Notifies;
}

/** The tables of nftables that drop packets, see no_accept. */
export interface FilterPlan {
  /** Their name, the same in both families. */
  readonly table: string;
  /** Priority of the base chains. */
  readonly priority: number;
  readonly hasCounters: boolean;
}

/** All that runs for one configuration. */
export interface Plan {
  readonly engine: NativeEngineOptions;
  readonly routers: readonly RouterPlan[];
  readonly groups: readonly GroupPlan[];
  readonly paces: readonly NativePace[];
  /** interface_up_down_delays, limited so that a backup does not take over for want of adverts while one runs. */
  readonly linkDelays: readonly NativeLinkDelay[];
  /** static_ipaddress, static_routes, static_rules. */
  readonly statics: NativeStatics;
  /** Undefined: every instance accepts packets to its addresses. */
  readonly filter: FilterPlan | undefined;
  /** Adverts of VRIDs that are not configured are told of. */
  readonly tellUnknownVrids: boolean;
  /** Objects that some router tracks. */
  readonly scripts: readonly VrrpScript[];
  readonly files: readonly TrackFile[];
  readonly processes: readonly VrrpTrackProcess[];
}

/** What a plan depends on besides the configuration. */
export interface PlanOptions {
  /** Seconds since boot, for vrrp_delay_after_boot. */
  readonly uptimeS?: number;
  /** Routers are held when JavaScript does not answer for so long; 0 or absent: never. */
  readonly eventLoopTimeoutMs?: number;
  /** Names of the instances that it is for; all when absent. */
  readonly eventLoopTimeoutInstances?: readonly string[];
  /** false: do not ask the neighbours who else holds the addresses of a master. */
  readonly splitBrainProbe?: boolean;
  /** --dont-release-vrrp. */
  readonly keepAddresses?: boolean;
  /** Process without which the engine does not go on. */
  readonly leaveWith?: number;
  /** File for the engine's sign of life, see NativeEngineOptions. */
  readonly lifeSignFd?: number;
  /** Path of the namespace that the engine works in; overrides net_namespace. */
  readonly netns?: string;
}

export function makePlan(config: Config, options: PlanOptions = {}): Plan {
  const groupOf = new Map<string, VrrpSyncGroup>();
  for (const group of config.vrrpSyncGroup) {
    for (const { text } of group.group) if (!groupOf.has(text)) groupOf.set(text, group);
  }
  const startsActive = (instance: VrrpInstance): boolean =>
    instance.priority === 255 && instance.state === 'MASTER';
  const needed = groupedLinks(config);
  const routers = config.vrrpInstance.map((instance) => {
    const group = groupOf.get(instance.name);
    const members = config.vrrpInstance.filter(({ name }) => groupOf.get(name) === group);
    return planRouter(
      instance,
      config,
      group,
      options,
      group === undefined ? startsActive(instance) : members.every(startsActive),
      needed.get(instance.name) ?? [],
    );
  });
  const tracked = new Set(
    routers.flatMap((router) => router.tracked.map(({ kind, name }) => `${kind} ${name}`)),
  );
  return {
    engine: planEngine(config, options),
    routers: withUniqueKeys(routers),
    groups: config.vrrpSyncGroup.map((group) => planGroup(group, routers)),
    paces: planPaces(config),
    linkDelays: planLinkDelays(
      config,
      routers.map(({ params }) => params),
    ),
    statics: planStatics(config),
    filter: planFilter(config, routers),
    tellUnknownVrids: config.globalDefs.logUnknownVrids,
    scripts: config.vrrpScript.filter(({ name }) => tracked.has(`script ${name}`)),
    files: config.trackFile.filter(({ name }) => tracked.has(`file ${name}`)),
    processes: config.vrrpTrackProcess.filter(({ name }) => tracked.has(`process ${name}`)),
  };
}

function planRouter(
  instance: VrrpInstance,
  config: Config,
  group: VrrpSyncGroup | undefined,
  options: PlanOptions,
  startActive: boolean,
  needed: readonly string[],
): RouterPlan {
  return {
    key: reloadKey(instance),
    name: instance.name,
    basePriority: instance.priority,
    params: planParams(instance, config, options, startActive, group, needed),
    tracked: planTracked(instance, group),
    // keepalived: an owner of the addresses accepts, whatever is said.
    isAccepting: instance.accept || instance.priority === 255,
    faults: instance.unicastFaultNoPeer && !instance.isUnicast ? ['unicast without any peers'] : [],
    notifies: {
      master: instance.notifyMaster,
      backup: instance.notifyBackup,
      fault: instance.notifyFault,
      stop: instance.notifyStop,
      deleted: instance.notifyDeleted,
      any: instance.notify,
      lowerPriority: instance.notifyMasterRxLowerPri,
    },
    group: group?.name,
  };
}

/** keepalived, vrrp-syntax B11. */
function reloadKey(instance: VrrpInstance): string {
  const how = instance.isUnicast
    ? `unicast ${instance.mcastSrcIp ?? ''}`
    : `multicast ${instance.mcastDstIp} ${instance.useVmac === undefined ? '' : 'vmac'}`;
  return `${instance.virtualRouterId} ${instance.family} ${instance.interface?.text ?? ''} ${how}`;
}

function withUniqueKeys(routers: readonly RouterPlan[]): readonly RouterPlan[] {
  const seen = new Map<string, number>();
  return routers.map((router) => {
    const count = (seen.get(router.key) ?? 0) + 1;
    seen.set(router.key, count);
    return count === 1 ? router : { ...router, key: `${router.key} #${count}` };
  });
}

function planParams(
  instance: VrrpInstance,
  config: Config,
  options: PlanOptions,
  startActive: boolean,
  group: VrrpSyncGroup | undefined,
  needed: readonly string[],
): RouterParams {
  const device = instance.interface?.text ?? '';
  const password =
    instance.authentication?.authType === 'PASS' ? instance.authentication.authPass : undefined;
  return {
    name: instance.name,
    vrid: instance.virtualRouterId,
    version: instance.version,
    family: instance.family,
    interface: device,
    advertIntervalUs: instance.advertInt,
    downTimerAdverts: instance.downTimerAdverts,
    preempt: instance.preempt,
    preemptDelayUs: instance.preemptDelay,
    startActive,
    lowerPrioNoAdvert: instance.lowerPrioNoAdvert,
    higherPrioSendAdvert: instance.higherPrioSendAdvert,
    ownerIgnoreAdverts: instance.ownerIgnoreAdverts,
    ...(instance.mcastSrcIp === undefined ? {} : { source: instance.mcastSrcIp }),
    trackSource: instance.trackSrcIp,
    unicastPeers: instance.isUnicast
      ? instance.unicastPeer.map(({ address, minTtl, maxTtl }) => ({ address, minTtl, maxTtl }))
      : [],
    checkUnicastSource: instance.checkUnicastSrc,
    // RFC 9568 section 5.1.1.3: 255; keepalived leaves the kernel's default to IPv6 unicast.
    unicastTtl: instance.unicastTtl ?? 255,
    multicastGroup: instance.mcastDstIp,
    skipCheckAdvAddr: instance.skipCheckAdvAddr,
    v3ChecksumAsV2: instance.v3ChecksumAsV2,
    ...(instance.oldUnicastChecksum === 'auto' ? {} : { oldUnicastChecksum: instance.oldUnicastChecksum }),
    ...(password === undefined
      ? {}
      : { authPass: Uint8Array.from(Buffer.from(password, 'latin1').subarray(0, 8)) }),
    addresses: instance.virtualIpaddress.map((entry) => planAddress(entry, device)),
    excludedAddresses: instance.virtualIpaddressExcluded.map((entry) => planAddress(entry, device)),
    ...(instance.virtualRoutes.length === 0 ? {} : { routes: planRoutes(instance.virtualRoutes) }),
    ...(instance.virtualRules.length === 0 ? {} : { rules: instance.virtualRules.map(planRule) }),
    promoteSecondaries: instance.promoteSecondaries,
    trackedLinks: planLinks(instance, group, needed),
    dontTrackPrimary: instance.dontTrackPrimary,
    announce: {
      delayUs: instance.garpMasterDelay,
      repeat: instance.garpMasterRepeat,
      refreshUs: instance.garpMasterRefresh,
      refreshRepeat: instance.garpMasterRefreshRepeat,
      lowerPrioDelayUs: instance.garpLowerPrioDelay,
      lowerPrioRepeat: instance.garpLowerPrioRepeat,
    },
    ...(instance.garpExtraIf.all && instance.garpExtraIf.period > 0
      ? { extraAnnounceUs: instance.garpExtraIf.period }
      : {}),
    ...planReceiveBuffer(instance, config),
    watchdog:
      (options.eventLoopTimeoutMs ?? 0) > 0 &&
      (options.eventLoopTimeoutInstances?.includes(instance.name) ?? true),
  };
}

/** kernel_rx_buf_size, else vrrp_rx_bufs_policy, of which the multiplier does not concern a number [keepalived]. */
function planReceiveBuffer(
  instance: VrrpInstance,
  { globalDefs: { vrrpRxBufsPolicy: policy, vrrpRxBufsMultiplier: multiplier } }: Config,
): Pick<RouterParams, 'rxBufferBytes' | 'rxBufferMtus'> {
  if (policy === 'MTU' && instance.kernelRxBufSize === 0)
    return { rxBufferBytes: 0, rxBufferMtus: Math.min(multiplier, 0xffff) };
  const byPolicy = policy === 'ADVERT' ? advertBytes(instance) * multiplier : Number(policy ?? 0);
  return { rxBufferBytes: Math.min(instance.kernelRxBufSize || byPolicy, largestBuffer) };
}

/** Of a socket; the kernel doubles what it is asked for. */
const largestBuffer = 0x3fffffff;

/** Size of an advert with its IP header. */
function advertBytes({ family, version, virtualIpaddress }: VrrpInstance): number {
  const addresses = virtualIpaddress.filter((entry) => entry.family === family).length;
  return family === 6 ? 48 + 16 * addresses : 28 + 4 * addresses + (version === 2 ? 8 : 0);
}

/** The router's own lists, then those of its group; weights of the group's lists do not move an address owner. */
function planTracked(instance: VrrpInstance, group: VrrpSyncGroup | undefined): readonly TrackPlan[] {
  const isOwner = instance.priority === 255;
  const entries = (kind: TrackPlan['kind'], own: readonly TrackReference[], of: readonly TrackReference[]) =>
    uniqueBy(
      [...own, ...of.map((entry) => (isOwner ? { ...entry, weight: 0 } : entry))],
      ({ name }) => name,
    ).map(({ name, weight, reverse }): TrackPlan => ({ kind, name, weight, reverse }));
  return [
    ...entries('script', instance.trackScript, group?.trackScript ?? []),
    ...entries('file', instance.trackFile, group?.trackFile ?? []),
    ...entries('process', instance.trackProcess, group?.trackProcess ?? []),
  ];
}

function planAddress(entry: AddressEntry, device: string): NativeAddress {
  const isIpv4 = entry.family === 4;
  // keepalived: an IPv6 host address is deprecated at once, so that it is not chosen as a source.
  const preferred = entry.preferredLft ?? (!isIpv4 && entry.prefixLength === 128 ? 0 : Infinity);
  return {
    address: `${entry.address}/${entry.prefixLength}`,
    dev: entry.dev ?? device,
    ...(isIpv4 ? { scope: entry.scope } : {}),
    ...(entry.label === undefined ? {} : { label: entry.label }),
    ...(entry.broadcast === undefined ? {} : { broadcast: entry.broadcast }),
    ...(entry.peer === undefined ? {} : { peer: entry.peer }),
    ...(entry.home ? { home: true } : {}),
    dad: entry.dad,
    ...(entry.noprefixroute ? { noprefixroute: true } : {}),
    ...(entry.mngtmpaddr ? { mngtmpaddr: true } : {}),
    ...(entry.autojoin ? { autojoin: true } : {}),
    ...(Number.isFinite(preferred) && !isIpv4 ? { preferredLifetimeS: preferred } : {}),
    ...(entry.noTrack ? { noTrack: true } : {}),
  };
}

function planGroup(group: VrrpSyncGroup, routers: readonly RouterPlan[]): GroupPlan {
  return {
    name: group.name,
    members: routers.filter((router) => router.group === group.name).map(({ key }) => key),
    notifies: {
      master: group.notifyMaster,
      backup: group.notifyBackup,
      fault: group.notifyFault,
      stop: group.notifyStop,
      deleted: undefined,
      any: group.notify,
      lowerPriority: undefined,
    },
  };
}

function planStatics(config: Config): NativeStatics {
  return {
    addresses: config.staticIpaddress.map((entry) => planAddress(entry, entry.dev ?? '')),
    routes: planRoutes(config.staticRoutes),
    rules: config.staticRules.map(planRule),
  };
}

function planFilter(config: Config, routers: readonly RouterPlan[]): FilterPlan | undefined {
  const { nftables, nftablesPriority, nftablesCounters } = config.globalDefs;
  if (routers.every(({ isAccepting }) => isAccepting)) return undefined;
  return { table: nftables ?? 'keepalived', priority: nftablesPriority, hasCounters: nftablesCounters };
}

function planPaces(config: Config): readonly NativePace[] {
  const { vrrpGarpInterval, vrrpGnaInterval } = config.globalDefs;
  return [
    { interfaces: [], garpIntervalUs: vrrpGarpInterval, gnaIntervalUs: vrrpGnaInterval },
    ...config.garpGroup.map((group) => ({
      interfaces: group.interfaces.map(({ text }) => text),
      garpIntervalUs: group.garpInterval,
      gnaIntervalUs: group.gnaInterval,
    })),
  ];
}

function planEngine(config: Config, options: PlanOptions): NativeEngineOptions {
  const { globalDefs } = config;
  const namespace =
    options.netns ?? (config.netNamespace === undefined ? undefined : `/run/netns/${config.netNamespace}`);
  const sinceBootUs = (options.uptimeS ?? Infinity) * 1e6;
  const startupDelayUs = Math.max(
    globalDefs.vrrpStartupDelay,
    globalDefs.vrrpDelayAfterBoot - sinceBootUs,
    0,
  );
  return {
    ...(namespace === undefined ? {} : { netns: namespace }),
    ...(globalDefs.vrrpRtPriority > 0 ? { realtimePriority: globalDefs.vrrpRtPriority } : {}),
    ...(globalDefs.vrrpPriority === 0 ? {} : { niceness: globalDefs.vrrpPriority }),
    ...(globalDefs.vrrpCpuAffinity.length === 0 ? {} : { cpuAffinity: globalDefs.vrrpCpuAffinity }),
    ...(globalDefs.vrrpNoSwap ? { lockMemory: true } : {}),
    ...(globalDefs.maxAutoPriority > 0
      ? { maxAutoPriority: globalDefs.maxAutoPriority, autoPriorityDelayUs: globalDefs.minAutoPriorityDelay }
      : {}),
    ...((globalDefs.vrrpRtPriority > 0 || globalDefs.maxAutoPriority > 0) && globalDefs.vrrpRlimitRttime > 0
      ? { rlimitRttimeUs: globalDefs.vrrpRlimitRttime }
      : {}),
    ...(startupDelayUs > 0 ? { startupDelayUs } : {}),
    ...((options.eventLoopTimeoutMs ?? 0) > 0 ? { eventLoopTimeoutMs: options.eventLoopTimeoutMs ?? 0 } : {}),
    ...(options.keepAddresses === true ? { keepAddresses: true } : {}),
    ...(options.leaveWith === undefined ? {} : { leaveWith: options.leaveWith }),
    ...(options.lifeSignFd === undefined ? {} : { lifeSignFd: options.lifeSignFd }),
    ...(options.splitBrainProbe === false ? { noSplitBrainProbe: true } : {}),
    ...(globalDefs.vrrpNetlinkMonitorRcvBufs === 0
      ? {}
      : {
          monitorBufferBytes: Math.min(globalDefs.vrrpNetlinkMonitorRcvBufs, largestBuffer),
          monitorBufferForced: globalDefs.vrrpNetlinkMonitorRcvBufsForce,
        }),
    ...(globalDefs.vrrpNetlinkCmdRcvBufs === 0
      ? {}
      : {
          requestBufferBytes: Math.min(globalDefs.vrrpNetlinkCmdRcvBufs, largestBuffer),
          requestBufferForced: globalDefs.vrrpNetlinkCmdRcvBufsForce,
        }),
  };
}
