/** Parts of the configuration model for tests of load balancing, with the defaults that a parsed configuration would have. */
import type {
  CheckerConnection,
  HttpCheck,
  HttpUrl,
  LvsConfig,
  LvsMethod,
  RealServer,
  SorryServer,
  TcpCheck,
  VirtualServer,
  VirtualServerGroup,
} from '../../lib/config/model-lvs.js';
import { SourceFile } from '../../lib/config/source.js';
import { seconds } from '../../lib/units.js';

/** Where everything of these models claims to stand. */
export const nowhere = new SourceFile('test.conf', '').span(0, 0);

export const nat: LvsMethod = { method: 'NAT', tunnelType: 'ipip', tunnelPort: 0, tunnelCsum: 'nocsum' };

export function virtualServer(more: Partial<VirtualServer> = {}): VirtualServer {
  return {
    key: { kind: 'address', family: 4, address: '10.0.0.1', port: 80 },
    at: nowhere,
    family: 4,
    protocol: 'TCP',
    lvsSched: 'wlc',
    lvsMethod: nat,
    ops: false,
    schedFlags: 0,
    persistenceEngine: undefined,
    persistenceTimeout: undefined,
    persistenceGranularity: '255.255.255.255',
    delayLoop: seconds(60),
    groupMark: undefined,
    haSuspend: false,
    smtpAlert: false,
    virtualhost: undefined,
    snmpName: undefined,
    alpha: false,
    omega: false,
    quorum: 1,
    hysteresis: 0,
    quorumUp: undefined,
    quorumDown: undefined,
    weight: 1,
    sorryServer: undefined,
    realServer: [],
    ...more,
  };
}

export function realServer(more: Partial<RealServer> = {}): RealServer {
  return {
    address: '10.1.0.1',
    family: 4,
    port: 8080,
    at: nowhere,
    weight: 1,
    lvsMethod: nat,
    uthreshold: 0,
    lthreshold: 0,
    inhibitOnFailure: false,
    notifyUp: undefined,
    notifyDown: undefined,
    alpha: false,
    smtpAlert: true,
    virtualhost: undefined,
    snmpName: undefined,
    checkers: [],
    ...more,
  };
}

export function sorryServer(more: Partial<SorryServer> = {}): SorryServer {
  const place = { address: '10.1.0.99', family: 4, port: 9999 } as const;
  return { ...place, inhibit: false, lvsMethod: nat, at: nowhere, ...more };
}

export function lvsConfig(
  servers: readonly VirtualServer[],
  groups: readonly VirtualServerGroup[] = [],
): LvsConfig {
  return { ssl: undefined, virtualServerGroup: groups, virtualServer: servers };
}

/** What every network checker has: no retry, a check every second, a second for each. */
export function connection(more: Partial<CheckerConnection> = {}): CheckerConnection {
  return {
    retry: 1,
    delayBeforeRetry: seconds(1),
    warmup: seconds(0),
    delayLoop: seconds(60),
    alpha: false,
    logAllFailures: false,
    at: nowhere,
    connectIp: '127.0.0.1',
    connectPort: 1,
    bindto: undefined,
    bindPort: 0,
    bindIf: undefined,
    connectTimeout: seconds(5),
    fwmark: 0,
    ...more,
  };
}

export function tcpCheck(more: Partial<TcpCheck> = {}): TcpCheck {
  return { kind: 'TCP_CHECK', ...connection(), ...more };
}

export function httpUrl(more: Partial<HttpUrl> = {}): HttpUrl {
  return {
    path: '/',
    digest: undefined,
    statusCode: [{ first: 200, last: 299 }],
    virtualhost: undefined,
    regex: undefined,
    regexNoMatch: false,
    regexOptions: [],
    regexMinOffset: 0,
    regexMaxOffset: undefined,
    regexStack: undefined,
    tlsCompliant: false,
    at: nowhere,
    ...more,
  };
}

export function httpCheck(more: Partial<HttpCheck> = {}): HttpCheck {
  return {
    kind: 'HTTP_GET',
    ...connection(),
    virtualhost: undefined,
    httpProtocol: '1.0',
    enableSni: false,
    sniName: undefined,
    fastRecovery: false,
    tlsCompliant: false,
    url: [httpUrl()],
    ...more,
  };
}
