/**
 * The keyword table of global_defs.
 */
import { decimal, formOf, presentFormat, quoted, recordFormat, timeFormat, wordsFormat } from './format.js';
import { dirname } from 'node:path';
import { seconds, micros, type Micros } from '../../units.js';
import { messages } from '../messages.js';
import type { GarpExtraIf, HostPort, LvsSyncDaemon, LvsTimeouts, RxBufsPolicy } from '../model.js';
import { parseAddress } from '../address.js';
import { alias, block, defaulted, optional, several, type Effect, type Line, type Reader } from './dsl.js';
import { wordList } from './lists.js';
import { account, command, ownedPath } from './scripts.js';
import {
  address,
  alone,
  boolean,
  decimalSeconds,
  duration,
  integer,
  mapped,
  parseAnyBase,
  placedWord,
  present,
  readAddress,
  readInteger,
  wholeSeconds,
  word,
  wordOr,
  words,
} from './values.js';

const uint32 = 4294967295;
const processName = word('name', { max: 15 });
const works = { effect: 'works' } as const;
const reported = { missing: 'reported' } as const;
const kept = { missing: 'reported', isFirstKept: true } as const;
const keptWorks = { ...kept, ...works } as const;

/** A count of packets for which 0 makes no sense: it is reported and becomes 1. */
export const packetCount: Reader<number> = mapped(integer(0, uint32), (value, line) => {
  if (value > 0) return value;
  line.report(messages.adjusted, 1, `0 makes no sense for ${line.keyword}; 1 is used`);
  return 1;
});

/** A gap between packets; 0, which many files have, is complained about by keepalived and means none. */
const spacing: Reader<Micros> = mapped(decimalSeconds(0, 4294.967295), (value, line) => {
  if (value === 0) line.report(messages.zeroSpacing, 1, line.keyword);
  return value;
});

const extraIfFormat = recordFormat<GarpExtraIf>(
  { all: { type: 'boolean' }, period: timeFormat(1_000_000).json },
  ['all', 'period'],
  ({ all, period }) => (period === 0 ? undefined : `${all ? 'all ' : ''}${decimal(period, 1_000_000)}`),
);

/** `[all] <seconds>` */
export function extraIf(min: number): Reader<GarpExtraIf> {
  return {
    syntax: '[all] <seconds>',
    expects: `a number of seconds from ${String(min)} to 86400`,
    range: `${String(min)}..86400`,
    unit: 's',
    minWords: 1,
    format: extraIfFormat,
    read(line) {
      const all = line.word(1) === 'all';
      const index = all ? 2 : 1;
      if (all && line.words.length < 3) {
        line.report(messages.missingValue, 2, line.keyword, 'a number of seconds');
        return undefined;
      }
      const value = readInteger(line, index, min, 86400);
      return value === undefined ? undefined : { all, period: seconds(value) };
    },
  };
}

const smtpServer: Reader<HostPort> = {
  syntax: '<host> [<port>]',
  expects: 'an address or host name',
  range: 'port 1..65535',
  minWords: 1,
  format: recordFormat<HostPort>(
    { host: { type: 'string' }, port: { type: 'integer', minimum: 1, maximum: 65535 } },
    ['host', 'port'],
    ({ host, port }) => `${quoted(host)} ${String(port)}`,
  ),
  read(line) {
    const host = line.word(1) ?? '';
    const service = line.word(2);
    let port = 25;
    if (service !== undefined) {
      const given = readInteger(line, 2, 1, 65535);
      if (given === undefined) return undefined;
      port = given;
    }
    if (parseAddress(host) === undefined && !/^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_.])?$/.test(host)) {
      line.report(messages.notAnAddress, 1, host, 'an address or host name');
      return undefined;
    }
    if (line.context.mode === 'test' && !line.context.isOffline && !line.context.machine.resolves(host))
      line.report(messages.hostUnknown, 1, host);
    return { host, port, at: line.at(1) };
  },
};

const second = timeFormat(1_000_000).json;

const lvsTimeouts: Reader<LvsTimeouts> = {
  syntax: '[tcp <seconds>] [tcpfin <seconds>] [udp <seconds>]',
  expects: 'tcp, tcpfin or udp with a number of seconds',
  range: '0..2678400 each',
  unit: 's',
  minWords: 1,
  format: recordFormat<LvsTimeouts>({ tcp: second, tcpfin: second, udp: second }, [], (times) =>
    (['tcp', 'tcpfin', 'udp'] as const)
      .flatMap((name) => {
        const value = times[name];
        return value === undefined ? [] : [`${name} ${decimal(value, 1_000_000)}`];
      })
      .join(' '),
  ),
  read(line) {
    const result: { tcp?: number; tcpfin?: number; udp?: number } = {};
    for (let index = 1; index < line.words.length; index += 2) {
      const name = line.word(index);
      if (name !== 'tcp' && name !== 'tcpfin' && name !== 'udp') {
        line.report(messages.unknownOption, index, name ?? '', line.keyword);
        index--;
        continue;
      }
      if (line.word(index + 1) === undefined) {
        line.report(messages.missingValue, index, name, 'a number of seconds');
        break;
      }
      const value = readInteger(line, index + 1, 0, 2678400);
      if (value !== undefined && value > 0) result[name] = value;
    }
    const us = (value: number | undefined): ReturnType<typeof seconds> | undefined =>
      value === undefined ? undefined : seconds(value);
    return { tcp: us(result.tcp), tcpfin: us(result.tcpfin), udp: us(result.udp) };
  },
};

const syncNumbers = { id: [0, 255], maxlen: [1, 65507], port: [1, 65535], ttl: [1, 255] } as const;

const lvsSyncDaemon: Reader<LvsSyncDaemon> = {
  syntax: '<interface> [[inst] <vrrp_instance>] [id N] [maxlen N] [port N] [ttl N] [group <address>]',
  expects: 'an interface',
  range: 'id 0..255, maxlen 1..65507, port 1..65535, ttl 1..255',
  minWords: 1,
  format: recordFormat<LvsSyncDaemon>(
    {
      interface: { type: 'string' },
      inst: { type: 'string' },
      group: { type: 'string' },
      ...Object.fromEntries(
        Object.entries(syncNumbers).map(([name, [minimum, maximum]]) => [
          name,
          { type: 'integer', minimum, maximum },
        ]),
      ),
    },
    ['interface'],
    (value) =>
      [
        quoted(value.interface),
        ...(['inst', 'id', 'maxlen', 'port', 'ttl', 'group'] as const).flatMap((name) => {
          const given = value[name];
          return given === undefined ? [] : [`${name} ${quoted(String(given))}`];
        }),
      ].join(' '),
  ),
  read(line) {
    const numbers: { id?: number; maxlen?: number; port?: number; ttl?: number } = {};
    let inst: string | undefined;
    let group: string | undefined;
    let index = 2;
    const second = line.word(2);
    if (second !== undefined && !isSyncOption(second)) {
      inst = second;
      index = 3;
      const third = line.word(3);
      if (third !== undefined && !isSyncOption(third)) {
        const id = readInteger(line, 3, 0, 255);
        if (id !== undefined) {
          numbers.id = id;
          line.report(messages.badValue, 3, `write 'id ${third}': a bare number is the old form`);
        }
        index = 4;
      }
    }
    for (; index < line.words.length; index += 2) {
      const name = line.word(index) ?? '';
      if (!isSyncOption(name)) {
        line.report(messages.unknownOption, index, name, line.keyword);
        index--;
      } else if (line.word(index + 1) === undefined) {
        line.report(messages.missingValue, index, name, 'a value');
      } else if (name === 'inst') inst = line.word(index + 1);
      else if (name === 'group') group = readAddress(line, index + 1, { kind: 'multicast' })?.text;
      else {
        const [min, max] = syncNumbers[name];
        const value = readInteger(line, index + 1, min, max);
        if (value !== undefined) numbers[name] = value;
      }
    }
    const { id, maxlen, port, ttl } = numbers;
    return { interface: line.word(1) ?? '', inst, id, maxlen, port, ttl, group, at: line.at(1) };
  },
};

function isSyncOption(name: string): name is 'inst' | 'group' | keyof typeof syncNumbers {
  return name === 'inst' || name === 'group' || name in syncNumbers;
}

const cpuFormat = formOf<readonly number[]>(
  { type: 'array', items: { type: 'integer', minimum: 0 } },
  (cpus) => (cpus.length === 0 ? undefined : cpus.join(' ')),
);

const cpuList: Reader<readonly number[]> = {
  syntax: '<cpu> ...',
  expects: 'CPU numbers',
  range: '0..number of CPUs - 1',
  minWords: 1,
  format: cpuFormat,
  read(line) {
    const { machine, isOffline } = line.context;
    const last = isOffline ? 1023 : machine.cpuCount - 1;
    const cpus: number[] = [];
    for (let index = 1; index < line.words.length; index++) {
      const cpu = readInteger(line, index, 0, last);
      if (cpu === undefined) return undefined;
      cpus.push(cpu);
    }
    return cpus;
  },
};

const rxBufsPolicy: Reader<RxBufsPolicy> = {
  syntax: 'MTU|ADVERT|<bytes>',
  expects: 'MTU, ADVERT or a number of bytes',
  minWords: 1,
  format: formOf<RxBufsPolicy>(
    {
      anyOf: [
        { type: 'string', enum: ['MTU', 'ADVERT'] },
        { type: 'integer', minimum: 0 },
      ],
    },
    String,
  ),
  read(line) {
    const upper = (line.word(1) ?? '').toUpperCase();
    if (upper === 'MTU' || upper === 'ADVERT') return upper;
    return readInteger(line, 1, 0, uint32);
  },
};

const umaskBits: Readonly<Record<string, number>> = {
  IRUSR: 0o400,
  IWUSR: 0o200,
  IXUSR: 0o100,
  IRGRP: 0o040,
  IWGRP: 0o020,
  IXGRP: 0o010,
  IROTH: 0o004,
  IWOTH: 0o002,
  IXOTH: 0o001,
  IRWXU: 0o700,
  IRWXG: 0o070,
  IRWXO: 0o007,
};

const umask: Reader<number> = {
  syntax: '<number>|<bit>[|<bit>...]',
  expects: 'a mode mask',
  range: '0..0777',
  minWords: 1,
  format: formOf<number>({ type: 'integer', minimum: 0, maximum: 0o777 }, (mask) => `0${mask.toString(8)}`),
  read(line) {
    const text = line.words.slice(1).join('');
    if (line.words.length > 2 && !text.includes('|')) {
      line.report(messages.badValue, 2, 'umask takes one value');
      return undefined;
    }
    const number = parseAnyBase(text);
    if (!Number.isNaN(number)) {
      if (number >= 0 && number <= 0o777) return number;
      line.report(messages.outOfRange, 1, text, '0', '0777');
      return undefined;
    }
    let mask = 0;
    for (const name of text.split('|')) {
      const bit = umaskBits[name.trim().replace(/^S_/, '')];
      if (bit === undefined) {
        line.report(messages.notOneOf, 1, name, Object.keys(umaskBits).join(' '));
        return undefined;
      }
      mask |= bit;
    }
    return mask;
  },
};

const optionalPath = (bare: string): Reader<string> => wordOr('path', bare);

/** keepalived does not look at the value: the keyword alone switches it on, whatever stands behind it. */
const switchedOn: Reader<true> = {
  ...boolean,
  format: presentFormat,
  read(line) {
    const text = line.word(1);
    if (text !== undefined && !['on', 'true', 'yes'].includes(text))
      line.report(messages.silentlyIgnored, 1, `${line.keyword} is on, whatever stands behind it`);
    return true;
  },
};

const absolutePath: Reader<string> = mapped(word('path'), (path, line) => {
  if (path.startsWith('/')) return path;
  line.report(messages.pathNotAbsolute, 1, line.keyword, path);
  return undefined;
});

const directory: Reader<string> = mapped(word('directory'), (path, line) => {
  if (path === '') {
    line.report(messages.missingValue, 1, line.keyword, 'a directory');
    return undefined;
  }
  if (line.context.isOffline || line.context.files.stat(path)?.kind === 'directory') return path;
  if (line.context.files.stat(dirname(path))?.kind === 'directory') return path;
  line.report(messages.noSuchDirectory, 1, `the directory ${path} does not exist`);
  return undefined;
});

const interfacePrefix: Reader<string> = mapped(word('string'), (text, line) => {
  if (text.length <= 11 && /^[^\s/:]+$/.test(text)) return text;
  line.report(
    messages.silentlyIgnored,
    1,
    `'${text}' cannot start an interface name (up to 11 characters, no '/' or ':')`,
  );
  return undefined;
});

const flushOnStop: Reader<'all' | 'VS'> = {
  syntax: '[VS]',
  expects: 'VS',
  minWords: 0,
  format: formOf<string>({ type: 'string', enum: ['off', 'all', 'VS'] }, (value) =>
    value === 'off' ? undefined : value === 'all' ? '' : value,
  ),
  read(line) {
    if (line.words.length === 1) return 'all';
    if (line.word(1) === 'VS') return 'VS';
    line.report(messages.notOneOf, 1, line.word(1) ?? '', 'VS');
    return undefined;
  },
};

const dynamicInterfaces: Reader<'on' | 'allow_if_changes'> = {
  syntax: '[allow_if_changes]',
  expects: 'allow_if_changes',
  minWords: 0,
  format: formOf<string>({ type: 'string', enum: ['off', 'on', 'allow_if_changes'] }, (value) =>
    value === 'off' ? undefined : value === 'on' ? '' : value,
  ),
  read(line) {
    const text = line.word(1);
    if (text === 'allow_if_changes') return text;
    if (text !== undefined) line.report(messages.unknownOption, 1, text, line.keyword);
    return 'on';
  },
};

/** That it exists matters only to entries that need it. */
const defaultInterface = placedWord('interface');

const chains: Reader<readonly string[]> = {
  syntax: '[<in-chain> [<out-chain>]]',
  expects: 'chain names',
  range: 'names up to 27 characters',
  minWords: 0,
  format: wordsFormat,
  read: (line) => (line.words.length === 1 ? ['INPUT', 'OUTPUT'] : line.words.slice(1, 3)),
};

const ipsets: Reader<readonly string[]> = {
  ...words('name'),
  minWords: 0,
  format: formOf<readonly string[]>({ type: 'array', items: { type: 'string' } }, (names) =>
    names.map(quoted).join(' '),
  ),
};

const includeCheckWords: Reader<readonly string[]> = {
  syntax: '[[+|-]<check> ...]',
  expects: 'checks',
  range: 'read, match, wildcard_match, brace_match',
  minWords: 0,
  format: wordsFormat,
  read(line: Line) {
    const known = ['read', 'match', 'wildcard_match', 'brace_match'];
    const result: string[] = [];
    for (let index = 1; index < line.words.length; index++) {
      const text = line.word(index) ?? '';
      if (known.includes(text.replace(/^[+-]/, ''))) result.push(text);
      else line.report(messages.notOneOf, index, text, known.join(' '));
    }
    return result;
  },
};

const rttime: Reader<ReturnType<typeof micros>> = mapped(
  duration(1, uint32, { places: 0, unitUs: 1, unit: 'us' }),
  (value) => (value === 1 ? micros(2) : value),
);

const niceRow = (who: string, effect: 'works' | 'parsed'): ReturnType<typeof defaulted<number>> =>
  defaulted(integer(-20, 19), 0, `nice value of the ${who} process`, { missing: 'reported', effect });
const realTimeRow = (who: string, effect: Effect): ReturnType<typeof defaulted<number>> =>
  defaulted(
    integer(1, 99, { clamp: true }),
    0,
    `real-time priority (SCHED_RR) of the ${who} process; without it, ordinary scheduling`,
    { missing: 'reported', defaultText: 'not real-time', effect },
  );

export const globalDefs = block('global_defs', 'Settings of the whole daemon. Several blocks add up.', {
  process_names: defaulted(present, false, 'gives the child processes telling names'),
  process_name: optional(processName, 'name of the parent process', works),
  vrrp_process_name: optional(processName, 'name of the VRRP process', works),
  checker_process_name: optional(processName, 'name of the checker process', works),
  lvs_process_name: alias('checker_process_name', 'old name', { isCounted: false }),
  bfd_process_name: optional(processName, 'name of the BFD process'),
  use_symlink_paths: defaulted(
    boolean,
    false,
    'runs scripts by the path as written, symbolic links included',
    {
      ...works,
      since: '2.3.0',
      ...works,
    },
  ),
  set_supplementary_groups: defaulted(boolean, false, 'scripts get all groups of their user', {
    ...works,
    since: '2.4.4',
  }),
  router_id: optional(word('string'), 'name of this machine in mails, SNMP and dumps', {
    ...reported,
    ...works,
    defaultText: 'the host name',
  }),
  notification_email_from: optional(word('address'), 'sender of mails', {
    ...reported,
    ...works,
    defaultText: 'user@host',
  }),
  smtp_server: optional(smtpServer, 'mail server', works),
  smtp_helo_name: optional(word('name'), 'name given in HELO', {
    missing: 'silent',
    ...works,
    defaultText: 'the host name',
  }),
  smtp_connect_timeout: defaulted(
    wholeSeconds(0, 4294, { zeroIs: 1 }),
    seconds(30),
    'how long connecting to the mail server may take',
    works,
  ),
  notification_email: several(wordList('address', { isEmptyReported: true }), 'who gets mails', works),
  smtp_alert: optional(boolean, 'mails for every kind of transition unless told otherwise', works),
  smtp_alert_vrrp: optional(boolean, 'mails for VRRP transitions; overrides smtp_alert', works),
  smtp_alert_checker: optional(boolean, 'mails for checker transitions; overrides smtp_alert', works),
  checker_log_all_failures: defaulted(boolean, false, 'default of log_all_failures of checkers', works),
  startup_script: optional(command, 'run before the child processes start', kept),
  startup_script_timeout: defaulted(
    wholeSeconds(1, 1000),
    seconds(10),
    'the startup script is killed after',
    reported,
  ),
  shutdown_script: optional(command, 'run after the child processes ended', kept),
  shutdown_script_timeout: defaulted(
    wholeSeconds(1, 1000),
    seconds(10),
    'the shutdown script is killed after',
    reported,
  ),
  max_auto_priority: defaulted(
    {
      ...integer(-1, 99),
      minWords: 0,
      syntax: '[<priority>]',
      read: (line) => (line.words.length === 1 ? 99 : readInteger(line, 1, -1, 99)),
    },
    0,
    'highest real-time priority that the daemon gives itself when timers are late; -1: never, and no hint',
  ),
  min_auto_priority_delay: defaulted(
    duration(1, 10000000, { places: 0, unitUs: 1, unit: 'us' }),
    seconds(1),
    'lateness that raises the priority by one',
    reported,
  ),
  dynamic_interfaces: defaulted<'off' | 'on' | 'allow_if_changes'>(
    dynamicInterfaces,
    'off',
    'interfaces need not exist yet; allow_if_changes: nor keep their type when they are recreated',
    works,
  ),
  no_email_faults: defaulted(present, false, 'no mails for FAULT', works),
  default_interface: optional(defaultInterface, 'interface of static addresses and routes that name none', {
    ...reported,
    defaultText: 'eth0',
  }),
  disable_local_igmp: defaulted(present, false, 'stops IGMP reports for link-local groups'),
  v3_checksum_as_v2: defaulted(present, false, 'VRRPv3 checksums over IPv4 leave out the pseudo-header', {
    since: '2.2.8',
    ...works,
  }),
  lvs_timeouts: optional(lvsTimeouts, 'IPVS connection timeouts', { ...reported, ...works }),
  lvs_flush: defaulted(present, false, 'removes every IPVS entry at start', works),
  lvs_flush_on_stop: defaulted<'off' | 'all' | 'VS'>(
    flushOnStop,
    'off',
    'removes every IPVS entry at stop; VS: the configured virtual servers only',
    works,
  ),
  lvs_flush_onstop: alias('lvs_flush_on_stop', 'old spelling'),
  lvs_sync_daemon: optional(
    lvsSyncDaemon,
    'IPVS connection synchronisation, following the state of an instance',
    { ...keptWorks, note: 'runs where virtual servers are configured' },
  ),
  vrrp_mcast_group4: defaulted(
    mapped(address({ family: 4, kind: 'multicast' }), (value) => value.text),
    '224.0.0.18',
    'group that IPv4 adverts are sent to',
    works,
  ),
  vrrp_mcast_group6: defaulted(
    mapped(address({ family: 6, kind: 'multicast' }), (value) => value.text),
    'ff02::12',
    'group that IPv6 adverts are sent to',
    works,
  ),
  vrrp_garp_master_delay: defaulted(
    wholeSeconds(0, 4294),
    seconds(5),
    'time from becoming MASTER to the second round of gratuitous ARP; 0: no second round',
    works,
  ),
  vrrp_garp_master_repeat: defaulted(packetCount, 5, 'gratuitous ARP packets per address in a round', works),
  vrrp_garp_master_refresh: defaulted(
    wholeSeconds(0, uint32),
    micros(0),
    'period of further rounds while MASTER; 0: none',
    works,
  ),
  vrrp_garp_master_refresh_repeat: defaulted(packetCount, 1, 'packets per address in each refresh', works),
  vrrp_garp_lower_prio_delay: optional(
    wholeSeconds(0, 4294),
    'time to the second round after a lower advert',
    {
      ...works,
      defaultText: 'vrrp_garp_master_delay',
    },
  ),
  vrrp_garp_lower_prio_repeat: optional(
    integer(0, 2147483647),
    'packets per address after a lower advert; 0: none',
    {
      ...works,
      defaultText: 'vrrp_garp_master_repeat',
    },
  ),
  vrrp_down_timer_adverts: defaulted(integer(1, 100), 3, 'missed adverts before a backup takes over', works),
  vrrp_garp_interval: defaulted(
    spacing,
    micros(0),
    'least time between gratuitous ARP packets on an interface; 0: none',
    works,
  ),
  vrrp_gna_interval: defaulted(
    spacing,
    micros(0),
    'least time between unsolicited neighbour advertisements on an interface; 0: none',
    works,
  ),
  vrrp_min_garp: defaulted(
    boolean,
    false,
    'one gratuitous ARP per address, once, where nothing else is said',
    works,
  ),
  vrrp_garp_extra_if: defaulted(
    extraIf(1),
    { all: false, period: micros(0) },
    'period of ARP on the VMACs of addresses that carry no adverts; all: on other interfaces too',
    { ...reported, defaultText: 'off' },
  ),
  vrrp_vmac_garp_intvl: alias('vrrp_garp_extra_if', 'old name', { isCounted: true }),
  vrrp_lower_prio_no_advert: defaulted(boolean, false, 'a MASTER does not answer lower adverts', works),
  vrrp_higher_prio_send_advert: defaulted(
    boolean,
    false,
    'a MASTER sends one more advert before it yields',
    works,
  ),
  vrrp_version: defaulted<2 | 3>(
    mapped(integer(2, 3), (value) => (value === 3 ? 3 : 2)),
    2,
    'protocol version of IPv4 instances that give none',
    works,
  ),
  vrrp_iptables: optional(chains, 'uses iptables for no_accept and VMACs', { build: 'iptables' }),
  vrrp_ipsets: optional(ipsets, 'names of the ipsets used with iptables', { build: 'iptables' }),
  nftables: optional(wordOr('table', 'keepalived'), 'uses nftables for no_accept and VMACs', {
    isFirstKept: true,
  }),
  nftables_priority: defaulted(
    integer(-2147483648, 2147483647, { isStrict: true }),
    -1,
    'priority of its base chains',
  ),
  nftables_ifindex: defaulted(present, false, 'rules match interface indexes instead of names'),
  nftables_counters: defaulted(present, false, 'rules count packets'),
  nftables_ipvs: optional(
    wordOr('table', 'keepalived_ipvs'),
    'marks packets of virtual server groups by nftables',
    {
      isFirstKept: true,
    },
  ),
  nftables_ipvs_priority: defaulted(
    integer(-2147483648, 2147483647, { isStrict: true }),
    -1,
    'priority of its base chains',
  ),
  nftables_ipvs_start_fwmark: defaulted(
    integer(1, uint32, { isStrict: true }),
    1000,
    'first mark used for groups',
  ),
  vrrp_check_unicast_src: defaulted(
    present,
    false,
    'unicast adverts are accepted from listed peers only',
    works,
  ),
  vrrp_skip_check_adv_addr: defaulted<boolean>(
    switchedOn,
    false,
    'compares the addresses in adverts only when the sender changes',
    works,
  ),
  vrrp_strict: defaulted<boolean>(switchedOn, false, 'keeps to the letter of the RFC', {
    ...works,
    note: 'what the configuration may say is held to the RFC; packets to the addresses are not dropped, see no_accept',
  }),
  vrrp_priority: niceRow('VRRP', 'works'),
  checker_priority: niceRow('checker', 'parsed'),
  bfd_priority: niceRow('BFD', 'parsed'),
  vrrp_no_swap: defaulted(present, false, 'keeps the VRRP process in memory', works),
  checker_no_swap: defaulted(present, false, 'keeps the checker process in memory'),
  bfd_no_swap: defaulted(present, false, 'keeps the BFD process in memory'),
  vrrp_rt_priority: realTimeRow('VRRP', 'works'),
  checker_rt_priority: realTimeRow('checker', 'parsed'),
  bfd_rt_priority: realTimeRow('BFD', 'parsed'),
  vrrp_cpu_affinity: defaulted(cpuList, [], 'CPUs that the VRRP process may use', { ...reported, ...works }),
  checker_cpu_affinity: defaulted(cpuList, [], 'CPUs that the checker process may use', reported),
  bfd_cpu_affinity: defaulted(cpuList, [], 'CPUs that the BFD process may use', reported),
  vrrp_rlimit_rttime: defaulted(rttime, micros(10000), 'real-time CPU time without a pause', works),
  vrrp_rlimit_rtime: alias('vrrp_rlimit_rttime', 'old spelling', { isCounted: false }),
  checker_rlimit_rttime: defaulted(rttime, micros(10000), 'real-time CPU time without a pause'),
  checker_rlimit_rtime: alias('checker_rlimit_rttime', 'old spelling', { isCounted: false }),
  bfd_rlimit_rttime: defaulted(rttime, micros(10000), 'real-time CPU time without a pause'),
  bfd_rlimit_rtime: alias('bfd_rlimit_rttime', 'old spelling', { isCounted: false }),
  notify_fifo: optional(ownedPath, 'pipe that gets a line for every transition', keptWorks),
  notify_fifo_script: optional(command, 'reader of that pipe', keptWorks),
  vrrp_notify_fifo: optional(ownedPath, 'pipe for VRRP transitions', keptWorks),
  vrrp_notify_fifo_script: optional(command, 'reader of that pipe', keptWorks),
  lvs_notify_fifo: optional(ownedPath, 'pipe for virtual and real server transitions', keptWorks),
  lvs_notify_fifo_script: optional(command, 'reader of that pipe', keptWorks),
  vrrp_notify_priority_changes: defaulted(boolean, false, 'priority changes are written to the pipes', works),
  fifo_write_vrrp_states_on_reload: defaulted(
    present,
    false,
    'states are written to the pipes after a reload',
    works,
  ),
  snmp_socket: optional(alone(word('address')), 'AgentX master to connect to', kept),
  enable_traps: defaulted(present, false, 'sends SNMP traps'),
  enable_snmp_vrrp: defaulted(present, false, "serves the project's VRRP MIB"),
  enable_snmp_keepalived: alias('enable_snmp_vrrp', 'old name'),
  enable_snmp_rfc: defaulted(present, false, 'serves both standard VRRP MIBs'),
  enable_snmp_rfcv2: defaulted(present, false, 'serves the VRRPv2 MIB'),
  enable_snmp_rfcv3: defaulted(present, false, 'serves the VRRPv3 MIB'),
  enable_snmp_checker: defaulted(present, false, 'serves the load-balancing MIB'),
  snmp_vs_stats_update_interval: defaulted(
    decimalSeconds(0.001, 30),
    seconds(5),
    'age of virtual server counters',
    {
      since: '2.3.0',
    },
  ),
  snmp_rs_stats_update_interval: optional(decimalSeconds(0.001, 30), 'age of real server counters', {
    since: '2.3.0',
    defaultText: 'snmp_vs_stats_update_interval',
  }),
  enable_dbus: defaulted(present, false, 'publishes instances on the system message bus'),
  dbus_service_name: optional(word('name'), 'bus name', { ...reported, defaultText: 'org.keepalived.Vrrp1' }),
  dbus_no_interface_name: optional(word('name'), 'path element of instances without interface', {
    since: '2.3.0',
  }),
  script_user: optional(account, 'who scripts run as', {
    ...reported,
    ...works,
    defaultText: 'keepalived_script if there is such a user, else the user of the daemon',
  }),
  enable_script_security: defaulted(
    present,
    false,
    'scripts that others than root could change are not run as root',
    works,
  ),
  vrrp_netlink_cmd_rcv_bufs: defaulted(
    integer(0, uint32, { isStrict: true }),
    0,
    'netlink receive buffer',
    reported,
  ),
  vrrp_netlink_cmd_rcv_bufs_force: defaulted(boolean, false, 'beyond the system limit'),
  vrrp_netlink_monitor_rcv_bufs: defaulted(
    integer(0, uint32, { isStrict: true }),
    0,
    'netlink receive buffer',
    reported,
  ),
  vrrp_netlink_monitor_rcv_bufs_force: defaulted(boolean, false, 'beyond the system limit'),
  process_monitor_rcv_bufs: defaulted(
    integer(0, uint32, { isStrict: true }),
    0,
    'process event receive buffer',
    reported,
  ),
  process_monitor_rcv_bufs_force: defaulted(boolean, false, 'beyond the system limit'),
  lvs_netlink_cmd_rcv_bufs: defaulted(integer(0, uint32, { isStrict: true }), 0, 'netlink receive buffer', {
    ...reported,
    ...works,
  }),
  lvs_netlink_cmd_rcv_bufs_force: defaulted(boolean, false, 'beyond the system limit', {
    note: 'the limit is passed whenever the process may',
  }),
  lvs_netlink_monitor_rcv_bufs: defaulted(
    integer(0, uint32, { isStrict: true }),
    0,
    'netlink receive buffer',
    reported,
  ),
  lvs_netlink_monitor_rcv_bufs_force: defaulted(boolean, false, 'beyond the system limit'),
  rs_init_notifies: defaulted(boolean, false, 'notify_up runs for servers that start in the pool', works),
  no_checker_emails: defaulted(
    boolean,
    false,
    'mails for changes of real servers only, not for each checker',
    works,
  ),
  vrrp_rx_bufs_policy: optional(rxBufsPolicy, 'how advert receive buffers are sized', reported),
  vrrp_rx_bufs_multiplier: defaulted(
    integer(1, uint32),
    3,
    'packets per instance in those buffers',
    reported,
  ),
  vrrp_startup_delay: defaulted(
    decimalSeconds(0.001, 4294.967295),
    micros(0),
    'time after the start of the daemon in which VRRP waits',
    works,
  ),
  vrrp_delay_after_boot: defaulted(
    decimalSeconds(0.001, 4294.967295),
    micros(0),
    'the same, from system boot',
    {
      since: '2.4.0',
      ...works,
      ...works,
    },
  ),
  log_unknown_vrids: defaulted(present, false, 'logs adverts of routers that are not configured'),
  vrrp_owner_ignore_adverts: defaulted(boolean, false, 'address owners ignore adverts', {
    since: '2.3.3',
    ...works,
  }),
  vmac_prefix: optional(interfacePrefix, 'start of VMAC interface names', {
    isFirstKept: true,
    defaultText: 'vrrp',
  }),
  vmac_addr_prefix: optional(interfacePrefix, 'start of the names of VMACs of single addresses', {
    isFirstKept: true,
    defaultText: 'vmac_prefix',
  }),
  umask: optional(umask, 'mode mask of created files', { defaultText: '0177' }),
  random_seed: optional(integer(0, uint32, { isStrict: true }), 'makes ${_RANDOM} repeatable', works),
  reload_check_config: optional(optionalPath('/dev/null'), 'tests the new configuration before a reload', {
    note: 'a new configuration is always tested before it replaces the old one; the report goes to the log',
  }),
  reload_time_file: optional(
    alone(absolutePath),
    'file with the time of the next automatic reload',
    reported,
  ),
  reload_repeat: defaulted(present, false, 'reads that file again after each reload'),
  reload_file: optional(optionalPath(''), 'file that is removed when a reload is done'),
  include_check: several(includeCheckWords, 'which faults of a plain include are fatal', works),
  config_save_dir: optional(directory, 'copies of the configuration are kept there'),
  tmp_config_directory: optional(word('directory'), 'where the merged configuration lives', kept),
  data_use_instance: defaulted(boolean, false, 'names of dump files carry the instance name'),
  json_version: defaulted<1 | 2>(
    mapped(integer(1, 2), (value) => (value === 2 ? 2 : 1)),
    1,
    'format of the JSON dump',
    { since: '2.2.8' },
  ),
  iproute_usr_dir: optional(word('directory'), 'name tables of iproute2', { since: '2.3.2' }),
  iproute_etc_dir: optional(word('directory'), "the administrator's name tables of iproute2", {
    since: '2.3.2',
  }),
  state_dump_file: optional(word('path'), 'where states are dumped', { since: '2.3.3' }),
  stats_dump_file: optional(word('path'), 'where statistics are dumped', { since: '2.3.3' }),
  json_dump_file: optional(word('path'), 'where JSON is dumped', { since: '2.3.3' }),
});
