/**
 * Virtual servers for the comparison of what is understood: name, and text with FILE and SCRIPT for a track file named `tf` and a
 * program. Services are 10.8.N.0/24, one N a case; nobody answers on 127.0.0.1:1, where the checkers that connect look.
 */
export interface DumpCase {
  readonly name: string;
  readonly text: string;
}
const vs = (head: string, ...lines: string[]): string => `virtual_server ${head} {\n${lines.join('\n')}\n}\n`;
const rs = (...lines: string[]): string => `real_server 127.0.0.1 1 {\n${lines.join('\n')}\n}`;
const nat = 'lvs_sched rr\nlvs_method NAT\nprotocol TCP';
const tcp = 'TCP_CHECK {\n}';
const ssl = (...lines: string[]): string => `SSL_GET {\n${lines.join('\n')}\nurl {\npath /\n}\n}`;
const http = (...lines: string[]): string => `HTTP_GET {\n${lines.join('\n')}\nurl {\npath /\n}\n}`;
/** Each kind of checker, without a value of its own. */
const everyChecker = [
  tcp,
  http(),
  ssl(),
  'SMTP_CHECK {\n}',
  'DNS_CHECK {\n}',
  'MISC_CHECK {\nmisc_path SCRIPT\n}',
  'PING_CHECK {\n}',
  'UDP_CHECK {\n}',
  'FILE_CHECK {\ntrack_file tf\n}',
].join('\n');
export const dumpCases: readonly DumpCase[] = [
  { name: 'nothing but a server', text: vs('10.8.1.1 80', 'protocol TCP', rs()) },
  { name: 'every checker with its defaults', text: vs('10.8.2.1 80', nat, rs(everyChecker)) },
  {
    name: 'every checker with the values of the virtual server',
    text: vs(
      '10.8.3.1 80',
      nat,
      'delay_loop 7',
      'retry 4',
      'delay_before_retry 2.5',
      'warmup 1.25',
      'connect_timeout 3',
      'virtualhost vs.example.org',
      'weight 6',
      'inhibit_on_failure',
      'smtp_alert',
      rs(everyChecker),
    ),
  },
  {
    name: 'every checker with the values of the real server',
    text: vs(
      '10.8.4.1 80',
      nat,
      'delay_loop 7',
      'retry 4',
      'delay_before_retry 2.5',
      'warmup 1.25',
      'connect_timeout 3',
      'virtualhost vs.example.org',
      'weight 6',
      rs(
        'delay_loop 8',
        'retry 2',
        'delay_before_retry 3.5',
        'warmup 2.25',
        'connect_timeout 4',
        'virtualhost rs.example.org',
        'weight 5',
        'inhibit_on_failure',
        'smtp_alert off',
        'alpha',
        everyChecker,
      ),
    ),
  },
  {
    name: 'values of the virtual server behind its real server',
    text: vs(
      '10.8.5.1 80',
      rs(everyChecker),
      nat,
      'delay_loop 7',
      'retry 4',
      'warmup 1.25',
      'weight 6',
      'alpha',
    ),
  },
  {
    name: 'checkers with values of their own',
    text: vs(
      '10.8.6.1 80',
      nat,
      'delay_loop 7',
      'retry 4',
      'connect_timeout 3',
      rs(
        'TCP_CHECK {\nconnect_ip 127.0.0.1\nconnect_port 2\nbindto 127.0.0.2\nbind_port 4000\nconnect_timeout 1.5\nfwmark 5\nretry 1\ndelay_before_retry 4\nwarmup 3\ndelay_loop 9\nalpha\nlog_all_failures\n}',
        http(
          'nb_get_retry 5',
          'delay_before_retry 2',
          'http_protocol 1.1',
          'virtualhost own',
          'fast_recovery',
        ),
        ssl('enable_sni', 'virtualhost own'),
        'SMTP_CHECK {\nhelo_name me.example.org\nconnect_timeout 2\nretry 2\n}',
        'DNS_CHECK {\ntype MX\nname example.org\nretry 6\n}',
        'MISC_CHECK {\nmisc_path "SCRIPT one two"\nmisc_timeout 6\nmisc_dynamic\nwarmup 0\nuser root\n}',
        'PING_CHECK {\nconnect_ip 127.0.0.3\ndelay_loop 2\n}',
        'UDP_CHECK {\npayload 0102fe\nrequire_reply 0102xx04\nmin_reply_length 2\nmax_reply_length 40\nconnect_port 9\n}',
        'FILE_CHECK {\ntrack_file tf\nweight -7\n}',
      ),
    ),
  },
  {
    name: 'pages of HTTP_GET',
    text: vs(
      '10.8.7.1 80',
      nat,
      rs(
        `HTTP_GET {
url {
path /digest
digest 0123456789abcdef0123456789abcdef
}
url {
path "/status page"
status_code 200 204-206 404
}
url {
path /host
virtualhost page.example.org
}
http_protocol 1.0C
}`,
      ),
    ),
  },
  {
    name: 'thresholds, scripts and a name for SNMP',
    text: vs(
      '10.8.8.1 80',
      nat,
      'quorum_up "SCRIPT up"',
      'quorum_down SCRIPT',
      'snmp_name vsname',
      rs(
        'uthreshold 100',
        'lthreshold 50',
        'notify_up "SCRIPT a b"',
        'notify_down SCRIPT root',
        'snmp_name rsname',
        tcp,
      ),
    ),
  },
  {
    name: 'quorum, hysteresis and a sorry server',
    text: vs(
      '10.8.9.1 80',
      nat,
      'quorum 5',
      'hysteresis 2',
      'sorry_server 10.9.0.1 90',
      'sorry_server_inhibit',
      'sorry_server_lvs_method DR',
      'alpha',
      'omega',
      rs('weight 10', tcp),
    ),
  },
  {
    name: 'hysteresis not below the quorum',
    text: vs('10.8.10.1 80', nat, 'quorum 3', 'hysteresis 3', rs('weight 10')),
  },
  {
    name: 'quorum above the sum',
    text: vs('10.8.11.1 80', nat, 'quorum 50', 'hysteresis 2', rs('weight 10')),
  },
  {
    name: 'persistence and UDP with one packet',
    text:
      vs('10.8.12.1 53', 'protocol UDP', 'lvs_sched wrr', 'ops', rs()) +
      vs(
        '10.8.12.2 53',
        'protocol TCP',
        'persistence_timeout 77',
        'persistence_granularity 255.255.255.0',
        rs(),
      ) +
      vs('10.8.12.3 5060', 'protocol UDP', 'persistence_timeout', 'persistence_engine sip', rs()),
  },
  {
    name: 'flags of schedulers',
    text:
      vs('10.8.13.1 80', 'protocol TCP', 'lvs_sched sh', 'sh-port', 'sh-fallback', rs()) +
      vs('10.8.13.2 80', 'protocol TCP', 'lvs_sched mh', 'mh-port', rs()) +
      vs('10.8.13.3 80', 'protocol TCP', 'lvs_sched wlc', 'flag-1', 'flag-3', rs()),
  },
  {
    name: 'forwarding methods of virtual, real and sorry servers',
    text:
      vs(
        '10.8.14.1 80',
        'protocol TCP',
        'lvs_method DR',
        'sorry_server 10.9.0.1 80',
        'real_server 10.9.0.2 80 {\n}',
        'real_server 10.9.0.3 8080 {\nlvs_method NAT\n}',
      ) +
      vs(
        '10.8.14.2 80',
        'protocol TCP',
        'lvs_method TUN type gue port 6080',
        'sorry_server 10.9.0.1 80',
        'real_server 10.9.0.2 80 {\n}',
        'real_server 10.9.0.3 80 {\nlvs_method TUN type gre csum\n}',
      ),
  },
  {
    name: 'ports and protocols that are left out',
    text:
      vs('10.8.15.1', 'protocol TCP', 'lvs_method DR', 'real_server 10.9.0.2 {\n}') +
      vs('10.8.15.2 80', rs()) +
      vs('10.8.15.3 80', 'protocol SCTP', rs()),
  },
  {
    name: 'firewall marks',
    text:
      vs('fwmark 7', 'lvs_method DR', 'real_server 10.9.0.2 80 {\n}') +
      vs('fwmark 8', 'protocol TCP', 'lvs_method NAT', rs(tcp)) +
      vs('fwmark 9', 'ip_family inet6', 'lvs_method DR', 'real_server 2001:db8::2 80 {\n}'),
  },
  {
    name: 'IPv6',
    text: vs(
      '2001:db8:8::1 443',
      nat,
      'persistence_granularity 64',
      'sorry_server 2001:db8::9 9',
      'real_server 2001:db8::2 443 {\n}',
    ),
  },
  {
    name: 'groups',
    text: `virtual_server_group G {\n10.8.18.1 80\n10.8.18.10-12 81\n10.8.18.20-10.8.18.22 82\n10.8.18.64/30 83\nfwmark 70\n}
virtual_server_group H {\n2001:db8:8::10-12 80\nfwmark 71\n}
virtual_server_group M {\nfwmark 72\nfwmark 73 inet6\n}
${vs('group G', nat, rs(tcp))}${vs('group G', 'protocol UDP', rs())}${vs('group H', nat, 'real_server 2001:db8::2 80 {\n}')}`,
  },
  {
    name: 'what is read and has little meaning',
    text: vs(
      '10.8.19.1 80',
      nat,
      'ha_suspend',
      rs('weight 0', tcp),
      'real_server 10.9.0.7 80 {\nweight 65535\n}',
    ),
  },
];
