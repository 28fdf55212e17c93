/**
 * The whole surface of the native addon, as types: here and in the `native-*.ts` beside it. No logic; `engine.ts` and `ipvs.ts` are the
 * typed faces that the rest of the project uses. What crosses the boundary is plain objects, numbers with the unit in the name.
 * Names are the core's (active, backup, initialize); the translation to MASTER, BACKUP, FAULT is in `engine.ts`.
 */
import type { NativeAddressWatchConstructor, NativeRemoveAddresses } from './native-addresses.js';
import type { NativeEngineOptions, NativeTransaction } from './native-config.js';
import type { NativeEvent } from './native-events.js';
import type { NativeIpvsConstructor } from './native-ipvs.js';
import type { NativeLauncherConstructor } from './native-launcher.js';
import type { NativeListenForAdverts } from './native-listener.js';
import type { NativeProberConstructor } from './native-prober.js';
import type { NativeScheduleProcess } from './native-scheduling.js';
import type { NativeEngineStatus, NativeRecord } from './native-status.js';
import type { NativeMakeFifo, NativeSendNoWait, NativeUnixDatagramConstructor } from './native-syslog.js';

export type * from './native-config.js';
export type * from './native-events.js';
export type * from './native-routing.js';
export type * from './native-status.js';
export type * from './native-words.js';

/** The raw engine object of the addon. Every method throws NativeError's raw form { code, errno, op, message }. */
export interface NativeEngine {
  /** Starts the thread, once; the object then keeps the process alive until stop(). Resolves when its sockets are ready, rejects with what is missing (permission, namespace). */
  start(): Promise<void>;
  /** Queues a transaction; resolves when the engine has carried it out. */
  apply(transaction: NativeTransaction): Promise<void>;
  status(): NativeEngineStatus;
  /** Undefined when no router has this number. */
  record(router: number): NativeRecord | undefined;
  /** Says that the event loop turns; needed when eventLoopTimeoutMs is set. `Engine` in engine.ts does it. */
  heartbeat(): void;
  /** Priority 0, addresses removed, thread joined. Idempotent. */
  stop(): Promise<void>;
}

export interface NativeEngineConstructor {
  /** `onEvents` is called on the JavaScript thread with batches, in order. */
  new (options: NativeEngineOptions, onEvents: (events: readonly NativeEvent[]) => void): NativeEngine;
}

/** Exports of the addon. */
export interface NativeAddon {
  readonly AddressWatch: NativeAddressWatchConstructor;
  readonly Engine: NativeEngineConstructor;
  readonly Ipvs: NativeIpvsConstructor;
  readonly Launcher: NativeLauncherConstructor;
  readonly Prober: NativeProberConstructor;
  readonly listenForAdverts: NativeListenForAdverts;
  readonly removeAddresses: NativeRemoveAddresses;
  readonly UnixDatagram: NativeUnixDatagramConstructor;
  readonly sendNoWait: NativeSendNoWait;
  readonly makeFifo: NativeMakeFifo;
  /** See `enterNamespace` in `namespace.ts`. 0, or the negative errno. */
  readonly enterNamespace: (path: string) => number;
  /** See `outliveSignals` in `signals.ts`. */
  readonly outliveSignals: () => void;
  /** See `reapChild` in `signals.ts`. */
  readonly reapChild: (pid: number) => boolean;
  /** See `hearSignals` in `signals.ts`. A descriptor, or the negative errno. */
  readonly hearSignals: (numbers: readonly number[]) => number;
  readonly scheduleProcess: NativeScheduleProcess;
  /** Version of the native surface; `load.ts` refuses another one. */
  readonly abi: number;
}
