/**
 * What is lawful and hurts in production. 6xxx: one file; 7xxx: the files of one cluster. keepalived says nothing of any of it, so
 * none counts in its test mode, and the daemon does not look.
 */
import { define, type Message } from '../messages.js';

type Advised<A extends readonly string[]> = Message<A> & { readonly means: string; readonly repair: string };

function lint<A extends readonly string[]>(
  code: string,
  text: (...args: A) => string,
  means: string,
  repair: string,
): Advised<A> {
  return { ...define(code, 'warning', 'none', text), means, repair };
}

export const lintMessages = {
  vipTwice: lint(
    'KA6001',
    (address: string, name: string, other: string) => `${address} of ${name} is an address of ${other} too`,
    'Two instances hold the same address: when they are MASTER on different nodes, so is the address.',
    'Remove it from one of them.',
  ),
  ownerIsBackup: lint(
    'KA6002',
    (name: string) => `${name} has priority 255, so it becomes MASTER at once, whatever state says`,
    'Priority 255 is that of the owner of the addresses, who never waits.',
    'Write state MASTER, or a priority below 255.',
  ),
  weightWithoutRoom: lint(
    'KA6003',
    (name: string, what: string, weight: string) =>
      `${what} adds ${weight} to the priority of ${name}, which is at its limit already: it changes nothing`,
    'Priorities end at 254. A weight beyond that never counts.',
    'Lower the priority by the weight, or make the weight negative.',
  ),
  unicastOpen: lint(
    'KA6004',
    (name: string) => `${name} takes unicast adverts from routers that are hops away, without authentication`,
    'Unicast adverts may come from anywhere. Whoever can send a packet to this node can take the addresses away.',
    'Write min_ttl 255 behind each peer on the same link, or give the instance auth_hmac.',
  ),
  groupUnused: lint(
    'KA6005',
    (group: string) => `every instance is unicast: the multicast group ${group} is not used`,
    'vrrp_mcast_group4 means nothing to unicast instances.',
    'Remove it, or the peers.',
  ),
  strictSilent: lint(
    'KA6006',
    (name: string) => `strict mode without accept: keepalived lets nobody reach the addresses of ${name}`,
    'RFC 9568 lets only the owner accept packets to the addresses; keepalived drops them with a firewall.',
    'Write accept, or leave strict mode.',
  ),
  vipOffSubnet: lint(
    'KA6007',
    (address: string, device: string, subnets: string) =>
      `${address} is in no subnet of ${device} (${subnets})`,
    'Neighbours reach an address without a router only when it is in their subnet.',
    'Correct the address or the device; nothing, when a route leads there.',
  ),
  persistentOps: lint(
    'KA6009',
    (name: string) => `${name} is persistent and has ops, which schedules every packet anew`,
    'Persistence and one-packet scheduling contradict each other.',
    'Remove one of them.',
  ),
  noSorryServer: lint(
    'KA6010',
    (name: string, quorum: string) =>
      `${name} loses its quorum of ${quorum} with servers still up, and has no sorry_server`,
    'Below the quorum the virtual server is down for its users, and nobody answers them.',
    'Add sorry_server, or write quorum 1.',
  ),
  slowChecker: lint(
    'KA6011',
    (what: string, timeout: string, loop: string) =>
      `${what} may take ${timeout} s and is repeated every ${loop} s`,
    'An attempt that hangs delays those after it, so that a failure is noticed later than the interval says.',
    'Shorten the time-out or lengthen the interval.',
  ),
  serverIsVirtual: lint(
    'KA6012',
    (address: string) =>
      `the real server ${address} has the address of its virtual server: packets would go in circles`,
    'With DR and TUN the real server is another machine, found by its own address.',
    "Write the server's own address.",
  ),
  vipsDiffer: lint(
    'KA7001',
    (name: string, other: string, what: string) => `${name} and ${other} have different addresses: ${what}`,
    'Nodes of one virtual router must agree on its addresses; a takeover loses those that are missing.',
    'Write the same virtual_ipaddress on all nodes.',
  ),
  versionsDiffer: lint(
    'KA7002',
    (name: string, other: string, a: string, b: string) =>
      `${name} speaks version ${a}, ${other} version ${b}`,
    'Routers of different versions do not hear each other: both become MASTER.',
    'Write the same version on all nodes.',
  ),
  intervalsDiffer: lint(
    'KA7003',
    (name: string, other: string, a: string, b: string) =>
      `${name} sends every ${a} s, ${other} every ${b} s`,
    'Version 2 drops adverts with another interval; both become MASTER. In version 3 the slower one is noticed later.',
    'Write the same advert_int on all nodes.',
  ),
  authDiffers: lint(
    'KA7004',
    (name: string, other: string) => `${name} and ${other} authenticate differently`,
    'Adverts that are not authenticated as expected are dropped; both become MASTER.',
    'Write the same authentication on all nodes.',
  ),
  samePriority: lint(
    'KA7005',
    (name: string, other: string, priority: string) => `${name} and ${other} both have priority ${priority}`,
    'With equal priorities the larger address wins, which nobody reads in the configuration.',
    'Give each node its own priority.',
  ),
  peerMissing: lint(
    'KA7006',
    (name: string, address: string, other: string) =>
      `${name} does not list ${address}, the source of ${other}`,
    'Unicast adverts reach only the peers that are listed.',
    'Add the address to unicast_peer.',
  ),
  nothingMoves: lint(
    'KA7007',
    (name: string, other: string, worst: string, best: string) =>
      `no tracked failure moves ${name}: its priority stays at ${worst} or more, ${other} has ${best} at most`,
    'The weights are smaller than the distance of the priorities: what is tracked never causes a failover.',
    'Make the weights larger than the distance, or weight 0 for a fault.',
  ),
  alone: lint(
    'KA7008',
    (name: string, vrid: string) => `${name} (VRID ${vrid}) is on this node only`,
    'No other node takes its addresses over.',
    'Add the instance to the other nodes, with the same virtual_router_id.',
  ),
} as const;
