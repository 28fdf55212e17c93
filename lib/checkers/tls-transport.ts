/**
 * The bytes beneath a TLS connection: counted, so that a peer cannot go on for ever in records that carry nothing, and with
 * an end of its own, so that it is seen whether TLS was closed before the connection was (RFC 8446 section 6.1).
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** Bytes of a handshake, with a long chain of certificates. */
const handshakeLimit = 256 << 10;

export class TlsTransport extends Duplex {
  readonly #socket: Socket;
  readonly #onTooMuch: () => void;
  #left = handshakeLimit;
  /** The peer ended the connection, and everything that came before has been handed up. */
  isOver = false;

  /** Takes the socket over; it is destroyed with this. */
  constructor(socket: Socket, onTooMuch: () => void) {
    // An end of the peer is no end of ours: what is left to be said is said by whoever destroys this.
    super({ allowHalfOpen: true, autoDestroy: false });
    this.#socket = socket;
    this.#onTooMuch = onTooMuch;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error) => this.destroy(error));
    // One turn later: TLS reads its last records, and its own end if there is one, before this.
    socket.on('end', () => setImmediate(() => this.#end()));
  }

  /** The handshake is over: from now on so many bytes may come. */
  allow(bytes: number): void {
    this.#left = bytes;
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #take(chunk: Buffer): void {
    this.#left -= chunk.length;
    if (this.#left < 0) this.#onTooMuch();
    else if (!this.push(chunk)) this.#socket.pause();
  }

  #end(): void {
    if (this.destroyed) return;
    this.isOver = true;
    this.push(null);
  }
}
