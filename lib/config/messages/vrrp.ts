/** KA3xxx. VRRP: instances, groups, tracking. */
import { define } from './message.js';

export const vrrpMessages = {
  noVrid: define('KA3001', 'error', 'complaint', (name: string) => `${name} has no virtual_router_id`, {
    isFatal: true,
  }),
  noInterface: define('KA3002', 'error', 'complaint', (name: string) => `${name} has no usable interface`, {
    isFatal: true,
  }),
  loopback: define(
    'KA3003',
    'error',
    'complaint',
    (name: string) => `the loopback interface ${name} cannot carry VRRP; the line is ignored`,
  ),
  noInterfaceNewer: define(
    'KA3030',
    'info',
    'newer',
    (name: string) => `${name} has no interface, only addresses; keepalived knows that from 2.4 on`,
  ),
  interfaceMissing: define(
    'KA3004',
    'error',
    'complaint',
    (name: string) => `the interface ${name} does not exist`,
    {
      isFatal: true,
      hint: 'check --offline is for files of other machines; dynamic_interfaces in global_defs lets it appear later',
    },
  ),
  noMulticast: define(
    'KA3032',
    'error',
    'complaint',
    (name: string, device: string) =>
      `the interface ${device} of ${name} does not support multicast, which its adverts need`,
    { hint: 'name the other nodes in unicast_peer' },
  ),
  duplicateVrid: define(
    'KA3005',
    'error',
    'complaint',
    (name: string, other: string, vrid: string, where: string) =>
      `${name} and ${other} both use VRID ${vrid} on ${where}`,
    { isFatal: true },
  ),
  duplicateVridAbsent: define(
    'KA3031',
    'error',
    'none',
    (name: string, other: string, vrid: string, where: string) =>
      `${name} and ${other} both use VRID ${vrid} on ${where}, which will show when the interface appears`,
  ),
  noVip: define('KA3006', 'warning', 'complaint', (name: string) => `${name} has no virtual_ipaddress`, {
    hint: 'at least one address is sensible; no_virtual_ipaddress says that none is meant',
  }),
  noVipFatal: define(
    'KA3007',
    'error',
    'complaint',
    (name: string, why: string) => `${name} has no virtual_ipaddress, and ${why} requires one`,
    { isFatal: true },
  ),
  authPassTooLong: define(
    'KA3008',
    'warning',
    'complaint',
    () => 'auth_pass is longer than 8 characters; only the first 8 are used',
  ),
  authDropped: define('KA3009', 'warning', 'complaint', (why: string) => `authentication is dropped: ${why}`),
  unicastWithoutPeers: define(
    'KA3010',
    'deprecated',
    'complaint',
    (name: string) => `${name} has a unicast keyword but no unicast_peer; adverts are multicast`,
  ),
  nopreemptIgnored: define(
    'KA3011',
    'warning',
    'complaint',
    (why: string) => `nopreempt has no effect: ${why}`,
  ),
  unknownAddressOption: define(
    'KA3012',
    'warning',
    'complaint',
    (word: string) => `unknown option '${word}' of an address; it is ignored`,
  ),
  familyMismatch: define(
    'KA3013',
    'error',
    'complaint',
    (address: string, family: string) => `${address} is dropped: the instance is IPv${family}`,
  ),
  unknownReference: define(
    'KA3014',
    'error',
    'complaint',
    (what: string, name: string) =>
      `there is no usable ${what} '${name}' before this line; the entry is dropped`,
  ),
  unknownMember: define(
    'KA3015',
    'error',
    'complaint',
    (name: string, group: string) => `${group}: there is no vrrp_instance '${name}'`,
  ),
  emptyGroup: define(
    'KA3016',
    'error',
    'complaint',
    (name: string) => `sync group ${name} has no member; it is removed`,
  ),
  loneMember: define(
    'KA3017',
    'warning',
    'complaint',
    (name: string) => `sync group ${name} has only one member`,
  ),
  ownInterfaceTracked: define(
    'KA3018',
    'warning',
    'complaint',
    (name: string) => `${name} is the instance's own interface, which is tracked anyway`,
  ),
  strictConflict: define('KA3019', 'warning', 'complaint', (what: string) => `strict mode: ${what}`),
  xmitBaseSet: define(
    'KA3020',
    'warning',
    'complaint',
    () => 'unicast with use_vmac needs vmac_xmit_base; it is switched on',
  ),
  rulePreference: define(
    'KA3021',
    'warning',
    'complaint',
    (value: string) => `the rule has no preference; ${value} is used`,
  ),
  weightDropped: define('KA3022', 'warning', 'complaint', (what: string) => what),
  vipCount: define(
    'KA3023',
    'warning',
    'complaint',
    (count: string, limit: string) =>
      `${count} addresses do not fit in one advert (${limit}); the others are left out of it`,
  ),
  vmacTwice: define(
    'KA3024',
    'warning',
    'complaint',
    (address: string) =>
      `${address} is on the use_vmac interface of the instance; its own use_vmac is ignored`,
    { hint: 'remove use_vmac from the address, or name another interface with dev' },
  ),
  bfdNoNeighbor: define(
    'KA3025',
    'error',
    'complaint',
    (name: string) => `bfd_instance ${name} has no neighbor_ip; it is dropped`,
  ),
  labelTooLong: define(
    'KA3026',
    'error',
    'complaint',
    (label: string) => `label ${label} is longer than 15 characters; the address is dropped`,
  ),
  trackedTwice: define(
    'KA3027',
    'warning',
    'complaint',
    (name: string) =>
      `${name} is tracked by the instance and by its sync group; the instance's entry is dropped`,
  ),
  routeUntracked: define(
    'KA3028',
    'warning',
    'complaint',
    () => 'a route without an interface cannot be tracked; no_track says so',
  ),
  routeOfVrf: define(
    'KA3033',
    'warning',
    'none',
    (name: string) => `a route of the VRF ${name} is left out: its table is not looked up`,
    { hint: 'name the table of the VRF with table' },
  ),
  hmacKeyReadable: define(
    'KA3029',
    'security',
    'security',
    (path: string) => `the key file ${path} can be read by others`,
    { hint: 'chmod 600' },
  ),
} as const;
