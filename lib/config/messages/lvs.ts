/** KA4xxx. Load balancing: virtual servers, groups, checkers. */
import { define } from './message.js';

export const lvsMessages = {
  noRealServers: define(
    'KA4001',
    'error',
    'complaint',
    (name: string) => `virtual_server ${name} has no real_server; it is ignored`,
  ),
  defaulted: define(
    'KA4002',
    'warning',
    'complaint',
    (what: string, value: string) => `no ${what} is given; ${value} is used`,
  ),
  badServer: define('KA4003', 'error', 'complaint', (what: string) => `${what}; the block is ignored`),
  serverFamily: define(
    'KA4004',
    'error',
    'complaint',
    (address: string) => `${address} is of another address family than the virtual server; it is ignored`,
  ),
  duplicateServer: define(
    'KA4005',
    'error',
    'complaint',
    (address: string) => `${address} is listed twice; the second one is ignored`,
  ),
  portReset: define(
    'KA4006',
    'warning',
    'complaint',
    (port: string) => `without NAT a server listens on the virtual server's port; ${port} is used`,
  ),
  portIgnored: define(
    'KA4014',
    'warning',
    'complaint',
    (port: string) =>
      `without NAT packets keep the port that they came to, which here is not always ${port}; it is ignored`,
    { hint: 'leave the port out, or use lvs_method NAT' },
  ),
  quorumReduced: define(
    'KA4007',
    'warning',
    'complaint',
    (quorum: string, weight: string) =>
      `quorum ${quorum} is larger than the sum of weights, ${weight}, which is used`,
  ),
  hysteresisReduced: define(
    'KA4008',
    'warning',
    'complaint',
    (value: string) => `hysteresis must be smaller than the quorum; ${value} is used`,
  ),
  groupUnknown: define(
    'KA4009',
    'warning',
    'none',
    (name: string) => `there is no virtual_server_group '${name}'; the virtual server is ignored`,
  ),
  groupEmpty: define(
    'KA4010',
    'error',
    'complaint',
    (name: string) => `virtual_server_group ${name} has no entries; it is removed`,
  ),
  serverFlag: define('KA4011', 'warning', 'complaint', (what: string) => what),
  checkerDropped: define(
    'KA4012',
    'error',
    'complaint',
    (kind: string, why: string) => `${kind} is dropped: ${why}`,
  ),
  checkerDroppedSilently: define(
    'KA4013',
    'warning',
    'none',
    (kind: string, why: string) => `${kind} is dropped: ${why}`,
  ),
} as const;
