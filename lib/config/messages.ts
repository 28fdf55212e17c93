/**
 * Every diagnostic of the configuration: stable code, severity, what keepalived's test mode makes of it, text, hint.
 * 1xxx reading and preprocessing, 2xxx structure and values, 3xxx VRRP, 4xxx load balancing, 5xxx scripts and the machine.
 */
import type { KeepalivedClass, Severity } from './diagnostic.js';

export interface Message<A extends readonly string[]> {
  readonly code: string;
  readonly severity: Severity;
  readonly keepalivedClass: KeepalivedClass;
  readonly isFatal: boolean;
  readonly hint: string | undefined;
  readonly text: (...args: A) => string;
}

interface Options {
  readonly hint?: string;
  readonly isFatal?: boolean;
}

export function define<A extends readonly string[]>(
  code: string,
  severity: Severity,
  keepalivedClass: KeepalivedClass,
  text: (...args: A) => string,
  options: Options = {},
): Message<A> {
  return { code, severity, keepalivedClass, text, hint: options.hint, isFatal: options.isFatal ?? false };
}

export const messages = {
  // 1xxx: reading and preprocessing
  fileMissing: define(
    'KA1001',
    'error',
    'none',
    (path: string, why: string) => `cannot read ${path}: ${why}`,
    {
      isFatal: true,
    },
  ),
  severalMainFiles: define(
    'KA1002',
    'warning',
    'complaint',
    (pattern: string) => `'${pattern}' names several files; they are read one after another`,
    { hint: 'name one file, and include the others from it' },
  ),
  byteOrderMark: define('KA1003', 'warning', 'complaint', () => 'the file starts with a byte order mark', {
    hint: 'save it as UTF-8 without BOM: keepalived takes the mark for a part of the first keyword',
  }),
  nulByte: define(
    'KA1004',
    'error',
    'complaint',
    () => 'the line holds a NUL byte; the rest of it is not read',
  ),
  lineTooLong: define(
    'KA1005',
    'warning',
    'complaint',
    (length: string) => `the line has ${length} characters; keepalived reads at most 1022 in one piece`,
  ),
  unterminatedQuote: define(
    'KA1006',
    'error',
    'complaint',
    () => 'the quotation mark has no partner on this line',
    {
      hint: 'put the closing " at the end of the value; values cannot continue on the next line',
    },
  ),
  commentBackslash: define(
    'KA1007',
    'warning',
    'complaint',
    () => 'the comment ends with a backslash, which keepalived takes for a keyword',
    { hint: 'remove the backslash' },
  ),
  moreDiagnostics: define(
    'KA1008',
    'info',
    'none',
    (count: string) => `${count} more diagnostics are not shown`,
  ),
  includeMissing: define('KA1101', 'warning', 'none', (path: string) => `the file ${path} does not exist`, {
    hint: 'use includem when its absence must stop the start',
  }),
  includeNothing: define('KA1102', 'info', 'none', (pattern: string) => `no file matches ${pattern}`),
  includeUnreadable: define(
    'KA1103',
    'warning',
    'none',
    (path: string, why: string) => `${path} is not read: ${why}`,
  ),
  includeNoMatchFatal: define(
    'KA1104',
    'error',
    'fatal-include',
    (path: string, _why: string) => `no file matches ${path}, and this include requires one`,
    { isFatal: true },
  ),
  includeUnreadableFatal: define(
    'KA1105',
    'error',
    'fatal-include',
    (path: string, why: string) => `${path} cannot be read, and this include requires it: ${why}`,
    { isFatal: true },
  ),
  includeLoop: define('KA1106', 'error', 'complaint', (path: string) => `${path} includes itself`),
  includeTooDeep: define(
    'KA1107',
    'error',
    'complaint',
    (limit: string) => `includes nest deeper than ${limit}`,
  ),
  definitionLoop: define(
    'KA1201',
    'error',
    'complaint',
    (name: string) => `the value of $${name} contains itself`,
  ),
  expansionTooLong: define(
    'KA1202',
    'error',
    'complaint',
    (name: string) => `the value of ${name} grows without limit`,
  ),
  badSequence: define('KA1203', 'error', 'complaint', (why: string) => `the line is not repeated: ${why}`),
  surplusListValue: define('KA1204', 'error', 'complaint', () => 'more values than variables'),
  sequenceTooLong: define(
    'KA1205',
    'error',
    'complaint',
    (limit: string) => `lines are repeated at most ${limit} times`,
  ),
  badRandomRange: define(
    'KA1206',
    'error',
    'complaint',
    (range: string) => `'${range}' is no range of whole numbers for \${_RANDOM}`,
  ),

  lineTooDeep: define(
    'KA1207',
    'error',
    'complaint',
    (limit: string) =>
      `definitions, conditions and sequences nest deeper than ${limit} here; the rest is not read`,
  ),

  // 2xxx: structure
  unexpectedOpenBrace: define('KA2001', 'error', 'complaint', () => "unexpected '{': no block starts here"),
  extraCloseBrace: define('KA2002', 'error', 'complaint', () => "'}' without a block to close"),
  blockLeftOpen: define('KA2003', 'warning', 'complaint', (block: string, count: string) =>
    count === '1'
      ? `the file ends inside '${block}': its closing '}' is missing`
      : `the file ends inside '${block}': ${count} closing '}' are missing`,
  ),
  missingOpenBrace: define(
    'KA2004',
    'error',
    'complaint',
    (block: string) => `'${block}' needs a block: '{' is missing`,
  ),
  missingBlockFatal: define(
    'KA2017',
    'error',
    'gives-up',
    (block: string) => `'${block}' needs a block: '{' is missing`,
  ),
  surplusWords: define(
    'KA2019',
    'warning',
    'complaint',
    (list: string) => `words between '${list}' and its '{' are ignored`,
    { hint: "write entries between '{' and '}'" },
  ),
  missingEmptyList: define(
    'KA2018',
    'warning',
    'none',
    (list: string) => `'${list}' has neither '{' nor entries; it is empty`,
    { hint: "remove it, or write its entries between '{' and '}'" },
  ),
  unknownKeyword: define(
    'KA2005',
    'error',
    'complaint',
    (keyword: string, where: string) => `unknown keyword '${keyword}' ${where}`,
  ),
  misplacedKeyword: define(
    'KA2006',
    'error',
    'complaint',
    (keyword: string, here: string, there: string) => `'${keyword}' does not belong ${here}, but ${there}`,
  ),
  notInThisBuild: define(
    'KA2007',
    'info',
    'complaint',
    (keyword: string, feature: string) =>
      `'${keyword}' is accepted; keepalived knows it only when built with ${feature}`,
  ),
  unexpectedBlock: define('KA2008', 'error', 'complaint', (keyword: string) => `'${keyword}' takes no block`),
  duplicateName: define(
    'KA2009',
    'error',
    'complaint',
    (block: string, name: string) => `a second ${block} '${name}' is ignored`,
  ),
  onlyFirstCounts: define(
    'KA2012',
    'warning',
    'complaint',
    (keyword: string) => `'${keyword}' is given twice; only the first one counts`,
  ),
  deprecatedCounted: define(
    'KA2013',
    'deprecated',
    'complaint',
    (keyword: string, instead: string) => `'${keyword}' is an old form; write '${instead}'`,
  ),
  deprecated: define(
    'KA2014',
    'deprecated',
    'none',
    (keyword: string, instead: string) => `'${keyword}' is an old form; write '${instead}'`,
  ),
  newerKeyword: define(
    'KA2016',
    'info',
    'newer',
    (keyword: string, version: string) => `'${keyword}' is accepted; keepalived knows it from ${version} on`,
  ),
  noEffectYet: define(
    'KA2015',
    'info',
    'none',
    (keyword: string) => `'${keyword}' is understood, but has no effect in this version of ka-node`,
  ),
  missingValueFatal: define(
    'KA2101',
    'error',
    'gives-up',
    (keyword: string, what: string) => `'${keyword}' needs ${what}`,
    { isFatal: true, hint: 'keepalived stops at such a line' },
  ),
  missingValue: define(
    'KA2102',
    'error',
    'complaint',
    (keyword: string, what: string) => `'${keyword}' needs ${what}`,
  ),
  missingValueIgnored: define(
    'KA2103',
    'warning',
    'none',
    (keyword: string, what: string) => `'${keyword}' needs ${what}; the line has no effect`,
  ),
  notANumber: define(
    'KA2104',
    'error',
    'complaint',
    (text: string, what: string) => `'${text}' is not ${what}`,
  ),
  trailingText: define(
    'KA2105',
    'warning',
    'complaint',
    (text: string, used: string) => `'${text}' is not a number; ${used} is used`,
  ),
  outOfRange: define(
    'KA2106',
    'error',
    'complaint',
    (text: string, low: string, high: string) => `${text} is out of range: ${low} to ${high}`,
  ),
  adjusted: define('KA2107', 'warning', 'complaint', (what: string) => what),
  tooManyPlaces: define(
    'KA2108',
    'warning',
    'complaint',
    (text: string, places: string) => `${text} has more than ${places} decimal places; it is rounded`,
  ),
  notABoolean: define('KA2109', 'error', 'complaint', (text: string) => `'${text}' is not a boolean`, {
    hint: 'one of: on true yes off false no, in lower case',
  }),
  notOneOf: define(
    'KA2110',
    'error',
    'complaint',
    (text: string, choices: string) => `'${text}' is not one of: ${choices}`,
  ),
  notAnAddress: define(
    'KA2111',
    'error',
    'complaint',
    (text: string, what: string) => `'${text}' is not ${what}`,
  ),
  badValue: define('KA2112', 'error', 'complaint', (what: string) => what),
  tooLong: define(
    'KA2113',
    'warning',
    'complaint',
    (text: string, limit: string) => `'${text}' is longer than ${limit} characters; the rest is cut off`,
  ),
  emptyBlock: define('KA2114', 'warning', 'complaint', (block: string) => `the block ${block} is empty`),
  unknownOption: define(
    'KA2115',
    'warning',
    'complaint',
    (word: string, what: string) => `unknown option '${word}' of ${what}; it is ignored`,
  ),
  zeroSpacing: define(
    'KA2118',
    'warning',
    'complaint',
    (keyword: string) => `${keyword} 0 is the default, no spacing; keepalived complains of the line`,
    { hint: 'remove the line' },
  ),
  entryDropped: define(
    'KA2116',
    'error',
    'complaint',
    (what: string, why: string) => `${what} is dropped: ${why}`,
  ),
  silentlyIgnored: define('KA2117', 'warning', 'none', (what: string) => what),

  // 3xxx: VRRP
  noVrid: define('KA3001', 'error', 'complaint', (name: string) => `${name} has no virtual_router_id`, {
    isFatal: true,
  }),
  noInterface: define('KA3002', 'error', 'complaint', (name: string) => `${name} has no usable interface`, {
    isFatal: true,
  }),
  loopback: define(
    'KA3003',
    'error',
    'complaint',
    (name: string) => `the loopback interface ${name} cannot carry VRRP; the line is ignored`,
  ),
  noInterfaceNewer: define(
    'KA3030',
    'info',
    'newer',
    (name: string) => `${name} has no interface, only addresses; keepalived knows that from 2.4 on`,
  ),
  interfaceMissing: define(
    'KA3004',
    'error',
    'complaint',
    (name: string) => `the interface ${name} does not exist`,
    { isFatal: true, hint: 'dynamic_interfaces in global_defs lets it appear later' },
  ),
  duplicateVrid: define(
    'KA3005',
    'error',
    'complaint',
    (name: string, other: string, vrid: string, where: string) =>
      `${name} and ${other} both use VRID ${vrid} on ${where}`,
    { isFatal: true },
  ),
  duplicateVridAbsent: define(
    'KA3031',
    'error',
    'none',
    (name: string, other: string, vrid: string, where: string) =>
      `${name} and ${other} both use VRID ${vrid} on ${where}, which will show when the interface appears`,
  ),
  noVip: define('KA3006', 'warning', 'complaint', (name: string) => `${name} has no virtual_ipaddress`, {
    hint: 'at least one address is sensible; no_virtual_ipaddress says that none is meant',
  }),
  noVipFatal: define(
    'KA3007',
    'error',
    'complaint',
    (name: string, why: string) => `${name} has no virtual_ipaddress, and ${why} requires one`,
    { isFatal: true },
  ),
  authPassTooLong: define(
    'KA3008',
    'warning',
    'complaint',
    () => 'auth_pass is longer than 8 characters; only the first 8 are used',
  ),
  authDropped: define('KA3009', 'warning', 'complaint', (why: string) => `authentication is dropped: ${why}`),
  unicastWithoutPeers: define(
    'KA3010',
    'deprecated',
    'complaint',
    (name: string) => `${name} has a unicast keyword but no unicast_peer; adverts are multicast`,
  ),
  nopreemptIgnored: define(
    'KA3011',
    'warning',
    'complaint',
    (why: string) => `nopreempt has no effect: ${why}`,
  ),
  unknownAddressOption: define(
    'KA3012',
    'warning',
    'complaint',
    (word: string) => `unknown option '${word}' of an address; it is ignored`,
  ),
  familyMismatch: define(
    'KA3013',
    'error',
    'complaint',
    (address: string, family: string) => `${address} is dropped: the instance is IPv${family}`,
  ),
  unknownReference: define(
    'KA3014',
    'error',
    'complaint',
    (what: string, name: string) => `there is no ${what} '${name}' before this line; the entry is dropped`,
  ),
  unknownMember: define(
    'KA3015',
    'error',
    'complaint',
    (name: string, group: string) => `${group}: there is no vrrp_instance '${name}'`,
  ),
  emptyGroup: define(
    'KA3016',
    'error',
    'complaint',
    (name: string) => `sync group ${name} has no member; it is removed`,
  ),
  loneMember: define(
    'KA3017',
    'warning',
    'complaint',
    (name: string) => `sync group ${name} has only one member`,
  ),
  ownInterfaceTracked: define(
    'KA3018',
    'warning',
    'complaint',
    (name: string) => `${name} is the instance's own interface, which is tracked anyway`,
  ),
  strictConflict: define('KA3019', 'warning', 'complaint', (what: string) => `strict mode: ${what}`),
  xmitBaseSet: define(
    'KA3020',
    'warning',
    'complaint',
    () => 'unicast with use_vmac needs vmac_xmit_base; it is switched on',
  ),
  rulePreference: define(
    'KA3021',
    'warning',
    'complaint',
    (value: string) => `the rule has no preference; ${value} is used`,
  ),
  weightDropped: define('KA3022', 'warning', 'complaint', (what: string) => what),
  vipCount: define(
    'KA3023',
    'warning',
    'complaint',
    (count: string, limit: string) =>
      `${count} addresses do not fit in one advert (${limit}); the others are left out of it`,
  ),
  bfdNoNeighbor: define(
    'KA3025',
    'error',
    'complaint',
    (name: string) => `bfd_instance ${name} has no neighbor_ip; it is dropped`,
  ),
  labelTooLong: define(
    'KA3026',
    'error',
    'complaint',
    (label: string) => `label ${label} is longer than 15 characters; the address is dropped`,
  ),
  trackedTwice: define(
    'KA3027',
    'warning',
    'complaint',
    (name: string) =>
      `${name} is tracked by the instance and by its sync group; the instance's entry is dropped`,
  ),
  routeUntracked: define(
    'KA3028',
    'warning',
    'complaint',
    () => 'a route without an interface cannot be tracked; no_track says so',
  ),
  hmacKeyReadable: define(
    'KA3029',
    'security',
    'security',
    (path: string) => `the key file ${path} can be read by others`,
    { hint: 'chmod 600' },
  ),

  // 4xxx: load balancing
  noRealServers: define(
    'KA4001',
    'error',
    'complaint',
    (name: string) => `virtual_server ${name} has no real_server; it is ignored`,
  ),
  defaulted: define(
    'KA4002',
    'warning',
    'complaint',
    (what: string, value: string) => `no ${what} is given; ${value} is used`,
  ),
  badServer: define('KA4003', 'error', 'complaint', (what: string) => `${what}; the block is ignored`),
  serverFamily: define(
    'KA4004',
    'error',
    'complaint',
    (address: string) => `${address} is of another address family than the virtual server; it is ignored`,
  ),
  duplicateServer: define(
    'KA4005',
    'error',
    'complaint',
    (address: string) => `${address} is listed twice; the second one is ignored`,
  ),
  portReset: define(
    'KA4006',
    'warning',
    'complaint',
    (port: string) => `without NAT a real server listens on the virtual server's port; ${port} is used`,
  ),
  quorumReduced: define(
    'KA4007',
    'warning',
    'complaint',
    (quorum: string, weight: string) =>
      `quorum ${quorum} is larger than the sum of weights, ${weight}, which is used`,
  ),
  hysteresisReduced: define(
    'KA4008',
    'warning',
    'complaint',
    (value: string) => `hysteresis must be smaller than the quorum; ${value} is used`,
  ),
  groupUnknown: define(
    'KA4009',
    'warning',
    'none',
    (name: string) => `there is no virtual_server_group '${name}'; the virtual server is ignored`,
  ),
  groupEmpty: define(
    'KA4010',
    'error',
    'complaint',
    (name: string) => `virtual_server_group ${name} has no entries; it is removed`,
  ),
  serverFlag: define('KA4011', 'warning', 'complaint', (what: string) => what),
  checkerDropped: define(
    'KA4012',
    'error',
    'complaint',
    (kind: string, why: string) => `${kind} is dropped: ${why}`,
  ),
  checkerDroppedSilently: define(
    'KA4013',
    'warning',
    'none',
    (kind: string, why: string) => `${kind} is dropped: ${why}`,
  ),

  // 5xxx: scripts and the machine
  scriptInsecure: define(
    'KA5001',
    'security',
    'security',
    () => 'scripts are run without enable_script_security',
    { hint: 'add enable_script_security and script_user to global_defs' },
  ),
  scriptMissing: define(
    'KA5002',
    'error',
    'complaint',
    (name: string, path: string) =>
      `vrrp_script ${name} counts for nobody: ${path} is not found or cannot be executed`,
  ),
  scriptNotExecutable: define(
    'KA5016',
    'error',
    'none',
    (name: string, path: string) =>
      `vrrp_script ${name} counts for nobody: ${path} may not be executed by its user`,
    { hint: 'chmod +x' },
  ),
  scriptUnset: define(
    'KA5003',
    'error',
    'complaint',
    (name: string) => `vrrp_script ${name} has no script; it is removed`,
  ),
  notifyMissing: define(
    'KA5004',
    'warning',
    'none',
    (path: string) => `${path} is not found or cannot be executed; it will not run`,
  ),
  unknownUser: define('KA5005', 'error', 'complaint', (user: string) => `there is no user '${user}'`),
  unknownGroup: define('KA5006', 'error', 'complaint', (group: string) => `there is no group '${group}'`),
  noDefaultUser: define(
    'KA5007',
    'error',
    'complaint',
    (what: string) =>
      `${what} has no user to run as: script_user is missing and there is no user keepalived_script`,
  ),
  unknownUserIgnored: define(
    'KA5008',
    'warning',
    'none',
    (user: string, path: string) => `there is no user '${user}'; ${path} will not run`,
  ),
  scriptUnsafe: define(
    'KA5009',
    'security',
    'complaint',
    (name: string, path: string) =>
      `vrrp_script ${name} counts for nobody: ${path} can be changed by others than root`,
  ),
  interfaceAbsent: define(
    'KA5010',
    'warning',
    'missing',
    (name: string) => `the interface ${name} does not exist`,
  ),
  trackFileUnset: define(
    'KA5011',
    'error',
    'complaint',
    (name: string) => `track_file ${name} has no file; it is ignored`,
  ),
  namespaceMissing: define(
    'KA5012',
    'error',
    'none',
    (name: string) => `there is no network namespace '${name}'`,
    { isFatal: true, hint: 'ip netns add creates one' },
  ),
  noSuchDirectory: define('KA5013', 'error', 'complaint', (what: string) => what),
  hostUnknown: define(
    'KA5017',
    'warning',
    'complaint',
    (host: string) => `the host name ${host} has no address here`,
    { hint: 'write its address, which needs no name server' },
  ),
  pathNotAbsolute: define(
    'KA5014',
    'error',
    'none',
    (keyword: string, path: string) => `${keyword} needs an absolute path, not '${path}'`,
  ),
} as const;
