/** SMTP_CHECK: greeting, HELO and QUIT with the right status lines. */
import type { Socket } from 'node:net';
import type { SmtpCheck } from '../config/model-lvs.js';
import type { Clock, Timer } from '../host.js';
import type { Check, CheckEvent, Outcome } from './checker.js';
import { openStream, type CheckContext } from './network.js';

export function smtpCheck(config: SmtpCheck, context: CheckContext): Check {
  const { serverName, prober, host } = context;
  const endpoint = `[${config.connectIp}]:${config.connectPort}`;
  return {
    name: config.kind,
    timing: config,
    rules: { policy: 'rounds', steps: 1, fastRecovery: false },
    async attempt(_step, signal): Promise<Outcome> {
      const stream = await openStream(config, prober, signal);
      if ('kind' in stream) return connectOutcome(stream);
      const dialogue = new Dialogue(stream, config.connectTimeout / 1000, host.clock, signal);
      const reason = await dialogue.run(config.heloName);
      return reason === undefined
        ? { kind: 'success', detail: 'HELO accepted' }
        : { kind: 'failure', reason };
    },
    describe(event: CheckEvent): string | undefined {
      switch (event.kind) {
        case 'up':
          return `Remote SMTP server ${serverName} succeed on service.`;
        case 'down':
          return `SMTP_CHECK ${event.reason} server ${endpoint}`;
        case 'attempt':
          return event.isForgiven ? `SMTP_CHECK ${event.reason} server ${endpoint}` : undefined;
        case 'postponed':
          return `SMTP_CHECK ${event.reason} server ${endpoint}. Rescheduling.`;
        case 'step':
          return undefined;
      }
    },
  };
}

function connectOutcome(outcome: Outcome): Outcome {
  if (outcome.kind !== 'failure') return outcome;
  const reason = outcome.reason === 'timeout' ? 'Connection timeout to' : 'Error connecting to';
  return { kind: 'failure', reason };
}

/** A reply line must end within so many bytes; more is not SMTP. */
const maxLine = 4096;

/** The conversation; whatever ends it, the socket is closed hard. */
class Dialogue {
  readonly #socket: Socket;
  readonly #stepMs: number;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #text = '';
  #timer: Timer | undefined;
  #settle: (line: string | Broken) => void = () => undefined;
  #broken: Broken | undefined;

  constructor(socket: Socket, stepMs: number, clock: Clock, signal: AbortSignal) {
    this.#socket = socket;
    this.#stepMs = stepMs;
    this.#clock = clock;
    this.#signal = signal;
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => this.#onData(chunk));
    socket.on('error', () => this.#break('Read failure from'));
    socket.on('end', () => this.#break('Read failure from'));
  }

  /** The reason of the failure in keepalived's words; undefined: all went well. */
  async run(heloName: string): Promise<string | undefined> {
    const onAbort = (): void => this.#break('Read failure from');
    this.#signal.addEventListener('abort', onAbort, { once: true });
    try {
      const greeting = await this.#line();
      if (typeof greeting !== 'string') return greeting.reason;
      if (!hasStatus(greeting, '220')) return 'Bad greeting banner from';
      this.#socket.write(`HELO ${heloName}\r\n`, 'latin1');
      const hello = await this.#line();
      if (typeof hello !== 'string') return hello.reason;
      if (!hasStatus(hello, '250')) return 'Bad HELO response from';
      this.#socket.write('QUIT\r\n');
      const goodbye = await this.#line();
      return typeof goodbye === 'string' ? undefined : goodbye.reason;
    } finally {
      this.#signal.removeEventListener('abort', onAbort);
      this.#timer?.cancel();
      this.#socket.destroy();
    }
  }

  #line(): Promise<string | Broken> {
    return new Promise((resolve) => {
      this.#settle = resolve;
      this.#timer?.cancel();
      this.#timer = this.#clock.schedule(this.#stepMs, () => this.#break('Read timeout from'));
      this.#take();
    });
  }

  #onData(chunk: string): void {
    this.#text += chunk;
    if (this.#text.length > maxLine) this.#break('Read failure from');
    this.#take();
  }

  #take(): void {
    const end = this.#text.indexOf('\n');
    if (end >= 0) {
      const line = this.#text.slice(0, end).replace(/\r$/, '');
      this.#text = this.#text.slice(end + 1);
      this.#settle(line);
    } else if (this.#broken !== undefined) {
      this.#settle(this.#broken);
    }
  }

  #break(reason: string): void {
    this.#broken ??= { reason };
    this.#take();
  }
}

interface Broken {
  readonly reason: string;
}

/** Three digits, then a blank or the end: a reply of several lines is none of those that are accepted. */
function hasStatus(line: string, status: string): boolean {
  return line === status || line.startsWith(`${status} `);
}
