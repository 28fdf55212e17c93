/** The section "Global definitions" of keepalived.data, line for line as keepalived 2.2.7 writes it. */
import { hostname } from 'node:os';
import type { Config, OwnedPath, ScriptCommand } from '../config/model.js';
import { commandWords } from './dump-words.js';

/** Numeric identity of an account; `0:0` for what is not known. */
export type IdentityOf = (who: {
  readonly user: string | undefined;
  readonly group: string | undefined;
}) => string;

/** Lines without newline. `umask` is that of the process. */
export function globalLines(config: Config, identity: IdentityOf, umask: number): readonly string[] {
  return [
    '------< Global definitions >------',
    ...[
      ...identityLines(config),
      ...mailLines(config),
      ...reloadLines(config),
      ...fifoLines(config, identity),
      ...vrrpLines(config),
      ...processLines(config),
      ...endLines(config, identity, umask),
    ].map((line) => ` ${line}`),
  ];
}

function identityLines({ netNamespace, netNamespaceIpvs, instance, globalDefs }: Config): string[] {
  return [
    `Network namespace = ${netNamespace ?? '(default)'}`,
    `Network namespace ipvs = ${netNamespaceIpvs === undefined ? '(main namespace)' : netNamespaceIpvs || '(default)'}`,
    ...(instance === undefined ? [] : [`Instance name = ${instance}`]),
    `Router ID = ${globalDefs.routerId ?? hostname()}`,
  ];
}

function mailLines({ globalDefs }: Config): string[] {
  const { smtpServer, notificationEmail, notificationEmailFrom } = globalDefs;
  const from =
    notificationEmailFrom === undefined ? [] : [`Email notification from = ${notificationEmailFrom}`];
  return [
    ...(smtpServer === undefined
      ? []
      : [
          `Smtp server = ${smtpServer.host}`,
          `Smtp server port = ${smtpServer.port}`,
          `Smtp HELO name = ${globalDefs.smtpHeloName ?? hostname()}`,
          `Smtp server connection timeout = ${globalDefs.smtpConnectTimeout / 1e6}`,
          ...from,
          'Email notification to:',
          ...notificationEmail.map(({ text }) => `  ${text}`),
        ]),
    `Default smtp_alert = ${onOff(globalDefs.smtpAlert)}`,
    `Default smtp_alert_vrrp = ${onOff(globalDefs.smtpAlertVrrp)}`,
    `Default smtp_alert_checker = ${onOff(globalDefs.smtpAlertChecker)}`,
    `Checkers log all failures = ${globalDefs.checkerLogAllFailures}`,
  ];
}

function reloadLines({ globalDefs }: Config): string[] {
  const { reloadCheckConfig, reloadTimeFile, lvsTimeouts } = globalDefs;
  const timeout = (us: number | undefined, name: string): string[] =>
    us === undefined ? [] : [`LVS ${name} timeout = ${us / 1e6}`];
  return [
    reloadCheckConfig === undefined
      ? 'No test config before reload'
      : `Test config before reload, log to ${reloadCheckConfig}`,
    ...(reloadTimeFile === undefined ? [] : [`Reload time file = ${reloadTimeFile}`, 'No reload scheduled']),
    `Dynamic interfaces = ${globalDefs.dynamicInterfaces !== 'off'}`,
    ...(globalDefs.noEmailFaults ? ['Send emails for fault transitions = off'] : []),
    ...timeout(lvsTimeouts?.tcp, 'TCP'),
    ...timeout(lvsTimeouts?.tcpfin, 'TCP FIN'),
    ...timeout(lvsTimeouts?.udp, 'UDP'),
    `Default interface = ${globalDefs.defaultInterface?.text ?? 'eth0'}`,
    `Disable local IGMP = ${globalDefs.disableLocalIgmp ? 'yes' : 'no'}`,
    `LVS flush = ${globalDefs.lvsFlush}`,
    `LVS flush on stop = ${globalDefs.lvsFlushOnStop === 'off' ? 'disabled' : globalDefs.lvsFlushOnStop}`,
  ];
}

function fifoLines({ globalDefs }: Config, identity: IdentityOf): string[] {
  const fifo = (what: string, path: OwnedPath | undefined, script: ScriptCommand | undefined): string[] => [
    ...(path === undefined ? [] : [`${what} notify fifo = ${path.path}, uid:gid ${identity(path)}`]),
    ...(path === undefined || script === undefined
      ? []
      : [`${what} notify fifo script = ${commandWords(script)} '${path.path}', uid:gid ${identity(script)}`]),
  ];
  return [
    ...fifo('Global', globalDefs.notifyFifo, globalDefs.notifyFifoScript),
    ...fifo('VRRP', globalDefs.vrrpNotifyFifo, globalDefs.vrrpNotifyFifoScript),
    ...fifo('LVS', globalDefs.lvsNotifyFifo, globalDefs.lvsNotifyFifoScript),
    `FIFO write vrrp states on reload = ${globalDefs.fifoWriteVrrpStatesOnReload}`,
    `VRRP notify priority changes = ${globalDefs.vrrpNotifyPriorityChanges}`,
  ];
}

function vrrpLines({ globalDefs: globals }: Config): string[] {
  const wholeSeconds = (us: number): number => us / 1e6;
  return [
    `VRRP IPv4 mcast group = ${globals.vrrpMcastGroup4}`,
    `VRRP IPv6 mcast group = ${globals.vrrpMcastGroup6}`,
    `Gratuitous ARP delay = ${wholeSeconds(globals.vrrpGarpMasterDelay)}`,
    `Gratuitous ARP repeat = ${globals.vrrpGarpMasterRepeat}`,
    `Gratuitous ARP refresh timer = ${wholeSeconds(globals.vrrpGarpMasterRefresh)}`,
    `Gratuitous ARP refresh repeat = ${globals.vrrpGarpMasterRefreshRepeat}`,
    `Gratuitous ARP lower priority delay = ${wholeSeconds(globals.vrrpGarpLowerPrioDelay)}`,
    `Gratuitous ARP lower priority repeat = ${globals.vrrpGarpLowerPrioRepeat}`,
    `Num adverts before down = ${globals.vrrpDownTimerAdverts}`,
    `Gratuitous ARP for each secondary VMAC = ${wholeSeconds(globals.vrrpGarpExtraIf.period)}s`,
    `Send advert after receive lower priority advert = ${!globals.vrrpLowerPrioNoAdvert}`,
    `Send advert after receive higher priority advert = ${globals.vrrpHigherPrioSendAdvert}`,
    `Gratuitous ARP interval = ${wholeSeconds(globals.vrrpGarpInterval).toFixed(6)}`,
    `Gratuitous NA interval = ${wholeSeconds(globals.vrrpGnaInterval).toFixed(6)}`,
    `VRRP default protocol version = ${globals.vrrpVersion}`,
    `VRRP check unicast_src = ${globals.vrrpCheckUnicastSrc}`,
    `VRRP skip check advert addresses = ${globals.vrrpSkipCheckAdvAddr}`,
    `VRRP strict mode = ${globals.vrrpStrict}`,
    `Max auto priority = ${globals.maxAutoPriority}`,
    `Min auto priority delay = ${globals.minAutoPriorityDelay} usecs`,
  ];
}

function processLines({ globalDefs: globals }: Config): string[] {
  const lines = (
    what: string,
    nice: number,
    noSwap: boolean,
    realtime: number,
    limitUs: number,
  ): string[] => [
    `${what} process priority = ${nice}`,
    `${what} don't swap = ${noSwap}`,
    `${what} realtime priority = ${realtime}`,
    `${what} realtime limit = ${limitUs}`,
  ];
  return [
    ...lines(
      'VRRP',
      globals.vrrpPriority,
      globals.vrrpNoSwap,
      globals.vrrpRtPriority,
      globals.vrrpRlimitRttime,
    ),
    ...lines(
      'Checker',
      globals.checkerPriority,
      globals.checkerNoSwap,
      globals.checkerRtPriority,
      globals.checkerRlimitRttime,
    ),
    ...lines('BFD', globals.bfdPriority, globals.bfdNoSwap, globals.bfdRtPriority, globals.bfdRlimitRttime),
  ];
}

function endLines({ globalDefs: globals }: Config, identity: IdentityOf, umask: number): string[] {
  const isOn = (value: boolean): string => (value ? 'enabled' : 'disabled');
  return [
    `SNMP vrrp ${isOn(globals.enableSnmpVrrp)}`,
    `SNMP checker ${isOn(globals.enableSnmpChecker)}`,
    `SNMP RFCv2 ${isOn(globals.enableSnmpRfc || globals.enableSnmpRfcv2)}`,
    `SNMP RFCv3 ${isOn(globals.enableSnmpRfc || globals.enableSnmpRfcv3)}`,
    `SNMP traps ${isOn(globals.enableTraps)}`,
    `SNMP socket = ${globals.snmpSocket ?? 'default (unix:/var/agentx/master)'}`,
    `DBus ${isOn(globals.enableDbus)}`,
    `DBus service name = ${globals.dbusServiceName ?? ''}`,
    `Script security ${isOn(globals.enableScriptSecurity)}`,
    `Default script uid:gid ${identity(globals.scriptUser ?? { user: undefined, group: undefined })}`,
    `vrrp_netlink_cmd_rcv_bufs = ${globals.vrrpNetlinkCmdRcvBufs}`,
    `vrrp_netlink_cmd_rcv_bufs_force = ${Number(globals.vrrpNetlinkCmdRcvBufsForce)}`,
    `vrrp_netlink_monitor_rcv_bufs = ${globals.vrrpNetlinkMonitorRcvBufs}`,
    `vrrp_netlink_monitor_rcv_bufs_force = ${Number(globals.vrrpNetlinkMonitorRcvBufsForce)}`,
    `process_monitor_rcv_bufs = ${globals.processMonitorRcvBufs}`,
    `process_monitor_rcv_bufs_force = ${Number(globals.processMonitorRcvBufsForce)}`,
    `lvs_netlink_cmd_rcv_bufs = ${globals.lvsNetlinkCmdRcvBufs}`,
    `lvs_netlink_cmd_rcv_bufs_force = ${Number(globals.lvsNetlinkCmdRcvBufsForce)}`,
    `lvs_netlink_monitor_rcv_bufs = ${globals.lvsNetlinkMonitorRcvBufs}`,
    `lvs_netlink_monitor_rcv_bufs_force = ${Number(globals.lvsNetlinkMonitorRcvBufsForce)}`,
    `rs_init_notifies = ${Number(globals.rsInitNotifies)}`,
    `no_checker_emails = ${Number(globals.noCheckerEmails)}`,
    `rx_bufs_multiples = ${globals.vrrpRxBufsMultiplier}`,
    `umask = 0${umask.toString(8)}`,
  ];
}

function onOff(value: boolean | undefined): string {
  if (value === undefined) return 'unset';
  return value ? 'on' : 'off';
}
