/**
 * Small configurations, given to keepalived's own test mode and to ours: the status must be the same.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { parseConfig } from '../../lib/config/load.js';
import { keepalivedStatus } from '../../lib/config/verdict.js';

const reason = missing();

/** Why the comparison cannot be made; the recorded statuses are those of 2.2.7 in Debian's build. */
function missing(): string | undefined {
  const { error, stderr } = spawnSync('keepalived', ['--version'], { encoding: 'utf8' });
  if (error !== undefined) return 'keepalived is not installed';
  return stderr.includes('v2.2.7') ? undefined : 'the installed keepalived is not 2.2.7';
}

const global = (...lines: string[]): string => `global_defs {\n ${lines.join('\n ')}\n}\n`;
const vip = 'virtual_ipaddress {\n 192.0.2.9/24\n }';
const named = (name: string, ...lines: string[]): string =>
  `vrrp_instance ${name} {\n ${lines.join('\n ')}\n}\n`;
/** dynamic_interfaces lets the interface be absent where the test runs. */
const dynamic = global('dynamic_interfaces');
const instance = (...lines: string[]): string =>
  dynamic + named('V', 'interface nic0', 'virtual_router_id 5', vip, ...lines);
const vips = (...lines: string[]): string =>
  dynamic +
  named('V', 'interface nic0', 'virtual_router_id 5', `virtual_ipaddress {\n ${lines.join('\n ')}\n }`);
const server = (...lines: string[]): string =>
  `virtual_server 192.0.2.1 80 {\n lvs_sched rr\n lvs_method NAT\n protocol TCP\n ${lines.join('\n ')}\n}\n`;
const real = 'real_server 10.0.0.1 80 {\n }';
const checker = (kind: string, ...lines: string[]): string =>
  server(`real_server 10.0.0.1 80 {\n ${kind} {\n ${lines.join('\n ')}\n }\n }`);

const configurations: readonly string[] = [
  '',
  '# nothing\n',
  global('router_id x'),
  global('colour x'),
  global('router_id'),
  global('vrrp_version'),
  global('vrrp_version 3'),
  global('vrrp_version 4'),
  global('vrrp_version 3x'),
  global('vrrp_garp_interval 0'),
  global('vrrp_garp_interval 0.5'),
  global('vrrp_garp_master_repeat 0'),
  global('vrrp_mcast_group4 224.0.0.30'),
  global('vrrp_mcast_group4 10.0.0.1'),
  global('vrrp_strict', 'vrrp_skip_check_adv_addr'),
  global('smtp_alert maybe'),
  global('smtp_connect_timeout 30'),
  global('notification_email {\n }'),
  global('notification_email {\n a@example.org\n }'),
  global('vrrp_rt_priority 100'),
  global('vrrp_priority -20'),
  global('vrrp_priority -21'),
  global('umask 0177'),
  global('umask IRUSR | IWUSR'),
  global('lvs_timeouts tcp 7 udp 5'),
  global('lvs_flush_onstop VS'),
  global('lvs_process_name x'),
  global('vrrp_vmac_garp_intvl 5'),
  global('script_user nosuchuser'),
  global('script_user 0'),
  global('vrrp_strict off') +
    named(
      'V',
      'interface lo',
      'virtual_router_id 5',
      vip,
      'authentication {\n auth_type PASS\n auth_pass x\n }',
    ),
  global('vrrp_skip_check_adv_addr maybe'),
  global('startup_script /bin/true nosuchuser'),
  global('startup_script /bin/true root'),
  global('startup_script /bin/true', 'enable_script_security'),
  global('lvs_sync_daemon lo V 5'),
  global('smtp_server 127.0.0.1 smtp'),
  global('smtp_server no-such-host.invalid'),
  global('umask 1 2'),
  global('vmac_prefix a/b'),
  global('reload_time_file x'),
  global('json_dump_file'),
  global('snmp_socket unix:/x y'),
  global('reload_time_file /x y'),
  global('vrrp_garp_extra_if 5 6'),
  global('config_save_dir ""'),
  'garp_group {\n garp_interval 1\n interfaces {\n }\n}\n',
  'linkbeat_use_polling\nnamespace_with_ipsets\nlinkbeat_interfaces {\n lo MII\n}\n',
  'vrrp_track_process P {\n process init\n quorum 2\n}\n',
  'vrrp_script s {\n script /bin/true\n user root 0\n}\n',
  'virtual_server_group G\n 192.0.2.1 80\n}\n',
  'SSL {\n ca\n}\n',
  global('default_interface nosuch0'),
  global('enable_dbus', 'enable_snmp_vrrp', 'enable_snmp_checker'),
  global('nftables', 'nftables_priority 5'),
  global('vrrp_iptables'),
  '$A = x\n',
  '$A=x\nglobal_defs {\n router_id $A\n}\n',
  '@other global_defs {\n',
  'global_defs {\n router_id "x\n}\n',
  'global_defs {\n router_id x\n',
  'global_defs {\n router_id x\n}\n}\n',
  'foo {\n bar\n}\n',
  'include /no/such/file.conf\n',
  'includem /no/such/file.conf\n',
  '# comment \\\n',
  instance(),
  instance('priority 0'),
  instance('priority 255'),
  instance('state MASTER', 'priority 200', 'nopreempt'),
  instance('state SLAVE'),
  instance('nopreempt', 'preempt_delay 5'),
  instance('advert_int 0.5'),
  instance('version 3', 'advert_int 0.5'),
  instance('version 3', 'authentication {\n auth_type PASS\n auth_pass x\n }'),
  instance('authentication {\n auth_type PASS\n auth_pass 123456789\n }'),
  instance('authentication {\n auth_type FOO\n auth_pass 1\n }'),
  instance('unicast_src_ip 192.0.2.1', 'unicast_peer {\n 192.0.2.2\n }'),
  instance('unicast_src_ip 192.0.2.1'),
  instance('unicast_peer {\n 2001:db8::1\n }'),
  instance('unicast_ttl 5'),
  instance('track_interface {\n nic0\n }'),
  instance('track_interface {\n nic1 weight 5\n }'),
  instance('track_interface {\n nic1 weight 400\n }'),
  instance('track_interface {\n nic1 weight ""\n }'),
  `track_file f {\n file /x\n weight ""\n}\n${instance('track_file {\n f\n }')}`,
  instance('kernel_rx_buf_size 5 6'),
  instance('garp_extra_if all'),
  instance('garp_extra_if all 5 6'),
  instance('track_script {\n nosuch\n }'),
  instance('strict_mode', 'state BACKUP', 'priority 100'),
  instance('notify_master /no/such'),
  instance('notify_master "/bin/sh -c true"'),
  instance('debug 3'),
  instance('debug'),
  instance('track_interface'),
  instance('track_interface nic1 {\n }'),
  instance('unicast_src_ip 192.0.2.1/24', 'unicast_peer {\n 192.0.2.2/24\n }'),
  instance('notify_master ""'),
  dynamic + named('V W', 'interface nic0', 'virtual_router_id 5', vip),
  vips('192.0.2.1/'),
  'virtual_server_group G x {\n 192.0.2.1 80\n}\n',
  server('snmp_name a b', real),
  server('ip_family inet6', real),
  ...['255.255.255.0', '255.255', '24', '129', '0', '0xff', '4294967296', '1.2.3.4.5', 'x', '""'].map(
    (mask) => server(`persistence_granularity ${mask}`, real),
  ),
  ...['64', '0', '129', '255.255.255.0', '0xff'].map(
    (length) =>
      `virtual_server 2001:db8::1 80 {\n persistence_granularity ${length}\n protocol TCP\n lvs_method NAT\n real_server 2001:db8::2 80 {\n }\n}\n`,
  ),
  server('sorry_server 10.0.0.9/24 80', 'real_server 10.0.0.1/24 80 {\n }'),
  checker('DNS_CHECK', 'type mx'),
  checker('UDP_CHECK', 'min_reply_length 5', 'max_reply_length 3'),
  instance('virtual_routes'),
  instance('native_ipv6'),
  instance('vrf x'),
  instance('vmac_xmit_base'),
  instance('use_ipvlan'),
  instance('use_vmac vrrp.5 00:00:5e:00:01:05'),
  instance('notify_master /bin/true 0'),
  instance('garp_master_delay 1', 'garp_master_refresh 60', 'garp_lower_prio_repeat 0'),
  instance(
    'virtual_routes {\n 203.0.113.0/24 via 192.0.2.2 dev nic0\n default via 192.0.2.3 dev nic0 metric 5\n }',
  ),
  instance('virtual_routes {\n 203.0.113.0/24 via 192.0.2.2\n }'),
  instance('virtual_routes {\n blackhole 203.0.113.0/24 no_track\n }'),
  instance('virtual_routes {\n 203.0.113.0/24 dev nic0 fnord\n }'),
  ...[
    '5 203.0.113.0/24 dev nic0',
    '0x6 203.0.113.0/24 dev nic0',
    '256 203.0.113.0/24 dev nic0',
    '203.0.113.0/24 dev nic0 7',
    '10',
    'blackhole',
    '203.0.113.0/24 blackhole',
    '6 default dev nic0',
    'blackhole to 203.0.113.0/24 dev nic0',
    'via 192.0.2.2 blackhole 203.0.113.0/24 dev nic0',
    'unicast 203.0.113.0/24 broadcast 198.51.100.0/24 dev nic0',
    'blackhole no_track 203.0.113.0/24',
    '203.0.113.0/24 nexthop via 192.0.2.2 dev nic0 nexthop via 192.0.2.3 dev nic0',
    '203.0.113.0/24 no_track nexthop via 192.0.2.2 dev nic0',
  ].map((route) => instance(`virtual_routes {\n ${route}\n }`)),
  instance('virtual_rules {\n from 192.0.2.0/24 table 100 priority 5\n }'),
  instance('virtual_rules {\n from 192.0.2.0/24 table 100\n }'),
  instance('virtual_rules {\n from 192.0.2.0/24 priority 5\n }'),
  dynamic + named('V', 'interface nic0', 'virtual_router_id 5'),
  dynamic + named('V', 'interface nic0', vip),
  dynamic + named('V', 'virtual_router_id 5', vip),
  dynamic +
    named('A', 'interface nic0', 'virtual_router_id 5', vip) +
    named('B', 'interface nic0', 'virtual_router_id 5', vip),
  named('V', 'interface nosuch0', 'virtual_router_id 5', vip),
  vips('192.0.2.1'),
  vips('192.0.2.1/40'),
  vips('192.0.2.1/24 dev nic0 label nic0:1'),
  vips('192.0.2.1/24 dev nic0 lable nic0:1'),
  vips('192.0.2.1/24 brd +', '192.0.2.2/24 scope link', '192.0.2.3/24 scope fnord'),
  vips('192.0.2.1/32 brd +'),
  vips('192.0.2.1/24 peer 192.0.2.7'),
  vips('192.0.2.1 dev'),
  vips('2001:db8::1/64 label x'),
  vips('2001:db8::1/64', '2001:db8::2/128 preferred_lft 0'),
  vips('192.0.2.1', '2001:db8::1'),
  'vrrp_script s {\n}\n',
  `vrrp_script s {\n script /no/such\n}\n${instance()}`,
  `vrrp_script s {\n script /bin/true\n interval 0\n}\n`,
  `vrrp_script s {\n script /bin/true\n weight 300\n}\n`,
  'vrrp_sync_group G {\n group {\n A\n B\n }\n}\n',
  `${instance()}vrrp_sync_group G {\n group {\n V\n }\n}\n`,
  'track_file T {\n}\n',
  'bfd_instance B {\n neighbor_ip 192.0.2.1\n}\n',
  'bfd_instance B {\n}\n',
  'virtual_server_group G {\n}\n',
  'virtual_server_group G {\n 192.0.2.1 80\n 192.0.2.2-9 80\n fwmark 7\n}\n',
  server(real),
  server(),
  server(real, real),
  server('quorum 5', real),
  server('hysteresis 1', real),
  server('ops', real),
  server('persistence_timeout', real),
  server('persistence_timeout 0', real),
  server('lvs_sched fnord', real),
  server('sh-port', real),
  server('lvs_sched sh', 'sh-port', real),
  server('real_server 2001:db8::1 80 {\n }', real),
  server('lvs_method DR', 'real_server 10.0.0.1 81 {\n }'),
  server('sorry_server 10.0.0.9 80', real),
  server('delay_loop 0', real),
  server('alpha', 'omega', 'ha_suspend', real),
  `virtual_server 192.0.2.1 80 {\n ${real}\n}\n`,
  `virtual_server 192.0.2.1 {\n lvs_sched rr\n lvs_method NAT\n protocol TCP\n ${real}\n}\n`,
  `virtual_server www 80 {\n ${real}\n}\n`,
  `virtual_server fwmark 5 {\n lvs_sched rr\n lvs_method NAT\n protocol TCP\n ${real}\n}\n`,
  `virtual_server fwmark 5 {\n lvs_sched rr\n lvs_method NAT\n ${real}\n}\n`,
  `virtual_server group G {\n lvs_sched rr\n lvs_method NAT\n protocol TCP\n ${real}\n}\n`,
  checker('TCP_CHECK'),
  checker('TCP_CHECK', 'connect_timeout 3', 'retry 2', 'delay_before_retry 1', 'connect_port 81'),
  checker('TCP_CHECK', 'connect_port 0'),
  checker('TCP_CHECK', 'connect_timeout'),
  checker('TCP_CHECK', 'bindto fnord'),
  checker('HTTP_GET', 'url {\n path /\n status_code 200\n }', 'connect_timeout 3'),
  checker('HTTP_GET', 'url {\n path /\n digest abc\n }'),
  checker('HTTP_GET', 'url {\n path /\n status_code 999\n }'),
  checker('HTTP_GET', 'nb_get_retry 3', 'url {\n path /\n }'),
  checker('SSL_GET', 'enable_sni', 'url {\n path /\n }'),
  checker('SMTP_CHECK', 'helo_name x', 'connect_timeout 3'),
  checker('DNS_CHECK', 'type A', 'name example.org'),
  checker('DNS_CHECK', 'type FNORD'),
  checker('MISC_CHECK', 'misc_path "/no/such x"', 'misc_dynamic'),
  checker('MISC_CHECK'),
  checker('PING_CHECK', 'retry 3'),
  checker('UDP_CHECK', 'payload 0102', 'require_reply'),
  checker('FILE_CHECK', 'track_file nosuch'),
  checker('BFD_CHECK', 'name nosuch'),
  'static_ipaddress {\n 192.0.2.1/24 dev lo\n}\n',
  'static_routes {\n 192.0.2.0/24 via 10.0.0.1 dev lo\n}\n',
  'static_rules {\n from 192.0.2.0/24 table 100 priority 5\n}\n',
  'net_namespace nosuchnamespace\nfoo\n',
  'use_pid_dir\ninstance x\nchild_wait_time 7\n',
  // Braces that do not fit.
  instance('colour {\n priority 999\n }', 'priority'),
  instance('colour {\n priority\n }'),
  instance('state BACKUP {\n }', 'track_script {\n x\n }'),
  instance('authentication', 'auth_type PASS', 'auth_pass secret'),
  instance('track_interface'),
  `${instance()}vrrp_instance W {\n ${instance()}`,
  `${instance()}}\n{\n${server(real)}`,
  `vrrp_script s {\n script "/bin/true"\n${instance('track_script {\n s\n }')}`,
  `colour {\n${instance('priority')}}\n`,
  `${instance()}vrrp_instance V {\n priority\n}\n`,
  `${instance()}vrrp_instance V {\n colour {\n }\n priority\n}\nvrrp_script\n`,
  vips('192.0.2.1 {', '192.0.2.2', '}', '192.0.2.3'),
  server(real.replace('}', 'TCP_CHECK\n {\n connect_port\n }\n }')),
  server('colour {\n }', real),
  server(real.replace('10.0.0.1', '10.0.0.999').replace('}', 'weight\n }')),
  'virtual_server_group G }\n',
  `${dynamic}vrrp_sync_group G {\n group {\n V\n }\n group {\n W\n }\n notify\n}\n`,
  instance('virtual_routes {\n 192.0.2.0/24 dev nic0 mtu\n }'),
  instance('virtual_routes {\n 192.0.2.0/24 dev nic0 expires\n }'),
  instance('virtual_routes {\n 192.0.2.0/24 dev nic0 to\n }'),
  instance('virtual_rules {\n from 192.0.2.0/24 priority 7 table\n }'),
  instance('virtual_rules {\n from 192.0.2.0/24 priority 7 table 5 to\n }'),
  `${instance().replace('virtual_ipaddress {', 'virtual_ipaddress')}track_file {\n}\n`,
  instance('track_file {\n }').replace('virtual_ipaddress {', 'virtual_ipaddress'),
  instance('use_vmac').replace('192.0.2.9/24', '192.0.2.9/24 use_vmac'),
  instance('virtual_routes {\n 192.0.2.0/24 dev nic0 198.51.100.0/24\n }'),
  instance('notify "/bin/true'),
  instance('notify_master /bin/true "x'),
  instance('priority "100'),
  instance('priority 100"'),
  instance('@other priority "100'),
  instance('priority 100 \\'),
  instance('interface nic0 {').replace('interface nic0\n', ''),
  instance('authentication {\n auth_type PASS\n auth_pass ""\n }'),
  'vrrp_track_process p {\n process init\n process\n}\n',
  'vrrp_track_process p {\n process init\n weight 1\n weight 1\n}\n',
  'track_file f {\n file /x\n weight 1\n weight 1\n}\n',
  'garp_group {\n garp_interval 0\n}\n',
  `bfd_instance B {\n neighbor_ip 192.0.2.7\n checker\n}\n${instance('track_bfd {\n B\n }')}`,
  'SSL {\n ca /x\n ca /x\n}\n' + server(real),
  server('sorry_server_lvs_method NAT', real),
  global('vrrp_rx_bufs_policy MTU 5'),
  global('router_id "x'),
  global('process_names \\'),
  global('startup_script ""'),
  global('lvs_sync_daemon "nic0 instance V"'),
  global('vrrp_garp_extra_if 5 x'),
  server('quorum_up "/bin/true', real),
  checker('HTTP_GET', `url {\n path /\n ${'digest 640205b7b0fc66c1ea91c463fac6334c\n'.repeat(2)} }`),
];

test('keepalived -t and ours give the same status', { skip: reason ?? false }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'ka-config-'));
  const path = join(directory, 'k.conf');
  const wrong: string[] = [];
  try {
    for (const text of configurations) {
      writeFileSync(path, text);
      const { status, stderr } = spawnSync('keepalived', ['-t', '-f', path], { encoding: 'utf8' });
      const { asKeepalived } = parseConfig({ path }, { mode: 'test' });
      const ours = keepalivedStatus(asKeepalived, '2.2.7');
      if (ours === status) continue;
      const said = asKeepalived.filter((item) => item.keepalivedClass !== 'none').map((item) => item.message);
      wrong.push(
        `${text}\nkeepalived: ${String(status)} ${stderr}\nours: ${String(ours)} ${said.join('; ')}`,
      );
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
  assert.equal(wrong.length, 0, `\n${wrong.join('\n----\n')}`);
});
