/** What the process that runs the load balancer answers to. Every method that looks at it is assembled here. */
import type { Balancer } from '../lvs/balancer.js';
import type { ControlHandlers } from './messages.js';
import { pong, type ProcessFacts } from './ping.js';

export interface CheckersHandlersContext extends ProcessFacts {
  /** Undefined before its start. */
  readonly balancer: () => Balancer | undefined;
}

export function checkersHandlers(context: CheckersHandlersContext): ControlHandlers {
  return {
    ping: () => pong(context),
  };
}
