/** lvs_timeouts: sets the kernel's connection timeouts and gives them back what they were. */
import type { IpvsTimeouts } from '../../bindings/ipvs-types.js';
import type { LvsTimeouts } from '../config/model.js';
import type { Ipvs } from './ipvs.js';

export interface TimeoutsMemory {
  /** What they were before a process that died set them; undefined: none did. */
  readonly before?: IpvsTimeouts | undefined;
  /** Told before they are first set: what must be known to give them back. */
  readonly onBefore?: ((before: IpvsTimeouts) => void) | undefined;
}

export class ConnectionTimeouts {
  readonly #ipvs: Ipvs;
  readonly #onBefore: TimeoutsMemory['onBefore'];
  /** What they were before we first set them; undefined: untouched. */
  #before: IpvsTimeouts | undefined;
  #set: IpvsTimeouts | undefined;

  constructor(ipvs: Ipvs, { before, onBefore }: TimeoutsMemory = {}) {
    this.#ipvs = ipvs;
    this.#before = before;
    this.#onBefore = onBefore;
  }

  /** What `wanted` does not name is as it was before. Nothing is sent when nothing changed. */
  async configure(wanted: LvsTimeouts | undefined): Promise<void> {
    if (wanted === undefined && this.#before === undefined) return;
    const before = this.#before ?? (await this.#remember());
    const next = {
      tcpS: toSeconds(wanted?.tcp) ?? before.tcpS,
      tcpFinS: toSeconds(wanted?.tcpfin) ?? before.tcpFinS,
      udpS: toSeconds(wanted?.udp) ?? before.udpS,
    };
    if (JSON.stringify(next) === JSON.stringify(this.#set)) return;
    await this.#ipvs.setTimeouts(next);
    this.#set = next;
  }

  /** Restores them. */
  close(): Promise<void> {
    return this.configure(undefined);
  }

  async #remember(): Promise<IpvsTimeouts> {
    this.#before = await this.#ipvs.timeouts();
    this.#onBefore?.(this.#before);
    return this.#before;
  }
}

function toSeconds(us: number | undefined): number | undefined {
  return us === undefined ? undefined : Math.round(us / 1_000_000);
}
