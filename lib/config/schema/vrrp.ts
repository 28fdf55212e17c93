/**
 * The keyword tables of vrrp_instance and vrrp_sync_group.
 */
import {
  addressFormat,
  peerFormat,
  referenceFormat,
  routeFormat,
  ruleFormat,
  trackedInterfaceFormat,
} from './entry-formats.js';
import { messages } from '../messages.js';
import type { Span } from '../source.js';
import { readAddressEntry, readUnicastPeer } from './addresses.js';
import { alias, block, defaulted, folded, optional, several } from './dsl.js';
import { extraIf, extraIfNote, packetCount } from './announcing.js';
import { entryList, section, wordList } from './lists.js';
import { readRoute } from './routes.js';
import { readRule } from './rules.js';
import { command } from './scripts.js';
import { readTrackEntry, trackRules } from './tracking.js';
import {
  address,
  alone,
  boolean,
  decimalSeconds,
  integer,
  mapped,
  placed,
  present,
  uint32,
  wholeSeconds,
  word,
  type Placed,
} from './values.js';
import { authentication, authHmac } from './authentication.js';
import {
  vrid,
  instancePriority,
  state,
  advertInt,
  interfaceName,
  useVmac,
  useIpvlan,
  oldChecksum,
  skipCheck,
  expiredBackup,
  optionalCommand,
} from './vrrp-values.js';

const works = { effect: 'works' } as const;
const first = { isFirstKept: true, effect: 'works' } as const;

/** Routes and rules that somebody deletes. */
const routed = {
  ...works,
  note: 'what somebody deletes is put back at once; keepalived gives up mastership, and takes it again',
} as const;

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
  virtual_router_id: optional(placed(vrid), 'number of the virtual router; one per interface and family', {
    ...works,
    defaultText: 'none: it must be given',
  }),
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
  unicast_fault_no_peer: defaulted(present, false, 'an empty peer list is a fault', works),
  check_unicast_src: defaulted(present, false, 'adverts are accepted from listed peers only', works),
  old_unicast_checksum: defaulted<'auto' | 'always' | 'never'>(
    oldChecksum,
    'auto',
    'checksum of very old peers',
    works,
  ),
  native_ipv6: defaulted(present, false, 'makes it an IPv6 instance', works),
  vrf: optional(placed(word('interface')), 'VRF of a unicast instance without interface', {
    isFirstKept: true,
  }),
  dont_track_primary: defaulted(present, false, 'the interface being down is no fault', works),
  ...trackRows,
  mcast_src_ip: optional(placed(address()), 'source address of adverts', {
    ...works,
    defaultText: 'the primary address of the interface',
  }),
  unicast_src_ip: alias('mcast_src_ip', 'the same, and marks the instance as unicast'),
  mcast_dst_ip: optional(placed(address({ kind: 'multicast' })), 'group that adverts are sent to', {
    ...works,
    defaultText: 'vrrp_mcast_group4 or vrrp_mcast_group6',
  }),
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
    note: 'see linkbeat_interfaces',
    deprecated: { instead: 'linkbeat_interfaces', isCounted: true },
  }),
  v3_checksum_as_v2: optional(boolean, 'VRRPv3 checksums leave out the pseudo-header', {
    defaultText: 'v3_checksum_as_v2 of global_defs',
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
    { ...works, note: `${routed.note}; a route with \`vrf\` and no table is left out (\`KA3033\`)` },
  ),
  virtual_rules: several(
    entryList('[option ...] <action>', 'rule', (line) => readRule(line, 'virtual'), ruleFormat),
    'policy rules that the MASTER has',
    routed,
  ),
  accept: folded<boolean | undefined, true>(
    present,
    undefined,
    'packets to the addresses are accepted',
    () => true,
    {
      ...works,
      defaultText: 'on, off in strict mode',
    },
  ),
  no_accept: optional(present, 'packets to and from the addresses are dropped', {
    ...works,
    note: 'by the program nft, a moment after the addresses are there; not for an owner of the addresses (priority 255)',
  }),
  skip_check_adv_addr: optional(skipCheck, 'compares the addresses in adverts only when the sender changes', {
    ...works,
    defaultText: 'vrrp_skip_check_adv_addr',
  }),
  strict_mode: optional(boolean, 'keeps to the letter of the RFC', {
    defaultText: 'vrrp_strict',
    ...works,
    note: 'what the configuration may say is held to the RFC; packets to the addresses are dropped, see no_accept',
  }),
  preempt: optional(present, 'takes over from a lower priority: the default', {
    ...works,
    defaultText: 'on',
  }),
  nopreempt: optional(
    mapped(present, (_, line) => ({ at: line.at(0) })),
    'does not take over from a lower priority',
    works,
  ),
  preempt_delay: optional(placed(decimalSeconds(0, 1000)), 'waits before it takes over', {
    ...works,
    defaultText: '0',
  }),
  debug: defaulted(integer(0, 4), 0, 'has no effect', { note: 'nor has it in keepalived' }),
  ...notifyRows,
  notify_deleted: optional(optionalCommand, 'run when the instance is removed by a reload', {
    ...first,
    defaultText: 'notify_fault',
  }),
  notify_master_rx_lower_pri: optional(command, 'run when a MASTER hears a lower priority', first),
  smtp_alert: optional(boolean, 'mails on transitions', {
    ...works,
    defaultText: 'smtp_alert_vrrp, else smtp_alert of global_defs',
  }),
  notify_priority_changes: optional(boolean, 'priority changes are written to the pipes', {
    ...works,
    defaultText: 'that of the sync group, else vrrp_notify_priority_changes',
  }),
  lvs_sync_daemon_interface: optional(word('interface'), 'old form of the global lvs_sync_daemon', {
    deprecated: { instead: 'lvs_sync_daemon', isCounted: true },
    ...works,
    note: 'the first one counts, where there is no lvs_sync_daemon',
  }),
  garp_master_delay: optional(wholeSeconds(0, 4294), 'time to the second round of gratuitous ARP', {
    ...works,
    defaultText: 'vrrp_garp_master_delay (5)',
  }),
  garp_master_refresh: optional(wholeSeconds(0, uint32), 'period of further rounds', {
    ...works,
    defaultText: 'vrrp_garp_master_refresh (0)',
  }),
  garp_master_repeat: optional(packetCount, 'packets per address in a round', {
    ...works,
    defaultText: 'vrrp_garp_master_repeat (5)',
  }),
  garp_master_refresh_repeat: optional(packetCount, 'packets per address in each refresh', {
    ...works,
    defaultText: 'vrrp_garp_master_refresh_repeat (1)',
  }),
  garp_lower_prio_delay: optional(wholeSeconds(0, 4294), 'time to the second round after a lower advert', {
    ...works,
    defaultText: 'vrrp_garp_lower_prio_delay (5)',
  }),
  garp_lower_prio_repeat: optional(integer(0, 2147483647), 'packets after a lower advert', {
    ...works,
    defaultText: 'vrrp_garp_lower_prio_repeat (5)',
  }),
  down_timer_adverts: optional(integer(1, 100), 'missed adverts before it takes over', {
    ...works,
    defaultText: 'vrrp_down_timer_adverts (3)',
  }),
  timer_expired_backup: optional(expiredBackup, 'after a late timer, becomes BACKUP', {
    since: '2.2.8',
    note: 'a node that was late always listens before it speaks',
  }),
  thread_timer_expired: alias('timer_expired_backup', 'misnamed form', { isCounted: true }),
  garp_extra_if: optional(extraIf(0), 'period of ARP on other interfaces', {
    defaultText: 'vrrp_garp_extra_if (off)',
    missing: 'reported',
    ...works,
    note: extraIfNote,
  }),
  vmac_garp_intvl: alias('garp_extra_if', 'old name', { isCounted: true }),
  lower_prio_no_advert: optional(boolean, 'a MASTER does not answer lower adverts', {
    ...works,
    defaultText: 'vrrp_lower_prio_no_advert; on in strict mode',
  }),
  higher_prio_send_advert: optional(boolean, 'a MASTER sends one more advert before it yields', {
    ...works,
    defaultText: 'vrrp_higher_prio_send_advert; off in strict mode',
  }),
  owner_ignore_adverts: optional(boolean, 'an address owner ignores adverts', {
    defaultText: 'vrrp_owner_ignore_adverts',
    since: '2.3.3',
    ...works,
  }),
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
  smtp_alert: optional(boolean, 'mails on transitions of the group', {
    ...works,
    defaultText: 'smtp_alert_vrrp, else smtp_alert of global_defs',
  }),
  global_tracking: alias('sync_group_tracking_weight', 'old name', { isCounted: true }),
  sync_group_tracking_weight: defaulted(
    present,
    false,
    'weights of members count although they are in a group',
    works,
  ),
  notify_priority_changes: optional(boolean, 'priority changes of members are written to the pipes', {
    ...works,
    defaultText: 'vrrp_notify_priority_changes',
  }),
});
