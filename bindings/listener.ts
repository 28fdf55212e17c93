/** Typed face of the addon's listener: which adverts are on an interface, whoever sends them. */
import { NativeError } from './errors.js';
import { loadAddon } from './load.js';
import type { NativeHeard } from './native-listener.js';

export type { NativeHeard as HeardAdverts } from './native-listener.js';

/**
 * Hears the VRRP adverts on an interface for a while; sends nothing. What a local firewall drops is heard all the same.
 * @throws {NativeError} KA_LISTENER with the errno: ENODEV, or EPERM without CAP_NET_RAW.
 */
export async function listenForAdverts(
  interfaceName: string,
  durationMs: number,
): Promise<readonly NativeHeard[]> {
  try {
    return await loadAddon().listenForAdverts(interfaceName, durationMs);
  } catch (error) {
    throw NativeError.from(error);
  }
}
