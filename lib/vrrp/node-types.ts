/** What a node is given, and what it tells of itself. */
import type { NativeEvent, NativeRouterStatus } from '../../bindings/native.js';
import type { Accounts } from '../accounts.js';
import type { Clock, Logger } from '../host.js';
import type { RouterPlan } from '../plan/plan.js';
import type { EntryStore } from '../recorder/timeline.js';
import type { OpenEngine } from './engine-port.js';
import type { ResumedStates } from './resume.js';
import type { Tracker } from '../track/tracker.js';
import type { TrackerSet } from './tracker-set.js';
import type { SplitBrain, StateChange, VirtualRouterView } from './virtual-router.js';
import type { VrrpState } from './words.js';

export interface NodeOptions {
  readonly logger?: Logger;
  readonly clock?: Clock;
  /** Closes the node when it aborts. */
  readonly signal?: AbortSignal;
  /** Path of the network namespace to work in (/run/netns/NAME); default: that of the configuration, else the caller's. */
  readonly netns?: string;
  /** Puts all routers in fault when the event loop does not answer for so many milliseconds. Default: never. */
  readonly eventLoopTimeoutMs?: number;
  /** Names of the instances that eventLoopTimeoutMs is for. Default: all. */
  readonly eventLoopTimeoutInstances?: readonly string[];
  /**
   * Ask the neighbours, from the interface's own address, whether somebody else holds the addresses of a master: once an advert
   * interval, five times a second at most, a hundred times a second for all routers together. Default: true.
   */
  readonly splitBrainProbe?: boolean;
  /** Leave the addresses in place when the node is closed (keepalived --dont-release-vrrp). */
  readonly keepAddresses?: boolean;
  /** A process: when it ends, every instance leaves in order, also while JavaScript stands still. */
  readonly leaveWith?: number;
  /** A file of 16 bytes, where the engine notes when it last ran, for whoever goes on if this process dies. */
  readonly lifeSignFd?: number;
  readonly accounts?: Accounts;
  /** What another process held that ended a moment ago without a goodbye: its masterships are gone on with. */
  readonly resume?: ResumedStates;
  /** The flight recorder of the processes before this one, which goes on in it. Default: it ends with the node. */
  readonly recorded?: EntryStore;
  /** Called before the engine is given routers, at the start and at a reload: those that it may have addresses of from then on. */
  readonly onApply?: (routers: readonly RouterPlan[]) => void;
  /** For tests. */
  readonly openEngine?: OpenEngine;
}

export interface NodeEvents {
  /** A router of this node changed its state. */
  state: [router: VirtualRouterView, change: StateChange];
  /** A second master was noticed, or (`active` false) is there no more. */
  splitBrain: [router: VirtualRouterView, event: SplitBrain];
  /** Everything the engine told, in order. */
  engine: [event: NativeEvent];
  /** A tracked object changed; `what`: its kind and name, `script chk`. */
  tracked: [what: string, tracker: Pick<Tracker, 'state' | 'detail'>];
  closed: [];
}

/** One router at one moment. */
export interface RouterStandingNow {
  readonly name: string;
  readonly state: VrrpState;
  readonly priority: number;
  /** Wall clock of the last transition, milliseconds; 0: none yet. */
  readonly sinceMs: number;
  /** Undefined while the engine does not run. */
  readonly engine: NativeRouterStatus | undefined;
}

/** All that is known of one router now, for whoever shows it. */
export interface RouterInspection {
  readonly plan: RouterPlan;
  readonly view: VirtualRouterView;
  /** Tracked objects that hold it in fault. */
  readonly faults: readonly string[];
  readonly tracked: ReturnType<TrackerSet['seenBy']>;
  readonly isStandby: boolean;
  readonly isPatient: boolean;
  /** Undefined while the engine does not run. */
  readonly engine: NativeRouterStatus | undefined;
}

/** What a reload did, by name of the instance. */
export interface ReloadSummary {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}
