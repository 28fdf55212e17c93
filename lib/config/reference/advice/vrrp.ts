/** What the messages of `messages/vrrp.ts` (KA3xxx) mean, and what to do. */
import type { vrrpMessages } from '../../messages/vrrp.js';
import type { Advice } from './advice.js';

export const vrrpAdvice: Readonly<Record<keyof typeof vrrpMessages, Advice>> = {
  noVrid: ['An instance has no virtual_router_id; it cannot run.', 'Give it the number that its peers use.'],
  noInterface: [
    'An instance has no interface that could carry its adverts.',
    'Write interface, or correct it.',
  ],
  loopback: [
    'Adverts cannot be sent on the loopback interface.',
    'Name the interface that the peers are on. Addresses may still be on lo: dev lo.',
  ],
  noInterfaceNewer: [
    'A unicast instance without interface is known to keepalived from 2.4 on.',
    'Nothing for ka-node. Write interface if an older keepalived reads the file too.',
  ],
  interfaceMissing: [
    'An interface is named that this machine does not have.',
    'Correct the name. dynamic_interfaces in global_defs lets it appear later; check --offline takes interfaces to exist.',
  ],
  noMulticast: [
    'Adverts go to a multicast group, and the interface (a tunnel, for example) sends nothing to groups. keepalived disables the instance.',
    'Write unicast_peer with the addresses of the other nodes, or name another interface.',
  ],
  duplicateVrid: [
    'Two instances on one interface and family use the same number: each would take the adverts of the other for its own.',
    'Give one of them another virtual_router_id, on all nodes.',
  ],
  duplicateVridAbsent: [
    'As KA3005, on an interface that does not exist yet.',
    'Give one of them another virtual_router_id, on all nodes.',
  ],
  noVip: [
    'An instance has no address to move.',
    'Add virtual_ipaddress, or write no_virtual_ipaddress when none is meant.',
  ],
  noVipFatal: [
    'An instance has no address to move, and its version or strict mode requires one.',
    'Add virtual_ipaddress.',
  ],
  authPassTooLong: [
    'Adverts carry 8 characters of the password; what follows is cut off on every node.',
    'Write the 8 characters that count, on all nodes.',
  ],
  authDropped: [
    'VRRP version 3 and strict mode have no authentication of this kind.',
    'Remove the block, or use version 2.',
  ],
  unicastWithoutPeers: [
    'A keyword of unicast instances is there, but no peers; adverts are multicast.',
    'Add unicast_peer, or write mcast_src_ip.',
  ],
  nopreemptIgnored: [
    'Something else contradicts nopreempt, which is ignored.',
    'Write state BACKUP on all nodes, and no preempt.',
  ],
  unknownAddressOption: [
    'A word behind an address is no option of addresses; it is ignored.',
    'Correct its spelling; the hint names the nearest one.',
  ],
  familyMismatch: [
    'An instance has addresses of one family; those of the other are left out.',
    'Write two instances. Addresses of the other family that need no advert may stand in virtual_ipaddress_excluded.',
  ],
  unknownReference: [
    'A list names something that is not defined, or only further down. keepalived reads from top to bottom.',
    'Define it before the block that uses it.',
  ],
  unknownMember: ['A sync group names an instance that does not exist.', 'Correct the name.'],
  emptyGroup: ['No member of the group exists.', 'Correct the names, or remove the group.'],
  loneMember: ['A sync group of one member does nothing.', 'Add the other members, or remove the group.'],
  ownInterfaceTracked: ['An instance follows its own interface without being told.', 'Remove the entry.'],
  strictConflict: [
    'vrrp_strict or strict_mode forbids what the line says.',
    'Remove the line, or strict mode.',
  ],
  xmitBaseSet: [
    'Unicast adverts of a VMAC leave through the interface below; that is switched on.',
    'Write vmac_xmit_base.',
  ],
  rulePreference: [
    'A rule without preference gets the next free one from 16384 downwards, which depends on the order in the file.',
    'Write preference.',
  ],
  weightDropped: [
    'A weight cannot count here: for an address owner, or for a member of a sync group.',
    'Remove the weight; for groups see sync_group_tracking_weight.',
  ],
  vipCount: [
    'An advert has room for so many addresses; the others are moved but not listed.',
    'Move addresses to virtual_ipaddress_excluded.',
  ],
  vmacTwice: [
    'The instance has a virtual MAC interface already, and the address is put there.',
    'Remove use_vmac from the address, or name another interface with dev.',
  ],
  bfdNoNeighbor: ['A BFD session needs the address of its other end.', 'Add neighbor_ip.'],
  labelTooLong: [
    'The kernel knows labels of up to 15 characters.',
    'Shorten it. It begins with the name of the interface.',
  ],
  trackedTwice: [
    'The same object is tracked by the instance and by its group.',
    'Remove the entry of the instance.',
  ],
  routeUntracked: [
    'Routes are tracked by their interface, and this one has none.',
    'Add dev, or write no_track.',
  ],
  routeOfVrf: [
    'The table of a VRF is not looked up, and in another table the route would lead other packets.',
    'Add table, with the number that ip -d link shows for the VRF.',
  ],
  hmacKeyReadable: ['Everybody who can read the key can forge adverts.', 'chmod 600 the file.'],
};
