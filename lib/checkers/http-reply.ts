/**
 * An HTTP reply as it comes in: status, length and digest of the body, the body itself only when it is to be searched.
 * Its size is bounded: a server cannot make it grow.
 */
import { createHash, type Hash } from 'node:crypto';

/** Bytes of status line and headers, of a body, and of what of a body can be searched. */
export const replyLimits = { header: 65_536, body: 16 << 20, searched: 1 << 20 } as const;

export class HttpReply {
  readonly #keepBody: boolean;
  readonly #digest: Hash | undefined;
  #header = Buffer.alloc(0);
  #isBody = false;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  /** Status line and headers with their empty line, once they are complete. */
  headerBytes: Buffer = Buffer.alloc(0);
  /** Bytes after the headers. */
  bodyBytes = 0;
  /** Undefined while the headers are incomplete; 0 when the first line is no status line. */
  status: number | undefined;
  /** Content-Length, when the server sent one. */
  contentLength: number | undefined;
  /** Something came. */
  hasData = false;

  constructor(options: { readonly needsDigest: boolean; readonly needsBody: boolean }) {
    this.#keepBody = options.needsBody;
    this.#digest = options.needsDigest ? createHash('md5') : undefined;
  }

  /** A reply that is complete, whose body was only counted. */
  static complete(head: Buffer, bodyBytes: number): HttpReply {
    const reply = new HttpReply({ needsDigest: false, needsBody: false });
    reply.hasData = head.length > 0;
    reply.#isBody = true;
    reply.headerBytes = head;
    reply.bodyBytes = bodyBytes;
    reply.#readHeader(head.toString('latin1'));
    return reply;
  }

  /** Takes what came; false when the reply is larger than anything that is checked. */
  feed(chunk: Buffer): boolean {
    this.hasData ||= chunk.length > 0;
    if (this.#isBody) return this.#feedBody(chunk);
    this.#header = Buffer.concat([this.#header, chunk]);
    const end = headerEnd(this.#header);
    if (end === undefined) return this.#header.length <= replyLimits.header;
    if (end > replyLimits.header) return false;
    this.#isBody = true;
    this.headerBytes = Buffer.from(this.#header.subarray(0, end));
    this.#readHeader(this.headerBytes.toString('latin1'));
    const rest = this.#header.subarray(end);
    this.#header = Buffer.alloc(0);
    return this.#feedBody(rest);
  }

  /** The connection ended: headers without their empty line are all that there is. */
  finish(): void {
    if (!this.#isBody && this.hasData) this.#readHeader(this.#header.toString('latin1'));
  }

  /** MD5 of the body, 32 hex digits. Once. */
  digest(): string {
    return this.#digest?.digest('hex') ?? '';
  }

  body(): Buffer {
    return Buffer.concat(this.#kept);
  }

  #feedBody(chunk: Buffer): boolean {
    this.bodyBytes += chunk.length;
    if (this.bodyBytes > replyLimits.body) return false;
    this.#digest?.update(chunk);
    const room = replyLimits.searched - this.#keptBytes;
    if (this.#keepBody && room > 0) {
      this.#kept.push(Buffer.from(chunk.subarray(0, room)));
      this.#keptBytes += Math.min(room, chunk.length);
    }
    return true;
  }

  #readHeader(text: string): void {
    this.status = Number(/^HTTP\/\d+(?:\.\d+)? +(\d{3})(?:\s|$)/.exec(text)?.[1] ?? 0);
    const length = /\r?\ncontent-length:[ \t]*(\d{1,15})[ \t]*(?:\r?\n|$)/i.exec(text)?.[1];
    this.contentLength = length === undefined ? undefined : Number(length);
  }
}

/** Offset after the empty line; undefined when it has not come yet. */
function headerEnd(bytes: Buffer): number | undefined {
  const crlf = bytes.indexOf('\r\n\r\n');
  const lf = bytes.indexOf('\n\n');
  if (crlf >= 0 && (lf < 0 || crlf < lf)) return crlf + 4;
  return lf >= 0 ? lf + 2 : undefined;
}
