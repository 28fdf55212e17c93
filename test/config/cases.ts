/**
 * A text for every diagnostic, with « and » around the place that it must point at. The tests look at the places, the page of
 * diagnostics shows what is said of them.
 */
import type { Diagnostic } from '../../lib/config/diagnostic.js';
import { parseConfig, type ParseOptions } from '../../lib/config/load.js';
import { fakeFiles, fakeMachine } from './machine.js';

export interface Case {
  readonly code: string;
  /** With « and » around the place; without them the place is not looked at. */
  readonly text: string;
  readonly options?: ParseOptions;
  readonly files?: Parameters<typeof fakeFiles>[0];
  readonly replacement?: string;
}

export const global = (lines: string): string => `global_defs {\n ${lines}\n}\n`;
export const vip = 'virtual_ipaddress {\n 192.0.2.9/24\n }';
export const instance = (lines: string): string =>
  `vrrp_instance V {\n interface eth0\n virtual_router_id 5\n ${vip}\n ${lines}\n}\n`;
export const plain = (lines: string, name = 'V'): string =>
  `vrrp_instance ${name} {\n interface eth0\n ${lines}\n}\n`;
export const server = (lines: string): string =>
  `virtual_server 192.0.2.1 80 {\n lvs_sched rr\n lvs_method NAT\n protocol TCP\n ${lines}\n}\n`;
const real = 'real_server 10.0.0.1 80 {\n }';
const secured = global('enable_script_security\n script_user root');

export const cases: readonly Case[] = [
  { code: 'KA1003', text: '\ufeff«»global_defs {\n}\n' },
  { code: 'KA1004', text: 'global_defs {\n router_id x«\0»y\n}\n' },
  { code: 'KA1005', text: `global_defs {\n«  router_id ${'x'.repeat(1100)}»\n}\n` },
  { code: 'KA1006', text: 'global_defs {\n router_id «"abc»\n}\n' },
  { code: 'KA1007', text: '# a «\\»\nglobal_defs {\n}\n' },
  { code: 'KA1008', text: 'x\n'.repeat(10_003) },
  { code: 'KA1101', text: 'include «none.conf»\n' },
  { code: 'KA1102', text: 'include «conf.d/*.conf»\n' },
  { code: 'KA1103', text: 'include «/etc»\n', files: { '/etc/x': '' } },
  { code: 'KA1104', text: 'includem «none.conf»\n' },
  { code: 'KA1105', text: 'includer «/etc»\n', files: { '/etc/x': '' } },
  { code: 'KA1106', text: 'include «k.conf»\n' },
  { code: 'KA1107', text: 'include /c/0\n', files: chainOfIncludes(80) },
  { code: 'KA1201', text: '$A=x«${A}»\nglobal_defs {\n router_id ${A}\n}\n' },
  { code: 'KA1202', text: `$A0=${'x'.repeat(1000)}\n${doublings(24)}global_defs {\n router_id \${A24}\n}\n` },
  { code: 'KA1203', text: 'global_defs {\n «~SEQ(I, 5, 1, 1)» router_id $I\n}\n' },
  { code: 'KA1204', text: 'global_defs {\n ~LST({a,b},«{1,2,3}») router_id $a\n}\n' },
  { code: 'KA1205', text: 'global_defs {\n ~SEQ(I,1,2000000) ~SEQ(J,1,10) router_id x\n}\n' },
  { code: 'KA1206', text: 'global_defs {\n router_id «${_RANDOM 9 3}»\n}\n' },
  { code: 'KA1207', text: `${'@^x a { '.repeat(20)}\n` },
  { code: 'KA2001', text: 'global_defs { «{»\n router_id x\n}\n' },
  { code: 'KA2002', text: `${global('router_id x')}«}»\n` },
  {
    code: 'KA2020',
    text: `vrrp_script s {\n script /bin/true\n\n${instance('').replace('vrrp_instance V', '«vrrp_instance V»')}`,
  },
  { code: 'KA2003', text: 'global_defs {\n router_id x\n«»' },
  { code: 'KA2004', text: '«global_defs»\n router_id x\n}\n' },
  { code: 'KA2005', text: global('«ruoter_id» x'), replacement: 'router_id' },
  { code: 'KA2006', text: 'global_defs {\n «vrrp_instance» V {\n }\n}\n' },
  { code: 'KA2007', text: global('«vrrp_iptables»') },
  { code: 'KA2008', text: global('router_id x «{»\n }') },
  { code: 'KA2009', text: 'vrrp_sync_group G {\n group { A }\n}\nvrrp_sync_group «G» {\n group { B }\n}\n' },
  { code: 'KA2012', text: global('snmp_socket a\n «snmp_socket» b') },
  { code: 'KA2013', text: global('«vrrp_vmac_garp_intvl» 5'), replacement: 'vrrp_garp_extra_if' },
  { code: 'KA2014', text: '«vrrp_track_file» T {\n file /x\n}\n', replacement: 'track_file' },
  { code: 'KA2015', text: global('«enable_dbus»') },
  { code: 'KA2016', text: global('«json_version» 2') },
  { code: 'KA2017', text: '«virtual_server_group» G\n' },
  { code: 'KA2019', text: instance('track_interface «eth1» {\n }') },
  { code: 'KA2018', text: instance('«track_interface»') },
  { code: 'KA2021', text: global('notification_email «a@example.org» b@example.org\n router_id x') },
  { code: 'KA2023', text: instance('priority «{{ priority }}»') },
  { code: 'KA2023', text: `${plain('nopreempt')}«{% for x in y %}»\n` },
  { code: 'KA2024', text: instance('priority «${PRIORITY:-100}»') },
  { code: 'KA2024', text: instance('priority «$(cat /etc/prio)»\n advert_int `cat x`') },
  { code: 'KA2024', text: `vrrp_instance V {\n interface «\${IF}»\n virtual_router_id \${ID}\n ${vip}\n}\n` },
  {
    code: 'KA2024',
    text: `vrrp_instance V {\n interface «<your interface>»\n virtual_router_id <id>\n ${vip}\n}\n`,
  },
  { code: 'KA2024', text: plain('virtual_router_id 5\n virtual_ipaddress {\n «<--VIP-->»\n }') },
  { code: 'KA2024', text: plain('virtual_router_id «@ID@»\n virtual_ipaddress {\n xxx.xxx.xxx.xxx/xx\n }') },
  {
    code: 'KA2025',
    text: `vrrp_instance V {\n interface eth0\n virtual_router_id 5\n ${vip}\n«<<<<<<< HEAD»\n priority 50\n=======\n priority 100\n>>>>>>> f634149\n}\n`,
  },
  { code: 'KA2022', text: instance('priority 100 «nopreempt»') },
  { code: 'KA2022', text: instance('state BACKUP\n nopreempt «off»') },
  { code: 'KA2006', text: `${plain('virtual_router_id 5\n }\n «virtual_ipaddress» {\n 192.0.2.9')}}\n` },
  { code: 'KA2101', text: global('«vrrp_version»') },
  { code: 'KA2102', text: global('«router_id»') },
  { code: 'KA2103', text: global('«smtp_helo_name»') },
  { code: 'KA2104', text: global('vrrp_version «two»') },
  { code: 'KA2105', text: global('vrrp_garp_master_delay «7abc»'), options: { mode: 'daemon' } },
  { code: 'KA2106', text: global('vrrp_version «4»') },
  { code: 'KA2107', text: global('smtp_connect_timeout «0»') },
  { code: 'KA2108', text: global('vrrp_gna_interval «1.0000001»') },
  { code: 'KA2109', text: global('smtp_alert «TRUE»') },
  { code: 'KA2110', text: server(`lvs_sched «wrrr»\n ${real}`), replacement: 'wrr' },
  { code: 'KA2111', text: global('vrrp_mcast_group4 «10.0.0.1»') },
  { code: 'KA2112', text: instance('priority «300»') },
  { code: 'KA2113', text: global('process_name «abcdefghijklmnopqrst»') },
  { code: 'KA2114', text: global('«notification_email» {\n }') },
  { code: 'KA2115', text: instance('track_interface {\n eth1 weight 5 «foo»\n }') },
  { code: 'KA2116', text: instance('track_interface {\n eth1 «foo»\n }') },
  { code: 'KA2117', text: 'track_group T {\n group {\n «V»\n }\n}\n' },
  { code: 'KA2118', text: global('vrrp_garp_interval «0»') },
  { code: 'KA3001', text: plain(vip, '«V»') },
  { code: 'KA3002', text: `vrrp_instance «V» {\n virtual_router_id 5\n ${vip}\n}\n` },
  { code: 'KA3003', text: `vrrp_instance V {\n interface «lo»\n virtual_router_id 5\n ${vip}\n}\n` },
  { code: 'KA3004', text: `vrrp_instance V {\n interface «nosuch0»\n virtual_router_id 5\n ${vip}\n}\n` },
  {
    code: 'KA3005',
    text: `${plain(`virtual_router_id 5\n ${vip}`, 'A')}${plain(`virtual_router_id «5»\n ${vip}`, 'B')}`,
  },
  { code: 'KA3032', text: `vrrp_instance V {\n interface «tun0»\n virtual_router_id 5\n ${vip}\n}\n` },
  { code: 'KA3033', text: instance('virtual_routes {\n «192.0.2.0/24» dev eth0 vrf blue\n }') },
  { code: 'KA3006', text: plain('virtual_router_id 5', '«V»') },
  { code: 'KA3007', text: plain('virtual_router_id 5\n version 3', '«V»') },
  { code: 'KA3008', text: instance('authentication {\n auth_type PASS\n auth_pass «123456789»\n }') },
  { code: 'KA3009', text: instance('version 3\n «authentication» {\n auth_type PASS\n auth_pass 1\n }') },
  { code: 'KA3010', text: instance('«unicast_src_ip» 192.0.2.1') },
  { code: 'KA3011', text: instance('state MASTER\n priority 200\n «nopreempt»') },
  {
    code: 'KA3012',
    text: plain('virtual_router_id 5\n virtual_ipaddress {\n 10.0.0.100/24 dev eth0 «lable» eth0:0\n }'),
    replacement: 'label',
  },
  { code: 'KA3013', text: plain('virtual_router_id 5\n virtual_ipaddress {\n 10.0.0.1\n «2001:db8::1»\n }') },
  { code: 'KA3014', text: instance('track_script {\n «chk»\n }') },
  { code: 'KA3015', text: `vrrp_sync_group G {\n group {\n V\n «W»\n }\n}\n${instance('')}` },
  { code: 'KA3016', text: 'vrrp_sync_group «G» {\n group {\n W\n }\n}\n' },
  { code: 'KA3017', text: `vrrp_sync_group «G» {\n group {\n V\n }\n}\n${instance('')}` },
  { code: 'KA3018', text: instance('track_interface {\n «eth0»\n }') },
  { code: 'KA3019', text: instance('strict_mode\n state «MASTER»\n priority 100') },
  { code: 'KA3019', text: instance('strict_mode\n «accept»') },
  { code: 'KA3020', text: instance('«use_vmac»\n unicast_peer {\n 192.0.2.2\n }') },
  { code: 'KA3021', text: 'static_rules {\n «from» 10.0.0.0/8 table 7 no_track\n}\n' },
  {
    code: 'KA3022',
    text: instance('state MASTER\n priority 255\n track_interface {\n «eth1» weight 10\n }'),
  },
  { code: 'KA3023', text: plain(`virtual_router_id 5\n virtual_ipaddress {\n ${manyAddresses(256)}\n }`) },
  {
    code: 'KA3024',
    text: plain('virtual_router_id 5\n use_vmac\n virtual_ipaddress {\n «192.0.2.9» use_vmac\n }'),
  },
  { code: 'KA3025', text: 'bfd_instance «B» {\n}\n' },
  {
    code: 'KA3026',
    text: plain(
      'virtual_router_id 5\n virtual_ipaddress {\n 10.0.0.1 label «abcdefghijklmnop»\n 10.0.0.2\n }',
    ),
  },
  {
    code: 'KA3027',
    text: `vrrp_sync_group G {\n group {\n V\n }\n track_interface {\n eth1\n }\n}\n${instance('track_interface {\n «eth1»\n }')}`,
  },
  { code: 'KA3028', text: instance('virtual_routes {\n «192.0.2.0/24» via 10.0.0.1\n }') },
  {
    code: 'KA3029',
    text: instance('auth_hmac {\n key 1 «file:/k»\n active_key 1\n }'),
    files: { '/k': { text: 'x'.repeat(32), mode: 0o644 } },
  },
  {
    code: 'KA3030',
    text: `vrrp_instance «V» {\n virtual_router_id 5\n ${vip}\n unicast_src_ip 192.0.2.1\n unicast_peer {\n 192.0.2.2\n }\n}\n`,
  },
  { code: 'KA4001', text: 'virtual_server «192.0.2.1» 80 {\n lvs_sched rr\n}\n' },
  { code: 'KA4002', text: `virtual_server «192.0.2.1» 80 {\n lvs_sched rr\n protocol TCP\n ${real}\n}\n` },
  { code: 'KA4003', text: `virtual_server «www» 80 {\n ${real}\n}\n` },
  { code: 'KA4004', text: server(`real_server «2001:db8::1» 80 {\n }\n ${real}`) },
  { code: 'KA4005', text: server(`${real}\n real_server «10.0.0.1» 80 {\n }`) },
  { code: 'KA4006', text: server('lvs_method DR\n real_server «10.0.0.1» 8080 {\n }') },
  { code: 'KA4006', text: server(`lvs_method DR\n sorry_server «10.0.0.9» 90\n ${real}`) },
  {
    code: 'KA4014',
    text: `virtual_server_group G {\n 192.0.2.1 80\n 192.0.2.2 81\n}\nvirtual_server group G {\n lvs_sched rr\n lvs_method DR\n protocol TCP\n real_server «10.0.0.1» 80 {\n }\n}\n`,
  },
  { code: 'KA4007', text: server(`quorum «3»\n ${real}`) },
  { code: 'KA4008', text: server(`hysteresis «1»\n ${real}`) },
  { code: 'KA4009', text: `virtual_server «group» G {\n ${real}\n}\n` },
  { code: 'KA4010', text: 'virtual_server_group «G» {\n}\n' },
  { code: 'KA4011', text: server(`«ops»\n ${real}`) },
  { code: 'KA4012', text: server('real_server 10.0.0.1 80 {\n «HTTP_GET» {\n }\n }') },
  { code: 'KA4013', text: server('real_server 10.0.0.1 80 {\n MISC_CHECK {\n misc_path «/no/such»\n }\n }') },
  { code: 'KA5001', text: instance('notify «/usr/bin/true»') },
  { code: 'KA5002', text: `${secured}vrrp_script s {\n script «/no/such»\n}\n${instance('')}` },
  { code: 'KA5003', text: 'vrrp_script «s» {\n}\n' },
  { code: 'KA5004', text: `${secured}${instance('notify «/no/such»')}` },
  { code: 'KA5005', text: global('script_user «nosuch»') },
  { code: 'KA5006', text: global('script_user root «nosuch»') },
  {
    code: 'KA5007',
    text: `${global('enable_script_security')}vrrp_script «s» {\n script /usr/bin/true\n}\n`,
  },
  { code: 'KA5008', text: `${secured}${instance('notify /usr/bin/true «-t»')}` },
  {
    code: 'KA5009',
    text: `${secured}vrrp_script s {\n script «/opt/x»\n}\n${instance('')}`,
    files: { '/opt/x': { text: '', mode: 0o777 } },
  },
  { code: 'KA5010', text: `${global('default_interface nosuch0')}static_ipaddress {\n «192.0.2.1/24»\n}\n` },
  {
    code: 'KA3031',
    text: `${global('dynamic_interfaces')}${plain(`virtual_router_id 5\n ${vip}`, 'A')}${plain(`virtual_router_id «5»\n ${vip}`, 'B')}`.replaceAll(
      'eth0',
      'nic0',
    ),
  },
  { code: 'KA5011', text: 'track_file «T» {\n}\n' },
  { code: 'KA5012', text: 'net_namespace «green»\n' },
  { code: 'KA5013', text: global('config_save_dir «/no/such/dir»') },
  { code: 'KA5017', text: global('smtp_server «nosuch.example.org»'), options: { mode: 'test' } },
  { code: 'KA5014', text: global('reload_time_file «x»') },
  {
    code: 'KA5016',
    text: `${secured}vrrp_script s {\n script «/opt/x»\n}\n${instance('')}`,
    files: { '/opt/x': { text: '', mode: 0o644 } },
  },
];

/** Raised by what has no text: the main file itself, and a file system without end. */
export const elsewhere = ['KA1001', 'KA1002', 'KA1009', 'KA1010', 'KA1108'];

function chainOfIncludes(length: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length }, (_, index) => [`/c/${String(index)}`, `include /c/${String(index + 1)}\n`]),
  );
}

function doublings(count: number): string {
  return Array.from(
    { length: count },
    (_, index) => `$A${String(index + 1)}=\${A${String(index)}}\${A${String(index)}}\n`,
  ).join('');
}

function manyAddresses(count: number): string {
  return Array.from(
    { length: count },
    (_, index) => `10.0.${String(index >> 8)}.${String(index & 255)}`,
  ).join('\n ');
}

export function diagnose({
  text,
  options,
  files,
}: Pick<Case, 'text' | 'options' | 'files'>): readonly Diagnostic[] {
  const clean = text.replace('«', '').replace('»', '');
  const access = fakeFiles({ '/etc/keepalived/k.conf': clean, ...files });
  return parseConfig(
    { path: '/etc/keepalived/k.conf' },
    { mode: 'test', machine: fakeMachine(), files: access, ...options },
  ).diagnostics;
}
