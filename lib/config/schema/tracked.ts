/**
 * The keyword tables of what VRRP watches, and of small blocks beside it: scripts, processes, files, BFD, groups.
 */
import { formOf, placedWordFormat, recordFormat } from './format.js';
import { micros, seconds } from '../../units.js';
import { messages } from '../messages.js';
import type { Word } from '../model.js';
import type { InterfaceDelay, LinkbeatInterface } from '../model-vrrp.js';
import { alias, block, defaulted, folded, Line, optional, several, type Reader, type Row } from './dsl.js';
import { wordList } from './lists.js';
import { account, bareCommand } from './scripts.js';
import { weightReader } from './tracking.js';
import {
  address,
  boolean,
  decimalSeconds,
  duration,
  integer,
  parseAnyBase,
  present,
  readDuration,
  word,
  words,
} from './values.js';

const works = { effect: 'works' } as const;
const scriptTime = duration(0.001, 4294, { places: 3, unitUs: 1_000_000, unit: 's', zeroIs: 1 });
const processTime = decimalSeconds(0.000001, 3600);
const bfdTime = (min: number): typeof scriptTime =>
  duration(min, 4294967, { places: 3, unitUs: 1000, unit: 'ms' });

export const vrrpScript = block('vrrp_script', 'A script whose exit status counts.', {
  script: optional(bareCommand, 'the command; quoted when it has arguments', {
    ...works,
    missing: 'reported',
  }),
  interval: defaulted(scriptTime, seconds(1), 'time between starts', works),
  timeout: optional(scriptTime, 'longer runs are killed and count as failed', {
    ...works,
    defaultText: 'interval',
  }),
  weight: optional(weightReader(253), 'change of the priority; 0: a failure is a fault', {
    ...works,
    defaultText: '0',
  }),
  rise: defaulted(integer(1, 2147483647, { outside: 1 }), 1, 'successes in a row that count as up', works),
  fall: defaulted(integer(1, 2147483647, { outside: 1 }), 1, 'failures in a row that count as down', works),
  user: optional(account, 'who it runs as', { ...works, defaultText: 'script_user' }),
  init_fail: defaulted(present, false, 'counts as failed until its first result', works),
});

const paramMatch: Reader<'exact' | 'initial' | 'partial'> = {
  syntax: '[initial|partial]',
  expects: 'initial or partial',
  minWords: 0,
  format: formOf<string>({ type: 'string', enum: ['exact', 'initial', 'partial'] }, (value) =>
    value === 'exact' ? '' : value,
  ),
  read(line) {
    const text = line.word(1);
    if (text === undefined) return 'exact';
    if (text === 'initial' || text === 'partial') return text;
    line.report(messages.notOneOf, 1, text, 'initial partial');
    return undefined;
  },
};

export const vrrpTrackProcess = block('vrrp_track_process', 'Processes that must run.', {
  process: optional(words('name'), 'name or path, then parameters', { ...works, isFirstKept: true }),
  param_match: optional(paramMatch, 'how parameters are compared', {
    ...works,
    defaultText: 'exact, where there are parameters',
  }),
  weight: optional(weightReader(254), 'change of the priority; 0: a lost quorum is a fault', {
    defaultText: '0',
    ...works,
    missing: 'reported',
    isFirstKept: true,
  }),
  quorum: defaulted(integer(1, 65535), 1, 'how many must run', works),
  quorum_max: optional(integer(0, 65535), 'how many may run', { ...works, defaultText: 'no limit' }),
  delay: optional(processTime, 'sets fork_delay and terminate_delay', { ...works, defaultText: '0' }),
  terminate_delay: optional(processTime, 'a loss of the quorum must last that long', {
    ...works,
    defaultText: '0',
  }),
  fork_delay: optional(processTime, 'a gain of the quorum must last that long', {
    ...works,
    defaultText: '0',
  }),
  full_command: defaulted(present, false, 'compares whole command lines', works),
});

const initFile: Reader<{ readonly value: number; readonly overwrite: boolean }> = {
  syntax: '[<value>] [overwrite]',
  expects: 'a number',
  range: '-254..254',
  minWords: 0,
  format: recordFormat<{ readonly value: number; readonly overwrite: boolean }>(
    { value: { type: 'integer' }, overwrite: { type: 'boolean' } },
    ['value', 'overwrite'],
    ({ value, overwrite }) => `${String(value)}${overwrite ? ' overwrite' : ''}`,
  ),
  read(line) {
    let value = 0;
    let overwrite = false;
    for (let index = 1; index < line.words.length; index++) {
      const text = line.word(index) ?? '';
      const number = parseAnyBase(text);
      if (text === 'overwrite') overwrite = true;
      else if (Number.isNaN(number) || Math.abs(number) > 2147483648) {
        line.report(messages.notANumber, index, text, 'a number or overwrite');
        return undefined;
      } else {
        if (Math.abs(number) > 254) line.report(messages.adjusted, index, `${text} is outside -254 to 254`);
        value = number;
      }
    }
    return { value, overwrite };
  },
};

export const trackFile = block('track_file', 'A file whose number changes priorities.', {
  file: optional(word('path'), 'the file', { ...works, missing: 'reported', isFirstKept: true }),
  weight: optional(weightReader(254), 'factor of the number; 0: any other number than 0 is a fault', {
    defaultText: '1',
    ...works,
    missing: 'reported',
  }),
  init_file: optional(initFile, 'creates the file with this number', works),
});

export const bfdInstance = block('bfd_instance', 'A BFD session.', {
  neighbor_ip: optional(address(), 'address of the other end'),
  neighbour_ip: alias('neighbor_ip', 'other spelling'),
  source_ip: optional(address(), 'own address', { defaultText: 'by routing' }),
  min_rx: defaulted(bfdTime(1), micros(10000), 'least time between received packets'),
  min_tx: defaulted(bfdTime(1), micros(10000), 'least time between sent packets'),
  idle_tx: defaulted(bfdTime(1000), micros(1000000), 'time between packets while the session is down'),
  multiplier: defaulted(integer(1, 255), 5, 'missed packets that mean down'),
  passive: defaulted(present, false, 'waits for the first packet of the other end'),
  ttl: optional(integer(1, 255), 'TTL of sent packets', { defaultText: 'IPv4 255, IPv6 64' }),
  hoplimit: alias('ttl', 'other name'),
  max_hops: defaulted(integer(-1, 255), 0, 'hops that a packet may have passed; -1: any'),
  multihop: defaulted(boolean, false, 'uses port 4784', { since: '2.2.8' }),
  weight: optional(weightReader(253), 'change of the priority', { defaultText: '0' }),
  vrrp: defaulted(present, false, 'VRRP hears of it'),
  checker: defaulted(present, false, 'checkers hear of it'),
});

export const trackGroup = block('track_group', 'Instances that share the fate of static entries.', {
  group: optional(wordList('instance'), 'the members', { isFirstKept: true, effect: 'works' }),
});

/** A member of a garp_group; one that does not exist is reported and left out. */
function memberOf(line: Line, index: number): readonly Word[] {
  const text = line.word(index) ?? '';
  if (line.context.hasInterface(text)) return [{ text, at: line.at(index) }];
  line.report(messages.interfaceMissing, index, text);
  return [];
}

const members: Reader<readonly Word[]> = {
  syntax: '{ <interface> ... }',
  expects: 'a list of interfaces',
  minWords: 0,
  format: placedWordFormat,
  isList: true,
  read(line) {
    const items = line.body?.items ?? [];
    if (items.length === 0) line.report(messages.emptyBlock, 0, line.keyword);
    return items.flatMap((item) => {
      const entry = new Line(item, line.context);
      return item.words.flatMap((_, index) => memberOf(entry, index));
    });
  },
};

export const garpGroup = block('garp_group', 'Interfaces that share a pace of gratuitous ARP.', {
  garp_interval: optional(decimalSeconds(0, 4294.967295), 'least time between gratuitous ARP', {
    ...works,
    defaultText: '0',
  }),
  gna_interval: optional(decimalSeconds(0, 4294.967295), 'least time between advertisements', {
    ...works,
    defaultText: '0',
  }),
  interface: several(
    {
      ...wordList('interface'),
      isList: false,
      syntax: '<interface>',
      minWords: 1,
      read: (line: Line) => memberOf(line, 1),
    },
    'one member',
    works,
  ),
  interfaces: several(members, 'the members', works),
});

/** `IF [MII|ETHTOOL|IOCTL]` */
export function readLinkbeat(line: Line): LinkbeatInterface | undefined {
  const name = line.word(0) ?? '';
  const method = line.word(1);
  if (!line.context.hasInterface(name)) {
    line.report(messages.interfaceAbsent, 0, name);
    return undefined;
  }
  if (method === undefined) return { interface: name, method, at: line.at(0) };
  if (method === 'MII' || method === 'ETHTOOL' || method === 'IOCTL')
    return { interface: name, method, at: line.at(0) };
  line.report(messages.notOneOf, 1, method, 'MII ETHTOOL IOCTL');
  return { interface: name, method: undefined, at: line.at(0) };
}

/** `IF DOWN [UP]` */
export function readInterfaceDelay(line: Line): InterfaceDelay | undefined {
  const name = line.word(0) ?? '';
  if (!line.context.hasInterface(name)) {
    line.report(messages.interfaceAbsent, 0, name);
    return undefined;
  }
  if (line.word(1) === undefined) {
    line.report(messages.missingValue, 1, name, 'a delay');
    return undefined;
  }
  const options = { places: 6, unitUs: 1_000_000, unit: 's' };
  const down = readDuration(line, 1, 0, 255, options);
  const up = line.word(2) === undefined ? micros(0) : readDuration(line, 2, 0, 255, options);
  return down === undefined || up === undefined ? undefined : { interface: name, down, up, at: line.at(0) };
}

const reported = { missing: 'reported' } as const;

/** keepalived minds when there is a second one, which it uses. */
function replaced(what: string, help: string): Row<string | undefined> {
  const reader = word(what);
  return folded(
    reader,
    undefined,
    help,
    (previous: string | undefined, value: string, line) => {
      if (previous !== undefined)
        line.report(messages.adjusted, 0, `'${line.keyword}' is given twice; the last one counts`);
      return value;
    },
    reported,
  );
}

/** The SSL block of the top level. */
export const ssl = block(
  'SSL',
  'Client TLS settings of all SSL_GET checkers.',
  {
    password: replaced('string', 'passphrase of the key'),
    ca: replaced('file', 'certificates of authorities'),
    certificate: replaced('file', 'client certificate'),
    key: replaced('file', 'client key'),
  },
  'works',
);
