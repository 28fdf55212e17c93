/** The engine as the node sees it, so that tests can put another one in its place. */
import { Engine } from '../../bindings/engine.js';
import type {
  NativeEngineOptions,
  NativeEngineStatus,
  NativeEvent,
  NativeRecord,
  NativeTransaction,
} from '../../bindings/native.js';

/** See Engine in bindings/engine.ts. */
export interface EnginePort {
  start(): Promise<void>;
  apply(transaction: NativeTransaction): Promise<void>;
  status(): NativeEngineStatus;
  record(router: number): NativeRecord | undefined;
  stop(): Promise<void>;
}

export type OpenEngine = (
  options: NativeEngineOptions,
  onEvents: (events: readonly NativeEvent[]) => void,
) => EnginePort;

export const openNativeEngine: OpenEngine = (options, onEvents) => new Engine(options, onEvents);
