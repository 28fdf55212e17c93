/** Removes addresses of a process that died. */
import { NativeError } from './errors.js';
import { loadAddon } from './load.js';
import type { NativeNamedAddress } from './native-addresses.js';

export type NamedAddress = NativeNamedAddress;

/**
 * Removes addresses without an engine, in the namespace with this path (default: that of the process), and waits for the kernel. What is
 * not there is passed over.
 * @returns how many were removed.
 * @throws {NativeError} KA_ADDRESSES when the namespace cannot be entered or the kernel refuses; KA_ADDRESSES_ARGUMENT.
 */
export function removeAddresses(addresses: readonly NamedAddress[], netns?: string): number {
  try {
    return loadAddon().removeAddresses(netns, addresses);
  } catch (error) {
    throw NativeError.from(error);
  }
}
