/**
 * The keyword tables of vrrp_instance, its authentication blocks, and vrrp_sync_group.
 */
import {
  addressFormat,
  peerFormat,
  prefixJson,
  referenceFormat,
  routeFormat,
  ruleFormat,
  trackedInterfaceFormat,
} from './entry-formats.js';
import { formOf, numberFormat, quoted, record, recordFormat, wordFormat } from './format.js';
import { seconds, type Micros } from '../../units.js';
import { messages } from '../messages.js';
import type { HmacKey, UseIpvlan, UseVmac } from '../model-vrrp.js';
import type { ScriptCommand } from '../model.js';
import type { Span } from '../source.js';
import { readAddressEntry, readPrefix, readUnicastPeer } from './addresses.js';
import { alias, block, defaulted, folded, optional, several, each, type Line, type Reader } from './dsl.js';
import { extraIf, packetCount } from './global.js';
import { entryList, section, wordList } from './lists.js';
import { readRoute } from './routes.js';
import { readRule } from './rules.js';
import { command } from './scripts.js';
import { readTrackEntry, trackRules } from './tracking.js';
import {
  address,
  alone,
  boolean,
  choice,
  decimalSeconds,
  integer,
  mapped,
  placed,
  placedWord,
  present,
  readInteger,
  wholeSeconds,
  word,
  type Placed,
} from './values.js';

const uint32 = 4294967295;
const string = { type: 'string' } as const;
const number = { type: 'integer', minimum: 0 } as const;

/** `name word` for what is given. */
function namedWord(name: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [`${name} ${quoted(value)}`];
}

const works = { effect: 'works' } as const;
const first = { isFirstKept: true, effect: 'works' } as const;

/** Keywords that fix the address family, in the order in which they are read. */
export interface FamilyMark {
  readonly family: 4 | 6;
  readonly at: Span;
}

const vrid: Reader<number> = integer(1, 255, { isStrict: true });

const instancePriority: Reader<number> = {
  ...integer(1, 255),
  read(line) {
    const text = line.word(1) ?? '';
    if (/^\s*\+?\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 255) return Number(text);
    line.report(messages.badValue, 1, `'${text}' is not a priority from 1 to 255; 100 is used`);
    return 100;
  },
};

const state: Reader<'MASTER' | 'BACKUP'> = {
  ...choice(['MASTER', 'BACKUP']),
  read(line) {
    const text = line.word(1) ?? '';
    if (text === 'MASTER' || text === 'BACKUP') return text;
    const upper = text.toUpperCase();
    line.reportWith(
      messages.badValue,
      1,
      upper === 'MASTER' || upper === 'BACKUP' ? { hint: `write ${upper}`, replacement: upper } : {},
      `'${text}' is not MASTER or BACKUP; BACKUP is used`,
    );
    return 'BACKUP';
  },
};

/** In the unit of the line; whole seconds for version 2 are checked when the version is known. */
const advertInt: Reader<Micros> = {
  ...decimalSeconds(0.01, 255),
  read(line) {
    const text = line.word(1) ?? '';
    if (/^\s*\+?(\d+(\.\d*)?|\.\d+)$/.test(text) && Number(text) >= 0.01) return seconds(Number(text));
    const leading = /^\s*\d+(\.\d*)?/.exec(text)?.[0];
    if (line.context.mode === 'daemon' && leading !== undefined && Number(leading) >= 0.01) {
      line.report(messages.trailingText, 1, text, leading.trim());
      return seconds(Number(leading));
    }
    line.report(messages.badValue, 1, `'${text}' is not an advert interval: 0.01 to 255 seconds`);
    return undefined;
  },
};

const maxInterfaceName = 15;

function isInterfaceName(text: string): boolean {
  return (
    text.length > 0 &&
    text.length <= maxInterfaceName &&
    !/[/:\s]/.test(text) &&
    text !== '.' &&
    text !== '..'
  );
}

const interfaceName: Reader<{ readonly text: string; readonly at: Span }> = mapped(
  placedWord('interface'),
  (name, line) => {
    if (name.text.length > maxInterfaceName) {
      line.report(
        messages.badValue,
        1,
        `'${name.text}' is longer than an interface name can be (15); it is ignored`,
      );
      return undefined;
    }
    if (name.text === 'lo') {
      line.report(messages.loopback, 1, name.text);
      return undefined;
    }
    if (!line.context.hasInterface(name.text)) line.report(messages.interfaceMissing, 1, name.text);
    return name;
  },
);

const mac = /^[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){4,5}$/;

/** The address that the RFC gives to every virtual router. */
const routerMac = /^00:00:5e:00:0[12]:[0-9a-f]{1,2}$/i;

const useVmac: Reader<UseVmac> = {
  syntax: '[<interface>] [<mac>] [name <interface>] [group <group>] [netlink_notify_msg]',
  expects: 'a name and options',
  minWords: 0,
  format: recordFormat<UseVmac>(
    { name: string, mac: string, group: string, netlinkNotifyMsg: { type: 'boolean' } },
    ['netlinkNotifyMsg'],
    (value) =>
      [
        ...namedWord('name', value.name),
        ...(value.mac === undefined ? [] : [value.mac]),
        ...namedWord('group', value.group),
        ...(value.netlinkNotifyMsg ? ['netlink_notify_msg'] : []),
      ].join(' '),
  ),
  read(line) {
    let name: string | undefined;
    let address: string | undefined;
    let group: string | undefined;
    let netlinkNotifyMsg = false;
    for (let index = 1; index < line.words.length; index++) {
      const text = line.word(index) ?? '';
      if (text === 'netlink_notify_msg') netlinkNotifyMsg = true;
      else if (text === 'name') name = line.word(++index);
      else if (text === 'group') group = line.word(++index);
      else if (routerMac.test(text))
        line.report(messages.badValue, index, `${text} is the RFC's own, which needs no word; it is ignored`);
      else if (mac.test(text)) address = text;
      else if (name === undefined && isInterfaceName(text)) name = text;
      else line.report(messages.badValue, index, `'${text}' is neither an interface name nor a MAC address`);
    }
    return { name, mac: address, group, netlinkNotifyMsg };
  },
};

const useIpvlan: Reader<UseIpvlan> = {
  syntax: '[<interface>] [<address>[/<prefix>]] [bridge|private|vepa] [name <interface>] [group <group>]',
  expects: 'a name and options',
  minWords: 0,
  format: recordFormat<UseIpvlan>(
    { name: string, address: prefixJson, type: string, group: string },
    ['type'],
    (value) =>
      [
        ...namedWord('name', value.name),
        ...(value.address === undefined
          ? []
          : [`${value.address.address}/${String(value.address.prefixLength)}`]),
        value.type,
        ...namedWord('group', value.group),
      ].join(' '),
  ),
  read(line) {
    let name: string | undefined;
    let prefix: UseIpvlan['address'];
    let type: UseIpvlan['type'] = 'bridge';
    let group: string | undefined;
    for (let index = 1; index < line.words.length; index++) {
      const text = line.word(index) ?? '';
      if (text === 'bridge' || text === 'private' || text === 'vepa') type = text;
      else if (text === 'name') name = line.word(++index);
      else if (text === 'group') group = line.word(++index);
      else if (/^[0-9.]+(\/\d+)?$/.test(text) || (text.includes(':') && !isInterfaceName(text))) {
        prefix = readPrefix(line, index);
      } else if (name === undefined && isInterfaceName(text)) name = text;
      else line.report(messages.badValue, index, `'${text}' is neither an interface name nor an address`);
    }
    return { name, address: prefix, type, group };
  },
};

const oldChecksum: Reader<'always' | 'never'> = {
  syntax: '[never]',
  expects: 'never',
  minWords: 0,
  format: formOf<string>({ type: 'string', enum: ['auto', 'always', 'never'] }, (value) =>
    value === 'auto' ? undefined : value === 'always' ? '' : value,
  ),
  read(line) {
    if (line.words.length === 1) return 'always';
    if (line.word(1) === 'never') return 'never';
    line.report(messages.notOneOf, 1, line.word(1) ?? '', 'never');
    return undefined;
  },
};

/** keepalived: any valid boolean, a false one too, switches it on. */
const skipCheck: Reader<boolean> = mapped(boolean, () => true);

const expiredBackup: Reader<number> = {
  syntax: '[<priority>]',
  expects: 'a priority',
  range: '1..254',
  minWords: 0,
  format: numberFormat(1, 254),
  read: (line) => (line.words.length === 1 ? 254 : readInteger(line, 1, 1, 254)),
};

const optionalCommand: Reader<ScriptCommand | 'state'> = {
  syntax: `[${command.syntax}]`,
  expects: command.expects,
  minWords: 0,
  format: formOf<ScriptCommand | 'state'>(
    {
      anyOf: [
        ...(command.format === undefined ? [] : [command.format.json]),
        { type: 'string', enum: ['state'] },
      ],
    },
    (value) => (value === 'state' ? '' : command.format?.print(value)),
  ),
  read: (line) => (line.words.length === 1 ? 'state' : command.read(line)),
};

const authentication = block('authentication', 'Password of VRRPv2 adverts.', {
  auth_type: optional(authType(), 'PASS: a password in clear; AH: IPsec authentication header', {
    ...works,
    note: 'AH is understood, but adverts are sent without the header',
  }),
  auth_pass: optional(authPass(), 'the password; 8 characters count', works),
});

function authType(): Reader<'PASS' | 'AH'> {
  return {
    ...choice(['PASS', 'AH']),
    read(line) {
      const text = line.word(1) ?? '';
      if (text === 'AH') {
        line.withoutEffect('auth_type AH', 1);
        return text;
      }
      if (text === 'PASS') return text;
      line.report(messages.notOneOf, 1, text, 'PASS AH');
      return undefined;
    },
  };
}

function authPass(): Reader<string> {
  return {
    syntax: '<string>',
    expects: 'a password',
    range: '1..8 characters used',
    minWords: 1,
    format: wordFormat,
    read(line) {
      const text = line.word(1) ?? '';
      const bytes = Buffer.from(text, 'utf8');
      if (bytes.length <= 8) return text;
      line.report(messages.authPassTooLong, 1);
      return bytes.subarray(0, 8).toString('latin1') === text.slice(0, 8)
        ? text.slice(0, 8)
        : bytes.subarray(0, 8).toString('utf8');
    },
  };
}

const hmacKey: Reader<HmacKey> = {
  syntax: '<id> <text>|hex:<digits>|file:<path>',
  expects: 'an id and a key',
  range: 'id 1..255, key of 32..64 bytes',
  minWords: 2,
  format: formOf<HmacKey>(
    {
      anyOf: [
        record({ kind: { type: 'string', enum: ['bytes'] }, id: number, bytes: string }, [
          'kind',
          'id',
          'bytes',
        ]),
        record({ kind: { type: 'string', enum: ['file'] }, id: number, path: string }, [
          'kind',
          'id',
          'path',
        ]),
      ],
    },
    (key) =>
      `${String(key.id)} ${key.kind === 'file' ? quoted(`file:${key.path}`) : `hex:${Buffer.from(key.bytes, 'latin1').toString('hex')}`}`,
  ),
  read(line) {
    const id = readInteger(line, 1, 1, 255, { isStrict: true });
    const text = line.word(2) ?? '';
    if (id === undefined) return undefined;
    if (text.startsWith('file:')) return readKeyFile(line, id, text.slice(5));
    const bytes = keyBytes(text);
    if (bytes !== undefined) return { kind: 'bytes', id, bytes };
    line.report(messages.badValue, 2, 'a key has 32 to 64 bytes, as text or as hex:<digits>');
    return undefined;
  },
};

function readKeyFile(line: Line, id: number, path: string): HmacKey | undefined {
  const { isOffline, files } = line.context;
  const stat = isOffline ? undefined : files.stat(path);
  if (!isOffline && stat === undefined) {
    line.report(messages.badValue, 2, `the key file ${path} does not exist`);
    return undefined;
  }
  if (stat !== undefined && (stat.mode & 0o077) !== 0) line.report(messages.hmacKeyReadable, 2, path);
  return { kind: 'file', id, path };
}

function keyBytes(text: string): string | undefined {
  if (text.startsWith('hex:')) {
    const digits = text.slice(4);
    if (!/^([0-9a-fA-F]{2}){32,64}$/.test(digits)) return undefined;
    return Buffer.from(digits, 'hex').toString('latin1');
  }
  const bytes = Buffer.from(text, 'utf8');
  return bytes.length >= 32 && bytes.length <= 64 ? bytes.toString('latin1') : undefined;
}

const authHmac = block('auth_hmac', 'Authenticated trailer of adverts, VRRPv2 and v3.', {
  key: each(hmacKey, 'a key with its number', { since: '2.4.0' }),
  active_key: optional(integer(1, 255, { isStrict: true }), 'the key that is sent with', { since: '2.4.0' }),
  time_window: optional(wholeSeconds(1, 300), 'how much clocks may differ', {
    since: '2.4.0',
    defaultText: '3 x advert_int, at least 5 s',
  }),
  anti_replay: defaulted<'time' | 'monotonic'>(
    choice(['time', 'monotonic']),
    'time',
    'how repeated adverts are told',
    {
      since: '2.4.0',
    },
  ),
  mode: defaulted<'enforce' | 'permissive' | 'receive-only'>(
    choice(['enforce', 'permissive', 'receive-only']),
    'enforce',
    'whether adverts without trailer are accepted, and whether one is sent',
    { since: '2.4.0' },
  ),
});

const interfaceEntry = entryList(
  '<interface> [weight <number> [reverse]]',
  'interface',
  (line) => readTrackEntry(line, trackRules.interface),
  trackedInterfaceFormat,
);
const trackList = (kind: 'script' | 'file' | 'process' | 'bfd'): typeof interfaceEntry =>
  entryList(
    '<name> [weight <number> [reverse|noreverse]]',
    'name',
    (line) => readTrackEntry(line, trackRules[kind]),
    referenceFormat,
  );

const trackRows = {
  track_interface: several(interfaceEntry, 'interfaces that must be up', works),
  track_script: several(trackList('script'), 'scripts that must succeed', works),
  track_file: several(trackList('file'), 'files with a number that counts', works),
  track_process: several(trackList('process'), 'processes that must run', works),
  track_bfd: several(trackList('bfd'), 'BFD sessions that must be up'),
};

const notifyRows = {
  notify_master: optional(command, 'run on becoming MASTER', first),
  notify_backup: optional(command, 'run on becoming BACKUP', first),
  notify_fault: optional(command, 'run on a fault', first),
  notify_stop: optional(command, 'run when the daemon stops', first),
  notify: optional(
    command,
    'run on every transition, with type, name, state and priority as arguments',
    first,
  ),
};

export const vrrpInstance = block('vrrp_instance', 'A virtual router.', {
  state: folded<Placed<'MASTER' | 'BACKUP'> | undefined, 'MASTER' | 'BACKUP'>(
    state,
    undefined,
    'the state that is wished for at start',
    (previous, value, line) => {
      if (previous?.value === 'MASTER' && value === 'BACKUP') {
        line.report(messages.badValue, 1, 'state MASTER was given before and stays');
        return previous;
      }
      return { value, at: line.at(1) };
    },
    { ...works, defaultText: 'MASTER with priority 255, else BACKUP' },
  ),
  interface: optional(interfaceName, 'interface that adverts are sent and received on', works),
  virtual_router_id: optional(
    placed(vrid),
    'number of the virtual router; one per interface and family',
    works,
  ),
  priority: optional(placed(instancePriority), 'who wins; 255 is the owner of the addresses', {
    ...works,
    defaultText: '100',
  }),
  version: folded<Placed<2 | 3> | undefined, number>(
    integer(2, 3),
    undefined,
    'protocol version',
    (previous, value, line) => {
      if (previous !== undefined && previous.value !== value) {
        line.report(messages.badValue, 1, `version ${String(previous.value)} was given before and stays`);
        return previous;
      }
      return { value: value === 3 ? 3 : 2, at: line.at(1) };
    },
    { ...works, defaultText: 'IPv6: 3; IPv4: vrrp_version' },
  ),
  advert_int: optional(placed(advertInt), 'time between adverts', { ...works, defaultText: '1' }),
  use_vmac: optional(useVmac, 'runs on a macvlan interface with the MAC address of the RFC'),
  use_vmac_addr: defaulted(present, false, 'addresses on other interfaces get VMACs too'),
  vmac_xmit_base: defaulted(present, false, 'adverts go through the interface below the VMAC'),
  use_ipvlan: optional(useIpvlan, 'runs on an ipvlan interface', { isFirstKept: true }),
  unicast_peer: several(
    entryList('<address> [min_ttl <ttl>] [max_ttl <ttl>]', 'address', readUnicastPeer, peerFormat),
    'adverts go to these addresses instead of a group',
    works,
  ),
  unicast_fault_no_peer: defaulted(present, false, 'an empty peer list is a fault'),
  check_unicast_src: defaulted(present, false, 'adverts are accepted from listed peers only', works),
  old_unicast_checksum: defaulted<'auto' | 'always' | 'never'>(
    oldChecksum,
    'auto',
    'checksum of very old peers',
  ),
  native_ipv6: defaulted(present, false, 'makes it an IPv6 instance', works),
  vrf: optional(placed(word('interface')), 'VRF of a unicast instance without interface', {
    isFirstKept: true,
  }),
  dont_track_primary: defaulted(present, false, 'the interface being down is no fault', works),
  ...trackRows,
  mcast_src_ip: optional(placed(address()), 'source address of adverts', works),
  unicast_src_ip: alias('mcast_src_ip', 'the same, and marks the instance as unicast'),
  mcast_dst_ip: optional(placed(address({ kind: 'multicast' })), 'group that adverts are sent to', works),
  track_src_ip: defaulted(present, false, 'the source address being absent is a fault', works),
  unicast_ttl: optional(placed(integer(0, 255, { isStrict: true })), 'TTL of unicast adverts', {
    ...works,
    defaultText: '255',
  }),
  virtual_ipaddress: several(
    entryList(
      '<address>[/<prefix>] [option ...]',
      'address',
      (line) => readAddressEntry(line, 'virtual'),
      addressFormat,
    ),
    'addresses that the MASTER holds and announces',
    works,
  ),
  virtual_ipaddress_excluded: several(
    entryList(
      '<address>[/<prefix>] [option ...]',
      'address',
      (line) => readAddressEntry(line, 'virtual'),
      addressFormat,
    ),
    'addresses that the MASTER holds but does not list in adverts',
    works,
  ),
  no_virtual_ipaddress: defaulted(present, false, 'has no addresses on purpose', {
    since: '2.2.8',
    ...works,
  }),
  promote_secondaries: defaulted(present, false, 'secondary addresses outlive the first one', works),
  linkbeat_use_polling: defaulted(present, false, 'polls the link state', {
    deprecated: { instead: 'linkbeat_interfaces', isCounted: true },
  }),
  v3_checksum_as_v2: optional(boolean, 'VRRPv3 checksums leave out the pseudo-header', {
    since: '2.2.8',
    ...works,
  }),
  virtual_routes: several(
    entryList(
      '[<type>] <destination> [option ...]',
      'route',
      (line) => readRoute(line, 'virtual'),
      routeFormat,
    ),
    'routes that the MASTER has',
  ),
  virtual_rules: several(
    entryList('[option ...] <action>', 'rule', (line) => readRule(line, 'virtual'), ruleFormat),
    'policy rules that the MASTER has',
  ),
  accept: folded<boolean | undefined, true>(
    present,
    undefined,
    'packets to the addresses are accepted',
    () => true,
    {
      ...works,
      defaultText: 'on, off in strict mode',
      note: 'packets are always accepted, see no_accept',
    },
  ),
  no_accept: optional(present, 'packets to the addresses are dropped'),
  skip_check_adv_addr: optional(
    skipCheck,
    'compares the addresses in adverts only when the sender changes',
    works,
  ),
  strict_mode: optional(boolean, 'keeps to the letter of the RFC', {
    ...works,
    note: 'what the configuration may say is held to the RFC; packets to the addresses are not dropped, see no_accept',
  }),
  preempt: optional(present, 'takes over from a lower priority: the default', works),
  nopreempt: optional(
    mapped(present, (_, line) => ({ at: line.at(0) })),
    'does not take over from a lower priority',
    works,
  ),
  preempt_delay: optional(placed(decimalSeconds(0, 1000)), 'waits before it takes over', works),
  debug: defaulted(integer(0, 4), 0, 'has no effect'),
  ...notifyRows,
  notify_deleted: optional(optionalCommand, 'run when the instance is removed by a reload', first),
  notify_master_rx_lower_pri: optional(command, 'run when a MASTER hears a lower priority', first),
  smtp_alert: optional(boolean, 'mails on transitions', works),
  notify_priority_changes: optional(boolean, 'priority changes are written to the pipes', works),
  lvs_sync_daemon_interface: optional(word('interface'), 'old form of the global lvs_sync_daemon', {
    deprecated: { instead: 'lvs_sync_daemon', isCounted: true },
  }),
  garp_master_delay: optional(wholeSeconds(0, 4294), 'time to the second round of gratuitous ARP', works),
  garp_master_refresh: optional(wholeSeconds(0, uint32), 'period of further rounds', works),
  garp_master_repeat: optional(packetCount, 'packets per address in a round', works),
  garp_master_refresh_repeat: optional(packetCount, 'packets per address in each refresh', works),
  garp_lower_prio_delay: optional(
    wholeSeconds(0, 4294),
    'time to the second round after a lower advert',
    works,
  ),
  garp_lower_prio_repeat: optional(integer(0, 2147483647), 'packets after a lower advert', works),
  down_timer_adverts: optional(integer(1, 100), 'missed adverts before it takes over', works),
  timer_expired_backup: optional(expiredBackup, 'after a late timer, becomes BACKUP', { since: '2.2.8' }),
  thread_timer_expired: alias('timer_expired_backup', 'misnamed form', { isCounted: true }),
  garp_extra_if: optional(extraIf(0), 'period of ARP on further VMACs', { missing: 'reported' }),
  vmac_garp_intvl: alias('garp_extra_if', 'old name', { isCounted: true }),
  lower_prio_no_advert: optional(boolean, 'a MASTER does not answer lower adverts', works),
  higher_prio_send_advert: optional(boolean, 'a MASTER sends one more advert before it yields', works),
  owner_ignore_adverts: optional(boolean, 'an address owner ignores adverts', { since: '2.3.3', ...works }),
  kernel_rx_buf_size: defaulted(alone(integer(0, uint32)), 0, 'receive buffer in bytes', {
    missing: 'reported',
    ...works,
  }),
  authentication: folded(
    section(authentication),
    undefinedSection<typeof authentication.rows>(),
    'VRRPv2 password',
    (_, value) => value,
    works,
  ),
  auth_hmac: folded(
    section(authHmac),
    undefinedSection<typeof authHmac.rows>(),
    'authenticated trailer',
    (_, value) => value,
    {
      since: '2.4.0',
    },
  ),
});

function undefinedSection<R>(): ReturnType<ReturnType<typeof section<R>>['read']> {
  return undefined;
}

export const vrrpSyncGroup = block('vrrp_sync_group', 'Instances that move together.', {
  group: folded<
    readonly { readonly text: string; readonly at: Span }[] | undefined,
    readonly { readonly text: string; readonly at: Span }[]
  >(wordList('instance'), undefined, 'the members', (_, value) => value, first),
  ...trackRows,
  ...notifyRows,
  smtp_alert: optional(boolean, 'mails on transitions of the group', works),
  global_tracking: alias('sync_group_tracking_weight', 'old name', { isCounted: true }),
  sync_group_tracking_weight: defaulted(
    present,
    false,
    'weights of members count although they are in a group',
    works,
  ),
  notify_priority_changes: optional(boolean, 'priority changes of members are written to the pipes'),
});
