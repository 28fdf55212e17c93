/** One attempt of a check against a real server, without the loop around it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { after } from 'node:test';
import { Prober } from '../../bindings/prober.js';
import type { Check, Outcome } from '../../lib/checkers/checker.js';
import type { CheckContext } from '../../lib/checkers/network.js';
import { systemClock } from '../../lib/host.js';

export interface CheckRig {
  readonly context: CheckContext;
  /** Log lines so far. */
  readonly lines: readonly string[];
}

/** A prober and a context that last until the tests of the file are over. */
export function checkRig(): CheckRig {
  const lines: string[] = [];
  const prober = new Prober();
  after(() => prober.close());
  return {
    lines,
    context: {
      prober,
      host: { clock: systemClock, logger: { log: (_level, text) => void lines.push(text) } },
      serverName: '[10.1.0.1]:tcp:80',
      virtualName: '[10.0.0.1]:tcp:80',
    },
  };
}

/** One attempt. */
export function attempt(
  check: Check,
  step = 0,
  signal: AbortSignal = new AbortController().signal,
): Promise<Outcome> {
  return check.attempt(step, signal);
}

/** One attempt with the time it took, in milliseconds. */
export async function timedAttempt(
  check: Check,
): Promise<{ readonly outcome: Outcome; readonly ms: number }> {
  const startedMs = systemClock.nowMs();
  const outcome = await attempt(check);
  return { outcome, ms: systemClock.nowMs() - startedMs };
}

export function assertSuccess(outcome: Outcome): asserts outcome is Outcome & { readonly kind: 'success' } {
  assert.equal(outcome.kind, 'success', JSON.stringify(outcome));
}

export function assertFailure(outcome: Outcome, reason: string): void {
  assert.deepEqual([outcome.kind, outcome.kind === 'failure' ? outcome.reason : ''], ['failure', reason]);
}

/** A TCP server on 127.0.0.1 whose connections are treated by `serve`; closed with all of them at the end of the file. */
export async function tcpServer(serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    serve(socket);
  });
  after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return listen(server);
}

/** Starts a server on a free port of 127.0.0.1. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

/** A port of 127.0.0.1 on which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  await once(server, 'close');
  return port;
}
