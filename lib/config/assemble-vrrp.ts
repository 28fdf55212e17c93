/**
 * vrrp_instance and vrrp_sync_group as meant: family, version, priority, timers and the rest are derived as keepalived
 * derives them (reference A11), and what it corrects is corrected and reported.
 */
import {
  micros,
  priority as asPriority,
  seconds,
  vrid as asVrid,
  type Family,
  type Micros,
} from '../units.js';
import { resolveReferences, keywordAt, type Named, type RulePreferences } from './assemble-tracked.js';
import { wordsOfLines } from './causes.js';
import { messages } from './messages.js';
import type { TrackInterface, TrackReference, VrrpInstance } from './model-vrrp.js';
import type { GlobalDefs } from './model.js';
import type { Context, Decoded } from './schema/dsl.js';
import type { Section } from './schema/lists.js';
import type { TrackEntry } from './schema/tracking.js';
import type { vrrpInstance } from './schema/vrrp.js';
import { auth, hmac } from './assemble-authentication.js';
import {
  familyOf,
  usablePeers,
  xmitBase,
  unicastRules,
  isNative,
  onOneVmac,
  vips,
} from './assemble-addresses.js';

export type RawInstance = Section<typeof vrrpInstance.rows>;
type Fields = Decoded<typeof vrrpInstance.rows>;
type Weighted = Named<{ readonly weight: number; readonly reverse: boolean }>;

/** What tracking lists may name, by name. */
export interface Trackables {
  readonly scripts: ReadonlyMap<string, readonly Weighted[]>;
  readonly files: ReadonlyMap<string, readonly Weighted[]>;
  readonly processes: ReadonlyMap<string, readonly Weighted[]>;
  readonly bfds: ReadonlyMap<string, readonly Weighted[]>;
}

export interface Derived {
  readonly family: Family;
  readonly version: 2 | 3;
  readonly isStrict: boolean;
  readonly priority: number;
  readonly isMaster: boolean;
  readonly isUnicast: boolean;
}

/** Undefined: the instance cannot run, which is reported. */
export function assembleInstance(
  section: RawInstance,
  globals: GlobalDefs,
  known: Trackables,
  preferences: RulePreferences,
  context: Context,
): VrrpInstance | undefined {
  const { fields, name, at, order } = section;
  const { diagnostics } = context;
  const references = trackReferences(fields, known, order, context);
  const virtualRules = preferences.fill(fields.virtualRules);
  const peers = usablePeers(section, context);
  const family = familyOf(section);
  const nativeIpv6 = isNative(section, family, context);
  oneInterface(section, context);
  const vmacXmitBase = xmitBase(section, peers, context);
  diagnostics.isLate = true;
  const derived = derive(section, globals, family, peers.length > 0, context);
  const { version, isStrict, priority, isMaster, isUnicast } = derived;
  unicastRules(section, isUnicast, context);
  if (family === 4 && fields.useIpvlan !== undefined && fields.useIpvlan.address === undefined) {
    const at = keywordAt(section, 'use_ipvlan');
    const causes = wordsOfLines(section.statement, 'use_ipvlan');
    diagnostics.reportOrAdd(messages.badValue, causes, at, 'use_ipvlan needs an address of its own for IPv4');
  }
  const preempt = preemption(section, derived, context);
  const [virtualIpaddress, excess] = vips(section, derived, context);
  const excluded = fields.virtualIpaddressExcluded.map((entry) =>
    entry.family === family ? onOneVmac(entry, section, diagnostics) : entry,
  );
  const instanceVrid = asVrid(fields.virtualRouterId?.value ?? 0);
  const instancePriority = asPriority(priority);
  checkInterface(section, context);
  if (instanceVrid === undefined) {
    const refused = wordsOfLines(section.statement, 'virtual_router_id');
    diagnostics.reportOrAdd(messages.noVrid, refused, at, name);
  }
  const trackInterface = ownInterface(section, fields.trackInterface, context);
  const authHmac = hmac(section, context);
  const authentication = auth(section, derived, authHmac !== undefined, context);
  const advertInt = interval(section, version, context);
  const accept = accepts(section, derived, context);
  needMulticast(section, isUnicast, context);
  diagnostics.isLate = false;
  if (instanceVrid === undefined || instancePriority === undefined) return undefined;
  const group = family === 4 ? globals.vrrpMcastGroup4 : globals.vrrpMcastGroup6;
  const announced = announcements(fields, globals, isStrict);
  // Written out instead of spread: an object of this size that is not made at one stroke grows and is copied as it does.
  return {
    name,
    at,
    family,
    state: isMaster ? 'MASTER' : 'BACKUP',
    stateAt: fields.state?.at,
    interface: fields.interface,
    virtualRouterId: instanceVrid,
    virtualRouterIdAt: fields.virtualRouterId?.at ?? at,
    priority: instancePriority,
    priorityAt: fields.priority?.at,
    version,
    versionAt: fields.version?.at,
    advertInt,
    advertIntAt: fields.advertInt?.at,
    useVmac:
      fields.useVmac === undefined || !isStrict ? fields.useVmac : { ...fields.useVmac, mac: undefined },
    useVmacAddr: fields.useVmacAddr,
    vmacXmitBase,
    useIpvlan: fields.useIpvlan,
    isUnicast,
    unicastPeer: peers,
    unicastFaultNoPeer: fields.unicastFaultNoPeer,
    checkUnicastSrc:
      fields.checkUnicastSrc ||
      globals.vrrpCheckUnicastSrc ||
      peers.some((peer) => peer.minTtl > 0 || peer.maxTtl < 255),
    oldUnicastChecksum: fields.oldUnicastChecksum,
    nativeIpv6,
    vrf: fields.interface === undefined ? fields.vrf?.value : undefined,
    dontTrackPrimary: fields.dontTrackPrimary,
    trackInterface,
    trackScript: references.trackScript,
    trackFile: references.trackFile,
    trackProcess: references.trackProcess,
    trackBfd: references.trackBfd,
    mcastSrcIp: fields.mcastSrcIp?.value.text,
    mcastDstIp:
      isUnicast || fields.mcastDstIp?.value.family !== family ? group : fields.mcastDstIp.value.text,
    trackSrcIp: fields.trackSrcIp,
    unicastTtl: fields.unicastTtl?.value,
    virtualIpaddress,
    virtualIpaddressExcluded: [...excluded, ...excess],
    noVirtualIpaddress: fields.noVirtualIpaddress,
    promoteSecondaries: fields.promoteSecondaries,
    linkbeatUsePolling: fields.linkbeatUsePolling,
    v3ChecksumAsV2: fields.v3ChecksumAsV2 ?? globals.v3ChecksumAsV2,
    virtualRoutes: fields.virtualRoutes,
    virtualRules,
    accept,
    skipCheckAdvAddr: fields.skipCheckAdvAddr ?? globals.vrrpSkipCheckAdvAddr,
    strictMode: isStrict,
    preempt: preempt.preempt,
    preemptDelay: preempt.preemptDelay,
    debug: fields.debug,
    notifyMaster: fields.notifyMaster,
    notifyBackup: fields.notifyBackup,
    notifyFault: fields.notifyFault,
    notifyStop: fields.notifyStop,
    notifyDeleted: fields.notifyDeleted,
    notify: fields.notify,
    notifyMasterRxLowerPri: fields.notifyMasterRxLowerPri,
    smtpAlert: fields.smtpAlert ?? globals.smtpAlertVrrp ?? globals.smtpAlert ?? false,
    notifyPriorityChanges: fields.notifyPriorityChanges ?? globals.vrrpNotifyPriorityChanges,
    lvsSyncDaemonInterface: fields.lvsSyncDaemonInterface,
    garpMasterDelay: announced.garpMasterDelay,
    garpMasterRefresh: announced.garpMasterRefresh,
    garpMasterRepeat: announced.garpMasterRepeat,
    garpMasterRefreshRepeat: announced.garpMasterRefreshRepeat,
    garpLowerPrioDelay: announced.garpLowerPrioDelay,
    garpLowerPrioRepeat: announced.garpLowerPrioRepeat,
    downTimerAdverts: isStrict ? 3 : (fields.downTimerAdverts ?? globals.vrrpDownTimerAdverts),
    timerExpiredBackup: preempt.preempt ? undefined : fields.timerExpiredBackup,
    garpExtraIf: fields.garpExtraIf ?? globals.vrrpGarpExtraIf,
    lowerPrioNoAdvert: isStrict || (fields.lowerPrioNoAdvert ?? globals.vrrpLowerPrioNoAdvert),
    higherPrioSendAdvert: !isStrict && (fields.higherPrioSendAdvert ?? globals.vrrpHigherPrioSendAdvert),
    ownerIgnoreAdverts:
      priority === 255 && (fields.ownerIgnoreAdverts ?? (isStrict || globals.vrrpOwnerIgnoreAdverts)),
    kernelRxBufSize: fields.kernelRxBufSize,
    authentication,
    authHmac,
  };
}

function derive(
  section: RawInstance,
  globals: GlobalDefs,
  family: Family,
  isUnicast: boolean,
  context: Context,
): Derived {
  const { fields } = section;
  const { diagnostics } = context;
  const isStrict = fields.strictMode ?? globals.vrrpStrict;
  let version: 2 | 3 = fields.version?.value ?? (family === 6 ? 3 : globals.vrrpVersion);
  if (isStrict && family === 6 && version === 2) {
    diagnostics.report(
      messages.strictConflict,
      fields.version?.at ?? section.at,
      'IPv6 needs version 3, which is used',
    );
    version = 3;
  }
  const wished = fields.state?.value;
  const priority = fields.priority?.value ?? (wished === 'MASTER' ? 255 : 100);
  let isMaster = wished === undefined ? priority === 255 : wished === 'MASTER';
  if (isStrict && isMaster !== (priority === 255)) {
    const place = fields.state?.at ?? section.at;
    if (wished !== undefined) {
      diagnostics.report(
        messages.strictConflict,
        place,
        isMaster
          ? 'state MASTER belongs to priority 255; the instance starts as BACKUP'
          : 'priority 255 is the owner; the instance starts as MASTER',
      );
    }
    isMaster = priority === 255;
  }
  return { family, version, isStrict, priority, isMaster, isUnicast };
}

/** Either an interface or a VRF. */
function oneInterface({ fields }: RawInstance, context: Context): void {
  if (fields.interface === undefined || fields.vrf === undefined) return;
  context.diagnostics.report(messages.badValue, fields.vrf.at, 'vrf together with interface is ignored');
}

function checkInterface(section: RawInstance, context: Context): void {
  const { fields, name, at } = section;
  if (fields.interface !== undefined) return;
  const isRouted = fields.unicastPeer.length > 0 && fields.mcastSrcIp !== undefined;
  if (isRouted) context.diagnostics.report(messages.noInterfaceNewer, at, name);
  else {
    const refused = wordsOfLines(section.statement, 'interface');
    context.diagnostics.reportOrAdd(messages.noInterface, refused, at, name);
  }
}

interface Preemption {
  readonly preempt: boolean;
  readonly preemptDelay: Micros;
}

function preemption(section: RawInstance, derived: Derived, context: Context): Preemption {
  const { fields } = section;
  const { diagnostics } = context;
  const last = section.statement.body?.items.findLast((item) => /^(no)?preempt$/.test(item.words[0] ?? ''));
  let preempt = last?.words[0] !== 'nopreempt';
  if (!preempt && (derived.priority === 255 || derived.isMaster)) {
    const why =
      derived.priority === 255 ? 'priority 255 always takes over' : 'state MASTER takes over at start';
    diagnostics.reportWith(
      messages.nopreemptIgnored,
      fields.nopreempt?.at ?? section.at,
      derived.priority === 255 ? {} : { hint: "give both nodes 'state BACKUP'" },
      why,
    );
    preempt = true;
  }
  const delay = fields.preemptDelay;
  if (delay === undefined || delay.value === 0) return { preempt, preemptDelay: micros(0) };
  const why = derived.isStrict
    ? 'strict mode'
    : derived.isMaster
      ? 'state MASTER'
      : !preempt
        ? 'nopreempt'
        : undefined;
  if (why === undefined) return { preempt, preemptDelay: delay.value };
  diagnostics.report(messages.badValue, delay.at, `preempt_delay has no effect together with ${why}`);
  return { preempt, preemptDelay: micros(0) };
}

function ownInterface(
  section: RawInstance,
  entries: readonly TrackEntry[],
  context: Context,
): readonly TrackInterface[] {
  const own = section.fields.interface?.text;
  const result: TrackInterface[] = [];
  for (const { name, weight, reverse, at } of entries) {
    if (name === own) context.diagnostics.report(messages.ownInterfaceTracked, at, name);
    else if (result.some((other) => other.interface === name)) {
      context.diagnostics.report(messages.entryDropped, at, name, 'it is listed twice');
    } else result.push({ interface: name, weight: weight ?? 0, reverse: reverse ?? false, at });
  }
  return result;
}

export interface References {
  readonly trackScript: readonly TrackReference[];
  readonly trackFile: readonly TrackReference[];
  readonly trackProcess: readonly TrackReference[];
  readonly trackBfd: readonly TrackReference[];
}

export function trackReferences(
  fields: Pick<Fields, 'trackScript' | 'trackFile' | 'trackProcess' | 'trackBfd'>,
  known: Trackables,
  order: number,
  context: Context,
): References {
  return {
    trackScript: resolveReferences('vrrp_script', fields.trackScript, known.scripts, order, context),
    trackFile: resolveReferences('track_file', fields.trackFile, known.files, order, context),
    trackProcess: resolveReferences(
      'vrrp_track_process',
      fields.trackProcess,
      known.processes,
      order,
      context,
    ),
    trackBfd: resolveReferences('bfd_instance', fields.trackBfd, known.bfds, order, context),
  };
}

/** Whole seconds for version 2, hundredths for version 3. */
function interval(section: RawInstance, version: 2 | 3, context: Context): Micros {
  const given = section.fields.advertInt;
  if (given === undefined) return seconds(1);
  const unit = version === 2 ? 1_000_000 : 10_000;
  const max = version === 2 ? 255_000_000 : 40_950_000;
  const rounded = Math.min(max, Math.max(unit, Math.round(given.value / unit) * unit));
  if (rounded !== given.value) {
    context.diagnostics.report(
      messages.adjusted,
      given.at,
      `VRRP version ${String(version)} cannot carry ${String(given.value / 1e6)} s; ${String(rounded / 1e6)} s is used`,
    );
  }
  return micros(rounded);
}

function accepts(section: RawInstance, derived: Derived, context: Context): boolean {
  const last = section.statement.body?.items.findLast((item) => /^(no_)?accept$/.test(item.words[0] ?? ''));
  if (last === undefined) return !derived.isStrict || derived.priority === 255;
  if (last.words[0] !== 'accept') return false;
  if (!derived.isStrict || derived.version === 3) return true;
  context.diagnostics.report(
    messages.strictConflict,
    keywordAt(section, 'accept'),
    'accept needs version 3; it is ignored',
  );
  return false;
}

/** Adverts to a group need an interface that knows groups, which tunnels often do not. */
function needMulticast({ fields, name }: RawInstance, isUnicast: boolean, context: Context): void {
  const own = fields.interface;
  if (own === undefined || isUnicast || context.isOffline || context.machine.hasMulticast(own.text)) return;
  context.diagnostics.report(messages.noMulticast, own.at, name, own.text);
}

type Announcements = Pick<
  VrrpInstance,
  | 'garpMasterDelay'
  | 'garpMasterRefresh'
  | 'garpMasterRepeat'
  | 'garpMasterRefreshRepeat'
  | 'garpLowerPrioDelay'
  | 'garpLowerPrioRepeat'
>;

function announcements(fields: Fields, globals: GlobalDefs, isStrict: boolean): Announcements {
  return {
    garpMasterDelay: fields.garpMasterDelay ?? globals.vrrpGarpMasterDelay,
    garpMasterRefresh: fields.garpMasterRefresh ?? globals.vrrpGarpMasterRefresh,
    garpMasterRepeat: fields.garpMasterRepeat ?? globals.vrrpGarpMasterRepeat,
    garpMasterRefreshRepeat: fields.garpMasterRefreshRepeat ?? globals.vrrpGarpMasterRefreshRepeat,
    garpLowerPrioDelay: isStrict ? micros(0) : (fields.garpLowerPrioDelay ?? globals.vrrpGarpLowerPrioDelay),
    garpLowerPrioRepeat: isStrict ? 0 : (fields.garpLowerPrioRepeat ?? globals.vrrpGarpLowerPrioRepeat),
  };
}
