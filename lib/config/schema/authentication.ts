/**
 * The keyword tables of authentication and auth_hmac.
 */
import { formOf, quoted, record, wordFormat } from './format.js';
import { messages } from '../messages.js';
import type { HmacKey } from '../model-vrrp.js';
import { block, defaulted, optional, each, type Line, type Reader } from './dsl.js';
import { choice, integer, readInteger, wholeSeconds } from './values.js';

const works = { effect: 'works' } as const;
const string = { type: 'string' } as const;
const number = { type: 'integer', minimum: 0 } as const;

export const authentication = block('authentication', 'Password of VRRPv2 adverts.', {
  auth_type: optional(authType(), 'PASS: a password in clear; AH: IPsec authentication header', {
    ...works,
    note: 'AH is understood, but adverts are sent without the header',
  }),
  auth_pass: optional(authPass(), 'the password; 8 characters count', works),
});

function authType(): Reader<'PASS' | 'AH'> {
  return {
    ...choice(['PASS', 'AH']),
    read(line) {
      const text = line.word(1) ?? '';
      if (text === 'AH') {
        line.withoutEffect('auth_type AH', 1);
        return text;
      }
      if (text === 'PASS') return text;
      line.report(messages.notOneOf, 1, text, 'PASS AH');
      return undefined;
    },
  };
}

function authPass(): Reader<string> {
  return {
    syntax: '<string>',
    expects: 'a password',
    range: '1..8 characters used',
    minWords: 1,
    format: wordFormat,
    read(line) {
      const text = line.word(1) ?? '';
      const bytes = Buffer.from(text, 'utf8');
      if (bytes.length <= 8) return text;
      line.report(messages.authPassTooLong, 1);
      return bytes.subarray(0, 8).toString('latin1') === text.slice(0, 8)
        ? text.slice(0, 8)
        : bytes.subarray(0, 8).toString('utf8');
    },
  };
}

const hmacKey: Reader<HmacKey> = {
  syntax: '<id> <text>|hex:<digits>|file:<path>',
  expects: 'an id and a key',
  range: 'id 1..255, key of 32..64 bytes',
  minWords: 2,
  format: formOf<HmacKey>(
    {
      anyOf: [
        record({ kind: { type: 'string', enum: ['bytes'] }, id: number, bytes: string }, [
          'kind',
          'id',
          'bytes',
        ]),
        record({ kind: { type: 'string', enum: ['file'] }, id: number, path: string }, [
          'kind',
          'id',
          'path',
        ]),
      ],
    },
    (key) =>
      `${String(key.id)} ${key.kind === 'file' ? quoted(`file:${key.path}`) : `hex:${Buffer.from(key.bytes, 'latin1').toString('hex')}`}`,
  ),
  read(line) {
    const id = readInteger(line, 1, 1, 255, { isStrict: true });
    const text = line.word(2) ?? '';
    if (id === undefined) return undefined;
    if (text.startsWith('file:')) return readKeyFile(line, id, text.slice(5));
    const bytes = keyBytes(text);
    if (bytes !== undefined) return { kind: 'bytes', id, bytes };
    line.report(messages.badValue, 2, 'a key has 32 to 64 bytes, as text or as hex:<digits>');
    return undefined;
  },
};

function readKeyFile(line: Line, id: number, path: string): HmacKey | undefined {
  const { isOffline, files } = line.context;
  const stat = isOffline ? undefined : files.stat(path);
  if (!isOffline && stat === undefined) {
    line.report(messages.badValue, 2, `the key file ${path} does not exist`);
    return undefined;
  }
  if (stat !== undefined && (stat.mode & 0o077) !== 0) line.report(messages.hmacKeyReadable, 2, path);
  return { kind: 'file', id, path };
}

function keyBytes(text: string): string | undefined {
  if (text.startsWith('hex:')) {
    const digits = text.slice(4);
    if (!/^([0-9a-fA-F]{2}){32,64}$/.test(digits)) return undefined;
    return Buffer.from(digits, 'hex').toString('latin1');
  }
  const bytes = Buffer.from(text, 'utf8');
  return bytes.length >= 32 && bytes.length <= 64 ? bytes.toString('latin1') : undefined;
}

export const authHmac = block('auth_hmac', 'Authenticated trailer of adverts, VRRPv2 and v3.', {
  key: each(hmacKey, 'a key with its number', { since: '2.4.0' }),
  active_key: optional(integer(1, 255, { isStrict: true }), 'the key that is sent with', { since: '2.4.0' }),
  time_window: optional(wholeSeconds(1, 300), 'how much clocks may differ', {
    since: '2.4.0',
    defaultText: '3 x advert_int, at least 5 s',
  }),
  anti_replay: defaulted<'time' | 'monotonic'>(
    choice(['time', 'monotonic']),
    'time',
    'how repeated adverts are told',
    {
      since: '2.4.0',
    },
  ),
  mode: defaulted<'enforce' | 'permissive' | 'receive-only'>(
    choice(['enforce', 'permissive', 'receive-only']),
    'enforce',
    'whether adverts without trailer are accepted, and whether one is sent',
    { since: '2.4.0' },
  ),
});
