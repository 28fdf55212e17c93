/**
 * The keyword tables of virtual_server, real_server and virtual_server_group.
 */
import { checkLostBody } from '../decode.js';
import { numberFormat, recordFormat } from './format.js';
import type { Address } from '../address.js';
import { messages } from '../messages.js';
import type { LvsMethod } from '../model-lvs.js';
import type { Span } from '../source.js';
import * as checkers from './checkers.js';
import {
  alias,
  block,
  defaulted,
  folded,
  optional,
  each,
  type Decoded,
  type Line,
  type Reader,
  type RowOptions,
} from './dsl.js';
import { granularity } from './granularity.js';
import { fieldSection, section, type Fields, type Section } from './lists.js';
import { command } from './scripts.js';
import {
  alone,
  boolean,
  choice,
  decimalSeconds,
  hostAddress,
  integer,
  mapped,
  placed,
  present,
  readInteger,
  readChoice,
  uint32,
  word,
} from './values.js';

const longest = 18446744073709.55;
const reported = { missing: 'reported' } as const;

/** IPVS service flag bits. */
export const schedFlag = { first: 0x08, second: 0x10, third: 0x20 } as const;

const schedulers = [
  'rr',
  'wrr',
  'lc',
  'wlc',
  'lblc',
  'sh',
  'mh',
  'dh',
  'fo',
  'ovf',
  'lblcr',
  'sed',
  'nq',
  'twos',
] as const;

export const methodFormat = recordFormat<LvsMethod>(
  {
    method: { type: 'string', enum: ['NAT', 'DR', 'TUN'] },
    tunnelType: { type: 'string', enum: ['ipip', 'gue', 'gre'] },
    tunnelPort: { type: 'integer', minimum: 0, maximum: 65535 },
    tunnelCsum: { type: 'string', enum: ['nocsum', 'csum', 'remcsum'] },
  },
  ['method', 'tunnelType', 'tunnelPort', 'tunnelCsum'],
  ({ method: name, tunnelType, tunnelPort, tunnelCsum }) =>
    tunnelType === 'ipip'
      ? name
      : `${name} type ${tunnelType}${tunnelType === 'gue' ? ` port ${String(tunnelPort)}` : ''} ${tunnelCsum}`,
);

const method: Reader<LvsMethod> = {
  syntax: 'NAT|DR|TUN [type ipip|gue|gre] [port <port>] [nocsum|csum|remcsum]',
  expects: 'NAT, DR or TUN',
  minWords: 1,
  format: methodFormat,
  read(line) {
    const name = readChoice(line, 1, ['NAT', 'DR', 'TUN']);
    if (name === undefined) return undefined;
    const plain: LvsMethod = { method: name, tunnelType: 'ipip', tunnelPort: 0, tunnelCsum: 'nocsum' };
    return readTunnel(line, plain) ?? plain;
  },
};

/** Tunnel options; undefined: they are at odds, reported, and left out. */
function readTunnel(line: Line, plain: LvsMethod): LvsMethod | undefined {
  let type: LvsMethod['tunnelType'] = 'ipip';
  let port: number | undefined;
  let csum: LvsMethod['tunnelCsum'] | undefined;
  for (let index = 2; index < line.words.length; index++) {
    const text = line.word(index);
    if (text === 'type') {
      const given = readChoice(line, ++index, ['ipip', 'gue', 'gre']);
      if (given === undefined) return undefined;
      type = given;
    } else if (text === 'port') {
      port = readInteger(line, ++index, 1, 65535);
      if (port === undefined) return undefined;
    } else if (text === 'csum' || text === 'nocsum' || text === 'remcsum') csum = text;
    else {
      line.report(messages.unknownOption, index, text ?? '', line.keyword);
      return undefined;
    }
  }
  const fault =
    type === 'gue' && port === undefined
      ? 'gue needs a port'
      : type !== 'gue' && port !== undefined
        ? `${type} takes no port`
        : (type === 'ipip' && csum !== undefined) || (type === 'gre' && csum === 'remcsum')
          ? `${type} takes no ${csum}`
          : undefined;
  if (fault !== undefined) {
    line.report(messages.badValue, 1, fault);
    return undefined;
  }
  return { ...plain, tunnelType: type, tunnelPort: port ?? 0, tunnelCsum: csum ?? 'nocsum' };
}

export interface Endpoint {
  readonly address: Address;
  /** Undefined: not given, or 0. */
  readonly port: number | undefined;
  readonly at: Span;
}

const endpointSyntax = '<address> [<port>]';

/** Address and port of a real or sorry server. */
export function readEndpoint(line: Line, index: number): Endpoint | undefined {
  const text = line.word(index) ?? '';
  const address = hostAddress(line, index);
  if (address === undefined) {
    line.report(messages.notAnAddress, index, text, 'an IP address');
    return undefined;
  }
  const service = line.word(index + 1);
  if (service === undefined) return { address, port: undefined, at: line.at(index) };
  if (!/^\d+$/.test(service) || Number(service) > 65535) {
    line.report(messages.notANumber, index + 1, service, 'a port from 1 to 65535');
    return undefined;
  }
  const port = Number(service);
  return { address, port: port === 0 ? undefined : port, at: line.at(index) };
}

const sorryServer: Reader<Endpoint> = {
  syntax: endpointSyntax,
  expects: 'an address',
  minWords: 1,
  read: (line) => readEndpoint(line, 1),
};

const timeoutOrDefault: Reader<number> = {
  syntax: '[<seconds>]',
  expects: 'a number of seconds',
  range: '1..2678400',
  unit: 's',
  minWords: 0,
  format: numberFormat(1, 2678400),
  read: (line) => (line.words.length === 1 ? 360 : readInteger(line, 1, 1, 2678400)),
};

const protocol: Reader<'TCP' | 'UDP' | 'SCTP'> = {
  ...choice(['TCP', 'UDP', 'SCTP']),
  read: (line) => readChoice(line, 1, ['TCP', 'UDP', 'SCTP'], true),
};

/** A scheduler flag, effective only when its scheduler was read before. */
export interface FlagUse {
  readonly keyword: string;
  readonly at: Span;
}

const flagUse: Reader<FlagUse> = mapped(present, (_, line) => ({ keyword: line.keyword, at: line.at(0) }));

const timeRows = {
  retry: optional(integer(1, uint32), 'further attempts of checkers before a failure counts'),
  delay_before_retry: optional(decimalSeconds(0, longest), 'time between attempts of checkers'),
  warmup: optional(decimalSeconds(0, longest), 'checkers start within this time'),
  connect_timeout: optional(decimalSeconds(0.000001, 4294.967295), 'time for connecting of checkers', {
    defaultText: '5; in a real_server that of the virtual server',
  }),
  delay_loop: optional(decimalSeconds(0.000001, longest), 'time between checks', {
    defaultText: '60; in a real_server that of the virtual server',
  }),
};

/** One checker of a real server, still as it was written. */
export type RawChecker =
  | { readonly kind: 'TCP_CHECK'; readonly section: Fields<typeof checkers.tcpCheck.rows> }
  | { readonly kind: 'PING_CHECK'; readonly section: Fields<typeof checkers.pingCheck.rows> }
  | { readonly kind: 'HTTP_GET' | 'SSL_GET'; readonly section: Fields<typeof checkers.httpCheck.rows> }
  | { readonly kind: 'SMTP_CHECK'; readonly section: Fields<typeof checkers.smtpCheck.rows> }
  | { readonly kind: 'DNS_CHECK'; readonly section: Fields<typeof checkers.dnsCheck.rows> }
  | { readonly kind: 'MISC_CHECK'; readonly section: Section<typeof checkers.miscCheck.rows> }
  | { readonly kind: 'UDP_CHECK'; readonly section: Fields<typeof checkers.udpCheck.rows> }
  | { readonly kind: 'FILE_CHECK'; readonly section: Fields<typeof checkers.fileCheck.rows> }
  | { readonly kind: 'BFD_CHECK'; readonly section: Fields<typeof checkers.bfdCheck.rows> };

function checker<K extends RawChecker['kind'], S>(
  kind: K,
  reader: Reader<S>,
): Reader<{ readonly kind: K; readonly section: S }> {
  const base = mapped(reader, (value) => ({ kind, section: value }));
  return reader.block === undefined ? base : { ...base, block: reader.block };
}

const allUp = 'a checker; all must be up';

export const realServer = block(
  'real_server',
  'A server that gets connections.',
  {
    weight: optional(integer(0, 2147483647), 'share of the connections', {
      defaultText: 'weight of the virtual server',
    }),
    lvs_method: optional(method, 'how packets reach it', { defaultText: 'lvs_method of the virtual server' }),
    uthreshold: defaulted(integer(0, uint32), 0, 'no new connections above this number'),
    lthreshold: defaulted(integer(0, uint32), 0, 'new connections again below this number'),
    inhibit_on_failure: optional(inhibit(), 'weight 0 instead of removal when it is down'),
    notify_up: optional(command, 'run when it comes up', { isFirstKept: true }),
    notify_down: optional(command, 'run when it goes down', { isFirstKept: true }),
    alpha: optional(boolean, 'counts as down until its checkers succeed'),
    ...timeRows,
    smtp_alert: optional(boolean, 'mails on its changes', {
      defaultText: 'smtp_alert_checker, else smtp_alert of global_defs',
    }),
    virtualhost: optional(word('name'), 'Host header of its checkers', reported),
    snmp_name: optional(alone(word('name')), 'name for SNMP', {
      ...reported,
      effect: 'parsed',
      note: 'there is no SNMP agent',
    }),
    MISC_CHECK: each(checker('MISC_CHECK', section(checkers.miscCheck)), allUp),
    SMTP_CHECK: each(checker('SMTP_CHECK', fieldSection(checkers.smtpCheck)), allUp),
    TCP_CHECK: each(checker('TCP_CHECK', fieldSection(checkers.tcpCheck)), allUp),
    PING_CHECK: each(checker('PING_CHECK', fieldSection(checkers.pingCheck)), allUp),
    UDP_CHECK: each(checker('UDP_CHECK', fieldSection(checkers.udpCheck)), allUp),
    HTTP_GET: each(checker('HTTP_GET', fieldSection(checkers.httpCheck)), allUp),
    SSL_GET: each(checker('SSL_GET', fieldSection(checkers.httpCheck)), allUp),
    DNS_CHECK: each(checker('DNS_CHECK', fieldSection(checkers.dnsCheck)), allUp),
    FILE_CHECK: each(checker('FILE_CHECK', fieldSection(checkers.fileCheck)), allUp),
    BFD_CHECK: each(checker('BFD_CHECK', fieldSection(checkers.bfdCheck)), allUp, { effect: 'parsed' }),
  },
  'works',
  (fields) => ({ ...fields }),
);

/** A real server, with where it is. */
export interface RawRealServer {
  readonly section: Fields<typeof realServer.rows>;
  readonly endpoint: Endpoint;
}

const realServerSection = fieldSection(realServer, { name: 'address' });

const realServerReader: Reader<RawRealServer> = {
  ...realServerSection,
  syntax: '<address> [<port>] { ... }',
  read(line) {
    const endpoint = readEndpoint(line, 1);
    // keepalived: nothing is read of a block that is refused by its address.
    if (endpoint === undefined) {
      checkLostBody(realServer, line.statement, line.context);
      return undefined;
    }
    const value = realServerSection.read(line);
    return value === undefined ? undefined : { section: value, endpoint };
  },
};

function inhibit(): Reader<boolean> {
  return {
    ...boolean,
    read(line) {
      const text = line.word(1);
      if (text === undefined || ['on', 'true', 'yes'].includes(text)) return true;
      if (['off', 'false', 'no'].includes(text)) return false;
      line.report(messages.notABoolean, 1, text);
      return undefined;
    },
  };
}

const scripts: RowOptions = { isFirstKept: true };

export const virtualServer = block(
  'virtual_server',
  'A service that is spread over real servers.',
  {
    ip_family: optional(placed(choice(['inet', 'inet6'])), 'address family, where nothing else tells it', {
      defaultText: 'that of the addresses',
    }),
    ...timeRows,
    inhibit_on_failure: defaulted(present, false, 'weight 0 instead of removal when a server is down'),
    lvs_sched: optional(choice(schedulers), 'scheduler', { defaultText: 'wlc' }),
    lb_algo: alias('lvs_sched', 'other name'),
    hashed: optional(flagUse, 'has no effect', {
      effect: 'parsed',
      note: 'the kernel keeps this flag of a service for itself',
    }),
    ops: optional(
      mapped(present, (_, line) => ({ at: line.at(0) })),
      'every packet is scheduled anew (UDP)',
    ),
    'flag-1': defaulted(present, false, 'first flag of the scheduler'),
    'flag-2': defaulted(present, false, 'second flag of the scheduler'),
    'flag-3': defaulted(present, false, 'third flag of the scheduler'),
    'sh-port': each(flagUse, 'sh: ports count too'),
    'sh-fallback': each(flagUse, 'sh: another server when the chosen one is down'),
    'mh-port': each(flagUse, 'mh: ports count too'),
    'mh-fallback': each(flagUse, 'mh: another server when the chosen one is down'),
    lvs_method: optional(method, 'how packets reach the servers', { defaultText: 'NAT' }),
    lb_kind: alias('lvs_method', 'other name'),
    persistence_engine: optional(word('name', { max: 16 }), 'how clients are told apart, such as sip'),
    persistence_timeout: optional(timeoutOrDefault, 'clients stay with their server for this time'),
    persistence_granularity: optional(granularity, 'how many clients count as one', {
      defaultText: '255.255.255.255 or 128',
    }),
    protocol: folded<
      { readonly value: 'TCP' | 'UDP' | 'SCTP'; readonly at: Span } | undefined,
      'TCP' | 'UDP' | 'SCTP'
    >(protocol, undefined, 'transport protocol', (_, value, line) => ({ value, at: line.at(1) }), {
      defaultText: 'UDP',
    }),
    ha_suspend: optional(
      mapped(present, (_, line) => ({ at: line.at(0) })),
      'checks only while the address is on this host',
    ),
    smtp_alert: optional(boolean, 'mails when the quorum changes', {
      defaultText: 'smtp_alert_checker, else smtp_alert of global_defs',
    }),
    virtualhost: optional(word('name'), 'Host header of its checkers', reported),
    snmp_name: optional(alone(word('name')), 'name for SNMP', {
      ...reported,
      effect: 'parsed',
      note: 'there is no SNMP agent',
    }),
    alpha: defaulted(present, false, 'servers count as down until their checkers succeed'),
    omega: defaulted(present, false, 'down scripts run when the daemon stops'),
    quorum_up: optional(command, 'run when the quorum is gained', scripts),
    quorum_down: optional(command, 'run when the quorum is lost', scripts),
    quorum: optional(
      mapped(integer(1, uint32, { outside: 1 }), (value, line) => ({ value, at: line.at(1) })),
      'weight that must be up',
      { defaultText: '1' },
    ),
    hysteresis: optional(
      mapped(integer(0, uint32), (value, line) => ({ value, at: line.at(1) })),
      'distance between gaining and losing the quorum',
      { defaultText: '0' },
    ),
    weight: defaulted(integer(1, 2147483647), 1, 'weight of real servers that give none'),
    sorry_server: optional(sorryServer, 'used while the quorum is lost'),
    sorry_server_inhibit: optional(
      mapped(present, (_, line) => ({ at: line.at(0) })),
      'weight 0 instead of removal while it is not needed',
    ),
    sorry_server_lvs_method: optional(method, 'how packets reach it', {
      defaultText: 'lvs_method of the virtual server',
    }),
    real_server: each(realServerReader, 'a server'),
  },
  'works',
  (fields) => ({ ...fields }),
);

/** Flags are set that work with their scheduler only; or something is missing, perhaps since it was refused. */
export function needsLines(fields: Decoded<typeof virtualServer.rows>): boolean {
  const { hashed, shPort, shFallback, mhPort, mhFallback, lvsSched, lvsMethod, protocol } = fields;
  if (lvsSched === undefined || lvsMethod === undefined || protocol === undefined) return true;
  if (fields.realServer.length === 0) return true;
  return hashed !== undefined || [shPort, shFallback, mhPort, mhFallback].some((uses) => uses.length > 0);
}
