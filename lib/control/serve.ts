/** Answers requests with a map of handlers. What a handler throws becomes the reply. */
import { KaError } from '../errors.js';
import type { ControlHandlers, ControlReply, ControlRequest } from './messages.js';

/** Never rejects. */
export async function answer(handlers: ControlHandlers, request: ControlRequest): Promise<ControlReply> {
  const { id } = request;
  try {
    return { kind: 'reply', id, isGood: true, result: await call(handlers, request.method, request.params) };
  } catch (error) {
    const code = KaError.is(error) ? error.code : 'KA_CONTROL_FAILED';
    const message = error instanceof Error ? error.message : String(error);
    return { kind: 'reply', id, isGood: false, code, message };
  }
}

/** @throws {KaError} KA_CONTROL_METHOD when there is no such handler; what the handler throws. */
export async function call(handlers: ControlHandlers, method: string, params: unknown): Promise<unknown> {
  const handler = Object.hasOwn(handlers, method) ? handlers[method] : undefined;
  if (handler === undefined) throw new KaError('KA_CONTROL_METHOD', `nothing answers to '${method}'`);
  return await handler(params);
}

/** The error of a reply that is none, as it was thrown on the other side. */
export function replyError(reply: Extract<ControlReply, { isGood: false }>): KaError {
  return new KaError(reply.code, reply.message);
}
