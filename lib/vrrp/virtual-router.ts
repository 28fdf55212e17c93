/** One virtual router as its user sees it: its state now, and events when that changes. */
import { EventEmitter } from 'node:events';
import type { NativeCause, NativeEvent } from '../../bindings/native.js';
import type { VrrpState } from './words.js';

/** A change of state, with its cause as data and in words. */
export interface StateChange {
  readonly from: VrrpState;
  readonly to: VrrpState;
  /** Effective priority at that moment. */
  readonly priority: number;
  readonly cause: NativeCause;
  /** The cause as the end of a sentence. */
  readonly reason: string;
  /** Wall clock, milliseconds since 1970. */
  readonly atMs: number;
}

/** Another router holds the addresses beside this master; see NativeEvent. */
export type SplitBrain = Extract<NativeEvent, { readonly kind: 'split-brain' }>;

export interface RouterEvents {
  /** After every transition; `master`, `backup` and `fault` follow it for those states. */
  state: [change: StateChange];
  master: [change: StateChange];
  backup: [change: StateChange];
  fault: [change: StateChange];
  /** Somebody else holds the addresses beside this master (`active`), or no more. */
  splitBrain: [event: SplitBrain];
  /** The effective priority changed. */
  priority: [priority: number, previous: number];
}

/** What a router tells about itself at one moment. */
export interface RouterStanding {
  readonly state: VrrpState;
  readonly priority: number;
  readonly lastChange: StateChange | undefined;
}

export class VirtualRouterView extends EventEmitter<RouterEvents> {
  #standing: RouterStanding;

  constructor(
    /** Name in the configuration. */
    readonly name: string,
    readonly virtualRouterId: number,
    priority: number,
  ) {
    super();
    this.#standing = { state: 'INIT', priority, lastChange: undefined };
  }

  get state(): VrrpState {
    return this.#standing.state;
  }

  get isMaster(): boolean {
    return this.#standing.state === 'MASTER';
  }

  /** Effective priority. */
  get priority(): number {
    return this.#standing.priority;
  }

  get lastChange(): StateChange | undefined {
    return this.#standing.lastChange;
  }

  /** Resolves when the router is in `state`, at once if it is already. @throws the signal's reason. */
  async reached(state: VrrpState, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.state === state) return;
    await new Promise<void>((resolve, reject) => {
      const done = (): void => {
        this.off('state', onState);
        signal?.removeEventListener('abort', onAbort);
      };
      const onState = (change: StateChange): void => {
        if (change.to !== state) return;
        done();
        resolve();
      };
      const onAbort = (): void => {
        done();
        reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
      };
      this.on('state', onState);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** For the node that owns it. */
  changeState(change: StateChange): void {
    this.#standing = { state: change.to, priority: change.priority, lastChange: change };
    this.emit('state', change);
    if (change.to === 'MASTER') this.emit('master', change);
    if (change.to === 'BACKUP') this.emit('backup', change);
    if (change.to === 'FAULT') this.emit('fault', change);
  }

  /** For the node that owns it. */
  changeSplitBrain(event: SplitBrain): void {
    this.emit('splitBrain', event);
  }

  /** For the node that owns it. */
  changePriority(priority: number): void {
    const { priority: previous } = this.#standing;
    if (priority === previous) return;
    this.#standing = { ...this.#standing, priority };
    this.emit('priority', priority, previous);
  }
}
