/** keepalived's command line, as GNU getopt_long reads it. Every option of keepalived is accepted. */

import type { DaemonOptions } from '../daemon/options.js';

export type Invocation =
  | { readonly kind: 'daemon'; readonly options: DaemonOptions; readonly extra: readonly string[] }
  | { readonly kind: 'test'; readonly options: DaemonOptions; readonly reportFile: string | undefined }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'signum'; readonly name: string }
  /** One line for stderr; exit status 1. */
  | { readonly kind: 'wrong'; readonly message: string };

type Arity = 'none' | 'required' | 'optional';

interface OptionRow {
  readonly short?: string;
  readonly long: string;
  readonly arity: Arity;
}

const rows: readonly OptionRow[] = [
  { short: 'f', long: 'use-file', arity: 'required' },
  { short: 'P', long: 'vrrp', arity: 'none' },
  { short: 'C', long: 'check', arity: 'none' },
  { short: 'B', long: 'no_bfd', arity: 'none' },
  { long: 'all', arity: 'none' },
  { short: 'l', long: 'log-console', arity: 'none' },
  { short: 'D', long: 'log-detail', arity: 'none' },
  { short: 'S', long: 'log-facility', arity: 'required' },
  { short: 'g', long: 'log-file', arity: 'optional' },
  { long: 'flush-log-file', arity: 'none' },
  { short: 'G', long: 'no-syslog', arity: 'none' },
  { short: 'u', long: 'umask', arity: 'required' },
  { short: 'X', long: 'release-vips', arity: 'none' },
  { short: 'V', long: 'dont-release-vrrp', arity: 'none' },
  { short: 'I', long: 'dont-release-ipvs', arity: 'none' },
  { short: 'R', long: 'dont-respawn', arity: 'none' },
  { short: 'n', long: 'dont-fork', arity: 'none' },
  { short: 'd', long: 'dump-conf', arity: 'none' },
  { short: 'p', long: 'pid', arity: 'required' },
  { short: 'r', long: 'vrrp_pid', arity: 'required' },
  { short: 'c', long: 'checkers_pid', arity: 'required' },
  { short: 'b', long: 'bfd_pid', arity: 'required' },
  { short: 'T', long: 'genhash', arity: 'none' },
  { short: 'a', long: 'address-monitoring', arity: 'none' },
  { short: 'x', long: 'snmp', arity: 'none' },
  { short: 'A', long: 'snmp-agent-socket', arity: 'required' },
  { short: 's', long: 'namespace', arity: 'required' },
  { short: 'm', long: 'core-dump', arity: 'none' },
  { short: 'M', long: 'core-dump-pattern', arity: 'optional' },
  { short: 'i', long: 'config-id', arity: 'required' },
  { short: 'e', long: 'all-config', arity: 'none' },
  { short: 't', long: 'config-test', arity: 'optional' },
  { long: 'signum', arity: 'required' },
  { long: 'config-fd', arity: 'required' },
  { long: 'ignore-sigint', arity: 'none' },
  { long: 'no-mem-check', arity: 'none' },
  { long: 'perf', arity: 'optional' },
  { long: 'debug', arity: 'optional' },
  { short: 'L', long: 'mem-check-log', arity: 'none' },
  { short: 'O', long: 'openssl-mem-check', arity: 'none' },
  { short: 'v', long: 'version', arity: 'none' },
  { short: 'h', long: 'help', arity: 'none' },
  { long: 'single-process', arity: 'none' },
  { long: 'control-socket', arity: 'required' },
  { long: 'control-group', arity: 'required' },
  { long: 'control-group-changes', arity: 'none' },
  { long: 'metrics-address', arity: 'required' },
  { long: 'log-json', arity: 'none' },
];

/** Options of keepalived that mean something else here, in one line each. */
const notes: Readonly<Record<string, string>> = {
  genhash: '--genhash must be the first option: ka-node --genhash OPTIONS, or ka-node genhash OPTIONS',
  snmp: '--snmp: SNMP is not available in this version; SIGUSR2 writes the counters to keepalived.stats',
  'snmp-agent-socket': '--snmp-agent-socket: SNMP is not available in this version',
  no_bfd: '--no_bfd: BFD has no process of its own here; nothing to switch off',
  bfd_pid: '--bfd_pid: BFD has no process of its own here; no pid file is written',
  all: '--all: only the processes that the configuration needs are started; a reload starts what it needs then',
  'dump-conf': "--dump-conf: use 'ka-node show FILE'",
  'release-vips': '--release-vips: addresses are removed on every transition from MASTER anyway',
  'address-monitoring': "--address-monitoring: use 'ip monitor address'",
  'core-dump': "--core-dump: use the system's own setting (systemd: LimitCORE=infinity)",
  'core-dump-pattern': '--core-dump-pattern: set it with sysctl kernel.core_pattern',
  'config-fd': '--config-fd is internal to keepalived',
  perf: '--perf: use perf(1)',
  debug: '--debug: use -D -D',
  'no-mem-check': '--no-mem-check: there is no memory check to switch off',
  'mem-check-log': '--mem-check-log: there is no memory check',
  'openssl-mem-check': '--openssl-mem-check: there is no memory check',
};

interface Given {
  readonly long: string;
  readonly value: string | undefined;
}

/** Reads the arguments after the program's name. */
export function parseArguments(argv: readonly string[]): Invocation {
  const split = splitArguments(argv);
  if ('message' in split) return { kind: 'wrong', message: split.message };
  const given = new Map(split.given.map(({ long, value }) => [long, value]));
  const has = (long: string): boolean => given.has(long);
  if (has('version')) return { kind: 'version' };
  if (has('help')) return { kind: 'help' };
  const signum = given.get('signum');
  if (signum !== undefined) return { kind: 'signum', name: signum };
  const facility = parseFacility(given.get('log-facility'));
  if (facility === undefined) {
    return {
      kind: 'wrong',
      message: `Invalid log facility '${given.get('log-facility') ?? ''}': 0-7, local0-local7, user or daemon`,
    };
  }
  const umask = parseUmask(given.get('umask'));
  if (umask === undefined) {
    return {
      kind: 'wrong',
      message: `Invalid umask '${given.get('umask') ?? ''}': a number up to 0777, such as 0177`,
    };
  }
  const isTest = has('config-test');
  const options: DaemonOptions = {
    configFile: given.get('use-file') ?? '/etc/keepalived/keepalived.conf',
    // -P means "only VRRP", -C "only checkers"; both together leave neither.
    runVrrp: !has('check'),
    runCheckers: !has('vrrp'),
    isForeground: has('dont-fork') || isTest,
    logsToConsole: has('log-console'),
    detail: split.given.filter(({ long }) => long === 'log-detail').length,
    logsToSyslog: !has('no-syslog') && !isTest,
    facility,
    logFile: has('log-file')
      ? (given.get('log-file') ?? `${temporaryDirectory()}/keepalived.log`)
      : undefined,
    flushesLogFile: has('flush-log-file'),
    logsJson: has('log-json'),
    umask,
    keepsVrrp: has('dont-release-vrrp'),
    keepsIpvs: has('dont-release-ipvs'),
    pidFile: given.get('pid'),
    vrrpPidFile: given.get('vrrp_pid'),
    checkersPidFile: given.get('checkers_pid'),
    namespace: given.get('namespace'),
    configId: given.get('config-id'),
    strictIncludes: has('all-config'),
    ignoresSigint: has('ignore-sigint'),
    isSingleProcess: has('single-process'),
    controlSocket: given.get('control-socket'),
    controlGroup: given.get('control-group'),
    controlGroupChanges: has('control-group-changes'),
    metricsAddress: given.get('metrics-address'),
    respawns: !has('dont-respawn'),
    notes: split.given.flatMap(({ long }) => notes[long] ?? []),
  };
  if (isTest) return { kind: 'test', options, reportFile: given.get('config-test') };
  return { kind: 'daemon', options, extra: split.extra };
}

type Split =
  { readonly given: readonly Given[]; readonly extra: readonly string[] } | { readonly message: string };

/** getopt_long: options and other words may be mixed, `--` ends the options, long names may be shortened. */
function splitArguments(argv: readonly string[]): Split {
  const given: Given[] = [];
  const extra: string[] = [];
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') {
      extra.push(...rest.splice(0));
    } else if (word.startsWith('--')) {
      const [name = '', ...values] = word.slice(2).split('=');
      const row = longRow(name);
      if (row === undefined) return { message: `Unknown option ${word}` };
      let value = values.length > 0 ? values.join('=') : undefined;
      if (row.arity === 'required' && value === undefined) value = rest.shift();
      if ((row.arity === 'required' && value === undefined) || value === '') {
        return { message: `Missing parameter for option --${row.long}` };
      }
      if (row.arity === 'none' && value !== undefined) return { message: `Unknown option ${word}` };
      given.push({ long: row.long, value });
    } else if (word.startsWith('-') && word.length > 1) {
      const problem = splitShort(word.slice(1), rest, given);
      if (problem !== undefined) return { message: problem };
    } else {
      extra.push(word);
    }
  }
  return { given, extra };
}

/** A cluster such as `-nlD` or `-f/etc/x.conf`. Answers what is wrong with it. */
function splitShort(cluster: string, rest: string[], given: Given[]): string | undefined {
  for (let i = 0; i < cluster.length; i++) {
    const letter = cluster.charAt(i);
    const row = rows.find(({ short }) => short === letter);
    if (row === undefined) return `Unknown option -${letter}`;
    if (row.arity === 'none') {
      given.push({ long: row.long, value: undefined });
      continue;
    }
    const attached = cluster.slice(i + 1);
    const value = attached !== '' ? attached : row.arity === 'required' ? rest.shift() : undefined;
    if (row.arity === 'required' && (value === undefined || value === '')) {
      return `Missing parameter for option -${letter}`;
    }
    given.push({ long: row.long, value });
    return undefined;
  }
  return undefined;
}

function longRow(name: string): OptionRow | undefined {
  const exact = rows.find(({ long }) => long === name);
  if (exact !== undefined) return exact;
  const near = rows.filter(({ long }) => long.startsWith(name));
  return near.length === 1 ? near[0] : undefined;
}

function parseFacility(text: string | undefined): number | undefined {
  if (text === undefined || text === 'daemon') return 3;
  if (text === 'user') return 1;
  const match = /^(?:local)?([0-7])$/.exec(text);
  return match === null ? undefined : 16 + Number(match[1]);
}

function parseUmask(text: string | undefined): number | undefined {
  if (text === undefined) return 0o177;
  if (!/^(0[0-7]*|0[xX][0-9a-fA-F]+|[1-9][0-9]*)$/.test(text)) return undefined;
  const value = /^0[0-7]+$/.test(text) ? parseInt(text, 8) : Number(text);
  return value <= 0o777 ? value : undefined;
}

function temporaryDirectory(): string {
  const directory = process.env['TMPDIR'] ?? '';
  return directory.startsWith('/') ? directory : '/tmp';
}
