/**
 * The configuration as meaning: everything that a keepalived.conf says, typed, with defaults and derived values filled in
 * and keepalived's own corrections applied. Field names are the keywords in camel case, always mechanically, also where
 * a keyword may stand several times (then the field is a list). Durations are microseconds. Addresses are canonical text.
 * It does not know how the text looked: that is `syntax.ts`; `at` leads back to it.
 */
import type { Family, Micros } from '../units.js';
import type { LvsConfig } from './model-lvs.js';
import type { Span } from './source.js';
import type { VrrpConfig } from './model-vrrp.js';

/** One whole configuration. */
export interface Config extends VrrpConfig, LvsConfig {
  /** `-i`, else the host name up to its first dot. */
  readonly configId: string;
  /** Processes run in this network namespace. */
  readonly netNamespace: string | undefined;
  /** Namespace of IPVS alone; '' is the default namespace; undefined: as `netNamespace`. */
  readonly netNamespaceIpvs: string | undefined;
  readonly namespaceWithIpsets: boolean;
  readonly usePidDir: boolean;
  /** Name added to pid files and logs. */
  readonly instance: string | undefined;
  /** How long the parent waits for its children when it stops. */
  readonly childWaitTime: Micros;
  readonly linkbeatUsePolling: boolean;
  readonly globalDefs: GlobalDefs;
}

/** A command with the identity it runs as. `argv` is never empty; no shell is involved. */
export interface ScriptCommand {
  readonly argv: readonly string[];
  /** `<file`: succeeds when the file can be opened for reading; argv holds the file alone. */
  readonly isRedirection: boolean;
  /** As written; undefined: `script_user`, or the default account. */
  readonly user: string | undefined;
  readonly group: string | undefined;
  /** Of the command word. */
  readonly at: Span;
}

/** A path (a named pipe) with its owner. */
export interface OwnedPath {
  readonly path: string;
  readonly user: string | undefined;
  readonly group: string | undefined;
  readonly at: Span;
}

export interface UserGroup {
  readonly user: string;
  readonly group: string | undefined;
  readonly at: Span;
}

/** Host name or address, with a port. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
  readonly at: Span;
}

/** A word of the configuration with its place. */
export interface Word {
  readonly text: string;
  readonly at: Span;
}

/** Address with prefix length; `address` in canonical form. */
export interface Prefix {
  readonly family: Family;
  readonly address: string;
  readonly prefixLength: number;
}

/** `lvs_sync_daemon` of global_defs. Undefined numbers: the kernel's own. */
export interface LvsSyncDaemon {
  readonly interface: string;
  readonly inst: string | undefined;
  readonly id: number | undefined;
  readonly maxlen: number | undefined;
  readonly port: number | undefined;
  readonly ttl: number | undefined;
  readonly group: string | undefined;
  readonly at: Span;
}

/** IPVS connection timeouts; undefined: left as they are. */
export interface LvsTimeouts {
  readonly tcp: Micros | undefined;
  readonly tcpfin: Micros | undefined;
  readonly udp: Micros | undefined;
}

/** garp_extra_if: period, and whether ordinary other interfaces take part. 0: off. */
export interface GarpExtraIf {
  readonly all: boolean;
  readonly period: Micros;
}

/** Sizing rule of advert receive buffers: a word or a number of bytes. */
export type RxBufsPolicy = 'MTU' | 'ADVERT' | number;

/** One of `include_check`'s checks. */
export type IncludeCheck = 'read' | 'match' | 'wildcard_match' | 'brace_match';

/** `global_defs`. Several blocks add up. */
export interface GlobalDefs {
  readonly at: Span | undefined;
  readonly processNames: boolean;
  readonly processName: string | undefined;
  readonly vrrpProcessName: string | undefined;
  readonly checkerProcessName: string | undefined;
  readonly bfdProcessName: string | undefined;
  readonly useSymlinkPaths: boolean;
  readonly setSupplementaryGroups: boolean;
  /** Undefined: the host name. */
  readonly routerId: string | undefined;
  readonly notificationEmailFrom: string | undefined;
  readonly smtpServer: HostPort | undefined;
  readonly smtpHeloName: string | undefined;
  readonly smtpConnectTimeout: Micros;
  readonly notificationEmail: readonly Word[];
  readonly smtpAlert: boolean | undefined;
  readonly smtpAlertVrrp: boolean | undefined;
  readonly smtpAlertChecker: boolean | undefined;
  readonly checkerLogAllFailures: boolean;
  readonly startupScript: ScriptCommand | undefined;
  readonly startupScriptTimeout: Micros;
  readonly shutdownScript: ScriptCommand | undefined;
  readonly shutdownScriptTimeout: Micros;
  readonly maxAutoPriority: number;
  readonly minAutoPriorityDelay: Micros;
  readonly dynamicInterfaces: 'off' | 'on' | 'allow_if_changes';
  readonly noEmailFaults: boolean;
  readonly defaultInterface: Word | undefined;
  readonly disableLocalIgmp: boolean;
  readonly v3ChecksumAsV2: boolean;
  readonly lvsTimeouts: LvsTimeouts | undefined;
  readonly lvsFlush: boolean;
  readonly lvsFlushOnStop: 'off' | 'all' | 'VS';
  readonly lvsSyncDaemon: LvsSyncDaemon | undefined;
  readonly vrrpMcastGroup4: string;
  readonly vrrpMcastGroup4At: Span | undefined;
  readonly vrrpMcastGroup6: string;
  readonly vrrpMcastGroup6At: Span | undefined;
  readonly vrrpGarpMasterDelay: Micros;
  readonly vrrpGarpMasterRepeat: number;
  readonly vrrpGarpMasterRefresh: Micros;
  readonly vrrpGarpMasterRefreshRepeat: number;
  readonly vrrpGarpLowerPrioDelay: Micros;
  readonly vrrpGarpLowerPrioRepeat: number;
  readonly vrrpDownTimerAdverts: number;
  /** 0: no spacing. */
  readonly vrrpGarpInterval: Micros;
  readonly vrrpGnaInterval: Micros;
  readonly vrrpMinGarp: boolean;
  readonly vrrpGarpExtraIf: GarpExtraIf;
  readonly vrrpLowerPrioNoAdvert: boolean;
  readonly vrrpHigherPrioSendAdvert: boolean;
  readonly vrrpVersion: 2 | 3;
  /** Chain names of the iptables firewall: in, out. Undefined: off. */
  readonly vrrpIptables: readonly string[] | undefined;
  readonly vrrpIpsets: readonly string[] | undefined;
  /** Table name; undefined: off. */
  readonly nftables: string | undefined;
  readonly nftablesPriority: number;
  readonly nftablesIfindex: boolean;
  readonly nftablesCounters: boolean;
  readonly nftablesIpvs: string | undefined;
  readonly nftablesIpvsPriority: number;
  readonly nftablesIpvsStartFwmark: number;
  readonly vrrpCheckUnicastSrc: boolean;
  readonly vrrpSkipCheckAdvAddr: boolean;
  readonly vrrpStrict: boolean;
  readonly vrrpPriority: number;
  readonly checkerPriority: number;
  readonly bfdPriority: number;
  readonly vrrpNoSwap: boolean;
  readonly checkerNoSwap: boolean;
  readonly bfdNoSwap: boolean;
  /** 0: not real-time. */
  readonly vrrpRtPriority: number;
  readonly checkerRtPriority: number;
  readonly bfdRtPriority: number;
  /** Empty: all CPUs. */
  readonly vrrpCpuAffinity: readonly number[];
  readonly checkerCpuAffinity: readonly number[];
  readonly bfdCpuAffinity: readonly number[];
  readonly vrrpRlimitRttime: Micros;
  readonly checkerRlimitRttime: Micros;
  readonly bfdRlimitRttime: Micros;
  readonly notifyFifo: OwnedPath | undefined;
  readonly notifyFifoScript: ScriptCommand | undefined;
  readonly vrrpNotifyFifo: OwnedPath | undefined;
  readonly vrrpNotifyFifoScript: ScriptCommand | undefined;
  readonly lvsNotifyFifo: OwnedPath | undefined;
  readonly lvsNotifyFifoScript: ScriptCommand | undefined;
  readonly vrrpNotifyPriorityChanges: boolean;
  readonly fifoWriteVrrpStatesOnReload: boolean;
  readonly snmpSocket: string | undefined;
  readonly enableTraps: boolean;
  readonly enableSnmpVrrp: boolean;
  readonly enableSnmpRfc: boolean;
  readonly enableSnmpRfcv2: boolean;
  readonly enableSnmpRfcv3: boolean;
  readonly enableSnmpChecker: boolean;
  readonly snmpVsStatsUpdateInterval: Micros;
  readonly snmpRsStatsUpdateInterval: Micros;
  readonly enableDbus: boolean;
  readonly dbusServiceName: string | undefined;
  readonly dbusNoInterfaceName: string | undefined;
  readonly scriptUser: UserGroup | undefined;
  readonly enableScriptSecurity: boolean;
  readonly vrrpNetlinkCmdRcvBufs: number;
  readonly vrrpNetlinkCmdRcvBufsForce: boolean;
  readonly vrrpNetlinkMonitorRcvBufs: number;
  readonly vrrpNetlinkMonitorRcvBufsForce: boolean;
  readonly processMonitorRcvBufs: number;
  readonly processMonitorRcvBufsForce: boolean;
  readonly lvsNetlinkCmdRcvBufs: number;
  readonly lvsNetlinkCmdRcvBufsForce: boolean;
  readonly lvsNetlinkMonitorRcvBufs: number;
  readonly lvsNetlinkMonitorRcvBufsForce: boolean;
  readonly rsInitNotifies: boolean;
  readonly noCheckerEmails: boolean;
  readonly vrrpRxBufsPolicy: RxBufsPolicy | undefined;
  readonly vrrpRxBufsMultiplier: number;
  readonly vrrpStartupDelay: Micros;
  readonly vrrpDelayAfterBoot: Micros;
  readonly logUnknownVrids: boolean;
  readonly vrrpOwnerIgnoreAdverts: boolean;
  readonly vmacPrefix: string;
  readonly vmacAddrPrefix: string;
  /** File mode mask; undefined: the command line's, else 0177. */
  readonly umask: number | undefined;
  readonly randomSeed: number | undefined;
  /** Log file of the test before a reload; undefined: no test. */
  readonly reloadCheckConfig: string | undefined;
  readonly reloadTimeFile: string | undefined;
  readonly reloadRepeat: boolean;
  /** '': the default file in the run directory. */
  readonly reloadFile: string | undefined;
  readonly configSaveDir: string | undefined;
  readonly tmpConfigDirectory: string | undefined;
  readonly dataUseInstance: boolean;
  readonly jsonVersion: 1 | 2;
  readonly iprouteUsrDir: string | undefined;
  readonly iprouteEtcDir: string | undefined;
  readonly stateDumpFile: string | undefined;
  readonly statsDumpFile: string | undefined;
  readonly jsonDumpFile: string | undefined;
}
