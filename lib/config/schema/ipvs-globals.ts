/**
 * Settings of the whole of IPVS: its timeouts and its synchronisation with other directors.
 */
import { decimal, quoted, recordFormat, timeFormat } from './format.js';
import { seconds } from '../../units.js';
import { messages } from '../messages.js';
import type { LvsSyncDaemon, LvsTimeouts } from '../model.js';
import type { Reader } from './dsl.js';
import { readAddress, readInteger } from './values.js';

const second = timeFormat(1_000_000).json;

export const lvsTimeouts: Reader<LvsTimeouts> = {
  syntax: '[tcp <seconds>] [tcpfin <seconds>] [udp <seconds>]',
  expects: 'tcp, tcpfin or udp with a number of seconds',
  range: '0..2678400 each',
  unit: 's',
  minWords: 1,
  format: recordFormat<LvsTimeouts>({ tcp: second, tcpfin: second, udp: second }, [], (times) =>
    (['tcp', 'tcpfin', 'udp'] as const)
      .flatMap((name) => {
        const value = times[name];
        return value === undefined ? [] : [`${name} ${decimal(value, 1_000_000)}`];
      })
      .join(' '),
  ),
  read(line) {
    const result: { tcp?: number; tcpfin?: number; udp?: number } = {};
    for (let index = 1; index < line.words.length; index += 2) {
      const name = line.word(index);
      if (name !== 'tcp' && name !== 'tcpfin' && name !== 'udp') {
        line.report(messages.unknownOption, index, name ?? '', line.keyword);
        index--;
        continue;
      }
      if (line.word(index + 1) === undefined) {
        line.report(messages.missingValue, index, name, 'a number of seconds');
        break;
      }
      const value = readInteger(line, index + 1, 0, 2678400);
      if (value !== undefined && value > 0) result[name] = value;
    }
    const us = (value: number | undefined): ReturnType<typeof seconds> | undefined =>
      value === undefined ? undefined : seconds(value);
    return { tcp: us(result.tcp), tcpfin: us(result.tcpfin), udp: us(result.udp) };
  },
};

const syncNumbers = { id: [0, 255], maxlen: [1, 65507], port: [1, 65535], ttl: [1, 255] } as const;

/** Of the kernel, in bytes. */
const maxInterfaceName = 15;

export const lvsSyncDaemon: Reader<LvsSyncDaemon> = {
  syntax: '<interface> [[inst] <vrrp_instance>] [id N] [maxlen N] [port N] [ttl N] [group <address>]',
  expects: 'an interface',
  range: 'id 0..255, maxlen 1..65507, port 1..65535, ttl 1..255',
  minWords: 1,
  format: recordFormat<LvsSyncDaemon>(
    {
      interface: { type: 'string' },
      inst: { type: 'string' },
      group: { type: 'string' },
      ...Object.fromEntries(
        Object.entries(syncNumbers).map(([name, [minimum, maximum]]) => [
          name,
          { type: 'integer', minimum, maximum },
        ]),
      ),
    },
    ['interface'],
    (value) =>
      [
        quoted(value.interface),
        ...(['inst', 'id', 'maxlen', 'port', 'ttl', 'group'] as const).flatMap((name) => {
          const given = value[name];
          return given === undefined ? [] : [`${name} ${quoted(String(given))}`];
        }),
      ].join(' '),
  ),
  read(line) {
    const nic = line.word(1) ?? '';
    if (nic.length > maxInterfaceName) {
      line.report(messages.badValue, 1, `'${nic}' is longer than an interface name can be`);
      return undefined;
    }
    const numbers: { id?: number; maxlen?: number; port?: number; ttl?: number } = {};
    let inst: string | undefined;
    let group: string | undefined;
    let index = 2;
    const second = line.word(2);
    if (second !== undefined && !isSyncOption(second)) {
      inst = second;
      index = 3;
      const third = line.word(3);
      if (third !== undefined && !isSyncOption(third)) {
        const id = readInteger(line, 3, 0, 255);
        if (id !== undefined) {
          numbers.id = id;
          line.report(messages.badValue, 3, `write 'id ${third}': a bare number is the old form`);
        }
        index = 4;
      }
    }
    for (; index < line.words.length; index += 2) {
      const name = line.word(index) ?? '';
      if (!isSyncOption(name)) {
        line.report(messages.unknownOption, index, name, line.keyword);
        index--;
      } else if (line.word(index + 1) === undefined) {
        line.report(messages.missingValue, index, name, 'a value');
      } else if (name === 'inst') inst = line.word(index + 1);
      else if (name === 'group') group = readAddress(line, index + 1, { kind: 'multicast' })?.text;
      else {
        const [min, max] = syncNumbers[name];
        const value = readInteger(line, index + 1, min, max);
        if (value !== undefined) numbers[name] = value;
      }
    }
    const { id, maxlen, port, ttl } = numbers;
    return { interface: line.word(1) ?? '', inst, id, maxlen, port, ttl, group, at: line.at(1) };
  },
};

function isSyncOption(name: string): name is 'inst' | 'group' | keyof typeof syncNumbers {
  return name === 'inst' || name === 'group' || name in syncNumbers;
}
