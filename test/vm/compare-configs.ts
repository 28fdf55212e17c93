/**
 * Configurations for the comparison with keepalived: name, and text without global_defs. Together they use every option. Services
 * are 10.8.0.0/16 or 2001:db8:8::, servers 10.9.0.0/24 or 2001:db8:9::. Two files are switches: `first` takes the first server
 * of every virtual server down, `others` all the rest. SCRIPT is a program that keeps its arguments.
 */

export interface CompareCase {
  readonly name: string;
  readonly text: string;
}

/** The servers that fail first. */
export const firstServers: readonly string[] = ['10.9.0.1', '2001:db8:9::1'];

/** Waits longer than any test, so that an alpha server stays what it is at the start. */
const unsettled = 'TCP_CHECK {\nwarmup 1000\n}';
const rs = (more = '', address = '10.9.0.1', port = '8080', checker = follows(address)): string =>
  `real_server ${address} ${port} {\n${more}\n${checker}\n}\n`;
const follows = (address: string): string =>
  `FILE_CHECK {\ntrack_file ${firstServers.includes(address) ? 'first' : 'others'}\nweight 0\n}`;
const two = `${rs('weight 3')}${rs('weight 1', '10.9.0.2')}`;
const vs = (head: string, body: string): string => `virtual_server ${head} {\n${body}\n}\n`;
const tcp = (body: string, servers = two): string =>
  vs('10.8.0.1 80', `protocol TCP\nlvs_method NAT\n${body}\n${servers}`);

export const compareCases: readonly CompareCase[] = [
  {
    name: 'schedulers without flags',
    text: 'rr wrr lc wlc lblc lblcr dh fo ovf sed nq'
      .split(' ')
      .map((name, i) => vs(`10.8.0.1 ${80 + i}`, `protocol TCP\nlvs_sched ${name}\nlvs_method NAT\n${two}`))
      .join(''),
  },
  { name: 'scheduler sh with its flags', text: tcp('lvs_sched sh\nsh-port\nsh-fallback') },
  { name: 'scheduler mh with its flags', text: tcp('lvs_sched mh\nmh-port\nmh-fallback') },
  { name: 'flags by number', text: tcp('lvs_sched wrr\nflag-1\nflag-2\nflag-3') },
  { name: 'no scheduler', text: tcp('') },
  { name: 'method DR', text: vs('10.8.0.1 80', `protocol TCP\nlvs_sched rr\nlvs_method DR\n${two}`) },
  { name: 'method TUN', text: vs('10.8.0.1 80', `protocol TCP\nlvs_sched rr\nlvs_method TUN\n${two}`) },
  {
    name: 'tunnel types and checksums',
    text: tcp(
      'lvs_sched rr',
      rs('lvs_method TUN type gue port 6080 remcsum') +
        rs('lvs_method TUN type gre csum', '10.9.0.2') +
        rs('lvs_method TUN type ipip', '10.9.0.3') +
        rs('lvs_method TUN type gue port 6081', '10.9.0.4') +
        rs('lvs_method DR', '10.9.0.5'),
    ),
  },
  { name: 'persistence', text: tcp('lvs_sched rr\npersistence_timeout 77') },
  { name: 'persistence without a number', text: tcp('lvs_sched rr\npersistence_timeout') },
  { name: 'persistence by granularity', text: tcp('lvs_sched rr\npersistence_granularity 255.255.255.0') },
  {
    name: 'persistence engine',
    text: vs(
      '10.8.0.1 5060',
      `protocol UDP\nlvs_sched rr\nlvs_method NAT\npersistence_timeout 60\npersistence_engine sip\n${two}`,
    ),
  },
  {
    name: 'UDP with one packet',
    text: vs('10.8.0.1 53', `protocol UDP\nlvs_sched rr\nlvs_method NAT\nops\n${two}`),
  },
  { name: 'SCTP', text: vs('10.8.0.1 9', `protocol SCTP\nlvs_sched rr\nlvs_method NAT\n${two}`) },
  { name: 'no protocol', text: vs('10.8.0.1 9', `lvs_sched rr\nlvs_method NAT\n${two}`) },
  { name: 'no port', text: vs('10.8.0.1', `protocol TCP\nlvs_sched rr\nlvs_method DR\n${two}`) },
  { name: 'firewall mark', text: vs('fwmark 7', `lvs_sched rr\nlvs_method DR\n${two}`) },
  {
    name: 'firewall mark with protocol and NAT',
    text: vs('fwmark 8', `protocol TCP\nlvs_sched rr\nlvs_method NAT\n${two}`),
  },
  {
    name: 'IPv6',
    text: vs(
      '2001:db8:8::1 443',
      `protocol TCP\nlvs_sched rr\nlvs_method NAT\npersistence_granularity 64\n${rs('', '2001:db8:9::1')}`,
    ),
  },
  {
    name: 'IPv6 firewall mark',
    text: vs('fwmark 9', `ip_family inet6\nlvs_sched rr\nlvs_method DR\n${rs('', '2001:db8:9::1')}`),
  },
  {
    name: 'IPv4 service with a tunnelled IPv6 server',
    text: vs('10.8.0.1 80', `protocol TCP\nlvs_sched rr\nlvs_method TUN\n${rs('', '2001:db8:9::1')}`),
  },
  { name: 'thresholds', text: tcp('lvs_sched rr', rs('uthreshold 100\nlthreshold 50')) },
  {
    name: 'weights: default of the virtual server, own, none',
    text: tcp('weight 5', rs() + rs('weight 9', '10.9.0.2') + rs('weight 0', '10.9.0.3')),
  },
  {
    name: 'group with ranges, prefixes and marks',
    text:
      'virtual_server_group G {\n10.8.1.1 80\n10.8.1.10-12 81\n10.8.1.250-10.8.1.253 82\n10.8.3.0/30 83\nfwmark 70\n}\n' +
      vs('group G', `protocol TCP\nlvs_sched rr\nlvs_method DR\n${two}`),
  },
  {
    name: 'group shared by TCP and UDP',
    text:
      'virtual_server_group G {\n10.8.1.1 53\n}\n' +
      vs('group G', `protocol TCP\nlvs_sched rr\nlvs_method NAT\n${two}`) +
      vs('group G', `protocol UDP\nlvs_sched wlc\nlvs_method NAT\n${rs('', '10.9.0.7', '53')}`),
  },
  {
    name: 'group of IPv6 ranges',
    text:
      'virtual_server_group G {\n2001:db8:8::10-12 80\n}\n' +
      vs('group G', `protocol TCP\nlvs_sched rr\nlvs_method DR\n${rs('', '2001:db8:9::1')}`),
  },
  { name: 'sorry server that is not needed', text: tcp('sorry_server 10.9.0.99 9999') },
  {
    name: 'inhibited sorry server that is not needed',
    text: tcp('sorry_server 10.9.0.99 9999\nsorry_server_inhibit'),
  },
  {
    name: 'sorry server with its own method',
    text: tcp('sorry_server 10.9.0.99 80\nsorry_server_lvs_method DR\nsorry_server_inhibit'),
  },
  { name: 'quorum above the sum', text: tcp('quorum 100\nhysteresis 2\nsorry_server 10.9.0.99 9999') },
  {
    name: 'alpha starts with the sorry server',
    text: tcp('alpha\nsorry_server 10.9.0.99 9999', rs('', '10.9.0.1', '8080', unsettled)),
  },
  {
    name: 'alpha with inhibit starts with weight 0',
    text: tcp('alpha\ninhibit_on_failure', rs('', '10.9.0.1', '8080', unsettled)),
  },
  {
    name: 'quorum with hysteresis, regained by weight',
    text: tcp(
      'lvs_sched wrr\nquorum 3\nhysteresis 1\nsorry_server 10.9.0.99 9999\nsmtp_alert',
      rs('weight 4') + rs('weight 2', '10.9.0.2'),
    ),
  },
  {
    name: 'servers that stay with weight 0, and a sorry server that does',
    text: tcp(
      'lvs_sched wrr\nquorum 2\nsorry_server 10.9.0.99 9999\nsorry_server_inhibit',
      rs('weight 4\ninhibit_on_failure') + rs('weight 1', '10.9.0.2') + rs('inhibit_on_failure', '10.9.0.3'),
    ),
  },
  {
    name: 'a sorry server that is a real server too',
    text: tcp('sorry_server 10.9.0.2 8080'),
  },
  {
    name: 'all that is told of one virtual server',
    text: tcp(
      'lvs_sched rr\nquorum 2\nquorum_up "SCRIPT quorum up"\nquorum_down "SCRIPT quorum down"\nsmtp_alert\nomega',
      rs('notify_up "SCRIPT first up"\nnotify_down "SCRIPT first down"\nsmtp_alert') +
        rs('notify_up "SCRIPT second up"\nnotify_down "SCRIPT second down"\nsmtp_alert', '10.9.0.2') +
        rs(
          'notify_down "SCRIPT dead down"\nsmtp_alert',
          '10.9.0.4',
          '8080',
          'TCP_CHECK {\nconnect_ip 127.0.0.1\nconnect_port 1\nalpha\nwarmup 0\ndelay_loop 1000\n}',
        ),
    ),
  },
  { name: 'duplicate real server', text: tcp('lvs_sched rr', rs('weight 1') + rs('weight 2')) },
];
