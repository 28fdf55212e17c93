/** A child's end of the channel to its supervisor: reports, pushed events, requests that it answers. */
import type { ControlEvent, ControlHandlers } from '../control/messages.js';
import { answer } from '../control/serve.js';
import type { ChildReport, FromChild, ToChild } from './protocol.js';

export interface ChildChannel {
  report(report: ChildReport): void;
  tell(event: ControlEvent): void;
  /** From here on requests are answered; earlier ones have waited. */
  serve(handlers: ControlHandlers): void;
  /** The supervisor is gone. */
  onGone(listener: () => void): void;
  /** What was sent is on its way; to be waited for before the process ends. */
  flushed(): Promise<void>;
}

/** @throws when this process was not started by a supervisor. */
export function openChannel(): ChildChannel {
  const send = process.send?.bind(process);
  if (send === undefined) throw new Error('a child of the daemon is started by its supervisor only');
  let handlers: ControlHandlers | undefined;
  const waiting: ToChild[] = [];
  let last: Promise<void> = Promise.resolve();
  const post = (message: FromChild): void => {
    if (!process.connected) return;
    // A channel that closes meanwhile is told by 'disconnect'.
    last = new Promise((resolve) => {
      send(message, undefined, undefined, () => {
        resolve();
      });
    });
  };
  // Thousands of servers may go down at one instant: what is told in one turn of the event loop goes as one message.
  let told: ControlEvent[] = [];
  const sendTold = (): void => {
    if (told.length === 0) return;
    const events = told;
    told = [];
    post({ kind: 'told', events });
  };
  const take = (known: ControlHandlers, request: ToChild): void => {
    void answer(known, request).then(post);
  };
  process.on('message', (message: ToChild) => {
    if (handlers === undefined) waiting.push(message);
    else take(handlers, message);
  });
  return {
    report: (report) => post({ kind: 'report', report }),
    tell(event) {
      if (told.push(event) === 1) queueMicrotask(sendTold);
    },
    serve(map) {
      handlers = map;
      for (const request of waiting.splice(0)) take(map, request);
    },
    onGone(listener) {
      if (process.connected) process.on('disconnect', listener);
      else listener();
    },
    flushed() {
      sendTold();
      return last;
    },
  };
}
