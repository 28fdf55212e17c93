/**
 * The control server: HTTP with JSON on sockets that `ControlListener` has opened. What it says comes from the sides of the daemon;
 * a side that does not answer is answered for with what was last known, and its age. One request a connection; everything that a
 * client can make long, large or many has a limit.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { KaError } from '../errors.js';
import type { Clock, Timer } from '../host.js';
import { failureStatus, findOperation, sideOf, signWish, type Operation } from './api.js';
import type { EventLog } from './event-log.js';
import type { Access } from './listener.js';
import type { ControlHost, Side } from './messages.js';
import { schemas, type DaemonStatus } from './schema.js';

/** Largest head of a request, bytes. */
const maxHead = 16_384;
/** Largest body of a request, bytes. */
const maxBody = 65_536;
/**
 * A request must have come, and its answer have gone, within this. Streams of events are free of it, and so is the time
 * that a reload takes: whoever asks for one knows how long to wait.
 */
const exchangeMs = 40_000;
/** A reader of events that has so many bytes still to take is cut off; it comes again with Last-Event-ID. */
const maxBacklog = 262_144;
/** Between two comments on a silent stream, so that a reader knows it is alive. */
const keepAliveMs = 15_000;
/** A process that has not said within this time that it lives is frozen, or busy for so long that nobody should wait for it. */
const signMs = 1500;
/** How long a side that lives may think about a look; a change may wait for the protocol. */
const lookMs = 3000;
const changeMs = 30_000;

/** What a side said, and when. */
interface Said {
  readonly atMs: number;
  readonly [field: string]: unknown;
}

export class ControlServer {
  readonly #host: ControlHost;
  readonly #events: EventLog;
  readonly #clock: Clock;
  readonly #http: Server;
  readonly #access = new WeakMap<Socket, { readonly access: Access; readonly limit: Timer }>();
  /** Questions under way: many who ask the same get one answer. */
  readonly #asking = new Map<string, Promise<Said>>();
  readonly #lastKnown = new Map<string, Said>();

  constructor(host: ControlHost, events: EventLog, clock: Clock) {
    this.#host = host;
    this.#events = events;
    this.#clock = clock;
    this.#http = createServer(
      { maxHeaderSize: maxHead, keepAlive: false },
      (request, response) => void this.#serve(request, response),
    );
    this.#http.on('clientError', refuse);
  }

  /** Takes over a connection, which must be paused. */
  accept(socket: Socket, access: Access): void {
    this.#access.set(socket, { access, limit: this.#limit(socket) });
    this.#http.emit('connection', socket);
    socket.resume();
  }

  #limit(socket: Socket): Timer {
    const limit = this.#clock.schedule(exchangeMs, () => socket.destroy(), { background: true });
    socket.once('close', () => limit.cancel());
    return limit;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('Connection', 'close');
    response.setHeader('Cache-Control', 'no-store');
    if (request.headers['prefer'] === signWish) response.writeProcessing();
    try {
      await this.#answer(request, response);
    } catch (error) {
      if (response.headersSent || response.destroyed) return;
      const code = KaError.is(error) ? error.code : 'KA_CONTROL_FAILED';
      const message = error instanceof Error ? error.message : String(error);
      // What is said of a failure is true now.
      response.setHeader('Age', '0');
      this.#send(
        response,
        failureStatus[code] ?? 500,
        'application/json',
        `${JSON.stringify({ error: { code, message } })}\n`,
      );
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const held = this.#access.get(request.socket);
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    const found = findOperation(request.method ?? '', path);
    if (held === undefined) throw new KaError('KA_CONTROL_FORBIDDEN', 'this connection was not accepted');
    if (found.kind === 'path' || (held.access === 'metrics' && path !== '/metrics'))
      throw new KaError('KA_CONTROL_NOT_FOUND', `there is nothing at ${path}`);
    if (found.kind === 'method') {
      response.setHeader('Allow', found.allowed.join(', '));
      throw new KaError(
        'KA_CONTROL_ALLOW',
        `${path} answers to ${found.allowed.join(', ')}, not to ${request.method ?? ''}`,
      );
    }
    const { operation, names } = found;
    if (operation.method === 'POST' && held.access !== 'change') {
      const hint = 'changes are for root, through the admin socket (see --control-group-changes)';
      throw new KaError('KA_CONTROL_FORBIDDEN', hint);
    }
    if (operation.answer.kind === 'events') {
      held.limit.cancel();
      this.#stream(request, response);
      return;
    }
    const input = operation.request === undefined ? undefined : checked(operation, await body(request));
    if (operation.answer.kind === 'text') {
      const { text, ageMs } = await this.#text(operation);
      response.setHeader('Age', String(Math.floor(ageMs / 1000)));
      this.#send(response, 200, operation.answer.type, text);
      return;
    }
    const isReload = operation.id === 'reload';
    if (isReload) held.limit.cancel();
    const said = await this.#json(operation, names, input);
    if (isReload) this.#limit(request.socket);
    const answer = { ...said, ageMs: Math.max(0, this.#clock.wallMs() - said.atMs) };
    this.#send(response, 200, 'application/json', `${JSON.stringify(answer)}\n`);
  }

  #send(response: ServerResponse, status: number, type: string, text: string): void {
    response.statusCode = status;
    response.setHeader('Content-Type', type);
    response.setHeader('Content-Length', Buffer.byteLength(text));
    response.end(text);
  }

  async #json(operation: Operation, names: readonly string[], input: unknown): Promise<Said> {
    if (operation.id === 'status') return this.#status();
    if (operation.id === 'reload') {
      const { isGood, lines } = await this.#host.reload();
      return { atMs: this.#clock.wallMs(), isGood, lines };
    }
    const side = sideOf[operation.id];
    if (side === undefined) throw new KaError('KA_CONTROL_METHOD', `nothing answers to '${operation.id}'`);
    if (operation.method === 'GET' && names.length === 0) return this.#look(side, operation.id);
    const given = typeof input === 'object' && input !== null ? input : {};
    const params = names.length === 0 ? given : { ...given, name: names[0] };
    const timeoutMs = operation.method === 'GET' ? lookMs : changeMs;
    return this.#ask(side, operation.id, params, timeoutMs);
  }

  /** What is frozen is not asked: it would do later what nobody waits for any more. */
  async #ask(side: Side, method: string, params: unknown, timeoutMs: number): Promise<Said> {
    await this.#host.ask(side, 'ping', undefined, { timeoutMs: signMs });
    return asSaid(await this.#host.ask(side, method, params, { timeoutMs }));
  }

  async #status(): Promise<Said> {
    const sides = this.#host.sides();
    let problem: string | undefined;
    let known: Said | undefined;
    if (sides.some(({ side }) => side === 'vrrp')) {
      try {
        known = await this.#look('vrrp', 'status');
      } catch (error) {
        problem = error instanceof Error ? error.message : String(error);
        known = this.#lastKnown.get('vrrp status');
      }
    }
    const { version, configFile, startedAtMs } = this.#host;
    const about: Omit<DaemonStatus, 'ageMs' | 'instances' | 'groups'> = {
      atMs: known?.atMs ?? this.#clock.wallMs(),
      version,
      pid: process.pid,
      configFile,
      startedMs: startedAtMs,
      generation: this.#host.generation(),
      sides: sides.map(({ side, pid, restarts }) => ({
        side,
        ...(pid === undefined ? {} : { pid }),
        restarts,
        ...(side === 'vrrp' && problem !== undefined ? { problem } : {}),
      })),
    };
    return { ...about, instances: known?.['instances'] ?? [], groups: known?.['groups'] ?? [] };
  }

  async #text({ id }: Operation): Promise<{ readonly text: string; readonly ageMs: number }> {
    if (id === 'openapi') {
      const file = new URL('../../../share/openapi.json', import.meta.url);
      return { text: await readFile(file, 'utf8'), ageMs: 0 };
    }
    const { isLvsFigures, isVrrpMetrics, renderMetrics } = await import('./metrics.js');
    const wanted = this.#host.sides();
    const side = async (name: Side): Promise<Said | undefined> => {
      if (!wanted.some((each) => each.side === name)) return undefined;
      // A scrape with half of the figures beats none: which side is missing is a metric, too.
      return this.#look(name, 'metrics').catch(() => undefined);
    };
    const [vrrp, checkers] = await Promise.all([side('vrrp'), side('checkers')]);
    const text = await renderMetrics({
      version: this.#host.version,
      startedMs: this.#host.startedAtMs,
      generation: this.#host.generation(),
      sides: wanted.map((each) => ({
        ...each,
        answers: (each.side === 'vrrp' ? vrrp : checkers) !== undefined,
      })),
      vrrp: vrrp !== undefined && isVrrpMetrics(vrrp) ? vrrp : undefined,
      checkers: checkers !== undefined && isLvsFigures(checkers) ? checkers : undefined,
    });
    const atMs = Math.min(vrrp?.atMs ?? Infinity, checkers?.atMs ?? Infinity, this.#clock.wallMs());
    return { text, ageMs: this.#clock.wallMs() - atMs };
  }

  /** Asks a side what it knows, once for all who want to know it now. */
  #look(side: Side, method: string): Promise<Said> {
    const key = `${side} ${method}`;
    const under = this.#asking.get(key);
    if (under !== undefined) return under;
    const asking = this.#ask(side, method, {}, lookMs)
      .then((known) => {
        if (method === 'status') this.#lastKnown.set(key, known);
        return known;
      })
      .finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  #stream(request: IncomingMessage, response: ServerResponse): void {
    const given = request.headers['last-event-id'];
    const { after, isOtherRun } = this.#events.resume(typeof given === 'string' ? given : undefined);
    let position = after;
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const write = (text: string): void => {
      response.write(text);
      if (response.writableLength > maxBacklog) response.destroy();
    };
    const pump = (): void => {
      while (!response.destroyed && response.writableLength < maxBacklog / 2) {
        const { lost, events } = this.#events.since(position);
        if (lost > 0) write(`event: lost\ndata: ${JSON.stringify({ lost })}\n\n`);
        position += lost;
        for (const { sequence, kind, data } of events)
          write(`id: ${this.#events.id(sequence)}\nevent: ${kind}\ndata: ${data}\n\n`);
        position += events.length;
        if (events.length === 0) return;
      }
    };
    const now = JSON.stringify({ atMs: this.#clock.wallMs(), sequence: position, isOtherRun });
    write(`${isOtherRun ? '' : `id: ${this.#events.id(position)}\n`}event: hello\ndata: ${now}\n\n`);
    pump();
    const unwatch = this.#events.watch(pump);
    response.on('drain', pump);
    let beat: Timer | undefined;
    const keepAlive = (): void => {
      write(': alive\n\n');
      beat = this.#clock.schedule(keepAliveMs, keepAlive, { background: true });
    };
    beat = this.#clock.schedule(keepAliveMs, keepAlive, { background: true });
    response.on('close', () => {
      unwatch();
      beat?.cancel();
    });
  }
}

/** Answers what is no HTTP request, or has a head without end. */
function refuse(error: Error, socket: Duplex): void {
  const code = 'code' in error ? error.code : undefined;
  if (!socket.writable || code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const isTooLarge = code === 'HPE_HEADER_OVERFLOW';
  const message = isTooLarge ? `a head may have ${maxHead} bytes` : 'this is no HTTP request';
  const text = `${JSON.stringify({ error: { code: isTooLarge ? 'KA_CONTROL_TOO_LARGE' : 'KA_CONTROL_REQUEST', message } })}\n`;
  const status = isTooLarge ? '431 Request Header Fields Too Large' : '400 Bad Request';
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nAge: 0\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
}

function asSaid(said: unknown): Said {
  if (typeof said === 'object' && said !== null && 'atMs' in said && typeof said.atMs === 'number')
    return { ...said, atMs: said.atMs };
  throw new KaError('KA_CONTROL_FAILED', 'a process of the daemon gave no answer that bears a time');
}

/** The body as text. @throws {KaError} KA_CONTROL_TOO_LARGE. */
async function body(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    if (!Buffer.isBuffer(part)) continue;
    size += part.length;
    if (size > maxBody) throw new KaError('KA_CONTROL_TOO_LARGE', `a body may have ${maxBody} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** @throws {KaError} KA_CONTROL_REQUEST when the body is not what the operation takes. */
function checked({ request }: Operation, text: string): unknown {
  if (request === undefined) return undefined;
  let value: unknown;
  try {
    value = text.trim() === '' ? {} : JSON.parse(text);
  } catch {
    throw new KaError('KA_CONTROL_REQUEST', 'the body is not JSON');
  }
  const verdict = schemas[request].safeParse(value);
  if (verdict.success) return verdict.data;
  const [first] = verdict.error.issues;
  const where = first?.path.join('.') ?? '';
  throw new KaError('KA_CONTROL_REQUEST', `${where === '' ? 'body' : where}: ${first?.message ?? 'wrong'}`);
}
