/** What the messages of `messages/lvs.ts` (KA4xxx) mean, and what to do. */
import type { lvsMessages } from '../../messages/lvs.js';
import type { Advice } from './advice.js';

export const lvsAdvice: Readonly<Record<keyof typeof lvsMessages, Advice>> = {
  noRealServers: [
    'A virtual server has nobody to send connections to; it is ignored.',
    'Add real_server blocks.',
  ],
  defaulted: [
    'Something that should be said is not; a default is used.',
    'Write it, so that everybody sees it.',
  ],
  badServer: [
    'A virtual or real server is named by something that is no address, port, mark or group.',
    'Correct the first line of the block.',
  ],
  serverFamily: [
    'A real server is of another address family than its virtual server, which only tunnels can do.',
    'Correct the address, or write lvs_method TUN.',
  ],
  duplicateServer: ['A real server is listed twice.', 'Remove one of them.'],
  portReset: [
    'Only NAT can change the port of a packet.',
    'Let the server listen on the port of the virtual server, or write lvs_method NAT.',
  ],
  portIgnored: [
    'A group has several ports, or a firewall mark, and with DR and TUN packets reach a server on the port that they came to.',
    'Leave out the port of the server, or use `lvs_method NAT`. Checkers have `connect_port`.',
  ],
  quorumReduced: [
    'The quorum could never be reached.',
    'Write a quorum that is at most the sum of the weights.',
  ],
  hysteresisReduced: ['The quorum, once lost, could never be gained again.', 'Write a smaller hysteresis.'],
  groupUnknown: [
    'A virtual server is for a group that does not exist.',
    'Define virtual_server_group, or correct the name.',
  ],
  groupEmpty: ['A group has no address and no mark.', 'Add them.'],
  serverFlag: [
    'A flag does not fit the scheduler or the protocol.',
    'Remove it, or write it behind the scheduler that has it.',
  ],
  checkerDropped: ['A checker lacks what it needs and does not run.', 'Add what the message names.'],
  checkerDroppedSilently: ['As KA4012; keepalived says nothing of it.', 'Add what the message names.'],
};
