/**
 * The load-balancing part of the configuration model: virtual servers, real servers, checkers. Inherited values
 * (virtual_server to real_server to checker) are filled in. See `model.ts` for the conventions.
 */
import type { Family, Micros } from '../units.js';
import type { ScriptCommand, UserGroup } from './model.js';
import type { Span } from './source.js';

export interface LvsConfig {
  /** Client TLS settings of all SSL_GET checkers. */
  readonly ssl: SslSettings | undefined;
  readonly virtualServerGroup: readonly VirtualServerGroup[];
  readonly virtualServer: readonly VirtualServer[];
}

export interface SslSettings {
  readonly password: string | undefined;
  readonly ca: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  readonly at: Span;
}

export interface VirtualServerGroup {
  readonly name: string;
  readonly at: Span;
  readonly entries: readonly GroupEntry[];
}

/** Addresses are inclusive ranges; a single address has `first` equal to `last`. Port 0: all ports. */
export type GroupEntry =
  | {
      readonly kind: 'addresses';
      readonly family: Family;
      readonly first: string;
      readonly last: string;
      readonly port: number;
      readonly at: Span;
    }
  | {
      readonly kind: 'fwmark';
      readonly fwmark: number;
      /** Undefined: as the virtual server's. */
      readonly family: Family | undefined;
      readonly at: Span;
    };

/** What a virtual server is known by. */
export type VirtualServerKey =
  | { readonly kind: 'address'; readonly family: Family; readonly address: string; readonly port: number }
  | { readonly kind: 'fwmark'; readonly fwmark: number }
  | { readonly kind: 'group'; readonly group: string };

/** lvs_method with its tunnel options. */
export interface LvsMethod {
  readonly method: 'NAT' | 'DR' | 'TUN';
  readonly tunnelType: 'ipip' | 'gue' | 'gre';
  /** gue only; else 0. */
  readonly tunnelPort: number;
  readonly tunnelCsum: 'nocsum' | 'csum' | 'remcsum';
}

export interface VirtualServer {
  readonly key: VirtualServerKey;
  /** Of the first word after `virtual_server`. */
  readonly at: Span;
  /** nftables_ipvs: the firewall mark that stands for all addresses of its group; undefined: each is a service of its own. */
  readonly groupMark: number | undefined;
  /** Decided as keepalived does: address, ip_family, granularity, first server. */
  readonly family: Family;
  /** Undefined for a pure mark. */
  readonly protocol: 'TCP' | 'UDP' | 'SCTP' | undefined;
  readonly lvsSched: string;
  readonly lvsMethod: LvsMethod;
  readonly ops: boolean;
  /** sh-port or mh-port; flag-1, flag-2, flag-3; sh-fallback or mh-fallback: IPVS service flag bits 0x08, 0x10, 0x20. */
  readonly schedFlags: number;
  readonly persistenceEngine: string | undefined;
  /** Seconds; undefined: not persistent. */
  readonly persistenceTimeout: number | undefined;
  /** IPv4 dotted mask, or IPv6 prefix length as text. */
  readonly persistenceGranularity: string;
  readonly delayLoop: Micros;
  readonly haSuspend: boolean;
  readonly smtpAlert: boolean;
  readonly virtualhost: string | undefined;
  readonly snmpName: string | undefined;
  readonly alpha: boolean;
  readonly omega: boolean;
  readonly quorum: number;
  readonly hysteresis: number;
  readonly quorumUp: ScriptCommand | undefined;
  readonly quorumDown: ScriptCommand | undefined;
  readonly weight: number;
  readonly sorryServer: SorryServer | undefined;
  readonly realServer: readonly RealServer[];
}

export interface SorryServer {
  readonly address: string;
  readonly family: Family;
  readonly port: number;
  readonly inhibit: boolean;
  readonly lvsMethod: LvsMethod;
  readonly at: Span;
}

export interface RealServer {
  readonly address: string;
  readonly family: Family;
  readonly port: number;
  /** Of the address word. */
  readonly at: Span;
  readonly weight: number;
  readonly lvsMethod: LvsMethod;
  readonly uthreshold: number;
  readonly lthreshold: number;
  readonly inhibitOnFailure: boolean;
  readonly notifyUp: ScriptCommand | undefined;
  readonly notifyDown: ScriptCommand | undefined;
  readonly alpha: boolean;
  readonly smtpAlert: boolean;
  readonly virtualhost: string | undefined;
  readonly snmpName: string | undefined;
  readonly checkers: readonly Checker[];
}

/** What every checker that repeats has. `retry`: further attempts before a failure counts. */
export interface CheckerTiming {
  readonly retry: number;
  readonly delayBeforeRetry: Micros;
  readonly warmup: Micros;
  readonly delayLoop: Micros;
  readonly alpha: boolean;
  readonly logAllFailures: boolean;
  /** Of the checker's keyword. */
  readonly at: Span;
}

/** Where a network checker connects, and from where. */
export interface CheckerConnection extends CheckerTiming {
  readonly connectIp: string;
  readonly connectPort: number;
  readonly bindto: string | undefined;
  /** 0: any. */
  readonly bindPort: number;
  readonly bindIf: string | undefined;
  readonly connectTimeout: Micros;
  readonly fwmark: number;
}

export type Checker =
  TcpCheck | HttpCheck | SmtpCheck | DnsCheck | MiscCheck | PingCheck | UdpCheck | FileCheck | BfdCheck;

export interface TcpCheck extends CheckerConnection {
  readonly kind: 'TCP_CHECK';
}

export interface PingCheck extends CheckerConnection {
  readonly kind: 'PING_CHECK';
}

export interface HttpCheck extends CheckerConnection {
  readonly kind: 'HTTP_GET' | 'SSL_GET';
  readonly virtualhost: string | undefined;
  readonly httpProtocol: '1.0' | '1.0C' | '1.0c' | '1.1';
  readonly enableSni: boolean;
  readonly sniName: string | undefined;
  readonly fastRecovery: boolean;
  readonly tlsCompliant: boolean;
  /** Never empty. */
  readonly url: readonly HttpUrl[];
}

export interface HttpUrl {
  readonly path: string;
  /** 32 lower-case hex digits. */
  readonly digest: string | undefined;
  /** Inclusive ranges; never empty (200-299). */
  readonly statusCode: readonly { readonly first: number; readonly last: number }[];
  readonly virtualhost: string | undefined;
  readonly regex: string | undefined;
  readonly regexNoMatch: boolean;
  readonly regexOptions: readonly string[];
  readonly regexMinOffset: number;
  readonly regexMaxOffset: number | undefined;
  readonly regexStack: { readonly start: number; readonly max: number } | undefined;
  readonly tlsCompliant: boolean;
  readonly at: Span;
}

export interface SmtpCheck extends CheckerConnection {
  readonly kind: 'SMTP_CHECK';
  readonly heloName: string;
}

export interface DnsCheck extends CheckerConnection {
  readonly kind: 'DNS_CHECK';
  readonly type: 'A' | 'NS' | 'CNAME' | 'SOA' | 'MX' | 'TXT' | 'AAAA' | 'RRSIG' | 'DNSKEY';
  readonly name: string;
}

export interface MiscCheck extends CheckerTiming {
  readonly kind: 'MISC_CHECK';
  readonly miscPath: ScriptCommand;
  readonly miscTimeout: Micros;
  readonly miscDynamic: boolean;
  readonly user: UserGroup | undefined;
}

export interface UdpCheck extends CheckerConnection {
  readonly kind: 'UDP_CHECK';
  /** Hex digits; undefined: the built-in payload. */
  readonly payload: string | undefined;
  readonly requireReply: boolean;
  /** Hex digits with `x` for a nibble that does not matter; undefined: any reply. */
  readonly replyPattern: string | undefined;
  readonly minReplyLength: number;
  readonly maxReplyLength: number;
}

export interface FileCheck {
  readonly kind: 'FILE_CHECK';
  readonly trackFile: string;
  readonly weight: number;
  readonly reverse: boolean;
  readonly at: Span;
}

export interface BfdCheck {
  readonly kind: 'BFD_CHECK';
  readonly name: string;
  readonly alpha: boolean;
  readonly at: Span;
}
