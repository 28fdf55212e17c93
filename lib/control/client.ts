/** The other end of the control socket, for commands. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { existsSync } from 'node:fs';
import { KaError } from '../errors.js';
import { systemClock, type Timer } from '../host.js';
import { signWish } from './api.js';
import { adminPath } from './paths.js';

export interface ClientOptions {
  /** Path of the control socket. */
  readonly path: string;
  /** Milliseconds; 10,000 unless told. */
  readonly timeoutMs?: number;
}

/** A daemon that lives says so within this time, however long the answer takes; it waits longer where this program took long to start. */
const signMs = Math.min(10_000, Math.max(1500, 10_000 * process.uptime()));

/** Largest answer that is read, bytes. */
const maxAnswer = 256 * 1024 * 1024;

/**
 * The daemon did not do what it was asked. `code` is the daemon's, or KA_CLIENT_ABSENT (no daemon), KA_CLIENT_DENIED (the socket may
 * not be opened), KA_CLIENT_SILENT (no answer in time), KA_CLIENT_ANSWER (not a ka-node that answers).
 */
export class ControlError extends KaError {}

/** Reads something. @throws {ControlError} */
export async function get(options: ClientOptions, path: string): Promise<unknown> {
  return parse(await exchange(options.path, 'GET', path, undefined, options.timeoutMs));
}

/** As `get`, for answers that are text. @throws {ControlError} */
export async function getText(options: ClientOptions, path: string): Promise<string> {
  const { status, text } = await exchange(options.path, 'GET', path, undefined, options.timeoutMs);
  if (status !== 200) parse({ status, text });
  return text;
}

/** Changes something, through the admin socket where it may be opened. @throws {ControlError} */
export async function post(options: ClientOptions, path: string, input: unknown): Promise<unknown> {
  const admin = adminPath(options.path);
  const isRoot = process.getuid?.() === 0;
  const socket = isRoot && existsSync(admin) ? admin : options.path;
  return parse(await exchange(socket, 'POST', path, JSON.stringify(input), options.timeoutMs ?? 60_000));
}

interface Exchange {
  readonly status: number;
  readonly text: string;
}

function exchange(
  socketPath: string,
  method: string,
  path: string,
  input: string | undefined,
  timeoutMs = 10_000,
): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    const headers = {
      Prefer: signWish,
      ...(input === undefined ? {} : { 'Content-Type': 'application/json' }),
    };
    const silence = new AbortController();
    let waitedMs = 0;
    let limit: Timer | undefined;
    const waitFor = (ms: number): void => {
      limit?.cancel();
      waitedMs = ms;
      limit = systemClock.schedule(ms, () => silence.abort());
    };
    const hasSign = (): void => waitFor(timeoutMs);
    const fail = (error: unknown): void => {
      limit?.cancel();
      reject(translate(error, socketPath, waitedMs));
    };
    const { signal } = silence;
    waitFor(Math.min(signMs, timeoutMs));
    const request = httpRequest({ socketPath, method, path, headers, signal, agent: false }, (response) => {
      hasSign();
      readAll(response).then((text) => {
        limit?.cancel();
        resolve({ status: response.statusCode ?? 0, text });
      }, fail);
    });
    request.on('information', hasSign);
    request.on('error', fail);
    request.end(input);
  });
}

async function readAll(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response) {
    if (!Buffer.isBuffer(part)) continue;
    size += part.length;
    if (size > maxAnswer) throw new ControlError('KA_CLIENT_ANSWER', 'the answer is too large');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parse({ status, text }: Exchange): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ControlError('KA_CLIENT_ANSWER', `the answer is not JSON (status ${status})`);
  }
  if (status === 200) return value;
  const error: unknown =
    typeof value === 'object' && value !== null && 'error' in value ? value.error : undefined;
  const has = <Key extends string>(key: Key): string => {
    const found: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, key) : undefined;
    return typeof found === 'string' ? found : '';
  };
  throw new ControlError(has('code') || 'KA_CLIENT_ANSWER', has('message') || `status ${status}`);
}

/** What came of a connection on which no answer could be read. */
function told(code: unknown, path: string): string {
  if (code === 'ECONNRESET') return `the daemon at ${path} has closed the connection without an answer`;
  if (typeof code === 'string' && code.startsWith('HPE_'))
    return `what answers at ${path} does not speak HTTP`;
  return `no conversation with the daemon at ${path}`;
}

function translate(error: unknown, path: string, timeoutMs: number): Error {
  if (error instanceof ControlError) return error;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ECONNREFUSED')
    return new ControlError('KA_CLIENT_ABSENT', `no daemon answers at ${path}`, { cause: error });
  if (code === 'EACCES' || code === 'EPERM')
    return new ControlError('KA_CLIENT_DENIED', `${path} may not be opened: for root and the control group`, {
      cause: error,
    });
  if (code === 'ABORT_ERR' || (error instanceof Error && /abort|timeout/i.test(error.name)))
    return new ControlError(
      'KA_CLIENT_SILENT',
      `the daemon at ${path} has not answered for ${(timeoutMs / 1000).toFixed(1)} s`,
      { cause: error },
    );
  const message = error instanceof Error ? error.message : String(error);
  return new ControlError('KA_CLIENT_ANSWER', `${told(code, path)} (${message})`, { cause: error });
}
