/** Public API. Nothing here touches the console, installs a signal handler, or ends the process. */
export { createNode, VrrpNode, type NodeEvents, type NodeOptions, type ReloadSummary } from './vrrp/node.js';
export { VirtualRouter, type VirtualRouterOptions } from './vrrp/standalone.js';
export {
  VirtualRouterView,
  type RouterEvents,
  type SplitBrain,
  type StateChange,
} from './vrrp/virtual-router.js';
export type { VrrpState } from './vrrp/words.js';
export type { Explanation, Step } from './recorder/explain.js';
export type { CauseName, Finding } from './recorder/finding.js';
export { formatExplanation } from './recorder/format.js';
export { parseConfig, type ConfigInput, type ParseOptions, type ParseResult } from './config/load.js';
export type { Diagnostic, Severity } from './config/diagnostic.js';
export type { Config } from './config/model.js';
export { KaError, UsageError } from './errors.js';
export type { Clock, Logger, LogLevel } from './host.js';
export { Ipvs, IpvsRefusedError, type ApplyOptions, type ApplyResult, type IpvsOptions } from './lvs/ipvs.js';
export {
  Balancer,
  type BalancerEvent,
  type BalancerOptions,
  type RealServerStatus,
  type VirtualServerStatus,
} from './lvs/balancer.js';
export { drain, type DrainOptions, type DrainResult } from './lvs/drain.js';
export { Prober } from '../bindings/prober.js';
export type * from '../bindings/ipvs-types.js';
