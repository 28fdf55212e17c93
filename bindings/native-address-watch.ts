/** The address watch of the native surface, as types (see native.ts). `address-watch.ts` is its typed face. */

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
