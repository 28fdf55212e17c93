/** What passed a host's interfaces, dated by the kernel (baseline/watch.c), as data that can be waited for. */
import type { LabHost } from '../test/support/net-lab.js';
import { waitUntil, type Program } from '../test/support/program.js';
import { baseline } from './baseline.js';

export type Direction = 'out' | 'in';

/** `atNs`: CLOCK_MONOTONIC. `key`: interface and VRID, '<interface>/<vrid>'. */
export interface Advert {
  readonly atNs: number;
  readonly direction: Direction;
  readonly key: string;
  readonly priority: number;
}

export interface AddressNews {
  readonly atNs: number;
  readonly direction: Direction | 'add' | 'del';
  readonly address: string;
}

export class Watch implements AsyncDisposable {
  readonly adverts: Advert[] = [];
  /** Gratuitous ARP. */
  readonly arps: AddressNews[] = [];
  /** Addresses that came to or went from the kernel. */
  readonly addresses: AddressNews[] = [];
  #read = 0;

  private constructor(readonly program: Program) {
    program.onChange(() => this.#take());
  }

  /** Resolves once everything is seen. `advertsOnly` leaves out ARP and addresses. */
  static async start(host: LabHost, options: { readonly advertsOnly?: boolean } = {}): Promise<Watch> {
    const mode = options.advertsOnly === true ? ['adverts'] : [];
    const program = await host.start([baseline('watch'), ...mode]);
    const watch = new Watch(program);
    await program.waitForLine(/^ready/);
    return watch;
  }

  /** Waits until `condition`, asked after each batch of packets, holds. It should be cheap. */
  until(what: string, condition: () => boolean, timeoutMs = 15_000): Promise<void> {
    return waitUntil(what, condition, (changed) => this.program.onChange(() => changed()), { timeoutMs });
  }

  /** Waits until `count` different routers have sent in `direction`, from the advert with index `from` on. */
  async untilRouters(
    count: number,
    direction: Direction,
    options: {
      readonly from?: number;
      readonly timeoutMs?: number;
      readonly accept?: (advert: Advert) => boolean;
    } = {},
  ): Promise<ReadonlyMap<string, Advert>> {
    const first = new Map<string, Advert>();
    let next = options.from ?? 0;
    const what = `adverts ${direction} of ${count} routers`;
    await this.until(
      what,
      () => {
        for (; next < this.adverts.length; next++) {
          const advert = this.adverts[next];
          if (advert?.direction !== direction || first.has(advert.key)) continue;
          if (options.accept?.(advert) ?? true) first.set(advert.key, advert);
        }
        return first.size >= count;
      },
      options.timeoutMs,
    );
    return first;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program.stop('SIGKILL');
  }

  #take(): void {
    for (; this.#read < this.program.lines.length; this.#read++) {
      const [kind, time, device, direction, subject = '', priority] =
        this.program.lines[this.#read]?.text.split(' ') ?? [];
      const atNs = Number(time);
      if (kind === 'A' && isDirection(direction)) {
        this.adverts.push({ atNs, direction, key: `${device ?? ''}/${subject}`, priority: Number(priority) });
      } else if (kind === 'G' && isDirection(direction)) {
        this.arps.push({ atNs, direction, address: subject });
      } else if (kind === 'N' && (direction === 'add' || direction === 'del')) {
        this.addresses.push({ atNs, direction, address: subject });
      }
    }
  }
}

/** Now, on the clock that packets are dated with. */
export function nowNs(): number {
  return Number(process.hrtime.bigint());
}

function isDirection(word: string | undefined): word is Direction {
  return word === 'out' || word === 'in';
}
