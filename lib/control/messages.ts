/**
 * What the processes of the daemon say to each other about its state: requests that the supervisor asks a child, their
 * replies, and events that children push. The control server sits on the asking side and knows no child.
 */

/** The two halves of the daemon, each in a process of its own (in one process with --single-process). */
export type Side = 'vrrp' | 'checkers';

/** What a side answers to: a method's name, and a function that may be asynchronous. Parameters and results are plain data. */
export type ControlHandlers = Readonly<Record<string, (params: unknown) => unknown>>;

/** Asks one side. */
export interface ControlRequest {
  readonly kind: 'request';
  /** Chosen by who asks; the reply bears it. */
  readonly id: number;
  readonly method: string;
  readonly params: unknown;
}

/** `code` is a KaError's, KA_CONTROL_FAILED for anything else that was thrown. */
export type ControlReply =
  | { readonly kind: 'reply'; readonly id: number; readonly isGood: true; readonly result: unknown }
  | {
      readonly kind: 'reply';
      readonly id: number;
      readonly isGood: false;
      readonly code: string;
      readonly message: string;
    };

/** Something that a side tells without being asked. Plain data; `kind` says which fields there are. */
export interface ControlEvent {
  readonly kind: string;
  readonly [field: string]: unknown;
}

/** Pushed events on their way, in order. */
export interface ControlTold {
  readonly kind: 'told';
  readonly events: readonly ControlEvent[];
}

export interface AskOptions {
  /** Default 5,000. */
  readonly timeoutMs?: number;
}

/** Who tells something: a side, or whoever runs them. */
export type Teller = Side | 'daemon';

/** Hears what is told. */
export type ToldListener = (teller: Teller, event: ControlEvent) => void;

/** Whoever can reach the sides: the supervisor, or the single process. */
export interface Sides {
  /**
   * @throws {KaError} KA_CONTROL_GONE: the side does not run. KA_CONTROL_TIMEOUT: it does not answer.
   *   KA_CONTROL_METHOD: it knows no such method. Any code that its handler failed with.
   */
  ask(side: Side, method: string, params?: unknown, options?: AskOptions): Promise<unknown>;
  /** The returned function ends it. */
  onTold(listener: ToldListener): () => void;
  /** Sides that the configuration needs, running or about to be restarted. */
  sides(): readonly SideStanding[];
}

/** One side at this moment. */
export interface SideStanding {
  readonly side: Side;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** How often it died and was started again. */
  readonly restarts: number;
}

/** How a reload went. */
export interface ReloadReport {
  readonly isGood: boolean;
  /** What is to be shown: diagnostics, and what changed or why nothing did. */
  readonly lines: readonly string[];
}

/** Lines of a reload that its event bears at most; the answer to the request has them all. */
export const reloadLines = 100;

/** The event of a reload. `generation`: of the configuration that runs behind it. */
export function reloadTold(
  { isGood, lines }: ReloadReport,
  generation: number,
  happenedMs: number,
): ControlEvent {
  return { kind: 'reload', isGood, generation, lines: lines.slice(0, reloadLines), happenedMs };
}

/** What the control server is given by the process that runs it. */
export interface ControlHost extends Sides {
  readonly version: string;
  readonly configFile: string;
  /** performance.timeOrigin of the daemon: wall clock of its start, milliseconds. */
  readonly startedAtMs: number;
  /** Counts configurations that were put to work, from 1; 0 before the first. */
  generation(): number;
  /** Reads the configuration again, as SIGHUP does, and waits for the end of it. */
  reload(): Promise<ReloadReport>;
}

/** Default of `AskOptions.timeoutMs`. */
export const defaultAskMs = 5000;
