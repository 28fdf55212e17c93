/** Rows of global_defs: receive buffers of netlink sockets. */
import { defaulted } from './dsl.js';
import { boolean, integer, uint32 } from './values.js';

const works = { effect: 'works' } as const;
const reported = { missing: 'reported' } as const;
const octets = integer(0, uint32, { isStrict: true });
const beyond = 'beyond the system limit';

const lvsMonitorNote = 'what overruns the buffer is read anew';
/** Of the buffer for events of processes. */
const processEventsNote = 'processes are looked for in /proc: there is no such buffer';

export const netlinkBuffers = {
  vrrp_netlink_cmd_rcv_bufs: defaulted(octets, 0, 'netlink receive buffer', { ...reported, ...works }),
  vrrp_netlink_cmd_rcv_bufs_force: defaulted(boolean, false, beyond, works),
  vrrp_netlink_monitor_rcv_bufs: defaulted(octets, 0, 'netlink receive buffer', { ...reported, ...works }),
  vrrp_netlink_monitor_rcv_bufs_force: defaulted(boolean, false, beyond, works),
  process_monitor_rcv_bufs: defaulted(octets, 0, 'process event receive buffer', {
    ...reported,
    note: processEventsNote,
  }),
  process_monitor_rcv_bufs_force: defaulted(boolean, false, beyond, { note: processEventsNote }),
  lvs_netlink_cmd_rcv_bufs: defaulted(octets, 0, 'netlink receive buffer', {
    ...reported,
    ...works,
    note: 'of the socket for IPVS, which keepalived 2.2.7 leaves as it is',
  }),
  lvs_netlink_cmd_rcv_bufs_force: defaulted(boolean, false, beyond, {
    note: 'the limit is passed whenever the process may',
  }),
  lvs_netlink_monitor_rcv_bufs: defaulted(octets, 0, 'netlink receive buffer', {
    ...reported,
    note: lvsMonitorNote,
  }),
  lvs_netlink_monitor_rcv_bufs_force: defaulted(boolean, false, beyond, { note: lvsMonitorNote }),
};
