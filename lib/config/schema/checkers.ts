/**
 * The keyword tables of the checkers of real servers.
 */
import { formOf, numberFormat, record, recordFormat, wordFormat, wordsFormat } from './format.js';
import { messages } from '../messages.js';
import { alias, block, defaulted, optional, several, each, type Line, type Reader } from './dsl.js';
import { section } from './lists.js';
import { account, bareCommand } from './scripts.js';
import {
  address,
  boolean,
  choice,
  decimalSeconds,
  integer,
  present,
  readInteger,
  wholeSeconds,
  word,
  uint32,
} from './values.js';

/** Seconds: 2^64 microseconds. */
const longest = 18446744073709.55;
const reported = { missing: 'reported' } as const;
const inherited = { defaultText: 'as the real server, the virtual server' } as const;

/** What every repeating checker has. */
export const timingRows = {
  retry: optional(integer(0, uint32), 'further attempts before a failure counts', inherited),
  delay_before_retry: optional(decimalSeconds(0, longest), 'time between attempts', inherited),
  warmup: optional(decimalSeconds(0, longest), 'the first check comes within this time', inherited),
  delay_loop: optional(decimalSeconds(0.000001, longest), 'time between checks', inherited),
  alpha: optional(boolean, 'counts as down until the first success', inherited),
  log_all_failures: optional(boolean, 'logs every failed attempt', {
    defaultText: 'checker_log_all_failures',
  }),
};

const port = integer(1, 65535);

/** What every checker with a connection has. */
export const connectionRows = {
  connect_ip: optional(address(), 'address to connect to', { defaultText: 'that of the real server' }),
  connect_port: optional(port, 'port to connect to', { defaultText: 'that of the real server' }),
  bindto: optional(address(), 'own address'),
  bind_port: defaulted(port, 0, 'own port'),
  bind_if: optional(word('interface', { max: 15 }), 'interface to go out by'),
  connect_timeout: optional(
    decimalSeconds(0.000001, 4294.967295),
    'time for connecting, and for each answer',
    inherited,
  ),
  fwmark: defaulted(integer(0, uint32), 0, 'mark of its packets'),
  ...timingRows,
};

export const tcpCheck = block('TCP_CHECK', 'Connects.', connectionRows, 'works', (fields) => ({
  ...fields,
}));
export const pingCheck = block('PING_CHECK', 'Sends an ICMP echo request.', connectionRows, 'works');

const regexOptionNames = new Set(
  (
    'allow_empty_class alt_bsux alt_circumflex alt_verbnames auto_callout caseless dollar_endonly dotall dupnames extended ' +
    'firstline match_unset_backref multiline never_backslash_c never_ucp never_utf no_auto_capture no_auto_possess ' +
    'no_dotstar_anchor no_start_optimize ucp ungreedy use_offset_limit utf'
  ).split(' '),
);

const regexOptions: Reader<readonly string[]> = {
  syntax: '<option> ...',
  expects: 'options',
  range: [...regexOptionNames].join(' '),
  minWords: 1,
  format: wordsFormat,
  read: (line) => line.words.slice(1).filter((name) => regexOptionNames.has(name)),
};

const statusCode = { type: 'integer', minimum: 100, maximum: 599 } as const;

const statusCodes: Reader<readonly { readonly first: number; readonly last: number }[]> = {
  syntax: '<code>|<low>-<high> ...',
  expects: 'status codes',
  range: '100..599',
  minWords: 1,
  format: formOf<readonly { readonly first: number; readonly last: number }[]>(
    { type: 'array', items: record({ first: statusCode, last: statusCode }, ['first', 'last']) },
    (ranges) =>
      ranges
        .map(({ first, last }) => (first === last ? String(first) : `${String(first)}-${String(last)}`))
        .join(' '),
  ),
  read(line) {
    const result: { first: number; last: number }[] = [];
    for (let index = 1; index < line.words.length; index++) {
      const text = line.word(index) ?? '';
      const found = /^(\d+)(?:-(\d+))?$/.exec(text);
      const first = Number(found?.[1]);
      const last = found?.[2] === undefined ? first : Number(found[2]);
      if (first >= 100 && last <= 599 && first <= last) result.push({ first, last });
      else line.report(messages.badValue, index, `'${text}' is not a status code or range from 100 to 599`);
    }
    return result;
  },
};

const digest: Reader<string> = {
  syntax: '<hex digits>',
  expects: '32 hex digits',
  range: '32 hex digits',
  minWords: 1,
  format: wordFormat,
  read(line) {
    const text = line.word(1) ?? '';
    if (/^[0-9a-fA-F]{32}$/.test(text)) return text.toLowerCase();
    line.report(
      messages.badValue,
      1,
      text.length === 32
        ? `'${text}' is not hexadecimal`
        : `a digest has 32 hex digits, not ${String(text.length)}`,
    );
    return undefined;
  },
};

const offset: Reader<number> = {
  syntax: '<number>',
  expects: 'a number of bytes',
  unit: 'bytes',
  minWords: 1,
  format: numberFormat(0, Number.MAX_SAFE_INTEGER),
  read(line) {
    const text = line.word(1) ?? '';
    if (/^\d+$/.test(text)) return Number(text);
    line.report(messages.silentlyIgnored, 1, `'${text}' is not a number of bytes; 0 is used`);
    return 0;
  },
};

const regexStack: Reader<{ readonly start: number; readonly max: number }> = {
  syntax: '<start> <max>',
  expects: 'two numbers of bytes',
  unit: 'bytes',
  minWords: 1,
  format: recordFormat<{ readonly start: number; readonly max: number }>(
    { start: { type: 'integer' }, max: { type: 'integer' } },
    ['start', 'max'],
    ({ start, max }) => `${String(start)} ${String(max)}`,
  ),
  read(line) {
    if (line.words.length < 3) {
      line.report(messages.badValue, 0, 'regex_stack needs two numbers');
      return undefined;
    }
    const start = readInteger(line, 1, 0, uint32);
    const max = readInteger(line, 2, 0, uint32);
    if (start === undefined || max === undefined) return undefined;
    if (start <= max) return { start, max };
    line.report(messages.badValue, 1, 'the start size is larger than the largest size');
    return undefined;
  },
};

const pattern: Reader<string> = {
  syntax: '<pattern>',
  expects: 'a pattern',
  minWords: 1,
  format: wordFormat,
  read: (line) => line.word(1),
};

const silent = { missing: 'silent' } as const;

const urlRows = {
  path: optional(word('path'), 'what is asked for'),
  digest: optional(digest, 'MD5 of the answer', { isFirstKept: true }),
  status_code: several(statusCodes, 'status codes that are good', { ...silent, defaultText: '200-299' }),
  virtualhost: optional(word('name'), 'Host header', reported),
  regex: optional(pattern, 'pattern that the answer must hold', silent),
  regex_no_match: defaulted(present, false, 'the answer must not hold it'),
  regex_options: several(regexOptions, 'how the pattern is compiled', silent),
  regex_min_offset: defaulted(offset, 0, 'first byte at which a match may start', silent),
  regex_max_offset: optional(offset, 'last byte at which a match may start', silent),
  regex_stack: optional(regexStack, 'stack sizes of the matcher', {
    ...silent,
    effect: 'parsed',
    note: 'nothing to limit: patterns are matched in linear time, without a stack',
  }),
};

export const httpUrl = block(
  'url',
  'One request.',
  {
    ...urlRows,
    tls_compliant: optional(boolean, 'TLS must be closed properly', {
      since: '2.2.8',
      defaultText: 'as the checker',
    }),
  },
  'works',
  (fields) => ({ ...fields }),
);

const sniName: Reader<string> = {
  syntax: '[<name>]',
  expects: 'a name',
  minWords: 0,
  format: wordFormat,
  read: (line) => line.word(1) ?? '',
};

export const httpCheck = block(
  'HTTP_GET',
  'Asks by HTTP (SSL_GET: by HTTPS).',
  {
    ...connectionRows,
    nb_get_retry: alias('retry', 'old name', { isCounted: true }),
    virtualhost: optional(word('name'), 'Host header', reported),
    http_protocol: defaulted<'1.0' | '1.0C' | '1.0c' | '1.1'>(
      choice(['1.0', '1.0C', '1.0c', '1.1']),
      '1.0',
      'version of the request',
      reported,
    ),
    enable_sni: defaulted(boolean, false, 'names the host in the TLS handshake'),
    sni_name: optional(sniName, 'the name in the handshake', { since: '2.4.4' }),
    fast_recovery: defaulted(boolean, false, 'no delay between the requests while it is down'),
    tls_compliant: defaulted(boolean, false, 'TLS must be closed properly', { since: '2.2.8' }),
    url: each(section(httpUrl), 'one request; all must succeed'),
  },
  'works',
  (fields) => ({ ...fields }),
);

export const smtpHost = block('host', 'One more target.', connectionRows, 'works');

export const smtpCheck = block(
  'SMTP_CHECK',
  'Greets a mail server.',
  {
    ...connectionRows,
    helo_name: defaulted(word('name'), 'smtpchecker.keepalived.org', 'name given in HELO', reported),
    host: each(section(smtpHost), 'one more target', {
      deprecated: { instead: 'one SMTP_CHECK for each target', isCounted: false },
    }),
  },
  'works',
);

const domain: Reader<string> = {
  syntax: '<domain>',
  expects: 'a domain name',
  range: 'labels 1..63, together 1..255',
  minWords: 1,
  format: wordFormat,
  read(line) {
    const text = line.word(1) ?? '';
    const labels = text.replace(/\.$/, '').split('.');
    const isRoot = text === '.';
    if (isRoot || (text.length <= 255 && labels.every((label) => label.length >= 1 && label.length <= 63)))
      return text;
    line.report(messages.badValue, 1, `'${text}' is not a domain name`);
    return undefined;
  },
};

export const dnsCheck = block(
  'DNS_CHECK',
  'Asks a name server.',
  {
    ...connectionRows,
    type: defaulted<'A' | 'NS' | 'CNAME' | 'SOA' | 'MX' | 'TXT' | 'AAAA' | 'RRSIG' | 'DNSKEY'>(
      choice(['A', 'NS', 'CNAME', 'SOA', 'MX', 'TXT', 'AAAA', 'RRSIG', 'DNSKEY'], { isCaseless: true }),
      'SOA',
      'what is asked for',
    ),
    name: defaulted(domain, '.', 'the name that is asked about'),
  },
  'works',
);

export const miscCheck = block(
  'MISC_CHECK',
  'Runs a script.',
  {
    ...timingRows,
    misc_path: optional(bareCommand, 'the command; quoted when it has arguments', reported),
    misc_timeout: optional(wholeSeconds(0, 4294), 'longer runs are killed', { defaultText: 'delay_loop' }),
    misc_dynamic: defaulted(present, false, 'exit status 2 to 255 sets the weight'),
    user: optional(account, 'who it runs as', { ...reported, defaultText: 'script_user' }),
  },
  'works',
);

const hex: Reader<string> = {
  syntax: '<hex> ...',
  expects: 'bytes as hex digits',
  minWords: 1,
  format: wordFormat,
  read(line) {
    const digits = line.words.slice(1).join('');
    if (/^[0-9a-fA-F]+$/.test(digits)) return digits.toLowerCase();
    line.report(messages.badValue, 1, `'${digits}' is not hexadecimal`);
    return undefined;
  },
};

const reply: Reader<string> = {
  syntax: '[<hex> ...]',
  expects: 'bytes as hex digits, x for any digit',
  minWords: 0,
  read(line: Line) {
    const digits = line.words.slice(1).join('');
    if (/^[0-9a-fA-FxX]*$/.test(digits)) return digits.toLowerCase();
    line.report(messages.badValue, 1, `'${digits}' is not hexadecimal`);
    return undefined;
  },
};

export const udpCheck = block(
  'UDP_CHECK',
  'Sends a datagram.',
  {
    ...connectionRows,
    payload: optional(hex, 'what is sent', reported),
    require_reply: optional(reply, 'an answer must come, and look like this'),
    min_reply_length: defaulted(integer(0, 65535), 0, 'shortest answer'),
    max_reply_length: defaulted(integer(0, 65535), 255, 'longest answer'),
  },
  'works',
);

const fileWeight: Reader<{ readonly weight: number; readonly reverse: boolean }> = {
  syntax: '<number> [reverse|noreverse]',
  expects: 'a whole number',
  range: '-2147483647..2147483647',
  minWords: 1,
  read(line) {
    const weight = readInteger(line, 1, -2147483647, 2147483647);
    return weight === undefined ? undefined : { weight, reverse: line.word(2) === 'reverse' };
  },
};

export const fileCheck = block(
  'FILE_CHECK',
  'Follows a track_file.',
  {
    track_file: optional(word('name'), 'the track_file'),
    weight: optional(fileWeight, 'factor of its number', { ...reported, defaultText: '0' }),
  },
  'works',
);

export const bfdCheck = block(
  'BFD_CHECK',
  'Follows a bfd_instance.',
  {
    name: optional(word('name'), 'the bfd_instance', reported),
    alpha: optional(boolean, 'counts as down until the session is up'),
  },
  'works',
);
