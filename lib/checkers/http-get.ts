/**
 * One GET of HTTP_GET, SSL_GET or genhash over a socket of the prober: the request as keepalived writes it, the reply up
 * to the end of the connection, all within bounds of time and size.
 */
import { isIP, Socket } from 'node:net';
import { connect as tlsConnect, type SecureContext, type TLSSocket } from 'node:tls';
import type { HttpResult, Prober, ProbeTarget, Vigil } from '../../bindings/prober.js';
import type { Clock } from '../host.js';
import { HttpReply, replyLimits } from './http-reply.js';
import { hostText } from './network.js';
import { TlsTransport } from './tls-transport.js';

const tooLarge = 'Reply too large from';

export interface TlsRequest {
  readonly context: SecureContext;
  readonly serverName: string | undefined;
  /** tls_compliant: a connection that ends before TLS was closed is a failure. */
  readonly mustClose: boolean;
}

export interface GetRequest {
  readonly target: ProbeTarget;
  readonly path: string;
  readonly protocol: '1.0' | '1.0C' | '1.0c' | '1.1';
  /** Host header; undefined: address and port. */
  readonly virtualhost: string | undefined;
  /** Absent: plain HTTP. */
  readonly tls?: TlsRequest;
  readonly needsDigest: boolean;
  readonly needsBody: boolean;
  /** Milliseconds for every single step: connecting, handshake, each wait for data. */
  readonly stepMs: number;
  /** Milliseconds for the whole, so that a server that sends a byte now and then comes to an end too. */
  readonly totalMs: number;
}

/** `postponed`: no socket could be had. `failure`: keepalived's words, to be followed by `server NAME.` */
export type GetResult =
  | { readonly kind: 'reply'; readonly reply: HttpReply; readonly elapsedMs?: number }
  | { readonly kind: 'failure'; readonly reason: string; readonly elapsedMs?: number }
  | { readonly kind: 'postponed'; readonly reason: string };

/** Whether the prober can do it alone: nobody looks at the body. */
export function isPlain(request: GetRequest): boolean {
  return request.tls === undefined && !request.needsDigest && !request.needsBody;
}

/** As `httpGet`, for a plain request, on the prober's thread. Never rejects. */
export async function plainGet(request: GetRequest, prober: Prober, signal: AbortSignal): Promise<GetResult> {
  return plainResult(await prober.http(request.target, plainRequest(request), signal));
}

/** As `plainGet`, again and again for as long as replies begin as `expected` does and are as long. */
export function watchGet(
  request: GetRequest,
  prober: Prober,
  expected: HttpReply,
  intervalMs: number,
  onEnd: (got: GetResult) => void,
): Vigil {
  const wanted = { head: statusStart(expected), bodyBytes: expected.bodyBytes };
  return prober.watchHttp(request.target, plainRequest(request), wanted, intervalMs, (end) =>
    onEnd(plainResult(end)),
  );
}

function plainRequest(request: GetRequest): { readonly bytes: Buffer; readonly totalMs: number } {
  return { bytes: Buffer.from(requestText(request), 'latin1'), totalMs: request.totalMs };
}

function plainResult(end: HttpResult): GetResult {
  const elapsedMs = end.elapsedUs / 1000;
  if (end.kind === 'ok')
    return { kind: 'reply', reply: HttpReply.complete(end.head, end.bodyBytes), elapsedMs };
  if (end.kind === 'unusable') return { kind: 'postponed', reason: `${end.syscall}: ${end.code}` };
  return { kind: 'failure', reason: plainFailure(end), elapsedMs };
}

function plainFailure({ kind, syscall, code }: { kind: string; syscall: string; code: string }): string {
  if (kind === 'timeout') return syscall === 'recv' ? 'Timeout HTTP read' : 'Timeout connecting';
  if (code === 'EMSGSIZE') return tooLarge;
  if (syscall === 'recv') return 'Read error with';
  return syscall === 'send' ? 'Cannot send get request to' : 'Error connecting';
}

/** The status line up to its code, with what ends the code. */
function statusStart(reply: HttpReply): Buffer {
  const [text = ''] = /^HTTP\/\S+ +\d{3}\s?/.exec(reply.headerBytes.toString('latin1')) ?? [];
  return Buffer.from(text, 'latin1');
}

/** Never rejects. */
export async function httpGet(
  request: GetRequest,
  prober: Prober,
  clock: Clock,
  signal: AbortSignal,
): Promise<GetResult> {
  const end = await prober.connect(request.target, signal);
  switch (end.kind) {
    case 'unusable':
      return { kind: 'postponed', reason: `${end.syscall}: ${end.code}` };
    case 'timeout':
      return { kind: 'failure', reason: 'Timeout connecting' };
    case 'failed':
      return { kind: 'failure', reason: 'Error connecting' };
    case 'ok':
      return new Exchange(
        new Socket({ fd: end.fd, readable: true, writable: true, allowHalfOpen: true }),
        request,
        clock,
        signal,
      ).result;
  }
}

/** The bytes of the request. */
export function requestText(request: GetRequest): string {
  const { path, protocol, virtualhost, target } = request;
  const version = protocol === '1.1' ? '1.1' : '1.0';
  const host = virtualhost ?? `${hostText(target.address)}:${target.port}`;
  const connection = protocol === '1.0' ? '' : 'Connection: close\r\n';
  return `GET ${path} HTTP/${version}\r\nUser-Agent: KeepAliveClient\r\n${connection}Host: ${host}\r\n\r\n`;
}

/** A conversation on one socket. Whatever ends it, the socket is closed hard and the result settled once. */
class Exchange {
  readonly result: Promise<GetResult>;
  readonly #socket: Socket;
  readonly #request: GetRequest;
  readonly #clock: Clock;
  readonly #reply: HttpReply;
  #tls: TLSSocket | undefined;
  #transport: TlsTransport | undefined;
  #settle: (result: GetResult) => void = () => undefined;
  #step: { cancel(): void } = { cancel: () => undefined };

  constructor(socket: Socket, request: GetRequest, clock: Clock, signal: AbortSignal) {
    this.#socket = socket;
    this.#request = request;
    this.#clock = clock;
    this.#reply = new HttpReply(request);
    const fail = (reason: string): void => this.#settle({ kind: 'failure', reason });
    const total = clock.schedule(request.totalMs, () => fail(this.#timeoutReason()));
    const onAbort = (): void => fail('Check ended with');
    signal.addEventListener('abort', onAbort, { once: true });
    this.result = new Promise<GetResult>((resolve) => (this.#settle = resolve)).finally(() => {
      total.cancel();
      this.#step.cancel();
      signal.removeEventListener('abort', onAbort);
      this.#tls?.destroy();
      this.#transport?.destroy();
      this.#socket.destroy();
    });
    if (request.tls === undefined) this.#talk(socket);
    else this.#secure(request.tls);
  }

  #secure(tls: TlsRequest): void {
    const { context, serverName } = tls;
    const refused = { kind: 'failure', reason: 'SSL handshake/communication error connecting to' } as const;
    this.#wait('Timeout connecting');
    const transport = new TlsTransport(this.#socket, () =>
      this.#settle(this.#reply.hasData ? { kind: 'failure', reason: tooLarge } : refused),
    );
    this.#transport = transport;
    transport.on('error', () => this.#settle(refused));
    try {
      this.#tls = tlsConnect({
        socket: transport,
        secureContext: context,
        // The certificate is not checked, as in keepalived: the question is whether the server answers.
        rejectUnauthorized: false,
        ...(serverName === undefined || isIP(serverName) !== 0 ? {} : { servername: serverName }),
      });
    } catch {
      this.#settle(refused);
      return;
    }
    const tlsSocket = this.#tls;
    tlsSocket.once('error', () => this.#settle(refused));
    tlsSocket.once('close', () => this.#settle(refused));
    tlsSocket.once('secureConnect', () => {
      transport.allow(2 * (replyLimits.header + replyLimits.body));
      this.#talk(tlsSocket);
    });
  }

  #talk(stream: Socket): void {
    const isTls = this.#tls !== undefined;
    stream.removeAllListeners('error').removeAllListeners('close');
    stream.on('error', () =>
      this.#settle({ kind: 'failure', reason: isTls ? 'SSL read error from' : 'Read error with' }),
    );
    stream.on('data', (chunk: Buffer) => {
      this.#wait(this.#timeoutReason());
      if (!this.#reply.feed(chunk)) this.#settle({ kind: 'failure', reason: tooLarge });
    });
    const onEnd = (): void => {
      if (this.#request.tls?.mustClose === true && this.#transport?.isOver === true) {
        this.#settle({ kind: 'failure', reason: 'SSL read error from' });
        return;
      }
      this.#reply.finish();
      this.#settle({ kind: 'reply', reply: this.#reply });
    };
    stream.once('end', onEnd);
    stream.once('close', onEnd);
    this.#wait(this.#timeoutReason());
    stream.write(requestText(this.#request), 'latin1');
  }

  #timeoutReason(): string {
    return this.#tls === undefined ? 'Timeout HTTP read' : 'Timeout SSL read';
  }

  #wait(reason: string): void {
    this.#step.cancel();
    const { stepMs } = this.#request;
    this.#step = this.#clock.schedule(stepMs, () => this.#settle({ kind: 'failure', reason }));
  }
}
