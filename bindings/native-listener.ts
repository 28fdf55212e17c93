/** The listener part of the native surface, as types (see native.ts). `listener.ts` is its typed face. */

/** Adverts of one sender for one virtual router. */
export interface NativeHeard {
  readonly source: string;
  readonly version: number;
  readonly vrid: number;
  /** That of the last one. */
  readonly priority: number;
  /** Sent by this machine. */
  readonly isOwn: boolean;
  /** Virtual addresses that the last one named. */
  readonly addresses: readonly string[];
  readonly count: number;
}

/** Waits on a thread of the pool. */
export type NativeListenForAdverts = (
  interfaceName: string,
  durationMs: number,
) => Promise<readonly NativeHeard[]>;
