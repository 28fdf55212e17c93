/**
 * Typed face of the VRRP engine: lifetime, typed events, heartbeats, and the names that keepalived gives to states.
 * It keeps no routers; what ought to run is decided in lib/vrrp and comes as transactions.
 */
import './dispose.js';
import { EventEmitter } from 'node:events';
import { NativeError } from './errors.js';
import { loadAddon } from './load.js';
import type {
  NativeCause,
  NativeEngine,
  NativeEngineOptions,
  NativeEngineStatus,
  NativeEvent,
  NativeRecord,
  NativeState,
  NativeTransaction,
} from './native.js';

/** State of a virtual router as configurations, scripts and people call it. STANDBY: an operator took it out of service. */
export type StateName = 'INIT' | 'BACKUP' | 'MASTER' | 'FAULT' | 'STOP' | 'DELETED' | 'STANDBY';

/** The core's states in keepalived's words; `initialize` depends on why (see stateName). */
export const stateNames = { active: 'MASTER', backup: 'BACKUP' } as const satisfies Partial<
  Record<NativeState, StateName>
>;

/**
 * Name of the state that `state` is when `cause` led to it: RFC 9568 knows no FAULT, and `initialize` is INIT before
 * the first transition, STOP after a shutdown, DELETED after a removal, else FAULT.
 */
export function stateName(state: NativeState, cause: NativeCause | undefined): StateName {
  if (state !== 'initialize') return stateNames[state];
  const kind = cause?.kind === 'group' ? cause.memberKind : cause?.kind;
  if (kind === undefined) return 'INIT';
  if (kind === 'shutdown') return 'STOP';
  return kind === 'removed' ? 'DELETED' : 'FAULT';
}

type EventsByKind = {
  [Kind in NativeEvent['kind']]: [event: Extract<NativeEvent, { readonly kind: Kind }>];
};

/** Each event under its kind, and all that came together as `events`. */
export interface EngineEvents extends EventsByKind {
  events: [events: readonly NativeEvent[]];
}

/**
 * One engine thread and its virtual routers. Runs from start() to stop(); process exit, an uncaught exception, and the end
 * of a worker stop it as well: priority 0 is sent and addresses are removed.
 */
export class Engine extends EventEmitter<EngineEvents> implements AsyncDisposable {
  readonly #native: NativeEngine;
  readonly #heartbeatMs: number;
  #heart: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | undefined;

  /**
   * @param onEvents is called with each batch before the single events are emitted.
   * @throws {NativeError} KA_ENGINE_INVALID (options), KA_NATIVE_MISSING (no addon).
   */
  constructor(options: NativeEngineOptions = {}, onEvents?: (events: readonly NativeEvent[]) => void) {
    super();
    this.#heartbeatMs = Math.max(1, Math.floor((options.eventLoopTimeoutMs ?? 0) / 4));
    const isWatched = (options.eventLoopTimeoutMs ?? 0) > 0;
    if (!isWatched) this.#heartbeatMs = 0;
    this.#native = native(
      () => new (loadAddon().Engine)(options, (events) => this.#deliver(events, onEvents)),
    );
  }

  /**
   * Starts the thread; resolves when its sockets are open and links are known.
   * @param options.signal stops the engine when it aborts.
   * @throws {NativeError} KA_ENGINE_PERMISSION (a capability is missing), KA_ENGINE_NOT_FOUND (namespace), KA_ENGINE_CLOSED.
   */
  async start(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { signal } = options;
    signal?.throwIfAborted();
    await nativeAsync(() => this.#native.start());
    if (this.#heartbeatMs > 0) {
      this.#heart = setInterval(() => this.#native.heartbeat(), this.#heartbeatMs);
      this.#heart.unref();
    }
    const onAbort = (): void => void this.stop();
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) {
      await this.stop();
      signal.throwIfAborted();
    }
  }

  /**
   * Carries out a transaction; resolves when the engine has done so.
   * @throws {NativeError} KA_ENGINE_INVALID, KA_ENGINE_NOT_FOUND, KA_ENGINE_EXISTS (two routers collide), KA_ENGINE_CLOSED;
   *   the message names the router and what is wrong, and nothing has been done.
   */
  apply(transaction: NativeTransaction): Promise<void> {
    return nativeAsync(() => this.#native.apply(transaction));
  }

  /**
   * States, counters and lateness as they are now; the engine is not disturbed. The last state stays readable until stop().
   * @throws {NativeError} KA_ENGINE_CLOSED.
   */
  status(): NativeEngineStatus {
    return native(() => this.#native.status());
  }

  /** Adverts in and out of one router, and how late the engine woke. Undefined when no router has this number. */
  record(router: number): NativeRecord | undefined {
    return native(() => this.#native.record(router));
  }

  /** Priority 0, addresses removed, thread joined; the last events come before it resolves. Idempotent. */
  stop(): Promise<void> {
    clearInterval(this.#heart);
    this.#stopping ??= nativeAsync(() => this.#native.stop());
    return this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #deliver(
    events: readonly NativeEvent[],
    onEvents: ((events: readonly NativeEvent[]) => void) | undefined,
  ): void {
    onEvents?.(events);
    this.emit('events', events);
    for (const event of events) this.#emitOne(event);
  }

  #emitOne(event: NativeEvent): void {
    // The kind of an event is the name it is emitted under; the compiler cannot follow that through a union.
    (this as EventEmitter).emit(event.kind, event);
  }
}

/** Runs a native call; what it throws gets the caller's stack. */
function native<T>(call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    throw NativeError.from(thrown);
  }
}

async function nativeAsync(call: () => Promise<void>): Promise<void> {
  try {
    await call();
  } catch (thrown) {
    throw NativeError.from(thrown);
  }
}
