/** lvs_timeouts: sets the kernel's connection timeouts and gives them back what they were. */
import type { IpvsTimeouts } from '../../bindings/ipvs-types.js';
import type { LvsTimeouts } from '../config/model.js';
import type { Ipvs } from './ipvs.js';

export class ConnectionTimeouts {
  readonly #ipvs: Ipvs;
  /** What they were before we first set them; undefined: untouched. */
  #before: IpvsTimeouts | undefined;
  #set: string | undefined;

  constructor(ipvs: Ipvs) {
    this.#ipvs = ipvs;
  }

  /** What `wanted` does not name is as it was before. Nothing is sent when nothing changed. */
  async configure(wanted: LvsTimeouts | undefined): Promise<void> {
    const text = wanted === undefined ? undefined : JSON.stringify(wanted);
    if (text === this.#set) return;
    this.#before ??= await this.#ipvs.timeouts();
    const { tcpS, tcpFinS, udpS } = this.#before;
    await this.#ipvs.setTimeouts({
      tcpS: toSeconds(wanted?.tcp) ?? tcpS,
      tcpFinS: toSeconds(wanted?.tcpfin) ?? tcpFinS,
      udpS: toSeconds(wanted?.udp) ?? udpS,
    });
    this.#set = text;
  }

  /** Restores them. */
  close(): Promise<void> {
    return this.configure(undefined);
  }
}

function toSeconds(us: number | undefined): number | undefined {
  return us === undefined ? undefined : Math.round(us / 1_000_000);
}
