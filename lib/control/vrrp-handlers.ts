/** What the process that runs VRRP answers to. Every method of the control socket that looks at VRRP is assembled here. */
import type { VrrpNode } from '../vrrp/node.js';
import type { ControlHandlers } from './messages.js';
import { pong, type ProcessFacts } from './ping.js';

export interface VrrpHandlersContext extends ProcessFacts {
  /** Undefined before its start. */
  readonly node: () => VrrpNode | undefined;
}

export function vrrpHandlers(context: VrrpHandlersContext): ControlHandlers {
  return {
    ping: () => pong(context),
  };
}
