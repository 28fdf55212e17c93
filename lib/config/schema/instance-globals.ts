/** Rows of global_defs: what holds for every vrrp_instance that says nothing itself. */
import { seconds, micros } from '../../units.js';
import { extraIf, extraIfNote, packetCount, spacing } from './announcing.js';
import { alias, defaulted, optional } from './dsl.js';
import { address, boolean, integer, mapped, placed, uint32, wholeSeconds } from './values.js';

const works = { effect: 'works' } as const;
const reported = { missing: 'reported' } as const;

export const instanceDefaults = {
  vrrp_mcast_group4: optional(
    placed(address({ family: 4, kind: 'multicast' })),
    'group that IPv4 adverts are sent to',
    { ...works, defaultText: '224.0.0.18', example: '224.0.0.18' },
  ),
  vrrp_mcast_group6: optional(
    placed(address({ family: 6, kind: 'multicast' })),
    'group that IPv6 adverts are sent to',
    { ...works, defaultText: 'ff02::12', example: 'ff02::12' },
  ),
  vrrp_garp_master_delay: defaulted(
    wholeSeconds(0, 4294),
    seconds(5),
    'time from becoming MASTER to the second round of gratuitous ARP; 0: no second round',
    works,
  ),
  vrrp_garp_master_repeat: defaulted(packetCount, 5, 'gratuitous ARP packets per address in a round', works),
  vrrp_garp_master_refresh: defaulted(
    wholeSeconds(0, uint32),
    micros(0),
    'period of further rounds while MASTER; 0: none',
    works,
  ),
  vrrp_garp_master_refresh_repeat: defaulted(packetCount, 1, 'packets per address in each refresh', works),
  vrrp_garp_lower_prio_delay: optional(
    wholeSeconds(0, 4294),
    'time to the second round after a lower advert',
    {
      ...works,
      defaultText: 'vrrp_garp_master_delay',
    },
  ),
  vrrp_garp_lower_prio_repeat: optional(
    integer(0, 2147483647),
    'packets per address after a lower advert; 0: none',
    {
      ...works,
      defaultText: 'vrrp_garp_master_repeat',
    },
  ),
  vrrp_down_timer_adverts: defaulted(integer(1, 100), 3, 'missed adverts before a backup takes over', works),
  vrrp_garp_interval: defaulted(
    spacing,
    micros(0),
    'least time between gratuitous ARP packets on an interface; 0: none',
    works,
  ),
  vrrp_gna_interval: defaulted(
    spacing,
    micros(0),
    'least time between unsolicited neighbour advertisements on an interface; 0: none',
    works,
  ),
  vrrp_min_garp: defaulted(
    boolean,
    false,
    'one gratuitous ARP per address, once, where nothing else is said',
    works,
  ),
  vrrp_garp_extra_if: defaulted(
    extraIf(1),
    { all: false, period: micros(0) },
    'period of ARP on the VMACs of addresses that carry no adverts; all: on other interfaces too',
    { ...reported, ...works, defaultText: 'off', note: extraIfNote },
  ),
  vrrp_vmac_garp_intvl: alias('vrrp_garp_extra_if', 'old name', { isCounted: true }),
  vrrp_lower_prio_no_advert: defaulted(boolean, false, 'a MASTER does not answer lower adverts', works),
  vrrp_higher_prio_send_advert: defaulted(
    boolean,
    false,
    'a MASTER sends one more advert before it yields',
    works,
  ),
  vrrp_version: defaulted<2 | 3>(
    mapped(integer(2, 3), (value) => (value === 3 ? 3 : 2)),
    2,
    'protocol version of IPv4 instances that give none',
    works,
  ),
};
