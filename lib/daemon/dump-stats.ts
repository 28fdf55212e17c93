/** keepalived.stats and keepalived.json: the counters and the state of each VRRP instance, field for field as keepalived has them. */
import type { NativeRouterStatus } from '../../bindings/native.js';
import type { Config } from '../config/model.js';
import type { VrrpInstance } from '../config/model-vrrp.js';
import type { VrrpState } from '../vrrp/words.js';
import { addressWords, commandWords, routeWords, ruleWords } from './dump-words.js';

/** One instance at one moment. */
export interface InstanceStanding {
  readonly name: string;
  readonly state: VrrpState;
  readonly priority: number;
  /** Wall clock of the last transition, milliseconds; 0: none yet. */
  readonly sinceMs: number;
  /** What the engine knows; undefined before it knows anything. */
  readonly engine: NativeRouterStatus | undefined;
}

/** keepalived's counters, by its names. */
export interface InstanceStats {
  readonly advert_rcvd: number;
  readonly advert_sent: number;
  readonly become_master: number;
  readonly release_master: number;
  readonly packet_len_err: number;
  readonly advert_interval_err: number;
  readonly ip_ttl_err: number;
  readonly invalid_type_rcvd: number;
  readonly addr_list_err: number;
  readonly invalid_authtype: number;
  readonly authtype_mismatch: number;
  readonly auth_failure: number;
  readonly pri_zero_rcvd: number;
  readonly pri_zero_sent: number;
}

const stateNumbers: Readonly<Record<VrrpState, number>> = {
  INIT: 0,
  BACKUP: 1,
  MASTER: 2,
  FAULT: 3,
  // keepalived has no such number; a monitor is to see no fault.
  STANDBY: 1,
  DELETED: 97,
  STOP: 98,
};

export function instanceStats(engine: NativeRouterStatus | undefined): InstanceStats {
  const counters = engine?.counters;
  const dropped = counters?.dropped ?? {};
  return {
    advert_rcvd: counters?.received ?? 0,
    advert_sent: counters?.sent ?? 0,
    become_master: counters?.becameActive ?? 0,
    release_master: counters?.releasedActive ?? 0,
    packet_len_err: (dropped.length ?? 0) + (dropped.truncated ?? 0),
    advert_interval_err: dropped.interval ?? 0,
    ip_ttl_err: dropped.ttl ?? 0,
    invalid_type_rcvd: dropped.type ?? 0,
    addr_list_err: dropped['address-list'] ?? 0,
    invalid_authtype: dropped['auth-type'] ?? 0,
    authtype_mismatch: dropped['auth-mismatch'] ?? 0,
    auth_failure: dropped['auth-failed'] ?? 0,
    pri_zero_rcvd: counters?.priorityZeroReceived ?? 0,
    pri_zero_sent: counters?.priorityZeroSent ?? 0,
  };
}

/** Counters as they stood when they were last cleared, by instance. */
export type ClearedStats = ReadonlyMap<string, InstanceStats>;

/** Counters since they were last cleared. */
export function statsSince(
  { name, engine }: InstanceStanding,
  cleared: ClearedStats | undefined,
): InstanceStats {
  const now = instanceStats(engine);
  const before = cleared?.get(name);
  if (before === undefined) return now;
  const old = new Map<string, number>(Object.entries(before));
  const since = Object.entries(now).map(
    ([key, count]: readonly [string, number]) => [key, Math.max(0, count - (old.get(key) ?? 0))] as const,
  );
  return { ...now, ...Object.fromEntries<number>(since) };
}

/** keepalived.stats. */
export function statsText(instances: readonly InstanceStanding[], cleared?: ClearedStats): string {
  return instances.map((each) => statsOfInstance(each.name, statsSince(each, cleared))).join('');
}

function statsOfInstance(name: string, stats: InstanceStats): string {
  return `VRRP Instance: ${name}
  Advertisements:
    Received: ${stats.advert_rcvd}
    Sent: ${stats.advert_sent}
  Became master: ${stats.become_master}
  Released master: ${stats.release_master}
  Packet Errors:
    Length: ${stats.packet_len_err}
    TTL: ${stats.ip_ttl_err}
    Invalid Type: ${stats.invalid_type_rcvd}
    Advertisement Interval: ${stats.advert_interval_err}
    Address List: ${stats.addr_list_err}
  Authentication Errors:
    Invalid Type: ${stats.invalid_authtype}
    Type Mismatch: ${stats.authtype_mismatch}
    Failure: ${stats.auth_failure}
  Priority Zero:
    Received: ${stats.pri_zero_rcvd}
    Sent: ${stats.pri_zero_sent}
`;
}

/** keepalived.json; undefined when there is no instance, as keepalived then writes none. */
export function jsonText(
  config: Config,
  instances: readonly InstanceStanding[],
  cleared?: ClearedStats,
): string | undefined {
  const known = new Map(instances.map((each) => [each.name, each]));
  const all = config.vrrpInstance.flatMap((instance) => {
    const standing = known.get(instance.name);
    if (standing === undefined) return [];
    return [{ data: instanceData(config, instance, standing), stats: statsSince(standing, cleared) }];
  });
  if (all.length === 0) return undefined;
  const value = config.globalDefs.jsonVersion === 2 ? { vrrp: all } : all;
  // keepalived escapes slashes.
  return JSON.stringify(value).replaceAll('/', '\\/');
}

function instanceData(
  config: Config,
  instance: VrrpInstance,
  standing: InstanceStanding,
): Record<string, unknown> {
  const seconds = (us: number): number => us / 1_000_000;
  const bit = (value: boolean): number => (value ? 1 : 0);
  const device = instance.interface?.text ?? '';
  const installed = new Set(standing.engine?.installed.map(withoutPrefix) ?? []);
  const isMaster = standing.state === 'MASTER';
  const learnedUs = standing.engine?.masterAdvertIntervalUs ?? 0;
  const addresses = (list: VrrpInstance['virtualIpaddress']): string[] | undefined =>
    list.length === 0
      ? undefined
      : list.map((each) => addressWords(each, device, installed.has(each.address)));
  const script = (value: VrrpInstance['notifyDeleted']): string | undefined =>
    value === undefined || value === 'state' ? undefined : commandWords(value);
  const scripts = new Map(config.vrrpScript.map((each) => [each.name, each.script]));
  return {
    iname: instance.name,
    dont_track_primary: bit(instance.dontTrackPrimary),
    skip_check_adv_addr: bit(instance.skipCheckAdvAddr),
    strict_mode: bit(instance.strictMode),
    vmac_ifname: instance.useVmac?.name ?? '',
    ...(instance.interface === undefined ? {} : { ifp_ifname: device }),
    master_priority: isMaster ? 0 : (standing.engine?.masterPriority ?? 0),
    last_transition: Math.round(standing.sinceMs * 1000) / 1_000_000,
    garp_delay: seconds(instance.garpMasterDelay),
    garp_refresh: seconds(instance.garpMasterRefresh),
    garp_rep: instance.garpMasterRepeat,
    garp_refresh_rep: instance.garpMasterRefreshRepeat,
    garp_lower_prio_delay: seconds(instance.garpLowerPrioDelay),
    garp_lower_prio_rep: instance.garpLowerPrioRepeat,
    lower_prio_no_advert: bit(instance.lowerPrioNoAdvert),
    higher_prio_send_advert: bit(instance.higherPrioSendAdvert),
    vrid: instance.virtualRouterId,
    base_priority: instance.priority,
    effective_priority: standing.priority,
    vipset: isMaster,
    promote_secondaries: instance.promoteSecondaries,
    adver_int: seconds(instance.advertInt),
    master_adver_int: seconds(isMaster ? instance.advertInt : learnedUs > 0 ? learnedUs : instance.advertInt),
    accept: bit(instance.accept),
    nopreempt: !instance.preempt,
    preempt_delay: seconds(instance.preemptDelay),
    state: stateNumbers[standing.state],
    wantstate: stateNumbers[standing.state],
    version: instance.version,
    smtp_alert: instance.smtpAlert,
    notify_deleted: instance.notifyDeleted !== undefined,
    script_backup: script(instance.notifyBackup),
    script_master: script(instance.notifyMaster),
    script_fault: script(instance.notifyFault),
    script_stop: script(instance.notifyStop),
    script_deleted: script(instance.notifyDeleted),
    script: script(instance.notify),
    script_master_rx_lower_pri: script(instance.notifyMasterRxLowerPri),
    vips: addresses(instance.virtualIpaddress),
    evips: addresses(instance.virtualIpaddressExcluded),
    vroutes: listed(instance.virtualRoutes.map(routeWords)),
    vrules: listed(instance.virtualRules.map(ruleWords)),
    track_ifp: listed(instance.trackInterface.map((each) => each.interface)),
    track_script: listed(
      instance.trackScript.flatMap(({ name }) => {
        const command = scripts.get(name);
        return command === undefined ? [] : [commandWords(command)];
      }),
    ),
    auth_type: authNumbers[instance.authentication?.authType ?? 'none'],
    // keepalived 2.2.7 writes it out; later ones and this do not.
    auth_data: instance.authentication === undefined ? undefined : '********',
  };
}

const authNumbers = { none: 0, PASS: 1, AH: 2 } as const;

function listed(values: readonly string[]): readonly string[] | undefined {
  return values.length === 0 ? undefined : values;
}

function withoutPrefix(address: string): string {
  return address.split('/')[0] ?? address;
}
