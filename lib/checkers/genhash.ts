/**
 * genhash: the MD5 of a page's body, for `digest` in HTTP_GET and SSL_GET, with the options and the output of keepalived's
 * program of that name.
 */
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import { parseArgs } from 'node:util';
import type { Prober } from '../../bindings/prober.js';
import type { Clock } from '../host.js';
import { httpGet, type GetRequest } from './http-get.js';

/** What the program is to do. */
export type GenhashCommand =
  | { readonly kind: 'get'; readonly request: GetRequest; readonly isVerbose: boolean }
  | { readonly kind: 'help' }
  | { readonly kind: 'usage-error'; readonly message: string };

/** What it says and how it ends. */
export interface GenhashResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number;
}

const defaultTimeoutS = 5;
const longestTimeoutS = 86_400;
/** A page must come within so many times the timeout. */
const totalFactor = 12;

export const genhashHelp = `Usage: genhash OPTIONS

  -s, --server IP             address of the server
  -p, --port PORT             its port
  -u, --url PATH              path of the page
  -S, --use-ssl               speak TLS
  -I, --use-sni               send the virtual host as TLS server name
  -V, --use-virtualhost NAME  virtual host
  -m, --fwmark N              firewall mark of the socket
  -P, --protocol VERSION      1.0, 1.0c or 1.1 (1.0)
  -t, --timeout SECONDS       for connecting and for each wait (${defaultTimeoutS})
  -v, --verbose               show the exchange
  -h, --help                  this text
`;

/** Reads the command line (without the program's name). */
export function parseGenhash(argv: readonly string[]): GenhashCommand {
  const error = (message: string): GenhashCommand => ({ kind: 'usage-error', message });
  let values: Values;
  try {
    values = readOptions(argv);
  } catch (cause) {
    return error(cause instanceof Error ? cause.message : String(cause));
  }
  if (values.help === true) return { kind: 'help' };
  const { server, url } = values;
  const port = wholeNumber(values.port, 1, 65_535);
  if (server === undefined || values.port === undefined || url === undefined)
    return error('server, port and url are required (-s, -p, -u)');
  if (isIP(server) === 0) return error(`server should be an IP, not ${server}`);
  if (port === undefined) return error(`port ${values.port} is not a number from 1 to 65535`);
  const mark = wholeNumber(values.fwmark ?? '0', 0, 0xffff_ffff);
  if (mark === undefined) return error(`fwmark ${values.fwmark ?? ''} is not a number from 0 to 4294967295`);
  const protocol = protocols.get(values.protocol ?? '1.0');
  if (protocol === undefined) return error(`protocol ${values.protocol ?? ''} is none of 1.0, 1.0c, 1.1`);
  const stepMs = Number(values.timeout ?? defaultTimeoutS) * 1000;
  if (!(stepMs > 0 && stepMs <= longestTimeoutS * 1000))
    return error(`timeout ${values.timeout ?? ''} is not a number of seconds up to ${longestTimeoutS}`);
  const virtualhost = values['use-virtualhost'];
  const serverName = values['use-sni'] === true ? virtualhost : undefined;
  const tls = {
    context: createSecureContext({ minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' }),
    serverName,
    mustClose: false,
  };
  return {
    kind: 'get',
    isVerbose: values.verbose === true,
    request: {
      target: { address: server, port, mark, timeoutMs: stepMs },
      path: url,
      protocol,
      virtualhost,
      ...(values['use-ssl'] === true ? { tls } : {}),
      needsDigest: true,
      needsBody: values.verbose === true,
      stepMs,
      totalMs: stepMs * totalFactor,
    },
  };
}

/** Does what the command line asked for. Never rejects. */
export async function genhash(
  command: GenhashCommand,
  prober: Prober,
  clock: Clock,
  signal: AbortSignal = new AbortController().signal,
): Promise<GenhashResult> {
  if (command.kind === 'help') return { stdout: '', stderr: genhashHelp, status: 0 };
  if (command.kind === 'usage-error')
    return {
      stdout: '',
      stderr: `genhash: ${command.message}\nTry: ka-node genhash --help\n`,
      status: 1,
    };
  const startedMs = clock.nowMs();
  const got = await httpGet(command.request, prober, clock, signal);
  if (got.kind !== 'reply') return { stdout: `${failureText(got.reason)}\n`, stderr: '', status: 0 };
  const { reply } = got;
  if (!reply.hasData) return { stdout: '', stderr: 'no data received from remote webserver\n', status: 0 };
  const digest = reply.digest();
  if (!command.isVerbose) return { stdout: `${digest}\n`, stderr: '', status: 0 };
  const micros = Math.round((clock.nowMs() - startedMs) * 1000);
  const stdout = [
    delimiter('HTTP Header Buffer'),
    hexDump(reply.headerBytes),
    delimiter('HTTP Header Ascii Buffer'),
    reply.headerBytes.toString('latin1').replaceAll('\r', ''),
    delimiter('HTML Buffer'),
    hexDump(reply.body()),
    delimiter('HTML hash resulting'),
    hexDump(Buffer.from(digest, 'hex')),
    delimiter('HTML hash final resulting'),
    `${digest}\n`,
    `\nGlobal response time for [${command.request.path}] = ${micros} usecs\n`,
  ].join('');
  return { stdout, stderr: '', status: 0 };
}

interface Values {
  readonly server?: string | undefined;
  readonly port?: string | undefined;
  readonly url?: string | undefined;
  readonly 'use-ssl'?: boolean | undefined;
  readonly 'use-sni'?: boolean | undefined;
  readonly 'use-virtualhost'?: string | undefined;
  readonly verbose?: boolean | undefined;
  readonly help?: boolean | undefined;
  readonly fwmark?: string | undefined;
  readonly protocol?: string | undefined;
  readonly timeout?: string | undefined;
}

const protocols = new Map<string, GetRequest['protocol']>([
  ['1.0', '1.0'],
  ['1.0c', '1.0c'],
  ['1.0C', '1.0C'],
  ['1.1', '1.1'],
]);

/** @throws what parseArgs says about unknown options and missing values. */
function readOptions(argv: readonly string[]): Values {
  return parseArgs({
    args: [...argv],
    options: {
      server: { type: 'string', short: 's' },
      port: { type: 'string', short: 'p' },
      url: { type: 'string', short: 'u' },
      'use-ssl': { type: 'boolean', short: 'S' },
      'use-sni': { type: 'boolean', short: 'I' },
      'use-virtualhost': { type: 'string', short: 'V' },
      verbose: { type: 'boolean', short: 'v' },
      help: { type: 'boolean', short: 'h' },
      fwmark: { type: 'string', short: 'm' },
      protocol: { type: 'string', short: 'P' },
      timeout: { type: 'string', short: 't' },
    },
  }).values;
}

function wholeNumber(text: string | undefined, low: number, high: number): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= low && value <= high ? value : undefined;
}

/** keepalived's words, on standard output too. */
function failureText(reason: string): string {
  if (reason === 'Error connecting') return 'Connection failed';
  return reason === 'Timeout HTTP read' ? 'Timeout WEB read' : reason;
}

/** `-----[    TITLE    ]-----`, 74 columns. */
function delimiter(title: string): string {
  const room = 26 - title.length;
  const left = Math.floor(room / 2);
  const padded = ' '.repeat(left) + title + ' '.repeat(room - left);
  return `-----------------------[${padded}]-----------------------\n`;
}

/** 16 bytes a line: decimal offset, bytes with a dash after the eighth, text. */
function hexDump(bytes: Buffer): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const hex = row.map(
      (byte, i) => `${byte.toString(16).padStart(2, '0')} ${i === 7 && row.length > 8 ? '- ' : ''}`,
    );
    const text = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'));
    lines.push(`${String(at).padStart(4, '0')}  ${hex.join('').padEnd(50)}  ${text.join('').padEnd(16)}\n`);
  }
  return lines.join('');
}
