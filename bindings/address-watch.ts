/** Which addresses are on this host, on any interface, followed through rtnetlink. */
import './dispose.js';
import { NativeError } from './errors.js';
import { loadAddon } from './load.js';
import type { NativeAddressChange, NativeAddressWatch } from './native-addresses.js';

export type AddressChange = NativeAddressChange;

export class AddressWatch implements Disposable {
  readonly #native: NativeAddressWatch;
  readonly #hold: NodeJS.Timeout;
  readonly #present = new Set<string>();
  /** Resolves when the first list is there. */
  readonly ready: Promise<void>;

  /**
   * @param options.netns network namespace: a name below /run/netns, or a path.
   * @param options.onChange told of every address that comes or leaves after the first list.
   * @throws {NativeError} KA_ADDRESS_WATCH when the namespace cannot be entered or rtnetlink is out of reach.
   */
  constructor(options: {
    readonly netns?: string | undefined;
    readonly onChange: (change: AddressChange) => void;
  }) {
    const { netns, onChange } = options;
    const path = netns === undefined || netns.includes('/') ? netns : `/run/netns/${netns}`;
    let isReady = false;
    // The watch does not keep the process alive, but whoever awaits the first list must not be left hanging.
    const hold = setTimeout(() => undefined, 0x7fff_ffff);
    this.#hold = hold;
    let settle = (): void => undefined;
    this.ready = new Promise((resolve) => (settle = resolve));
    const onChanges = (changes: readonly AddressChange[]): void => {
      for (const change of changes) {
        if (change.isPresent) this.#present.add(change.address);
        else this.#present.delete(change.address);
        if (isReady) onChange(change);
      }
      isReady = true;
      clearTimeout(hold);
      settle();
    };
    try {
      this.#native = new (loadAddon().AddressWatch)(path, onChanges);
    } catch (error) {
      clearTimeout(hold);
      throw NativeError.from(error);
    }
  }

  /** True when some interface has the address; in canonical form. */
  has(address: string): boolean {
    return this.#present.has(address);
  }

  /** Idempotent. */
  close(): void {
    clearTimeout(this.#hold);
    this.#native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
