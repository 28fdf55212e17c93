/** keepalived_check.data: the virtual servers as they are understood, and what their checkers say, in keepalived's words and order. */
import { systemAccounts } from '../accounts.js';
import type {
  GroupEntry,
  LvsMethod,
  RealServer,
  SorryServer,
  VirtualServer,
  VirtualServerGroup,
} from '../config/model-lvs.js';
import type { Config } from '../config/model.js';
import type { Balancer } from '../lvs/balancer.js';
import { endpointName } from '../lvs/names.js';
import type { RealServerStatus, VirtualServerStatus } from '../lvs/report.js';
import { globalText, identities } from './dump.js';
import { dumpDirectory, dumpName, writeDump } from './dump-file.js';
import type { IdentityOf } from './dump-global.js';
import { checkerSections, weightWords } from './dump-health.js';
import { commandWords, enabled, onOff, optional, seconds } from './dump-words.js';
import { schedFlag } from '../config/schema/lvs.js';

/** Writes the file. @returns its path. @throws {KaError} KA_DUMP_WRITE */
export function dumpCheckers(config: Config, balancer: Balancer): string {
  const { dataUseInstance } = config.globalDefs;
  const parts = dataUseInstance ? [config.netNamespace, config.instance] : [];
  return writeDump(dumpDirectory(), dumpName('keepalived_check.data', parts), balancerText(config, balancer));
}

/** What the file says. */
export function balancerText(config: Config, balancer: Balancer): string {
  const identity = identities(config, systemAccounts);
  return globalText(config, systemAccounts) + checkersText(config, balancer.status(), identity);
}

/** `status`: one for each virtual server of the configuration. What keepalived counts for itself alone is left out. */
export function checkersText(
  config: Config,
  status: readonly VirtualServerStatus[],
  identity: IdentityOf,
): string {
  const servers = config.virtualServer.flatMap((server, index) => {
    const standing = status[index];
    return standing === undefined ? [] : [{ server, standing }];
  });
  const lines = [
    '------< LVS Topology >------',
    ...config.virtualServerGroup.flatMap(groupLines),
    ...servers.flatMap(({ server, standing }) => virtualLines(server, standing, identity)),
    ...checkerSections(config, servers, identity),
  ];
  return `${lines.join('\n')}\n`;
}

function groupLines({ name, entries }: VirtualServerGroup): readonly string[] {
  const has = (family: 4 | 6): string => (entries.some((each) => each.family === family) ? 'yes' : 'no');
  return [
    ' ------< Virtual server group >------',
    ` Virtual Server Group = ${name}, IPv4 = ${has(4)}, IPv6 = ${has(6)}`,
    ...entries.map((entry) => `   ${entryWords(entry)}`),
  ];
}

function entryWords(entry: GroupEntry): string {
  if (entry.kind === 'fwmark') return `FWMARK = ${entry.fwmark}${entry.family === 6 ? ' IPv6' : ''}`;
  const { first, last, port } = entry;
  return first === last ? `VIP = ${first}, VPORT = ${port}` : `VIP Range = ${first}-${last}, VPORT = ${port}`;
}

function virtualLines(
  server: VirtualServer,
  standing: VirtualServerStatus,
  identity: IdentityOf,
): readonly string[] {
  return [
    ' ------< Virtual server >------',
    ` VS ${keyWords(server, standing.name)}`,
    ...[
      ...optional(server.virtualhost, (name) => `VirtualHost = ${name}`),
      ...optional(server.snmpName, (name) => `SNMP name = '${name}'`),
      `Address family = ${server.family === 4 ? 'inet' : 'inet6'}`,
      `delay_loop = ${seconds(server.delayLoop)}`,
      `lvs_sched = ${server.lvsSched}`,
      ...flagLines(server),
      `One packet scheduling = ${enabled(server.ops)}`,
      ...optional(server.persistenceTimeout, (timeout) => `persistence timeout = ${timeout}`),
      ...optional(ownGranularity(server), (mask) => `persistence granularity = ${mask}`),
      `protocol = ${server.protocol ?? 'none'}`,
      `alpha is ${onOff(server.alpha)}`,
      `omega is ${onOff(server.omega)}`,
      `quorum = ${server.quorum}, hysteresis = ${server.hysteresis}`,
      ...optional(
        server.quorumUp,
        (script) => `Quorum up notify script = ${commandWords(script)}, uid:gid ${identity(script)}`,
      ),
      ...optional(
        server.quorumDown,
        (script) => `Quorum down notify script = ${commandWords(script)}, uid:gid ${identity(script)}`,
      ),
      ...(server.haSuspend ? ['Using HA suspend'] : []),
      `Using smtp notification = ${server.smtpAlert ? 'yes' : 'no'}`,
      methodWords(server.lvsMethod, 'default '),
      ...optional(server.sorryServer, (sorry) => sorryWords(sorry, server.protocol)),
      `alive = ${standing.servers.filter(({ isAlive }) => isAlive).length}`,
      `quorum_state_up = ${bit(standing.isQuorumUp)}`,
      `sorry server active = ${bit(standing.isSorryActive)}`,
    ].map((line) => `   ${line}`),
    ...server.realServer.flatMap((real, index) =>
      realLines(real, server, standing.servers[index], identity).map((line) => `   ${line}`),
    ),
  ];
}

function keyWords({ key }: VirtualServer, name: string): string {
  switch (key.kind) {
    case 'address':
      return `VIP = ${key.address}, VPORT = ${key.port}`;
    case 'fwmark':
      return `FWMARK = ${key.fwmark}`;
    case 'group':
      return `GROUP = ${name}`;
  }
}

/** sh and mh have names for theirs. */
function flagLines({ lvsSched, schedFlags }: VirtualServer): readonly string[] {
  const isSet = (flag: number): string => enabled((schedFlags & flag) !== 0);
  if (lvsSched === 'sh' || lvsSched === 'mh')
    return [
      `${lvsSched}-port = ${isSet(schedFlag.second)}`,
      `${lvsSched}-fallback = ${isSet(schedFlag.first)}`,
    ];
  return [
    `flag-1 = ${isSet(schedFlag.first)}`,
    `flag-2 = ${isSet(schedFlag.second)}`,
    `flag-3 = ${isSet(schedFlag.third)}`,
  ];
}

/** Undefined: that of one host, which needs no words. */
function ownGranularity({ family, persistenceGranularity }: VirtualServer): string | undefined {
  const ofHost = family === 4 ? '255.255.255.255' : '128';
  return persistenceGranularity === ofHost ? undefined : persistenceGranularity;
}

function sorryWords(sorry: SorryServer, protocol: VirtualServer['protocol']): string {
  const method = methodWords(sorry.lvsMethod, '');
  return [
    `sorry server = ${endpointName(sorry.address, protocol, sorry.port)}`,
    // keepalived: with a tunnel the line stands out.
    `   ${sorry.lvsMethod.method === 'TUN' ? '' : '  '}${method}`,
    `     Inhibit on failure is ${onOff(sorry.inhibit)}`,
  ].join('\n');
}

function realLines(
  real: RealServer,
  { virtualhost }: VirtualServer,
  standing: RealServerStatus | undefined,
  identity: IdentityOf,
): readonly string[] {
  const weight = standing?.weight ?? real.weight;
  return [
    '------< Real server >------',
    `RIP = ${real.address}, RPORT = ${real.port}, WEIGHT = ${real.weight} EFF WEIGHT = ${weight}`,
    methodWords(real.lvsMethod, ''),
    `Alpha is ${onOff(real.alpha)}`,
    `connection limit range = ${real.lthreshold} -> ${real.uthreshold}`,
    `Inhibit on failure is ${onOff(real.inhibitOnFailure)}`,
    ...optional(
      real.notifyUp,
      (script) => `  RS up notify script = ${commandWords(script)}, uid:gid ${identity(script)}`,
    ),
    ...optional(
      real.notifyDown,
      (script) => `  RS down notify script = ${commandWords(script)}, uid:gid ${identity(script)}`,
    ),
    ...optional(
      real.virtualhost === virtualhost ? undefined : real.virtualhost,
      (name) => ` VirtualHost = '${name}'`,
    ),
    ...optional(real.snmpName, (name) => `SNMP name = ${name}`),
    `Using smtp notification = ${real.smtpAlert ? 'yes' : 'no'}`,
    `initial weight = ${real.weight}`,
    `effective weight = ${weight}`,
    `alive = ${bit(standing?.isAlive === true)}`,
    `num failed checkers = ${standing?.checkers.filter(({ isUp }) => !isUp).length ?? 0}`,
    ...trackedFileLines(real),
  ];
}

function trackedFileLines({ checkers }: RealServer): readonly string[] {
  const files = checkers.flatMap((checker) =>
    checker.kind === 'FILE_CHECK' ? [`  ${checker.trackFile}, weight ${weightWords(checker)}`] : [],
  );
  return files.length === 0 ? [] : ['Tracked Files', ...files];
}

/** `default `: said of the method that real servers have unless they name one, where it has no options. */
function methodWords({ method, tunnelType, tunnelPort, tunnelCsum }: LvsMethod, which: string): string {
  if (method !== 'TUN') return `${which}forwarding method = ${method}`;
  const port = tunnelType === 'gue' ? `, port = ${tunnelPort}` : '';
  const checksum = tunnelType === 'ipip' ? '' : `, ${checksums[tunnelCsum]}`;
  return `forwarding method = TUN, type = ${tunnelType.toUpperCase()}${port}${checksum}`;
}

const checksums = { nocsum: 'no checksum', csum: 'checksum', remcsum: 'remote checksum' } as const;

function bit(value: boolean): number {
  return value ? 1 : 0;
}
