/**
 * What is lawful and hurts in production. 6xxx: one file; 7xxx: the files of one cluster. keepalived says nothing of any of it, so
 * none counts in its test mode, and the daemon does not look.
 */
import { define, type Message } from '../messages/message.js';

type Advised<A extends readonly string[]> = Message<A> & { readonly means: string; readonly repair: string };

function lint<A extends readonly string[]>(
  code: string,
  text: (...args: A) => string,
  means: string,
  repair: string,
  severity: 'warning' | 'info' = 'warning',
): Advised<A> {
  const hint = `${repair.charAt(0).toLowerCase()}${repair.slice(1)}`.replace(/\.$/, '');
  return { ...define(code, severity, 'none', text, { hint }), means, repair };
}

export const lintMessages = {
  vipTwice: lint(
    'KA6001',
    (address: string, name: string, other: string) => `${address} of ${name} is an address of ${other}`,
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
    (name: string, what: string, weight: string, priority: string, counts: string) =>
      `${what} adds ${weight} to the priority ${priority} of ${name}, of which ${counts} count: priorities end at 254`,
    'Priorities end at 254. A weight beyond that does not count, so that a failure takes less away than it seems.',
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
    (group: string, family: string) =>
      `every IPv${family} instance is unicast: the multicast group ${group} is not used`,
    'vrrp_mcast_group4 and vrrp_mcast_group6 mean nothing to unicast instances.',
    'Remove it, or the peers.',
  ),
  strictSilent: lint(
    'KA6006',
    (name: string) => `strict mode without accept: keepalived lets nobody reach the addresses of ${name}`,
    'RFC 9568 lets only the owner accept packets to the addresses; keepalived drops them with a firewall.',
    'Write accept, which version 3 has, or leave strict mode.',
  ),
  vipOffSubnet: lint(
    'KA6007',
    (address: string, device: string, subnets: string) =>
      `${address} is in no subnet of ${device} (${subnets})`,
    'Neighbours reach an address without a router only when it is in their subnet.',
    'Correct the address or the device; nothing, when a route leads there.',
  ),
  masterUnset: lint(
    'KA6008',
    (name: string) =>
      `${name} has state MASTER and no priority: it gets 255, which is the owner of the addresses`,
    'An owner never waits, ignores nopreempt and the weights of what it tracks, and no other node can be above it.',
    'Write the priority that is meant, such as 150.',
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
      `the real server ${address} has the virtual address itself: packets would never leave this machine`,
    'With DR and TUN the real server is another machine, found by its own address.',
    "Write the server's own address.",
  ),
  weightSinks: lint(
    'KA6013',
    (name: string, what: string, weight: string, priority: string) =>
      `${what} takes ${weight} from the priority ${priority} of ${name}: it ends at 1, below every other node`,
    'A priority cannot go below 1. Such a weight always causes a failover, also where both nodes fail in the same way.',
    'Write weight 0, which makes a fault of it, or a weight that is a little larger than the distance to the next node.',
  ),
  weightAtBottom: lint(
    'KA6014',
    (name: string, what: string, weight: string) =>
      `${what} takes ${weight} from the priority of ${name}, which is 1 already: it changes nothing`,
    'Priorities start at 1. A negative weight never counts there.',
    'Raise the priority, or write weight 0 for a fault.',
  ),
  strictUnicast: lint(
    'KA6015',
    (name: string) => `${name} is strict and unicast: the RFC knows multicast adverts only`,
    'vrrp_strict holds the configuration to the letter of the RFC, which unicast peers are outside of.',
    'Leave strict mode, or remove unicast_peer.',
  ),
  unsafeScript: lint(
    'KA6016',
    (path: string, component: string) =>
      `${path} would run as root, and ${component} can be changed by others`,
    'Whoever can write a script, or a directory on its way, runs commands as root at the next transition.',
    'Give the path to root (chown root, chmod go-w), or name another user to run it.',
  ),
  unusableScript: lint(
    'KA6017',
    (path: string, why: string) => `${path} cannot be run: ${why}`,
    'The daemon calls it at a transition, and nothing happens.',
    'Correct the path, or chmod +x.',
  ),
  weightNopreempt: lint(
    'KA6018',
    (name: string, what: string) =>
      `${name} has nopreempt: what ${what} takes from its priority moves nothing where the other nodes have nopreempt too`,
    'A BACKUP with nopreempt does not take over from a living MASTER, however low the priority of that has become.',
    'Write weight 0, which makes a fault of a failure, or nopreempt on the node with the highest priority alone.',
    'info',
  ),
  nameTwice: lint(
    'KA6019',
    (block: string, name: string) => `a second ${block} '${name}'; only the first one is tracked`,
    'keepalived takes both blocks without a word, and finds the first one when the name is tracked.',
    'Rename or remove one of them.',
  ),
  shellWords: lint(
    'KA6020',
    (word: string, script: string) => `${script} gets '${word}' as an argument: no shell runs it`,
    'Scripts are started without a shell, so pipes, redirections and && are arguments of the program like all others.',
    "Write a script of its own, or /bin/sh -c '...' with the line between the quotes.",
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
      `no weight moves ${name}: its priority stays at ${worst} or more, ${other} has ${best} at most`,
    'The weights are not larger than the distance of the priorities: they never cause a failover.',
    'Make the weights larger than the distance, or weight 0 for a fault.',
  ),
  alone: lint(
    'KA7008',
    (name: string, vrid: string) => `${name} (VRID ${vrid}) is on this node only`,
    'No other node takes its addresses over.',
    'Add the instance to the other nodes, with the same virtual_router_id.',
  ),
  masterBelow: lint(
    'KA7009',
    (name: string, other: string, priority: string, theirs: string) =>
      `${name} has state MASTER and priority ${priority}, ${other} has priority ${theirs}`,
    'Priorities decide. The node that starts as MASTER hands over as soon as it hears the other one.',
    'Write state MASTER on the node with the highest priority alone, or state BACKUP on all.',
  ),
  wrongWayRound: lint(
    'KA7010',
    (name: string, other: string, mine: string, theirs: string) =>
      `with everything in order ${other} has priority ${theirs}, ${name} only ${mine}, although its own is the higher one`,
    'Positive weights count while all is well, so they decide who is MASTER before anything has failed: always a failover.',
    'Write negative weights, or the same positive weights on both nodes.',
  ),
  intervalNotCarried: lint(
    'KA7011',
    (name: string, other: string, interval: string) =>
      `${name} sends every ${interval} s, which version 2, spoken by ${other}, cannot carry`,
    'Version 2 counts in whole seconds.',
    'Write a whole number of seconds, or version 3 on all nodes.',
  ),
  transportsDiffer: lint(
    'KA7012',
    (name: string, other: string, mine: string, theirs: string) =>
      `${name} sends its adverts to ${mine}, ${other} to ${theirs}`,
    'They do not hear each other: both become MASTER.',
    'Write unicast_peer on all nodes or on none, and the same group.',
  ),
  nobodyPreempts: lint(
    'KA7013',
    (name: string, other: string) =>
      `${name} has nopreempt: it does not take over when weights take ${other} below it`,
    'A BACKUP with nopreempt does not take over from a living MASTER, however low the priority of that has become.',
    'Remove nopreempt on this node, or write weight 0 on the other one, which makes a fault of a failure.',
  ),
  vridsDiffer: lint(
    'KA7014',
    (name: string, other: string, mine: string, theirs: string) =>
      `${name} has VRID ${mine}, ${other} has some of its addresses and VRID ${theirs}`,
    'Nodes with different numbers do not hear each other: both become MASTER with the same addresses.',
    'Write the same virtual_router_id on all nodes.',
  ),
} as const;
