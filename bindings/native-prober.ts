/** The prober part of the native surface, as types (see native.ts). `prober.ts` is its typed face. */

export interface NativeProbe {
  readonly id: number;
  /** 0 TCP connect, 1 UDP exchange, 2 ICMP echo, 3 HTTP request. */
  readonly kind: number;
  readonly address: string;
  readonly port: number;
  readonly source?: string;
  readonly sourcePort?: number;
  /** SO_BINDTODEVICE. */
  readonly interface?: string;
  /** SO_MARK. */
  readonly mark?: number;
  readonly timeoutMs: number;
  /** HTTP: for the whole; `timeoutMs` is for each step. */
  readonly totalMs?: number;
  /**
   * A vigil: the probe begins after so long, and again so long after every end that is expected. HTTP: expected are a head that
   * begins as `match` says and a body of `expectedLength` bytes.
   */
  readonly intervalMs?: number;
  readonly expectsTimeout?: boolean;
  readonly expectedLength?: number;
  /** TCP: hand the connected descriptor over. */
  readonly keepFd?: boolean;
  readonly payload?: Buffer;
  /** UDP: replies that differ from `match` where `matchMask` has bits are ignored. Same length. */
  readonly match?: Buffer;
  readonly matchMask?: Buffer;
}

export interface NativeProbeReport {
  readonly id: number;
  /** 0 ok, 1 timeout, 2 failed, 3 unusable. */
  readonly outcome: number;
  readonly errno: number;
  readonly syscall: string;
  /** A connected socket that the receiver owns, or -1. */
  readonly fd: number;
  readonly elapsedUs: number;
  readonly replyLength: number;
  /** UDP: at most 4096 bytes. HTTP: status line and headers; `replyLength` is that of the body. */
  readonly reply?: Buffer;
}

/** What a vigil has seen so far. */
export interface NativePulse {
  readonly rounds: number;
  /** Duration of the last probe. */
  readonly elapsedUs: number;
  /** Time since its end. */
  readonly ageUs: number;
}

/** A thread that drives probes. It does not keep the process alive unless `ref` was called. */
export interface NativeProber {
  /** @throws {TypeError} when an address is none or the families differ. */
  submit(probes: readonly NativeProbe[]): void;
  cancel(id: number): void;
  /** Undefined: no such vigil, or its first probe has not ended. */
  pulse(id: number): NativePulse | undefined;
  ref(): void;
  unref(): void;
  /** Ends the thread; running probes end without a report. Idempotent. */
  close(): void;
}

export interface NativeProberConstructor {
  /** `netns`: path of a namespace file. Reports come in batches on the JavaScript thread. */
  new (netns: string | undefined, onReports: (reports: readonly NativeProbeReport[]) => void): NativeProber;
}
