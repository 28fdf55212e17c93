/** Configurations that ka-node and its peers run in interop tests. */

export interface Shape {
  /** Words for the test's name. */
  readonly name: string;
  /** Body of the instance besides priority, source and peers. */
  readonly lines: readonly string[];
  readonly isUnicast: boolean;
  readonly address: string;
  /** What tcpdump says of an advert with this priority. */
  advert(priority: number): RegExp;
}

const password = ['authentication {', '  auth_type PASS', '  auth_pass 666', '}'];

export const shapes: readonly Shape[] = [
  {
    name: 'v2 with password, multicast',
    lines: ['version 2', 'advert_int 1', ...password],
    isUnicast: false,
    address: '10.0.0.100/24',
    advert: (priority) =>
      new RegExp(`VRRPv2, Advertisement, vrid 6, prio ${priority}, authtype simple, intvl 1s`),
  },
  {
    name: 'v2, unicast',
    lines: ['version 2', 'advert_int 1'],
    isUnicast: true,
    address: '10.0.0.100/24',
    advert: (priority) =>
      new RegExp(`VRRPv2, Advertisement, vrid 6, prio ${priority}, authtype none, intvl 1s`),
  },
  {
    name: 'v3 IPv4, 0.1 s',
    lines: ['version 3', 'advert_int 0.1'],
    isUnicast: false,
    address: '10.0.0.100/24',
    advert: (priority) => new RegExp(`VRRPv3, Advertisement, vrid 6, prio ${priority}, intvl 10cs`),
  },
  {
    name: 'v3 IPv6, 0.1 s',
    lines: ['version 3', 'advert_int 0.1'],
    isUnicast: false,
    address: 'fe80::100/64',
    advert: (priority) => new RegExp(`VRRPv3, Advertisement, vrid 6, prio ${priority}, intvl 10cs`),
  },
];

/** The file of a node of `shape`. */
export function configuration(shape: Shape, priority: number, own: string, peers: readonly string[]): string {
  const unicast = [`unicast_src_ip ${own}`, 'unicast_peer {', ...peers.map((peer) => `  ${peer}`), '}'];
  return [
    'global_defs {',
    '  vrrp_skip_check_adv_addr',
    '}',
    'vrrp_instance WEB {',
    '  state BACKUP',
    '  interface eth0',
    '  virtual_router_id 6',
    `  priority ${priority}`,
    ...shape.lines.map((line) => `  ${line}`),
    ...(shape.isUnicast ? unicast.map((line) => `  ${line}`) : []),
    '  virtual_ipaddress {',
    `    ${shape.address} dev eth0`,
    '  }',
    '}',
    '',
  ].join('\n');
}
