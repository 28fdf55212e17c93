/** Names that the addon's shapes share: states, holds, causes. */

/** State of a virtual router, RFC 9568 section 6.4. */
export type NativeState = 'initialize' | 'backup' | 'active';

/** Reasons that keep a router in `initialize` (native/vrrp/types.h, Hold). */
export type NativeHold =
  | 'not-started'
  | 'link-down'
  | 'tracked-link'
  | 'no-source'
  | 'policy'
  | 'waiting'
  | 'group'
  | 'watchdog'
  | 'standby'
  | 'address-failed'
  | 'no-multicast';

/** Holds that JavaScript may set and clear; the engine owns the others. */
export type PolicyHold = 'policy' | 'waiting' | 'standby';

/** Why a transition happened (native/vrrp/types.h, CauseKind). */
export type NativeCauseKind =
  | 'started'
  | 'owner'
  | 'silence'
  | 'preempted'
  | 'peer-left'
  | 'higher-priority'
  | 'held'
  | 'released'
  | 'group'
  | 'command'
  | 'params'
  | 'removed'
  | 'shutdown'
  | 'address-lost'
  /** This node was not running, and the peer is master since. */
  | 'absent';

/** The cause of a transition as data. */
export interface NativeCause {
  readonly kind: NativeCauseKind;
  /** `held`: the holds that came; `released`: those that went. */
  readonly holds?: readonly NativeHold[];
  /** Source address of the advert that decided, or of the master that fell silent. */
  readonly peer?: string;
  readonly peerPriority?: number;
  /** `group`: id of the router that began it, and its own cause. */
  readonly member?: number;
  readonly memberKind?: NativeCauseKind;
  /** `held` by tracked-link or link-down: the interfaces that are down. */
  readonly links?: readonly string[];
}
