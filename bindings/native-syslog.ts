/** The part of the native surface that the log, the notification pipes and systemd use; see `native.ts` for the rules. */

/** A connection to one Unix datagram socket; made when it is first needed, and again after the receiver was started anew. */
export interface NativeUnixDatagram {
  /** Sends one datagram without waiting: the number of bytes, or the negative errno (-EAGAIN: its queue is full). */
  send(bytes: Uint8Array): number;
  /** Idempotent; `send` gives -EINVAL afterwards. */
  close(): void;
}

export interface NativeUnixDatagramConstructor {
  /** `/path`, or `@name` in the abstract namespace. One that cannot be an address is refused by `send` with -EINVAL. */
  new (path: string): NativeUnixDatagram;
}

/** send(2) on a connected socket, never waiting: the number of bytes, or the negative errno. */
export type NativeSendNoWait = (fd: number, bytes: Uint8Array) => number;

/** mkfifo(3), 0 or the negative errno. The process's umask applies to `mode`. */
export type NativeMakeFifo = (path: string, mode: number) => number;
