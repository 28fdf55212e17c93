/**
 * Values that only global_defs has.
 */
import { formOf, presentFormat, quoted, recordFormat, wordsFormat } from './format.js';
import { dirname } from 'node:path';
import { micros } from '../../units.js';
import { messages } from '../messages.js';
import type { HostPort, RxBufsPolicy } from '../model.js';
import { parseAddress } from '../address.js';
import type { Line, Reader } from './dsl.js';
import { setNameFolder } from './names.js';
import {
  boolean,
  duration,
  mapped,
  parseAnyBase,
  placedWord,
  readInteger,
  uint32,
  word,
  wordOr,
  words,
} from './values.js';

export const smtpServer: Reader<HostPort> = {
  syntax: '<host> [<port>]',
  expects: 'an address or host name',
  range: 'port 1..65535',
  minWords: 1,
  format: recordFormat<HostPort>(
    { host: { type: 'string' }, port: { type: 'integer', minimum: 1, maximum: 65535 } },
    ['host', 'port'],
    ({ host, port }) => `${quoted(host)} ${String(port)}`,
  ),
  read(line) {
    const host = line.word(1) ?? '';
    const service = line.word(2);
    let port = 25;
    if (service !== undefined) {
      const given = readInteger(line, 2, 1, 65535);
      if (given === undefined) return undefined;
      port = given;
    }
    if (parseAddress(host) === undefined && !/^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_.])?$/.test(host)) {
      line.report(messages.notAnAddress, 1, host, 'an address or host name');
      return undefined;
    }
    if (line.context.mode === 'test' && !line.context.isOffline && !line.context.machine.resolves(host))
      line.report(messages.hostUnknown, 1, host);
    return { host, port, at: line.at(1) };
  },
};

const cpuFormat = formOf<readonly number[]>(
  { type: 'array', items: { type: 'integer', minimum: 0 } },
  (cpus) => (cpus.length === 0 ? undefined : cpus.join(' ')),
);

export const cpuList: Reader<readonly number[]> = {
  syntax: '<cpu> ...',
  expects: 'CPU numbers',
  range: '0..number of CPUs - 1',
  minWords: 1,
  format: cpuFormat,
  read(line) {
    const { machine, isOffline } = line.context;
    const last = isOffline ? 1023 : machine.cpuCount - 1;
    const cpus: number[] = [];
    for (let index = 1; index < line.words.length; index++) {
      const cpu = readInteger(line, index, 0, last);
      if (cpu === undefined) return undefined;
      cpus.push(cpu);
    }
    return cpus;
  },
};

export const rxBufsPolicy: Reader<RxBufsPolicy> = {
  syntax: 'MTU|ADVERT|<bytes>',
  expects: 'MTU, ADVERT or a number of bytes',
  minWords: 1,
  format: formOf<RxBufsPolicy>(
    {
      anyOf: [
        { type: 'string', enum: ['MTU', 'ADVERT'] },
        { type: 'integer', minimum: 0 },
      ],
    },
    String,
  ),
  read(line) {
    const upper = (line.word(1) ?? '').toUpperCase();
    if (upper === 'MTU' || upper === 'ADVERT') {
      if (line.words.length > 2) line.report(messages.adjusted, 2, `one policy is enough: ${upper} is used`);
      return upper;
    }
    return readInteger(line, 1, 0, uint32);
  },
};

const umaskBits: Readonly<Record<string, number>> = {
  IRUSR: 0o400,
  IWUSR: 0o200,
  IXUSR: 0o100,
  IRGRP: 0o040,
  IWGRP: 0o020,
  IXGRP: 0o010,
  IROTH: 0o004,
  IWOTH: 0o002,
  IXOTH: 0o001,
  IRWXU: 0o700,
  IRWXG: 0o070,
  IRWXO: 0o007,
};

export const umask: Reader<number> = {
  syntax: '<number>|<bit>[|<bit>...]',
  expects: 'a mode mask',
  range: '0..0777',
  minWords: 1,
  format: formOf<number>({ type: 'integer', minimum: 0, maximum: 0o777 }, (mask) => `0${mask.toString(8)}`),
  read(line) {
    const text = line.words.slice(1).join('');
    if (line.words.length > 2 && !text.includes('|')) {
      line.report(messages.badValue, 2, 'umask takes one value');
      return undefined;
    }
    const number = parseAnyBase(text);
    if (!Number.isNaN(number)) {
      if (number >= 0 && number <= 0o777) return number;
      line.report(messages.outOfRange, 1, text, '0', '0777');
      return undefined;
    }
    let mask = 0;
    for (const name of text.split('|')) {
      const bit = umaskBits[name.trim().replace(/^S_/, '')];
      if (bit === undefined) {
        line.report(messages.notOneOf, 1, name, Object.keys(umaskBits).join(' '));
        return undefined;
      }
      mask |= bit;
    }
    return mask;
  },
};

export const optionalPath = (bare: string): Reader<string> => wordOr('path', bare);

/** keepalived does not look at the value: the keyword alone switches it on, whatever stands behind it. */
export const switchedOn: Reader<true> = {
  ...boolean,
  format: presentFormat,
  read(line) {
    const text = line.word(1);
    if (text !== undefined && !['on', 'true', 'yes'].includes(text))
      line.report(messages.silentlyIgnored, 1, `${line.keyword} is on, whatever stands behind it`);
    return true;
  },
};

export const absolutePath: Reader<string> = mapped(word('path'), (path, line) => {
  if (path.startsWith('/')) return path;
  line.report(messages.pathNotAbsolute, 1, line.keyword, path);
  return undefined;
});

export const directory: Reader<string> = mapped(word('directory'), (path, line) => {
  if (path === '') {
    line.report(messages.missingValue, 1, line.keyword, 'a directory');
    return undefined;
  }
  if (line.context.isOffline || line.context.files.stat(path)?.kind === 'directory') return path;
  if (line.context.files.stat(dirname(path))?.kind === 'directory') return path;
  line.report(messages.noSuchDirectory, 1, `the directory ${path} does not exist`);
  return undefined;
});

/** A folder of iproute2's tables of names. */
export const nameFolder = (whose: 'etc' | 'usr'): Reader<string> =>
  mapped(word('directory'), (path, line) => {
    setNameFolder(line.context, whose, path);
    return path;
  });

export const interfacePrefix: Reader<string> = mapped(word('string'), (text, line) => {
  if (text.length <= 11 && /^[^\s/:]+$/.test(text)) return text;
  line.report(
    messages.silentlyIgnored,
    1,
    `'${text}' cannot start an interface name (up to 11 characters, no '/' or ':')`,
  );
  return undefined;
});

export const flushOnStop: Reader<'all' | 'VS'> = {
  syntax: '[VS]',
  expects: 'VS',
  minWords: 0,
  format: formOf<string>({ type: 'string', enum: ['off', 'all', 'VS'] }, (value) =>
    value === 'off' ? undefined : value === 'all' ? '' : value,
  ),
  read(line) {
    if (line.words.length === 1) return 'all';
    if (line.word(1) === 'VS') return 'VS';
    line.report(messages.notOneOf, 1, line.word(1) ?? '', 'VS');
    return undefined;
  },
};

export const dynamicInterfaces: Reader<'on' | 'allow_if_changes'> = {
  syntax: '[allow_if_changes]',
  expects: 'allow_if_changes',
  minWords: 0,
  format: formOf<string>({ type: 'string', enum: ['off', 'on', 'allow_if_changes'] }, (value) =>
    value === 'off' ? undefined : value === 'on' ? '' : value,
  ),
  read(line) {
    const text = line.word(1);
    if (text === 'allow_if_changes') return text;
    if (text !== undefined) line.report(messages.unknownOption, 1, text, line.keyword);
    return 'on';
  },
};

/** That it exists matters only to entries that need it. */
export const defaultInterface = placedWord('interface');

export const chains: Reader<readonly string[]> = {
  syntax: '[<in-chain> [<out-chain>]]',
  expects: 'chain names',
  range: 'names up to 27 characters',
  minWords: 0,
  format: wordsFormat,
  read: (line) => (line.words.length === 1 ? ['INPUT', 'OUTPUT'] : line.words.slice(1, 3)),
};

export const ipsets: Reader<readonly string[]> = {
  ...words('name'),
  minWords: 0,
  format: formOf<readonly string[]>({ type: 'array', items: { type: 'string' } }, (names) =>
    names.map(quoted).join(' '),
  ),
};

export const includeCheckWords: Reader<readonly string[]> = {
  syntax: '[[+|-]<check> ...]',
  expects: 'checks',
  range: 'read, match, wildcard_match, brace_match',
  minWords: 0,
  format: wordsFormat,
  read(line: Line) {
    const known = ['read', 'match', 'wildcard_match', 'brace_match'];
    const result: string[] = [];
    for (let index = 1; index < line.words.length; index++) {
      const text = line.word(index) ?? '';
      if (known.includes(text.replace(/^[+-]/, ''))) result.push(text);
      else line.report(messages.notOneOf, index, text, known.join(' '));
    }
    return result;
  },
};

export const rttime: Reader<ReturnType<typeof micros>> = mapped(
  duration(1, uint32, { places: 0, unitUs: 1, unit: 'us' }),
  (value) => (value === 1 ? micros(2) : value),
);
