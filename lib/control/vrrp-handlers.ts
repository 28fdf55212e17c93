/** What the process that runs VRRP answers to. Every method of the control socket that looks at VRRP is assembled here. */
import type { ControlHandlers } from './messages.js';
import { pong, type ProcessFacts } from './ping.js';
import type { VrrpOperations } from './vrrp-operations.js';

export interface VrrpHandlersContext extends ProcessFacts {
  readonly operations: VrrpOperations;
}

export function vrrpHandlers(context: VrrpHandlersContext): ControlHandlers {
  return {
    ping: () => pong(context),
    ...context.operations.handlers,
  };
}
