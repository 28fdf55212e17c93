/** A real SMTP server (the package smtp-server) on a host of a lab. */
import { projectRoot } from './daemons.js';
import type { LabHost } from './lab-host.js';
import type { Program } from './program.js';

/** One mail as the server got it. */
export interface Mail {
  readonly helo: string;
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and body. */
  readonly text: string;
}

/** Listens on port 2525 of `address`; ready when the promise resolves. It prints each mail as a line of JSON. */
export async function startMailServer(host: LabHost, address: string): Promise<Program> {
  const script = `
    import { SMTPServer } from 'smtp-server';
    new SMTPServer({ authOptional: true, disabledCommands: ['AUTH', 'STARTTLS'],
      onData(stream, session, callback) {
        let text = '';
        stream.on('data', (chunk) => (text += chunk)).on('end', () => {
          const { mailFrom, rcptTo } = session.envelope;
          console.log(JSON.stringify({ helo: session.hostNameAppearsAs, from: mailFrom.address,
            to: rcptTo.map((each) => each.address), text }));
          callback();
        });
      } }).listen(2525, '${address}', () => console.log('ready'));`;
  const program = await host.start([process.execPath, '--input-type=module', '-e', script], {
    cwd: projectRoot,
  });
  await program.waitForLine(/^ready$/);
  return program;
}

/** Mails that have come, in their order. */
export function mailsOf(server: Program): readonly Mail[] {
  return server.lines
    .filter((line) => line.text.startsWith('{'))
    .map((line): unknown => JSON.parse(line.text))
    .filter(isMail);
}

function isMail(value: unknown): value is Mail {
  return typeof value === 'object' && value !== null && 'helo' in value && 'text' in value;
}
