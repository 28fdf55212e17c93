/** keepalived.data: the configuration as it is understood, and the state of each VRRP object, in keepalived's words and order. */
import type { Config, ScriptCommand } from '../config/model.js';
import type { VrrpInstance, VrrpSyncGroup } from '../config/model-vrrp.js';
import type { VrrpState } from '../vrrp/words.js';
import { globalLines, type IdentityOf } from './dump-global.js';
import type { InstanceStanding } from './dump-stats.js';
import { addressWords, commandWords, routeWords, ruleWords } from './dump-words.js';

export interface DataSnapshot {
  readonly config: Config;
  readonly instances: readonly InstanceStanding[];
  readonly groups: ReadonlyMap<string, VrrpState>;
  readonly scripts: ReadonlyMap<string, 'unknown' | 'up' | 'down'>;
  readonly identity: IdentityOf;
  readonly umask: number;
}

/** The whole file. keepalived's sections about descriptors and interfaces (Sockpool, Interfaces) are left out. */
export function dataText(snapshot: DataSnapshot): string {
  const { config } = snapshot;
  const known = new Map(snapshot.instances.map((each) => [each.name, each]));
  const lines = [
    ...globalLines(config, snapshot.identity, snapshot.umask),
    ...section(
      'Static Addresses',
      config.staticIpaddress.map((each) => `     ${addressWords(each, '', true)}`),
    ),
    ...section(
      'Static Routes',
      config.staticRoutes.map((each) => `     ${routeWords(each)}`),
    ),
    ...section(
      'Static Rules',
      config.staticRules.map((each) => `     ${ruleWords(each)}`),
    ),
    ...section(
      'VRRP Topology',
      config.vrrpInstance.flatMap((each) => instanceLines(each, known.get(each.name), snapshot)),
    ),
    ...section(
      'VRRP Sync groups',
      config.vrrpSyncGroup.flatMap((each) => groupLines(each, snapshot)),
    ),
    ...section('VRRP Scripts', scriptLines(snapshot)),
    ...section('VRRP Track files', trackFileLines(config)),
  ];
  return `${lines.join('\n')}\n`;
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`------< ${title} >------`, ...lines];
}

function instanceLines(
  instance: VrrpInstance,
  standing: InstanceStanding | undefined,
  { config, identity }: DataSnapshot,
): readonly string[] {
  const group = config.vrrpSyncGroup.find((each) => each.group.some(({ text }) => text === instance.name));
  const source = instance.mcastSrcIp ?? standing?.engine?.source;
  const hasFlags =
    instance.isUnicast ||
    instance.skipCheckAdvAddr ||
    !instance.preempt ||
    instance.dontTrackPrimary ||
    instance.promoteSecondaries ||
    instance.mcastSrcIp !== undefined;
  return [
    ` VRRP Instance = ${instance.name}`,
    ...[
      `VRRP Version = ${instance.version}`,
      ...when(group !== undefined, `Sync group = ${group?.name ?? ''}`),
      ...when(instance.family === 6, 'Using Native IPv6'),
      ...stateLines(instance, standing, hasFlags),
      ...when(instance.interface !== undefined, `Interface = ${instance.interface?.text ?? ''}`),
      ...when(instance.dontTrackPrimary, 'VRRP interface tracking disabled'),
      ...when(instance.skipCheckAdvAddr, 'Skip checking advert IP addresses'),
      ...when(
        source !== undefined,
        `Using src_ip = ${source ?? ''}${instance.mcastSrcIp === undefined ? '' : ' (from configuration)'}`,
      ),
      ...when(!instance.isUnicast, `Multicast address ${instance.mcastDstIp}`),
      ...parameterLines(instance, standing),
      ...addressLines(instance, standing),
      ...trackLines(instance),
      `Using smtp notification = ${yesNo(instance.smtpAlert)}`,
      `Notify deleted = ${instance.notifyDeleted === undefined ? 'Fault' : 'Deleted'}`,
      ...notifyLines(instance, identity),
      ...notifyLine(
        'Deleted',
        instance.notifyDeleted === 'state' ? undefined : instance.notifyDeleted,
        identity,
      ),
      ...notifyLine('Generic', instance.notify, identity),
      ...notifyLine('Master rx lower pri', instance.notifyMasterRxLowerPri, identity),
      `Notify priority changes = ${instance.notifyPriorityChanges}`,
    ].map((line) => `   ${line}`),
  ];
}

function stateLines(
  instance: VrrpInstance,
  standing: InstanceStanding | undefined,
  hasFlags: boolean,
): readonly string[] {
  const state = standing?.state ?? 'INIT';
  const holds = standing?.engine?.holds ?? [];
  const { engine } = standing ?? {};
  const advertUs = state === 'BACKUP' ? learnedInterval(instance, engine) : instance.advertInt;
  // RFC 3768: a fraction of a second; RFC 9568: a fraction of the interval.
  const skewOfUs = instance.version === 2 ? 1_000_000 : advertUs;
  const skewUs = Math.floor(((256 - (standing?.priority ?? instance.priority)) * skewOfUs) / 256);
  return [
    `State = ${state}`,
    hasFlags ? 'Flags:' : 'Flags: none',
    ...when(instance.isUnicast, '  Using unicast'),
    `Wantstate = ${state}`,
    'Number of config faults = 0',
    `Number of interface and track script faults = ${holds.filter((hold) => hold !== 'waiting').length}`,
    `Number of track scripts init = ${holds.filter((hold) => hold === 'waiting').length}`,
    ...when(
      state === 'BACKUP' && engine?.master !== undefined,
      `Master router = ${engine?.master ?? ''}`,
      `Master priority = ${engine?.masterPriority ?? 0}`,
    ),
    `Last transition = ${timeWords(standing?.sinceMs ?? 0)}`,
    // keepalived: the timer of an owner was never set.
    `Master down timer = ${instance.priority === 255 ? 1 : instance.downTimerAdverts * advertUs + skewUs} usecs`,
  ];
}

/** The master's interval as its adverts tell it; our own while none was heard. */
function learnedInterval(instance: VrrpInstance, engine: InstanceStanding['engine']): number {
  const us = engine?.masterAdvertIntervalUs ?? 0;
  return us > 0 ? us : instance.advertInt;
}

function parameterLines(instance: VrrpInstance, standing: InstanceStanding | undefined): readonly string[] {
  const seconds = (us: number): number => us / 1e6;
  const { authentication } = instance;
  const interval =
    instance.version === 2 ? `${seconds(instance.advertInt)} sec` : `${instance.advertInt / 1000} milli-sec`;
  return [
    `Gratuitous ARP delay = ${seconds(instance.garpMasterDelay)}`,
    `Gratuitous ARP repeat = ${instance.garpMasterRepeat}`,
    `Gratuitous ARP refresh = ${seconds(instance.garpMasterRefresh)}`,
    `Gratuitous ARP refresh repeat = ${instance.garpMasterRefreshRepeat}`,
    `Gratuitous ARP lower priority delay = ${seconds(instance.garpLowerPrioDelay)}`,
    `Gratuitous ARP lower priority repeat = ${instance.garpLowerPrioRepeat}`,
    `Down timer adverts = ${instance.downTimerAdverts}`,
    `Send advert after receive lower priority advert = ${!instance.lowerPrioNoAdvert}`,
    `Send advert after receive higher priority advert = ${instance.higherPrioSendAdvert}`,
    `Virtual Router ID = ${instance.virtualRouterId}`,
    `Priority = ${instance.priority}`,
    `Effective priority = ${standing?.priority ?? instance.priority}`,
    `Total priority = ${standing?.priority ?? instance.priority}`,
    `Advert interval = ${interval}`,
    `Accept = ${instance.accept ? 'enabled' : 'disabled'}`,
    `Preempt = ${instance.preempt ? 'enabled' : 'disabled'}`,
    ...when(instance.preemptDelay > 0, `Preempt delay = ${seconds(instance.preemptDelay)} secs`),
    `Promote_secondaries = ${instance.promoteSecondaries ? 'enabled' : 'disabled'}`,
    // Version 3 has no authentication, and nothing is said of it.
    ...when(
      instance.version === 2,
      `Authentication type = ${authentication === undefined ? 'none' : authNames[authentication.authType]}`,
    ),
    ...when(authentication !== undefined, 'Password = ********'),
    ...when(instance.debug > 0, `Debug level = ${instance.debug}`),
    ...when(instance.kernelRxBufSize > 0, `Kernel rx buffer size = ${instance.kernelRxBufSize}`),
  ];
}

const authNames = { PASS: 'SIMPLE_PASSWORD', AH: 'IPSEC_AH' } as const;

function addressLines(instance: VrrpInstance, standing: InstanceStanding | undefined): readonly string[] {
  const installed = new Set(standing?.engine?.installed.map((each) => each.split('/')[0]) ?? []);
  const words = (list: VrrpInstance['virtualIpaddress']): string[] =>
    list.map(
      (each) => `  ${addressWords(each, instance.interface?.text ?? '', installed.has(each.address))}`,
    );
  const { virtualIpaddress, virtualIpaddressExcluded, unicastPeer } = instance;
  return [
    ...headed(`Virtual IP (${virtualIpaddress.length}):`, words(virtualIpaddress)),
    ...headed('Virtual IP Excluded :', words(virtualIpaddressExcluded)),
    ...when(
      instance.isUnicast,
      `Unicast TTL = ${instance.unicastTtl ?? 255}`,
      `Check unicast src : ${yesNo(instance.checkUnicastSrc)}`,
      'Unicast Peer :',
      ...unicastPeer.map((peer) => `  ${peer.address} min_ttl ${peer.minTtl} max_ttl ${peer.maxTtl}`),
    ),
    ...headed(
      'Virtual Routes :',
      instance.virtualRoutes.map((each) => `  ${routeWords(each)}`),
    ),
    ...headed(
      'Virtual Rules :',
      instance.virtualRules.map((each) => `  ${ruleWords(each)}`),
    ),
  ];
}

function trackLines(instance: VrrpInstance): readonly string[] {
  const weight = ({ weight, reverse }: { readonly weight: number; readonly reverse: boolean }): string =>
    `weight ${weight}${reverse ? ' reverse' : ''}`;
  return [
    ...headed(
      'Tracked interfaces :',
      instance.trackInterface.map((each) => `  ${each.interface} ${weight(each)}`),
    ),
    ...headed(
      'Tracked scripts :',
      instance.trackScript.map((each) => `  ${each.name} ${weight(each)}`),
    ),
    ...headed(
      'Tracked files :',
      instance.trackFile.map((each) => `  ${each.name}, ${weight(each)}`),
    ),
    ...headed(
      'Tracked processes :',
      instance.trackProcess.map((each) => `  ${each.name} ${weight(each)}`),
    ),
    ...headed(
      'Tracked BFDs :',
      instance.trackBfd.map((each) => `  ${each.name} ${weight(each)}`),
    ),
  ];
}

function notifyLines(
  subject: Pick<VrrpInstance, 'notifyBackup' | 'notifyMaster' | 'notifyFault' | 'notifyStop'>,
  identity: IdentityOf,
): readonly string[] {
  return [
    ...notifyLine('Backup', subject.notifyBackup, identity),
    ...notifyLine('Master', subject.notifyMaster, identity),
    ...notifyLine('Fault', subject.notifyFault, identity),
    ...notifyLine('Stop', subject.notifyStop, identity),
  ];
}

function notifyLine(
  what: string,
  script: ScriptCommand | undefined,
  identity: IdentityOf,
): readonly string[] {
  if (script === undefined) return [];
  return [`${what} state transition script = ${commandWords(script)}, uid:gid ${identity(script)}`];
}

function groupLines(group: VrrpSyncGroup, { groups, identity }: DataSnapshot): readonly string[] {
  return [
    ` VRRP Sync Group = ${group.name}, ${groups.get(group.name) ?? 'INIT'}`,
    ...[
      'VRRP member instances :',
      ...group.group.map(({ text }) => `  ${text}`),
      `Using smtp notification = ${yesNo(group.smtpAlert)}`,
      ...headed(
        'Tracked interfaces :',
        group.trackInterface.map((each) => `  ${each.interface} weight ${each.weight}`),
      ),
      ...headed(
        'Tracked scripts :',
        group.trackScript.map((each) => `  ${each.name} weight ${each.weight}`),
      ),
      ...headed(
        'Tracked files :',
        group.trackFile.map((each) => `  ${each.name}, weight ${each.weight}`),
      ),
      ...notifyLines(group, identity),
      ...notifyLine('Generic', group.notify, identity),
    ].map((line) => `   ${line}`),
  ];
}

function scriptLines({ config, scripts, identity }: DataSnapshot): readonly string[] {
  return config.vrrpScript.flatMap((script) => {
    const verdict = scripts.get(script.name) ?? 'unknown';
    const status = { unknown: 'INIT', up: 'GOOD', down: 'BAD' }[verdict];
    return [
      ` VRRP Script = ${script.name}`,
      ...[
        `Command = ${commandWords(script.script)}`,
        `Interval = ${script.interval / 1e6} sec`,
        `Timeout = ${script.timeout === script.interval ? 0 : script.timeout / 1e6} sec`,
        `Weight = ${script.weight}`,
        `Rise = ${script.rise}`,
        `Fall = ${script.fall}`,
        `Status = ${status}`,
        `Script uid:gid = ${identity(script.user ?? script.script)}`,
      ].map((line) => `   ${line}`),
    ];
  });
}

function trackFileLines(config: Config): readonly string[] {
  return config.trackFile.flatMap((file) => [
    ` Track file = ${file.name}`,
    `   File = ${file.file}`,
    `   Weight = ${file.weight}${file.reverse ? ' reverse' : ''}`,
  ]);
}

function headed(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title, ...lines];
}

function when(condition: boolean, ...lines: readonly string[]): readonly string[] {
  return condition ? lines : [];
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no';
}

/** `1795359045.488526 (Sun Nov 22 14:50:45.488526 2026)`, in local time. */
function timeWords(wallMs: number): string {
  const us = Math.round(wallMs * 1000);
  const fraction = String(us % 1_000_000).padStart(6, '0');
  const [day = '', month = '', date = '', year = '', time = ''] = new Date(us / 1000).toString().split(' ');
  return `${Math.floor(us / 1_000_000)}.${fraction} (${day} ${month} ${String(Number(date)).padStart(2)} ${time}.${fraction} ${year})`;
}
