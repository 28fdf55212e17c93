/** What the load balancer tells. */
import type { Checker, RealServer, VirtualServer } from '../config/model-lvs.js';
import type { QuorumChange } from '../policy/quorum.js';

/** What notify scripts, FIFO, mail and SNMP hear. */
export type BalancerEvent =
  | {
      readonly kind: 'server';
      readonly isUp: boolean;
      readonly virtualServer: VirtualServer;
      readonly virtualName: string;
      readonly realServer: RealServer;
      readonly serverName: string;
      /** A reload removed it. */
      readonly isRemoval: boolean;
    }
  | {
      readonly kind: 'virtual';
      readonly isUp: boolean;
      readonly virtualServer: VirtualServer;
      readonly virtualName: string;
      /** Undefined: it ends, by a reload or with the daemon (omega). */
      readonly change: QuorumChange | undefined;
    }
  /** A checker's own state changed: what mails are about. */
  | {
      readonly kind: 'checker';
      readonly isUp: boolean;
      readonly reason: string;
      readonly checker: Checker;
      readonly virtualName: string;
      readonly realServer: RealServer;
      readonly serverName: string;
      /** It changed the state of its real server as well. */
      readonly isServerChange: boolean;
    };
