/**
 * Sends mails through the configured server: one after the other, each tried again when the server is gone, slow or busy,
 * in a bounded queue. Never waited for. What is written is decided in mail-text.ts.
 */
import { connect, type Socket } from 'node:net';
import type { Host, Timer } from '../host.js';
import {
  groupMail,
  instanceMail,
  message,
  type MailedState,
  type MailSettings,
  type MailText,
} from './mail-text.js';

export interface MailerStatus {
  readonly sent: number;
  readonly waiting: number;
  /** Refused for good, too old, or pushed out of the queue. */
  readonly lost: number;
}

interface Waiting {
  readonly text: string;
  readonly subject: string;
  readonly queuedMs: number;
}

/** Why a delivery failed, in keepalived's words, and whether another try may help. */
interface Failure {
  readonly words: string;
  readonly isFinal: boolean;
}

const maxWaiting = 500;
/** A mail that could not be sent for so long tells nothing new any more. */
const maxAgeMs = 3_600_000;
const firstRetryMs = 5_000;
const lastRetryMs = 300_000;

export class Mailer {
  readonly #settings: MailSettings;
  readonly #host: Host;
  readonly #queue: Waiting[] = [];
  /** The delivery under way; never rejects. */
  #delivery: Promise<void> | undefined;
  #socket: Socket | undefined;
  #retry: Timer | undefined;
  #retryMs = firstRetryMs;
  #isClosed = false;
  /** The grace at the end is over. */
  #isOver = false;
  #sent = 0;
  #lost = 0;

  constructor(settings: MailSettings, host: Host) {
    this.#settings = settings;
    this.#host = host;
  }

  get status(): MailerStatus {
    return { sent: this.#sent, waiting: this.#queue.length, lost: this.#lost };
  }

  /** About a VRRP instance. Nothing about FAULT with no_email_faults. */
  instance(name: string, state: MailedState): void {
    if (state !== 'FAULT' || !this.#settings.isSilentOnFault) this.send(instanceMail(name, state));
  }

  /** About a sync group. Nothing about FAULT with no_email_faults. */
  group(name: string, state: Exclude<MailedState, 'DELETED'>): void {
    if (state !== 'FAULT' || !this.#settings.isSilentOnFault) this.send(groupMail(name, state));
  }

  /** Queues a mail and returns at once. */
  send(text: MailText): void {
    if (this.#isClosed) {
      this.#lost += 1;
      return;
    }
    if (this.#queue.length >= maxWaiting) {
      // The oldest that is not under way.
      this.#queue.splice(this.#delivery === undefined ? 0 : 1, 1);
      this.#lost += 1;
      if (this.#lost === 1)
        this.#log('warning', `Too many mails wait for ${this.#server}: the oldest are given up`);
    }
    const wallMs = this.#host.clock.wallMs();
    const subject = text.subject;
    this.#queue.push({
      text: message(this.#settings, text, wallMs),
      subject,
      queuedMs: this.#host.clock.nowMs(),
    });
    if (this.#retry === undefined) this.#next();
  }

  /** Tries to send what waits, for at most `graceMs`; what is left then is lost and told in the log. Idempotent. */
  async close(graceMs = 1_000): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#retry?.cancel();
    this.#retry = undefined;
    const limit = this.#host.clock.schedule(graceMs, () => {
      this.#isOver = true;
      this.#socket?.destroy();
    });
    this.#next();
    // Mails that wait follow each other in `#settle`; one that fails now ends it.
    while (this.#delivery !== undefined) await this.#delivery;
    limit.cancel();
    if (this.#queue.length > 0)
      this.#log('warning', `Mails that could not be sent before the end: ${this.#queue.length}`);
    this.#lost += this.#queue.length;
    this.#queue.length = 0;
  }

  get #server(): string {
    return `[${this.#settings.host}]:${this.#settings.port}`;
  }

  /** Begins the next delivery, unless one is under way. */
  #next(): void {
    const [mail] = this.#queue;
    if (this.#isOver || mail === undefined || this.#delivery !== undefined) return;
    this.#delivery = this.#deliver(mail.text).then((failure) => {
      this.#delivery = undefined;
      this.#settle(mail, failure);
    });
  }

  #settle(mail: Waiting, failure: Failure | undefined): void {
    if (failure === undefined) {
      this.#log('info', 'SMTP alert successfully sent.');
      this.#sent += 1;
    } else {
      this.#log('warning', failure.words);
      const isOld = this.#host.clock.nowMs() - mail.queuedMs > maxAgeMs;
      if (!failure.isFinal && !isOld) {
        if (!this.#isClosed) this.#later();
        return;
      }
      this.#log('warning', `Mail '${mail.subject}' is given up`);
      this.#lost += 1;
    }
    this.#retryMs = firstRetryMs;
    this.#queue.shift();
    this.#next();
  }

  #later(): void {
    this.#retry = this.#host.clock.schedule(
      this.#retryMs,
      () => {
        this.#retry = undefined;
        this.#next();
      },
      { background: true },
    );
    this.#retryMs = Math.min(this.#retryMs * 2, lastRetryMs);
  }

  /** One try; undefined when the server has taken the mail. Never rejects. */
  async #deliver(raw: string): Promise<Failure | undefined> {
    // Loaded with the first mail: that takes as long as all else at start together.
    const { createTransport } = await import('nodemailer');
    const { host, port, from, to, heloName, timeoutMs } = this.#settings;
    let socket: Socket;
    try {
      socket = await this.#connect();
    } catch (error) {
      const isTimeout = error instanceof ConnectTimeout;
      const words = isTimeout
        ? `Timeout opening connection to remote SMTP server ${this.#server}.`
        : `SMTP connection ERROR to ${this.#server}. ${error instanceof Error ? error.message : ''}`.trim();
      return { words, isFinal: false };
    }
    const transport = createTransport({
      host,
      port,
      name: heloName,
      // keepalived never encrypts; a server that offers it with a certificate of its own must not cost the mail.
      ignoreTLS: true,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      disableFileAccess: true,
      disableUrlAccess: true,
      getSocket: (_options, callback) => callback(null, { connection: socket }),
    });
    try {
      const { rejected } = await transport.sendMail({ envelope: { from, to: [...to] }, raw });
      if (rejected.length > 0)
        this.#log('warning', `SMTP server ${this.#server} refused ${rejected.map(addressText).join(', ')}`);
      return undefined;
    } catch (error) {
      return this.#describe(error);
    } finally {
      socket.destroy();
      this.#socket = undefined;
    }
  }

  #connect(): Promise<Socket> {
    const { host, port, timeoutMs } = this.#settings;
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port });
      this.#socket = socket;
      // Not by the socket's own timeout: it begins anew with each address of a name.
      const limit = this.#host.clock.schedule(timeoutMs, () => socket.destroy(new ConnectTimeout()));
      socket.once('connect', () => {
        limit.cancel();
        socket.off('error', reject);
        this.#log('detail', `Remote SMTP server [${socket.remoteAddress ?? host}]:${port} connected.`);
        resolve(socket);
      });
      socket.once('error', reject);
      socket.once('close', () => {
        limit.cancel();
        reject(new Error('connection closed'));
      });
    });
  }

  #describe(error: unknown): Failure {
    const code = property(error, 'code');
    const status = property(error, 'responseCode');
    if (typeof status === 'number') {
      const command = smtpCommand(property(error, 'command'));
      const words = `Error processing ${command} cmd on SMTP server ${this.#server}. SMTP status code = ${status}`;
      return { words, isFinal: status >= 500 };
    }
    if (code === 'ETIMEDOUT')
      return { words: `Timeout reading data to remote SMTP server ${this.#server}.`, isFinal: false };
    if (code === 'EENVELOPE') {
      const text = error instanceof Error ? error.message : '';
      return { words: `Mail to ${this.#settings.to.join(', ')} cannot be addressed: ${text}`, isFinal: true };
    }
    return { words: `Remote SMTP server ${this.#server} has closed the connection.`, isFinal: false };
  }

  #log(level: 'info' | 'warning' | 'detail', text: string): void {
    this.#host.logger.log(level, text);
  }
}

class ConnectTimeout extends Error {}

/** keepalived's name of the step that nodemailer names: `RCPT TO` -> RCPT, CONN (the greeting) -> (E)SMTP. */
function smtpCommand(command: unknown): string {
  if (typeof command !== 'string') return 'DATA';
  const [word = ''] = command.split(' ');
  if (word === 'CONN') return '(E)SMTP';
  return word === 'EHLO' ? 'HELO' : word;
}

function addressText(address: string | { readonly address: string }): string {
  return typeof address === 'string' ? address : address.address;
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)).get(name) : undefined;
}
