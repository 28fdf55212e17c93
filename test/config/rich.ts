/** A configuration with every keyword of every block that the model keeps, made from the tables, and hand-made entries of lists. */
import { blocks, exampleOf, type Keyword } from '../../lib/config/reference/catalogue.js';

const entries: Readonly<Record<string, readonly string[]>> = {
  notification_email: ['a@example.org b@example.org'],
  static_ipaddress: [
    '192.0.2.1/24 dev eth0 brd + scope link label eth0:1',
    '2001:db8::5/64 home -nodad preferred_lft 30 track_group G',
  ],
  virtual_ipaddress: [
    '192.0.2.9/24 dev eth1 label eth1:9',
    '192.0.2.10 peer 192.0.2.11 no_track',
    '192.0.2.12/30 brd - use_vmac',
  ],
  virtual_ipaddress_excluded: ['2001:db8::9/64 preferred_lft forever', '192.0.2.77'],
  static_routes: [
    'blackhole 203.0.113.0/24 no_track',
    '2001:db8:1::/48 from 2001:db8:2::/48 via 2001:db8::1 dev eth0 mtu lock 1400 pref high expires 5',
  ],
  virtual_routes: [
    'default via 192.0.2.254 dev eth0 metric 5 table 7 protocol 99 realms 3/4 rtt lock 5s congctl lock cubic quickack 1 features ecn',
    '203.0.113.0/24 via inet6 fe80::1 dev eth0 src 192.0.2.9 tos 16 onlink encap ip id 7 dst 10.0.0.1 ttl 3',
    '198.51.100.0/24 nexthop via 192.0.2.3 dev eth0 weight 5 onlink nexthop via 192.0.2.4 dev eth1 realms 7',
    '198.51.101.0/24 dev eth0 encap mpls 5/6 append ttl-propagate enabled fastopen_no_cookie 0 initcwnd 9',
  ],
  static_rules: [
    'from 192.0.2.0/24 table 100',
    'not to 2001:db8::/32 fwmark 5/0xff lookup 9 priority 7 no_track',
    'inet6 inet6 iif eth0 table 8',
  ],
  virtual_rules: [
    'from 192.0.2.0/24 iif eth0 goto 20 preference 9',
    'oif eth1 uidrange 1-9 ipproto tcp sport 1-5 dport 80-90 tunnel-id 9 prohibit suppress_prefixlength 3',
  ],
  unicast_peer: ['192.0.2.3 min_ttl 250', '192.0.2.4 max_ttl 254'],
  track_interface: ['eth1 weight 5 reverse', 'eth2'],
  track_script: ['s1 weight -5', 's2'],
  track_file: ['f1 weight 3', 'f2'],
  track_process: ['p1 weight 9 reverse'],
  track_bfd: ['b1 weight 20'],
  interface_up_down_delays: ['eth0 1.5 2'],
  linkbeat_interfaces: ['eth0 MII', 'eth1'],
  interfaces: ['eth0 eth1'],
};

/** Keywords that would make the rest of their block mean nothing. */
const omitted = new Set([
  ...[
    'strict_mode',
    'vrrp_strict',
    'native_ipv6',
    'vrf',
    'use_ipvlan',
    'include_check',
    'ip_family',
    'no_accept',
  ],
  ...[
    'net_namespace',
    'host',
    'authentication',
    'auth_hmac',
    'mcast_dst_ip',
    'unicast_peer',
    'unicast_src_ip',
  ],
]);

const values: Readonly<Record<string, string>> = {
  vrrp_mcast_group4: '224.0.0.50',
  vrrp_mcast_group6: 'ff02::50',
  state: 'BACKUP',
  version: '3',
  virtual_router_id: '51',
  priority: '150',
  advert_int: '0.5',
  regex: '"^O K$"',
  misc_path: `"/bin/check -a 'b c' \\"d\\" $x"`,
  script: '"/bin/check a"',
  digest: '640205b7b0fc66c1ea91c463fac6334c',
  notify: `"/bin/tell 'a b'" root`,
  use_vmac: 'vrrp.51 netlink_notify_msg',
  umask: '027',
  persistence_timeout: '50',
  delay_loop: '1.5',
};

const special: Readonly<Record<string, readonly string[]>> = {
  group: ['group {', ' V', ' W', '}'],
  url: [
    'url {',
    ' path "/a b"',
    ' status_code 200 301-302',
    ' regex "^O K$"',
    ' regex_options caseless dotall',
    '}',
  ],
};

function lines({ keyword, row, alias }: Keyword): readonly string[] {
  if (alias !== undefined || omitted.has(keyword)) return [];
  const found = special[keyword];
  if (found !== undefined) return found;
  const list = entries[keyword];
  if (list !== undefined) return [`${keyword} {`, ...list.map((entry) => ` ${entry}`), '}'];
  if (row.reader.block !== undefined || row.reader.isList === true) return [];
  const value = values[keyword];
  return [
    value === undefined
      ? exampleOf({ keyword, row, alias, field: '', effect: 'works' })
      : `${keyword} ${value}`,
  ];
}

function body(name: string, ...more: readonly string[]): string {
  const found = blocks().find((item) => item.name === name);
  return [...(found?.keywords.flatMap(lines) ?? []), ...more].map((line) => ` ${line}`).join('\n');
}

const checkers = ['TCP_CHECK', 'HTTP_GET', 'SMTP_CHECK', 'DNS_CHECK', 'MISC_CHECK', 'PING_CHECK', 'UDP_CHECK']
  .map((kind) => `${kind} {\n${body(kind)}\n}`)
  .join('\n');
const tracked = (keyword: string, name: string): string => `${keyword} ${name} {\n${body(keyword)}\n}\n`;
const real = (address: string): string =>
  `real_server ${address} 80 {\n${body('real_server')}\n${checkers}\nFILE_CHECK {\n track_file f1\n weight 2 reverse\n}\nBFD_CHECK {\n name b1\n}\n}`;
const server = (key: string): string =>
  `virtual_server ${key} {\n${body('virtual_server')}\n${real('10.0.0.1')}\n${real('10.0.0.2')}\n}\n`;

const top = blocks()[0]?.keywords ?? [];

export const rich = [
  `global_defs {\n${body('global_defs')}\n}\n`,
  ...top.flatMap((keyword) =>
    keyword.row.reader.block === undefined && keyword.keyword !== 'virtual_server_group'
      ? lines(keyword)
      : [],
  ),
  tracked('vrrp_script', 's1'),
  tracked('vrrp_script', 's2'),
  tracked('track_file', 'f1'),
  tracked('track_file', 'f2'),
  tracked('vrrp_track_process', 'p1'),
  'bfd_instance b1 {\n neighbor_ip 192.0.2.99\n source_ip 192.0.2.1\n min_rx 20.5\n weight 5 reverse\n max_hops 3\n vrrp\n}\n',
  'track_group G {\n group {\n V\n }\n}\n',
  `garp_group {\n${body('garp_group')}\n}\n`,
  `SSL {\n${body('SSL')}\n}\n`,
  `vrrp_sync_group SG {\n${body('vrrp_sync_group')}\n}\n`,
  `vrrp_instance V {\n${body('vrrp_instance', 'no_accept')}\n}\n`,
  'vrrp_instance W {\n interface eth1\n virtual_router_id 52\n version 2\n authentication {\n auth_type PASS\n auth_pass "a b"\n }\n unicast_src_ip 192.0.2.1\n unicast_peer {\n 192.0.2.3 min_ttl 250\n 192.0.2.4\n }\n virtual_ipaddress {\n 192.0.2.99/24\n }\n nopreempt\n preempt_delay 2.5\n notify_deleted\n}\n',
  'vrrp_instance X {\n native_ipv6\n interface eth1\n virtual_router_id 53\n priority 255\n strict_mode\n virtual_ipaddress {\n fe80::53/64\n 2001:db8::53/64\n }\n auth_hmac {\n key 1 abcdefghijklmnopqrstuvwxyzABCDEF\n key 2 file:/etc/key\n active_key 1\n }\n use_ipvlan ipv.1 2001:db8::3/64 vepa\n}\n',
  'virtual_server_group VG {\n 192.0.2.1-9 80\n 192.0.2.64/28\n fwmark 7 inet\n}\n',
  server('192.0.2.1 80'),
  server('fwmark 5'),
  server('group VG'),
].join('\n');
