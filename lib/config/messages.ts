/**
 * Every diagnostic of the configuration: stable code, severity, what keepalived's test mode makes of it, text, hint.
 * 1xxx reading and preprocessing, 2xxx structure and values, 3xxx VRRP, 4xxx load balancing, 5xxx scripts and the machine.
 */
import { lvsMessages } from './messages/lvs.js';
import { machineMessages } from './messages/machine.js';
import { readingMessages } from './messages/reading.js';
import { structureMessages } from './messages/structure.js';
import { vrrpMessages } from './messages/vrrp.js';

export type { Message } from './messages/message.js';

export const messages = {
  ...readingMessages,
  ...structureMessages,
  ...vrrpMessages,
  ...lvsMessages,
  ...machineMessages,
};
