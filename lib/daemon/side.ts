/** What the two halves of the daemon look like to the process that runs them. */
import type { Config } from '../config/model.js';
import type { ControlEvent, ControlHandlers } from '../control/messages.js';
import type { Log } from '../log/log.js';
import type { DumpKind } from './dump.js';
import type { DaemonOptions } from './options.js';
import type { EntryStore } from '../recorder/timeline.js';
import type { ChildReport, Memory } from './protocol.js';

/** What a side is given. */
export interface SideContext {
  readonly options: DaemonOptions;
  readonly log: Log;
  /** Path of the network namespace that the process was started in, when it has left it. */
  readonly homeNamespace?: string | undefined;
  /** Pushes an event to the control server. */
  readonly tell: (event: ControlEvent) => void;
  readonly report: (report: ChildReport) => void;
  /** To be called when everything is loaded and the engine is about to start. */
  readonly beginsEngine?: () => void;
  /** Number of the configuration that runs. */
  readonly generation: () => number;
  /** What the process before this one held. */
  readonly memory?: Memory | undefined;
  /** Process that started this one, and without which it is not to go on. */
  readonly supervisor?: number;
  /** File for the engine's sign of life. */
  readonly lifeSignFd?: number;
  /** The flight recorder, when it is to outlive this process. */
  readonly recorded?: EntryStore | undefined;
  /** The side ran before in a process that died. */
  readonly isRestart?: boolean;
}

/** A running side. */
export interface RunningSide {
  /** For `systemctl status`. */
  readonly summary: string;
  readonly handlers: ControlHandlers;
  /**
   * Applies another configuration. The result is what changed, in words; '': nothing.
   * @throws when it is refused: the old one runs on.
   */
  reload(config: Config): Promise<string>;
  dump(kind: DumpKind): void;
  /** What `dump('data')` would write. */
  dataText(): string;
  /** VRRP: a configuration was refused elsewhere, for the flight recorder. */
  noteRefusedReload?(reason: string): void;
  /** Checkers: the VRRP instances that are MASTER now. */
  follow?(masters: readonly string[]): Promise<void>;
  /** VRRP: says goodbye at once; `close` follows, and does the rest. */
  leave?(): void;
  close(): Promise<void>;
}

export type StartSide = (config: Config, context: SideContext) => Promise<RunningSide>;
