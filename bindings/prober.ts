/** Typed face of the addon's prober: each probe is a promise, and probes that start together go over in one call. */
import { closeSync } from 'node:fs';
import { isIP } from 'node:net';
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { NativeError } from './errors.js';
import { loadAddon } from './load.js';
import type { NativeProbe, NativeProber, NativeProbeReport, NativePulse } from './native-prober.js';

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

export type HttpResult =
  | {
      readonly kind: 'ok';
      /** Status line and headers with their empty line. */
      readonly head: Buffer;
      readonly bodyBytes: number;
      readonly elapsedUs: number;
    }
  /** `syscall`: connect, send or recv; EMSGSIZE: the reply is too large. */
  | {
      readonly kind: 'timeout' | 'failed' | 'unusable';
      readonly code: string;
      readonly syscall: string;
      readonly elapsedUs: number;
    };

export type Pulse = NativePulse;

/**
 * A probe that repeats itself on the prober's thread, first after its interval and then so long after the end of each, for as long as it
 * ends as expected. Until another end comes it costs JavaScript nothing.
 */
export class Vigil {
  readonly #prober: Pick<Prober, 'pulseOf' | 'give'>;
  readonly #id: number;

  /** For the prober. */
  constructor(prober: Pick<Prober, 'pulseOf' | 'give'>, id: number) {
    this.#prober = prober;
    this.#id = id;
  }

  /** The last expected end; undefined before it, and after the other. */
  pulse(): Pulse | undefined {
    return this.#prober.pulseOf(this.#id);
  }

  /** Nothing more is heard of it. Idempotent. */
  end(): void {
    this.#prober.give(this.#id);
  }
}

export interface HttpRequest {
  readonly bytes: Buffer;
  /** Milliseconds for the whole; the target's `timeoutMs` is for each step. */
  readonly totalMs: number;
}

/** How the head of a reply begins, and the length of its body. */
export interface ExpectedReply {
  readonly head: Buffer;
  readonly bodyBytes: number;
}

type Settle = (report: NativeProbeReport) => void;

/** One native thread. Probes run side by side; none waits for another. */
export class Prober implements Disposable {
  readonly #native: NativeProber;
  readonly #pending = new Map<number, Settle>();
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
    return result(await this.#run(tcpProbe(target), signal));
  }

  /** As `tcp`, again and again; `onEnd` hears of the first failure. */
  watchTcp(target: ProbeTarget, intervalMs: number, onEnd: (end: ProbeResult) => void): Vigil {
    return this.#watch(tcpProbe(target), intervalMs, (report) => onEnd(result(report)));
  }

  /** Connects over TCP and hands the socket over. */
  async connect(target: ProbeTarget, signal?: AbortSignal): Promise<ConnectResult> {
    const report = await this.#run({ ...tcpProbe(target), keepFd: true }, signal);
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
    return exchangeResult(await this.#run(udpProbe(target, payload, filter), signal));
  }

  /** As `udp`, again and again; a reply is expected or none, but no error. */
  watchUdp(
    target: ProbeTarget,
    payload: Buffer,
    intervalMs: number,
    onEnd: (end: ExchangeResult) => void,
  ): Vigil {
    return this.#watch(udpProbe(target, payload), intervalMs, (report) => onEnd(exchangeResult(report)));
  }

  /** ICMP or ICMPv6 echo with `payload`, over an unprivileged socket where the kernel lets it, else a raw one. */
  async ping(target: ProbeTarget, payload: Buffer, signal?: AbortSignal): Promise<ProbeResult> {
    return result(await this.#run(pingProbe(target, payload), signal));
  }

  /** As `ping`, again and again. */
  watchPing(
    target: ProbeTarget,
    payload: Buffer,
    intervalMs: number,
    onEnd: (end: ProbeResult) => void,
  ): Vigil {
    return this.#watch(pingProbe(target, payload), intervalMs, (report) => onEnd(result(report)));
  }

  /** Sends an HTTP request and reads to the end of the connection; of the body only its length is kept. */
  async http(target: ProbeTarget, request: HttpRequest, signal?: AbortSignal): Promise<HttpResult> {
    return httpResult(await this.#run(httpProbe(target, request), signal));
  }

  /** As `http`, again and again, for as long as replies are as `expected`. */
  watchHttp(
    target: ProbeTarget,
    request: HttpRequest,
    expected: ExpectedReply,
    intervalMs: number,
    onEnd: (end: HttpResult) => void,
  ): Vigil {
    const wanted = {
      match: expected.head,
      matchMask: Buffer.alloc(expected.head.length, 0xff),
      expectedLength: expected.bodyBytes,
    };
    return this.#watch({ ...httpProbe(target, request), ...wanted }, intervalMs, (report) =>
      onEnd(httpResult(report)),
    );
  }

  /** For `Vigil`. */
  pulseOf(id: number): Pulse | undefined {
    // The thread hears later that it was ended.
    return this.#pending.has(id) ? this.#native.pulse(id) : undefined;
  }

  /** For `Vigil`: nobody wants to hear of it any more. */
  give(id: number): void {
    if (!this.#pending.has(id)) return;
    this.#native.cancel(id);
    this.#forget(id);
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

  #nextId(): number {
    this.#lastId = (this.#lastId % 0xffff_fffe) + 1;
    // Vigils last: after 2^32 probes an id may still be theirs.
    return this.#pending.has(this.#lastId) ? this.#nextId() : this.#lastId;
  }

  #run(probe: Probe, signal: AbortSignal | undefined): Promise<NativeProbeReport> {
    const id = this.#nextId();
    if (this.#isClosed || signal?.aborted === true) return Promise.resolve(cancelled(id));
    return new Promise((resolve) => {
      const onAbort = (): void => {
        this.#native.cancel(id);
        this.#settle(cancelled(id));
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#submit({ id, ...probe }, (report) => {
        signal?.removeEventListener('abort', onAbort);
        resolve(report);
      });
    });
  }

  #watch(probe: Probe, intervalMs: number, onEnd: Settle): Vigil {
    const id = this.#nextId();
    if (this.#isClosed) queueMicrotask(() => onEnd(cancelled(id)));
    else this.#submit({ id, ...probe, intervalMs: wholeMs(intervalMs) }, onEnd);
    return new Vigil(this, id);
  }

  #submit(probe: NativeProbe, settle: Settle): void {
    if (this.#pending.size === 0) this.#native.ref();
    this.#pending.set(probe.id, settle);
    if (this.#outbox.push(probe) === 1) queueMicrotask(() => this.#send());
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
    const settle = this.#pending.get(report.id);
    if (settle === undefined) {
      // Its caller went away; a socket that came all the same is closed here.
      if (report.fd >= 0) closeSync(report.fd);
      return;
    }
    this.#forget(report.id);
    settle(report);
  }

  #forget(id: number): void {
    this.#pending.delete(id);
    if (this.#pending.size === 0 && !this.#isClosed) this.#native.unref();
  }
}

const outcomes = ['ok', 'timeout', 'failed', 'unusable'] as const;

function result(report: NativeProbeReport): ProbeResult {
  const kind = outcomes[report.outcome] ?? 'failed';
  const { elapsedUs } = report;
  if (kind === 'ok' || kind === 'timeout') return { kind, elapsedUs };
  return { kind, code: getSystemErrorName(-report.errno), syscall: report.syscall, elapsedUs };
}

function exchangeResult(report: NativeProbeReport): ExchangeResult {
  const end = result(report);
  if (end.kind !== 'ok') return end;
  return { ...end, reply: report.reply ?? Buffer.alloc(0), length: report.replyLength };
}

function httpResult(report: NativeProbeReport): HttpResult {
  const { elapsedUs, syscall } = report;
  const kind = outcomes[report.outcome] ?? 'failed';
  if (kind === 'ok')
    return { kind, head: report.reply ?? Buffer.alloc(0), bodyBytes: report.replyLength, elapsedUs };
  return { kind, code: getSystemErrorName(-report.errno), syscall, elapsedUs };
}

type Probe = Omit<NativeProbe, 'id'>;

function tcpProbe(target: ProbeTarget): Probe {
  return { kind: 0, ...encode(target) };
}

function udpProbe(target: ProbeTarget, payload: Buffer, filter?: ReplyFilter): Probe {
  const matching = filter === undefined ? {} : { match: filter.value, matchMask: filter.mask };
  return { kind: 1, payload, expectsTimeout: true, ...matching, ...encode(target) };
}

function pingProbe(target: ProbeTarget, payload: Buffer): Probe {
  return { kind: 2, payload, ...encode(target) };
}

function httpProbe(target: ProbeTarget, { bytes, totalMs }: HttpRequest): Probe {
  return { kind: 3, payload: bytes, totalMs: wholeMs(totalMs), ...encode(target) };
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
    timeoutMs: wholeMs(timeoutMs),
    ...(source === undefined ? {} : { source }),
    ...(sourcePort === undefined ? {} : { sourcePort }),
    ...(target.interface === undefined ? {} : { interface: target.interface }),
    ...(mark === undefined ? {} : { mark }),
  };
}

/** Never 0, which would mean never, and never beyond what a timer takes. */
function wholeMs(ms: number): number {
  return Math.max(1, Math.min(Math.ceil(ms), 0x7fff_ffff));
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
