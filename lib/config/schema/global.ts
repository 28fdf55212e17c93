/**
 * The keyword table of global_defs.
 */
import { seconds, micros } from '../../units.js';
import { alias, block, defaulted, optional, several } from './dsl.js';
import { wordList } from './lists.js';
import { account, command, ownedPath } from './scripts.js';
import {
  alone,
  boolean,
  decimalSeconds,
  duration,
  integer,
  mapped,
  present,
  readInteger,
  uint32,
  wholeSeconds,
  word,
  wordOr,
} from './values.js';
import { netlinkBuffers } from './buffer-globals.js';
import { instanceDefaults } from './instance-globals.js';
import { scheduling } from './scheduling-globals.js';
import { lvsTimeouts, lvsSyncDaemon } from './ipvs-globals.js';
import {
  smtpServer,
  rxBufsPolicy,
  umask,
  optionalPath,
  switchedOn,
  absolutePath,
  directory,
  nameFolder,
  interfacePrefix,
  flushOnStop,
  dynamicInterfaces,
  defaultInterface,
  chains,
  ipsets,
  includeCheckWords,
} from './global-values.js';

const processName = word('name', { max: 15 });
const works = { effect: 'works' } as const;
const reported = { missing: 'reported' } as const;
const kept = { missing: 'reported', isFirstKept: true } as const;
const nameFolderRow = { ...works, since: '2.3.2', note: 'for names that stand after it' } as const;
const keptWorks = { ...kept, ...works } as const;

export const globalDefs = block('global_defs', 'Settings of the whole daemon. Several blocks add up.', {
  process_names: defaulted(present, false, 'gives the child processes telling names', {
    ...works,
    note: 'they have them without it, too',
  }),
  process_name: optional(processName, 'name of the parent process', { ...works, defaultText: 'keepalived' }),
  vrrp_process_name: optional(processName, 'name of the VRRP process', {
    ...works,
    defaultText: 'keepalived_vrrp',
  }),
  checker_process_name: optional(processName, 'name of the checker process', {
    ...works,
    defaultText: 'keepalived_lvs',
  }),
  lvs_process_name: alias('checker_process_name', 'old name', { isCounted: false }),
  bfd_process_name: optional(processName, 'name of the BFD process', { defaultText: 'keepalived_bfd' }),
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
  startup_script: optional(command, 'run before the child processes start', keptWorks),
  startup_script_timeout: defaulted(
    wholeSeconds(1, 1000),
    seconds(10),
    'the startup script is killed after',
    { ...reported, ...works },
  ),
  shutdown_script: optional(command, 'run after the child processes ended', keptWorks),
  shutdown_script_timeout: defaulted(
    wholeSeconds(1, 1000),
    seconds(10),
    'the shutdown script is killed after',
    { ...reported, ...works },
  ),
  max_auto_priority: defaulted(
    {
      ...integer(-1, 99),
      minWords: 0,
      syntax: '[<priority>]',
      read: (line) => (line.words.length === 1 ? 99 : readInteger(line, 1, -1, 99)),
    },
    0,
    "highest real-time priority that the engine's thread gives itself when timers are late; 0 and -1: never",
    { ...works, note: "of the engine's thread (VRRP); the checkers keep theirs" },
  ),
  min_auto_priority_delay: defaulted(
    duration(1, 10000000, { places: 0, unitUs: 1, unit: 'us' }),
    seconds(1),
    'lateness that raises the priority by one',
    { ...reported, ...works },
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
    ...works,
    defaultText: 'eth0',
  }),
  disable_local_igmp: defaulted(present, false, 'stops IGMP reports for link-local groups', works),
  v3_checksum_as_v2: defaulted(present, false, 'VRRPv3 checksums over IPv4 leave out the pseudo-header', {
    since: '2.2.8',
    ...works,
  }),
  lvs_timeouts: optional(lvsTimeouts, 'IPVS connection timeouts', {
    defaultText: 'as the kernel has them',
    ...reported,
    ...works,
  }),
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
    { defaultText: 'none runs', ...keptWorks, note: 'runs where virtual servers are configured' },
  ),
  ...instanceDefaults,
  vrrp_iptables: optional(chains, 'uses iptables for no_accept and VMACs', { build: 'iptables' }),
  vrrp_ipsets: optional(ipsets, 'names of the ipsets used with iptables', { build: 'iptables' }),
  nftables: optional(wordOr('table', 'keepalived'), 'name of the tables for no_accept', {
    ...works,
    isFirstKept: true,
    note: 'nftables are used for no_accept whether it is given or not; there are no rules for VMACs',
  }),
  nftables_priority: defaulted(
    integer(-2147483648, 2147483647, { isStrict: true }),
    -1,
    'priority of its base chains',
    works,
  ),
  nftables_ifindex: defaulted(present, false, 'rules match interface indexes instead of names', {
    note: 'the rules for link-local addresses match indexes in any case: those of keepalived 2.2.7 are the same with it and without',
  }),
  nftables_counters: defaulted(present, false, 'rules count packets', works),
  nftables_ipvs: optional(
    wordOr('table', 'keepalived_ipvs'),
    'marks packets of virtual server groups by nftables',
    {
      ...works,
      isFirstKept: true,
      note: 'one service of a mark stands for the addresses of a group, unless it has marks of its own; port 0 is every port',
    },
  ),
  nftables_ipvs_priority: defaulted(
    integer(-2147483648, 2147483647, { isStrict: true }),
    -1,
    'priority of its base chains',
    works,
  ),
  nftables_ipvs_start_fwmark: defaulted(
    integer(1, uint32, { isStrict: true }),
    1000,
    'first mark used for groups',
    works,
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
    note: 'what the configuration may say is held to the RFC; packets to the addresses are dropped, see no_accept',
  }),
  ...scheduling,
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
  snmp_socket: optional(alone(word('address')), 'AgentX master to connect to', {
    ...kept,
    defaultText: 'unix:/var/agentx/master',
  }),
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
  ...netlinkBuffers,
  rs_init_notifies: defaulted(boolean, false, 'notify_up runs for servers that start in the pool', works),
  no_checker_emails: defaulted(
    boolean,
    false,
    'mails for changes of real servers only, not for each checker',
    works,
  ),
  vrrp_rx_bufs_policy: optional(rxBufsPolicy, 'how advert receive buffers are sized', {
    defaultText: 'as the system has it',
    ...reported,
    ...works,
  }),
  vrrp_rx_bufs_multiplier: defaulted(integer(1, uint32), 3, 'packets per instance in those buffers', {
    ...reported,
    ...works,
  }),
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
    },
  ),
  log_unknown_vrids: defaulted(present, false, 'logs adverts of routers that are not configured', {
    ...works,
    note: 'each VRID once a second at most',
  }),
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
  umask: optional(umask, 'mode mask of created files', { ...works, defaultText: '0177' }),
  random_seed: optional(integer(0, uint32, { isStrict: true }), 'makes ${_RANDOM} repeatable', {
    ...works,
    defaultText: 'by chance',
  }),
  reload_check_config: optional(optionalPath('/dev/null'), 'tests the new configuration before a reload', {
    ...works,
    note: 'a new configuration is always tested before it replaces the old one; the report goes to the log',
  }),
  reload_time_file: optional(alone(absolutePath), 'file with the time of the next automatic reload', {
    ...reported,
    ...works,
  }),
  reload_repeat: defaulted(present, false, 'reads that file again after each reload', works),
  reload_file: optional(optionalPath(''), 'file that is there while a configuration is read', works),
  include_check: several(includeCheckWords, 'which faults of a plain include are fatal', works),
  config_save_dir: optional(
    directory,
    'copies of the configuration are kept there, and of the data at reloads',
    {
      ...works,
      note: 'the copy is of each file as it is, under its path',
    },
  ),
  tmp_config_directory: optional(word('directory'), 'where the merged configuration lives', {
    defaultText: '/tmp',
    ...kept,
    note: 'there is no such file: what was read goes from process to process in memory',
  }),
  data_use_instance: defaulted(boolean, false, 'names of dump files carry the instance name', works),
  json_version: defaulted<1 | 2>(
    mapped(integer(1, 2), (value) => (value === 2 ? 2 : 1)),
    1,
    'format of the JSON dump',
    { ...works, since: '2.2.8' },
  ),
  iproute_usr_dir: optional(nameFolder('usr'), 'name tables of iproute2', {
    ...nameFolderRow,
    defaultText: '/usr/share/iproute2',
  }),
  iproute_etc_dir: optional(nameFolder('etc'), "the administrator's name tables of iproute2", {
    ...nameFolderRow,
    defaultText: '/etc/iproute2',
  }),
  state_dump_file: optional(word('path'), 'where states are dumped', {
    defaultText: 'keepalived.data',
    ...works,
    since: '2.3.3',
  }),
  stats_dump_file: optional(word('path'), 'where statistics are dumped', {
    defaultText: 'keepalived.stats',
    ...works,
    since: '2.3.3',
  }),
  json_dump_file: optional(word('path'), 'where JSON is dumped', {
    defaultText: 'keepalived.json',
    ...works,
    since: '2.3.3',
  }),
});
