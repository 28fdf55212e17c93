/** Takes a real server out of service without cutting anybody off: weight 0, then wait for its connections to end. */
import type { IpvsDestinationKey, IpvsServiceKey } from '../../bindings/ipvs-types.js';
import { sleep, systemClock, type Clock } from '../host.js';
import type { Ipvs } from './ipvs.js';
import { destinationId, serviceId } from './table.js';

export interface ServerDrainOptions {
  /** Milliseconds to wait at most. */
  readonly timeoutMs: number;
  /** Milliseconds between two looks; 500 unless told. */
  readonly intervalMs?: number;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  /** Told at every look. */
  readonly onProgress?: (connections: number) => void;
}

export interface DrainOptions extends ServerDrainOptions {
  /** Sets the weight to 0; absent: straight in the kernel. The daemon gives its own, so that it stays so. */
  readonly setWeightZero?: () => Promise<void>;
}

export type DrainResult =
  | { readonly kind: 'empty' }
  /** Time was up. `connections`: those that still are established. */
  | { readonly kind: 'timeout'; readonly connections: number }
  /** The service has no such server. */
  | { readonly kind: 'unknown' };

/**
 * Drains one server of one service. Persistent clients and established connections stay with it; new ones go elsewhere.
 * @throws what `Ipvs` throws, and the signal's reason when it aborts.
 */
export async function drain(
  ipvs: Ipvs,
  service: IpvsServiceKey,
  server: IpvsDestinationKey,
  options: DrainOptions,
): Promise<DrainResult> {
  const before = await find(ipvs, service, server);
  if (before === undefined) return { kind: 'unknown' };
  if (options.setWeightZero !== undefined) await options.setWeightZero();
  else await ipvs.run([{ kind: 'set-destination', service, destination: { ...before, weight: 0 } }]);
  return drainServer(async () => (await find(ipvs, service, server))?.activeConnections, options);
}

/** Waits until a server that gets no new connections has none left. `active`: undefined when it is not in the pool. */
export async function drainServer(
  active: () => Promise<number | undefined>,
  { clock = systemClock, timeoutMs, intervalMs = 500, signal, onProgress }: ServerDrainOptions,
): Promise<DrainResult> {
  const endMs = clock.nowMs() + timeoutMs;
  for (;;) {
    const connections = await active();
    if (connections === undefined) return { kind: 'empty' };
    onProgress?.(connections);
    if (connections === 0) return { kind: 'empty' };
    if (clock.nowMs() >= endMs) return { kind: 'timeout', connections };
    await sleep(clock, Math.min(intervalMs, Math.max(1, endMs - clock.nowMs())), signal);
  }
}

async function find(ipvs: Ipvs, service: IpvsServiceKey, server: IpvsDestinationKey) {
  const table = await ipvs.table();
  const entry = table.find((one) => serviceId(one.service.key) === serviceId(service));
  return entry?.destinations.find((one) => destinationId(one) === destinationId(server));
}
