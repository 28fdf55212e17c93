/** Typed face of the addon's prober: each probe is a promise, and probes that start together go over in one call. */
import { closeSync } from 'node:fs';
import { isIP } from 'node:net';
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { NativeError } from './errors.js';
import { loadAddon } from './load.js';
import type { NativeProbe, NativeProber, NativeProbeReport } from './native-prober.js';

/** Where a probe goes and where it comes from. */
export interface ProbeTarget {
  readonly address: string;
  /** 0 for ICMP. */
  readonly port: number;
  /** Source address, of the same family. */
  readonly source?: string | undefined;
  /** Source port; 0 or absent: any. */
  readonly sourcePort?: number | undefined;
  /** Interface that the socket is bound to. */
  readonly interface?: string | undefined;
  /** Firewall mark; 0 or absent: none. */
  readonly mark?: number | undefined;
  /** Milliseconds. */
  readonly timeoutMs: number;
}

/** How a probe ended. `unusable`: it could not be made, which says nothing about the peer. */
export type ProbeResult =
  | { readonly kind: 'ok'; readonly elapsedUs: number }
  | { readonly kind: 'timeout'; readonly elapsedUs: number }
  | {
      readonly kind: 'failed' | 'unusable';
      /** Name of the errno, e.g. ECONNREFUSED. */
      readonly code: string;
      /** The call that failed. */
      readonly syscall: string;
      readonly elapsedUs: number;
    };

export type ConnectResult =
  | {
      readonly kind: 'ok';
      /** Connected socket, owned by the caller. */ readonly fd: number;
      readonly elapsedUs: number;
    }
  | Exclude<ProbeResult, { readonly kind: 'ok' }>;

export type ExchangeResult =
  | {
      readonly kind: 'ok';
      /** At most 4096 bytes of it. */
      readonly reply: Buffer;
      /** Its whole length. */
      readonly length: number;
      readonly elapsedUs: number;
    }
  | Exclude<ProbeResult, { readonly kind: 'ok' }>;

/** Replies that differ from `value` where `mask` has bits are ignored. */
export interface ReplyFilter {
  readonly value: Buffer;
  readonly mask: Buffer;
}

interface Pending {
  readonly settle: (report: NativeProbeReport) => void;
  readonly stopListening: () => void;
}

/** One native thread. Probes run side by side; none waits for another. */
export class Prober implements Disposable {
  readonly #native: NativeProber;
  readonly #pending = new Map<number, Pending>();
  #outbox: NativeProbe[] = [];
  #lastId = 0;
  #isClosed = false;

  /**
   * @param options.netns network namespace: a name below /run/netns, or a path.
   * @throws {NativeError} KA_PROBER_START when the namespace cannot be entered.
   */
  constructor(options: { readonly netns?: string } = {}) {
    const { netns } = options;
    const path = netns === undefined || netns.includes('/') ? netns : `/run/netns/${netns}`;
    try {
      this.#native = new (loadAddon().Prober)(path, (reports) => this.#onReports(reports));
    } catch (error) {
      throw NativeError.from(error);
    }
  }

  /** Connects over TCP and closes at once, without lingering. */
  async tcp(target: ProbeTarget, signal?: AbortSignal): Promise<ProbeResult> {
    return result(await this.#run({ kind: 0, ...encode(target) }, signal));
  }

  /** Connects over TCP and hands the socket over. */
  async connect(target: ProbeTarget, signal?: AbortSignal): Promise<ConnectResult> {
    const report = await this.#run({ kind: 0, keepFd: true, ...encode(target) }, signal);
    const end = result(report);
    return end.kind === 'ok' ? { ...end, fd: report.fd } : end;
  }

  /** Sends a datagram and waits for a reply that passes `filter`. */
  async udp(
    target: ProbeTarget,
    payload: Buffer,
    filter?: ReplyFilter,
    signal?: AbortSignal,
  ): Promise<ExchangeResult> {
    const matching = filter === undefined ? {} : { match: filter.value, matchMask: filter.mask };
    const report = await this.#run({ kind: 1, payload, ...matching, ...encode(target) }, signal);
    const end = result(report);
    if (end.kind !== 'ok') return end;
    return { ...end, reply: report.reply ?? Buffer.alloc(0), length: report.replyLength };
  }

  /** ICMP or ICMPv6 echo with `payload`, over an unprivileged socket where the kernel lets it, else a raw one. */
  async ping(target: ProbeTarget, payload: Buffer, signal?: AbortSignal): Promise<ProbeResult> {
    return result(await this.#run({ kind: 2, payload, ...encode(target) }, signal));
  }

  /** Number of probes that run. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Ends the thread; probes that run end as cancelled (`failed`, ECANCELED). Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#native.close();
    for (const id of [...this.#pending.keys()]) this.#settle(cancelled(id));
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #run(probe: Omit<NativeProbe, 'id'>, signal: AbortSignal | undefined): Promise<NativeProbeReport> {
    const id = (this.#lastId = (this.#lastId % 0xffff_fffe) + 1);
    if (this.#isClosed || signal?.aborted === true) return Promise.resolve(cancelled(id));
    return new Promise((settle) => {
      const onAbort = (): void => {
        this.#native.cancel(id);
        this.#settle(cancelled(id));
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      const stopListening = (): void => signal?.removeEventListener('abort', onAbort);
      if (this.#pending.size === 0) this.#native.ref();
      this.#pending.set(id, { settle, stopListening });
      if (this.#outbox.push({ id, ...probe }) === 1) queueMicrotask(() => this.#send());
    });
  }

  #send(): void {
    const probes = this.#outbox.filter((probe) => this.#pending.has(probe.id));
    this.#outbox = [];
    if (probes.length > 0 && !this.#isClosed) this.#native.submit(probes);
  }

  #onReports(reports: readonly NativeProbeReport[]): void {
    for (const report of reports) this.#settle(report);
  }

  #settle(report: NativeProbeReport): void {
    const pending = this.#pending.get(report.id);
    if (pending === undefined) {
      // Its caller went away; a socket that came all the same is closed here.
      if (report.fd >= 0) closeSync(report.fd);
      return;
    }
    this.#pending.delete(report.id);
    if (this.#pending.size === 0 && !this.#isClosed) this.#native.unref();
    pending.stopListening();
    pending.settle(report);
  }
}

const outcomes = ['ok', 'timeout', 'failed', 'unusable'] as const;

function result(report: NativeProbeReport): ProbeResult {
  const kind = outcomes[report.outcome] ?? 'failed';
  const { elapsedUs } = report;
  if (kind === 'ok' || kind === 'timeout') return { kind, elapsedUs };
  return { kind, code: getSystemErrorName(-report.errno), syscall: report.syscall, elapsedUs };
}

function encode(target: ProbeTarget): Omit<NativeProbe, 'id' | 'kind'> {
  const { address, port, source, sourcePort, mark, timeoutMs } = target;
  const family = isIP(address);
  if (family === 0) throw new NativeError('KA_PROBER_INVALID', `"${address}" is not an IPv4 or IPv6 address`);
  if (source !== undefined && isIP(source) !== family)
    throw new NativeError('KA_PROBER_INVALID', `source "${source}" is not of the family of ${address}`);
  return {
    address,
    port,
    timeoutMs: Math.max(1, Math.min(Math.ceil(timeoutMs), 0x7fff_ffff)),
    ...(source === undefined ? {} : { source }),
    ...(sourcePort === undefined ? {} : { sourcePort }),
    ...(target.interface === undefined ? {} : { interface: target.interface }),
    ...(mark === undefined ? {} : { mark }),
  };
}

function cancelled(id: number): NativeProbeReport {
  return {
    id,
    outcome: 2,
    errno: constants.errno.ECANCELED,
    syscall: '',
    fd: -1,
    elapsedUs: 0,
    replyLength: 0,
  };
}
