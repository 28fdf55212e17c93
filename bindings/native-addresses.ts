/** Addresses of the host in the native surface, as types (see native.ts). `address-watch.ts` and `addresses.ts` are its typed faces. */

export interface NativeAddressChange {
  readonly address: string;
  readonly isPresent: boolean;
}

/** Follows the addresses of a namespace on a thread of its own. It does not keep the process alive. */
export interface NativeAddressWatch {
  /** Ends the thread. Idempotent. */
  close(): void;
}

export interface NativeAddressWatchConstructor {
  /** `netns`: path of a namespace file. The first call of `onChanges` names all addresses that there are. */
  new (
    netns: string | undefined,
    onChanges: (changes: readonly NativeAddressChange[]) => void,
  ): NativeAddressWatch;
}

/** An address of an interface that is known by name. */
export interface NativeNamedAddress {
  readonly dev: string;
  /** With prefix length: `10.0.0.100/24`. */
  readonly address: string;
  readonly peer?: string;
  /** Only if it bears our mark (IFA_PROTO, linux 5.18 and later): one that somebody else put there stays. */
  readonly onlyMarked?: boolean;
}

/** `netns`: path of a namespace file. How many of them were there and are removed. It waits for the kernel. */
export type NativeRemoveAddresses = (
  netns: string | undefined,
  addresses: readonly NativeNamedAddress[],
) => number;
