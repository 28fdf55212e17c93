/** What a daemon in a namespace tells the world: lines in its pipe, runs of its scripts, mails. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { end, startIn } from './namespaces.js';

/** Writes every mail as one line of JSON: sender, recipients, then its lines without date and id. */
const mailServer = `
  const { SMTPServer } = require('smtp-server');
  const onData = (stream, session, done) => {
    let text = '';
    stream.setEncoding('utf8').on('data', (more) => (text += more)).on('end', () => {
      const to = session.envelope.rcptTo.map(({ address }) => address);
      const lines = text.split(/\\r?\\n/).filter((line) => !/^(Date|Message-ID): /i.test(line));
      console.log(JSON.stringify([session.envelope.mailFrom.address, ...to, ...lines]));
      done();
    });
  };
  new SMTPServer({ authOptional: true, disabledCommands: ['STARTTLS'], disableReverseLookup: true, onData })
    .listen(2525, '127.0.0.1', () => console.log('ready'));`;

export class Notices {
  readonly #work = mkdtempSync(join(tmpdir(), 'kaN-'));
  readonly #pipe = join(this.#work, 'pipe');
  readonly #told = join(this.#work, 'told');
  readonly #children: ReturnType<typeof startIn>[] = [];
  #piped = '';
  #mailed = '';

  constructor(netns: string) {
    execFileSync('mkfifo', ['-m', '600', this.#pipe]);
    writeFileSync(this.script, `#!/bin/sh\necho "$*" >>${this.#told}\n`, { mode: 0o755 });
    this.#children.push(
      startIn(netns, ['cat', this.#pipe], (text) => (this.#piped += text)),
      startIn(netns, [process.execPath, '-e', mailServer], (text) => (this.#mailed += text)),
    );
  }

  /** To be run by notify scripts: its arguments are kept. */
  get script(): string {
    return join(this.#work, 'script');
  }

  /** For global_defs. */
  get settings(): string {
    return (
      `script_user root\nlvs_notify_fifo ${this.#pipe}\nrouter_id HERE\nsmtp_server 127.0.0.1 2525\n` +
      'smtp_connect_timeout 60\nnotification_email_from from@example.org\n' +
      'notification_email {\none@example.org\ntwo@example.org\n}\n'
    );
  }

  get isReady(): boolean {
    return this.#mailed.includes('ready');
  }

  get lines(): readonly string[] {
    return this.#piped.split('\n').filter(Boolean);
  }

  get runs(): readonly string[] {
    return existsSync(this.#told)
      ? readFileSync(this.#told, 'utf8').split('\n').filter(Boolean).toSorted()
      : [];
  }

  /** Sorted: mails are sent side by side. */
  get mails(): readonly string[] {
    return this.#mailed
      .split('\n')
      .filter((line) => line.startsWith('['))
      .toSorted();
  }

  async close(): Promise<void> {
    for (const child of this.#children) await end(child, 'SIGKILL');
  }
}
