/** Routes and rules beside keepalived's: the same configuration in two hosts, and what the kernel has in each. */
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import test from 'node:test';

import { startKaNode, startKeepalived, type Daemon } from '../support/daemons.js';
import { NetLab, type LabHost } from '../support/net-lab.js';
import { defaultTimeoutMs } from '../support/program.js';

/** What a configuration puts into the kernel; `count` of them. */
interface Case {
  readonly routes?: readonly string[];
  readonly rules?: readonly string[];
  readonly count: number;
}

const cases: readonly Case[] = [
  { routes: ['10.8.0.0/16 via 10.0.0.2 dev eth0', '10.9.0.0/16 dev eth0 table 100'], count: 2 },
  { routes: ['10.8.0.0/16 via 10.0.0.3 dev eth0', '10.9.0.0/16 dev eth0 table 101'], count: 2 },
  { routes: ['src 10.0.0.18 to 10.10.0.0/16 via 10.0.0.2 dev eth0 metric 5'], count: 1 },
  {
    routes: [
      'blackhole 10.11.0.0/16',
      'unreachable 10.12.0.0/16 metric 20',
      'prohibit 10.22.0.0/16',
      'throw 10.23.0.0/16 table 77',
      'unreachable 2001:db8:33::/48',
    ],
    count: 5,
  },
  { routes: ['default via 10.0.0.2 dev eth0 metric 50', 'default6 dev eth0 metric 99'], count: 2 },
  {
    routes: [
      '10.13.0.0/16 dev eth0 mtu lock 1400 advmss 1300 hoplimit 30 initcwnd 5 realms 1/2 scope link',
      '10.32.0.0/16 dev eth0 window 1000 ssthresh 9 cwnd 8 reordering 5 initrwnd 4 fastopen_no_cookie 1',
    ],
    count: 2,
  },
  {
    routes: [
      '10.24.0.0/16 dev eth0 rtt 1000ms rttvar 900ms rto_min 300ms',
      '10.27.0.0/16 dev eth0 features ecn quickack 1 congctl lock reno',
    ],
    count: 2,
  },
  {
    routes: [
      '10.14.0.0/16 nexthop via 10.0.0.2 dev eth0 weight 3 nexthop via 10.0.0.3 dev eth0 weight 1 onlink',
      '2001:db8:30::/48 nexthop via fe80::2 dev eth0 nexthop via fe80::3 dev eth0 weight 2',
    ],
    count: 2,
  },
  {
    routes: [
      '10.28.0.0/16 dev eth0 tos 0x10 metric 7 append',
      'multicast 239.1.1.0/24 dev eth0',
      'anycast 2001:db8:21::/48 dev eth0',
    ],
    count: 3,
  },
  {
    routes: [
      '10.26.0.0/16 encap ip id 30 dst 192.0.2.4 dev eth0',
      '2001:db8:26::/48 via 2001:db8::1 dev eth0 onlink pref high metric 8',
    ],
    count: 2,
  },
  {
    rules: [
      'from 10.1.0.0/16 iif eth0 oif lo table 5 priority 80',
      'not to 10.2.0.0/16 lookup 300 priority 90',
      'from 10.3.0.0/16 goto 32000 priority 91',
      'iif eth0 l3mdev priority 92',
    ],
    count: 4,
  },
  {
    rules: [
      'ipproto tcp sport 10-20 dport 30-40 table 6 priority 93',
      'uidrange 100-200 prohibit priority 94',
      'tos 0x10 unreachable priority 95',
      'from 10.4.0.0/16 table 7 suppress_prefixlength 8 priority 96 suppress_ifgroup 3',
    ],
    count: 4,
  },
  {
    rules: [
      'tunnel-id 77 table 8 priority 97',
      'from 2001:db8::/32 table 9 priority 98',
      'from 10.5.0.0/16 realms 1/2 table 9 priority 99',
      'fwmark 0x10/0xff nop priority 100',
      'to 10.6.0.0/24 blackhole priority 101 no_track',
    ],
    count: 5,
  },
  { routes: ['10.15.0.0/16 dev eth0'], rules: ['from 10.15.0.0/16 table 9 priority 99'], count: 2 },
  { routes: ['10.16.0.0/16 dev eth0 no_track'], count: 1 },
];

function listed(keyword: string, lines: readonly string[] = []): string {
  return lines.length === 0 ? '' : `${keyword} {\n${lines.join('\n')}\n}\n`;
}

const statics = ({ routes, rules }: Case): string =>
  listed('static_routes', routes) + listed('static_rules', rules);

const virtual = ({ routes, rules }: Case): string =>
  [
    'vrrp_instance VI {',
    'interface eth0',
    'virtual_router_id 5',
    'version 3',
    'advert_int 0.1',
    'virtual_ipaddress {\n10.0.0.100/32\n}',
    listed('virtual_routes', routes),
    listed('virtual_rules', rules),
    '}',
    '',
  ].join('\n');

/** Routes and rules that a daemon, and not the kernel, made. */
async function kernelHas(host: LabHost): Promise<readonly string[]> {
  const show = (...what: string[]): Promise<string> => host.runOk(['ip', '-d', ...what]);
  const routes = await Promise.all([
    show('route', 'show', 'table', 'all', 'proto', 'keepalived'),
    show('-6', 'route', 'show', 'table', 'all', 'proto', 'keepalived'),
  ]);
  const rules = await Promise.all([show('rule'), show('-6', 'rule')]);
  const isOurs = (line: string): boolean => line !== '' && !/^(0|3276[67]):/.test(line);
  const entries = routes.map((text) => text.replaceAll('\n\t', ' ')).concat(rules);
  const lines = entries.flatMap((text) => text.split('\n')).map((line) => line.trim().replace(/\s+/g, ' '));
  return [...new Set(lines.filter(isOurs))].sort();
}

async function twoHosts(lab: NetLab): Promise<readonly [LabHost, LabHost]> {
  const one = async (name: string): Promise<LabHost> => {
    const lan = await lab.switch(name);
    return lab.host(name, [{ switch: lan, addresses: ['10.0.0.18/24', '2001:db8::18/64'] }]);
  };
  return [await one('node'), await one('peer')];
}

/** Reads until the two hosts have the same and the wanted number of it. */
async function sameIn(hosts: readonly [LabHost, LabHost], count: number, what: string): Promise<void> {
  const deadline = performance.now() + defaultTimeoutMs;
  for (;;) {
    const [node, peer] = [await kernelHas(hosts[0]), await kernelHas(hosts[1])];
    if (peer.length === count && isDeepStrictEqual(node, peer)) return;
    if (performance.now() > deadline)
      assert.deepEqual({ what, node, count }, { what, node: peer, count: peer.length });
    await hosts[0].runOk(['sleep', '0.1']);
  }
}

const kinds = [
  { kind: 'static', write: statics, mine: cases.filter((_, index) => index % 2 === 0) },
  { kind: 'virtual', write: virtual, mine: cases.filter((_, index) => index % 2 === 1) },
];

for (const { kind, write, mine } of kinds) {
  test(`${kind} routes and rules of ${mine.length} configurations are keepalived's, one reload after the other`, async () => {
    await using lab = await NetLab.create('routing');
    const hosts = await twoHosts(lab);
    const [first = { count: 0 }, ...others] = mine;
    const daemons: readonly Daemon[] = [
      await startKaNode(hosts[0], write(first)),
      await startKeepalived(hosts[1], write(first)),
    ];
    await sameIn(hosts, first.count, write(first));
    for (const each of others) {
      for (const daemon of daemons) daemon.reload(write(each));
      await sameIn(hosts, each.count, write(each));
    }
    for (const daemon of daemons) await daemon.stop();
    await sameIn(hosts, 0, 'after the end');
  });
}
