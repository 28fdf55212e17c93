/** What the process that runs the load balancer answers to. Every method that looks at it is assembled here. */
import { checkersOperations, type CheckersOperationsOptions } from './checkers-operations.js';
import type { ControlHandlers } from './messages.js';
import { pong, type ProcessFacts } from './ping.js';

export type CheckersHandlersContext = ProcessFacts & CheckersOperationsOptions;

export function checkersHandlers(context: CheckersHandlersContext): ControlHandlers {
  return {
    ping: () => pong(context),
    ...checkersOperations(context),
  };
}
