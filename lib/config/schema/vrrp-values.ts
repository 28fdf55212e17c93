/**
 * Values that only vrrp_instance has: priorities, intervals, interfaces and what they are made of.
 */
import { prefixJson } from './entry-formats.js';
import { formOf, numberFormat, quoted, recordFormat } from './format.js';
import { seconds, type Micros } from '../../units.js';
import { messages } from '../messages.js';
import type { UseIpvlan, UseVmac } from '../model-vrrp.js';
import type { ScriptCommand } from '../model.js';
import type { Span } from '../source.js';
import { readPrefix } from './addresses.js';
import type { Reader } from './dsl.js';
import { command } from './scripts.js';
import { boolean, choice, decimalSeconds, integer, mapped, placedWord, readInteger } from './values.js';

const string = { type: 'string' } as const;

/** `name word` for what is given. */
function namedWord(name: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [`${name} ${quoted(value)}`];
}

export const vrid: Reader<number> = integer(1, 255, { isStrict: true });

export const instancePriority: Reader<number> = {
  ...integer(1, 255),
  read(line) {
    const text = line.word(1) ?? '';
    if (/^[ \t\n\v\f\r]*\+?\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 255) return Number(text);
    line.report(messages.badValue, 1, `'${text}' is not a priority from 1 to 255; 100 is used`);
    return 100;
  },
};

export const state: Reader<'MASTER' | 'BACKUP'> = {
  ...choice(['MASTER', 'BACKUP']),
  read(line) {
    const text = line.word(1) ?? '';
    if (text === 'MASTER' || text === 'BACKUP') return text;
    const upper = text.toUpperCase();
    line.reportWith(
      messages.badValue,
      1,
      upper === 'MASTER' || upper === 'BACKUP' ? { hint: `write ${upper}`, replacement: upper } : {},
      `'${text}' is not MASTER or BACKUP; BACKUP is used`,
    );
    return 'BACKUP';
  },
};

/** In the unit of the line; whole seconds for version 2 are checked when the version is known. */
export const advertInt: Reader<Micros> = {
  ...decimalSeconds(0.01, 255),
  read(line) {
    const text = line.word(1) ?? '';
    if (/^[ \t\n\v\f\r]*\+?(\d+(\.\d*)?|\.\d+)$/.test(text) && Number(text) >= 0.01)
      return seconds(Number(text));
    const leading = /^[ \t\n\v\f\r]*\d+(\.\d*)?/.exec(text)?.[0];
    if (line.context.mode === 'daemon' && leading !== undefined && Number(leading) >= 0.01) {
      line.report(messages.trailingText, 1, text, leading.trim());
      return seconds(Number(leading));
    }
    line.report(messages.badValue, 1, `'${text}' is not an advert interval: 0.01 to 255 seconds`);
    return undefined;
  },
};

const maxInterfaceName = 15;

function isInterfaceName(text: string): boolean {
  return (
    text.length > 0 &&
    text.length <= maxInterfaceName &&
    !/[/:\s]/.test(text) &&
    text !== '.' &&
    text !== '..'
  );
}

export const interfaceName: Reader<{ readonly text: string; readonly at: Span }> = mapped(
  placedWord('interface'),
  (name, line) => {
    if (name.text.length > maxInterfaceName) {
      line.report(
        messages.badValue,
        1,
        `'${name.text}' is longer than an interface name can be (15); it is ignored`,
      );
      return undefined;
    }
    if (name.text === 'lo') {
      line.report(messages.loopback, 1, name.text);
      return undefined;
    }
    if (!line.context.hasInterface(name.text)) line.report(messages.interfaceMissing, 1, name.text);
    return name;
  },
);

const mac = /^[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){4,5}$/;

/** The address that the RFC gives to every virtual router. */
const routerMac = /^00:00:5e:00:0[12]:[0-9a-f]{1,2}$/i;

export const useVmac: Reader<UseVmac> = {
  syntax: '[<interface>] [<mac>] [name <interface>] [group <group>] [netlink_notify_msg]',
  expects: 'a name and options',
  minWords: 0,
  format: recordFormat<UseVmac>(
    { name: string, mac: string, group: string, netlinkNotifyMsg: { type: 'boolean' } },
    ['netlinkNotifyMsg'],
    (value) =>
      [
        ...namedWord('name', value.name),
        ...(value.mac === undefined ? [] : [value.mac]),
        ...namedWord('group', value.group),
        ...(value.netlinkNotifyMsg ? ['netlink_notify_msg'] : []),
      ].join(' '),
  ),
  read(line) {
    let name: string | undefined;
    let address: string | undefined;
    let group: string | undefined;
    let netlinkNotifyMsg = false;
    for (let index = 1; index < line.words.length; index++) {
      const text = line.word(index) ?? '';
      if (text === 'netlink_notify_msg') netlinkNotifyMsg = true;
      else if (text === 'name') name = line.word(++index);
      else if (text === 'group') group = line.word(++index);
      else if (routerMac.test(text))
        line.report(messages.badValue, index, `${text} is the RFC's own, which needs no word; it is ignored`);
      else if (mac.test(text)) address = text;
      else if (name === undefined && isInterfaceName(text)) name = text;
      else line.report(messages.badValue, index, `'${text}' is neither an interface name nor a MAC address`);
    }
    return { name, mac: address, group, netlinkNotifyMsg };
  },
};

export const useIpvlan: Reader<UseIpvlan> = {
  syntax: '[<interface>] [<address>[/<prefix>]] [bridge|private|vepa] [name <interface>] [group <group>]',
  expects: 'a name and options',
  minWords: 0,
  format: recordFormat<UseIpvlan>(
    { name: string, address: prefixJson, type: string, group: string },
    ['type'],
    (value) =>
      [
        ...namedWord('name', value.name),
        ...(value.address === undefined
          ? []
          : [`${value.address.address}/${String(value.address.prefixLength)}`]),
        value.type,
        ...namedWord('group', value.group),
      ].join(' '),
  ),
  read(line) {
    let name: string | undefined;
    let prefix: UseIpvlan['address'];
    let type: UseIpvlan['type'] = 'bridge';
    let group: string | undefined;
    for (let index = 1; index < line.words.length; index++) {
      const text = line.word(index) ?? '';
      if (text === 'bridge' || text === 'private' || text === 'vepa') type = text;
      else if (text === 'name') name = line.word(++index);
      else if (text === 'group') group = line.word(++index);
      else if (/^[0-9.]+(\/\d+)?$/.test(text) || (text.includes(':') && !isInterfaceName(text))) {
        prefix = readPrefix(line, index);
      } else if (name === undefined && isInterfaceName(text)) name = text;
      else line.report(messages.badValue, index, `'${text}' is neither an interface name nor an address`);
    }
    return { name, address: prefix, type, group };
  },
};

export const oldChecksum: Reader<'always' | 'never'> = {
  syntax: '[never]',
  expects: 'never',
  minWords: 0,
  format: formOf<string>({ type: 'string', enum: ['auto', 'always', 'never'] }, (value) =>
    value === 'auto' ? undefined : value === 'always' ? '' : value,
  ),
  read(line) {
    if (line.words.length === 1) return 'always';
    if (line.word(1) === 'never') return 'never';
    line.report(messages.notOneOf, 1, line.word(1) ?? '', 'never');
    return undefined;
  },
};

/** keepalived: any valid boolean, a false one too, switches it on. */
export const skipCheck: Reader<boolean> = mapped(boolean, () => true);

export const expiredBackup: Reader<number> = {
  syntax: '[<priority>]',
  expects: 'a priority',
  range: '1..254',
  minWords: 0,
  format: numberFormat(1, 254),
  read: (line) => (line.words.length === 1 ? 254 : readInteger(line, 1, 1, 254)),
};

export const optionalCommand: Reader<ScriptCommand | 'state'> = {
  syntax: `[${command.syntax}]`,
  expects: command.expects,
  minWords: 0,
  format: formOf<ScriptCommand | 'state'>(
    {
      anyOf: [
        ...(command.format === undefined ? [] : [command.format.json]),
        { type: 'string', enum: ['state'] },
      ],
    },
    (value) => (value === 'state' ? '' : command.format?.print(value)),
  ),
  read: (line) => (line.words.length === 1 ? 'state' : command.read(line)),
};
