/**
 * Names of routing tables, protocols, scopes and the like: the kernel's own, and what iproute2's files add.
 */
import type { Context, Line } from './dsl.js';
import { messages } from '../messages.js';
import { parseAnyBase } from './values.js';

type Table = 'rt_tables' | 'rt_protos' | 'rt_scopes' | 'rt_dsfield' | 'rt_realms' | 'group';

const builtIn: Readonly<Record<Table, Readonly<Record<string, number>>>> = {
  rt_tables: { default: 253, main: 254, local: 255 },
  rt_protos: {
    unspec: 0,
    redirect: 1,
    kernel: 2,
    boot: 3,
    static: 4,
    gated: 8,
    ra: 9,
    mrt: 10,
    zebra: 11,
    bird: 12,
    dnrouted: 13,
    xorp: 14,
    ntk: 15,
    dhcp: 16,
    keepalived: 18,
    babel: 42,
    bgp: 186,
    isis: 187,
    ospf: 188,
    rip: 189,
    eigrp: 192,
  },
  rt_scopes: { global: 0, universe: 0, site: 200, link: 253, host: 254, nowhere: 255 },
  rt_dsfield: {
    default: 0x00,
    lowdelay: 0x10,
    throughput: 0x08,
    reliability: 0x04,
    CS0: 0x00,
    CS1: 0x20,
    CS2: 0x40,
    CS3: 0x60,
    CS4: 0x80,
    CS5: 0xa0,
    CS6: 0xc0,
    CS7: 0xe0,
    AF11: 0x28,
    AF12: 0x30,
    AF13: 0x38,
    AF21: 0x48,
    AF22: 0x50,
    AF23: 0x58,
    AF31: 0x68,
    AF32: 0x70,
    AF33: 0x78,
    AF41: 0x88,
    AF42: 0x90,
    AF43: 0x98,
    EF: 0xb8,
  },
  rt_realms: { cosmos: 0 },
  group: { default: 0 },
};

/** Where iproute2 has its tables, by whose they are; newer releases have theirs in the first folder of `usr`. */
interface Folders {
  etc: readonly string[];
  usr: readonly string[];
}

const folders = new WeakMap<Context, Folders>();
const cache = new WeakMap<Context, Map<Table, ReadonlyMap<string, number>>>();

/** iproute_etc_dir and iproute_usr_dir: for names that are read after them. */
export function setNameFolder(context: Context, whose: keyof Folders, path: string): void {
  foldersOf(context)[whose] = [path];
  cache.delete(context);
}

function foldersOf(context: Context): Folders {
  const known = folders.get(context) ?? {
    etc: ['/etc/iproute2'],
    usr: ['/usr/share/iproute2', '/usr/lib/iproute2'],
  };
  folders.set(context, known);
  return known;
}

/** The number that a word means in a table; undefined: neither a number in range nor a known name. */
export function namedNumber(context: Context, table: Table, text: string, max: number): number | undefined {
  const number = parseAnyBase(text);
  if (!Number.isNaN(number)) return number >= 0 && number <= max ? number : undefined;
  return builtIn[table][text] ?? fileTable(context, table).get(text);
}

/** Reads word `index` as a name or number; a value that is neither is reported. */
export function readNamed(line: Line, index: number, table: Table, max: number): number | undefined {
  const text = line.word(index) ?? '';
  const value = namedNumber(line.context, table, text, max);
  if (value === undefined)
    line.report(messages.notANumber, index, text, `a name of ${table} or 0 to ${String(max)}`);
  return value;
}

function fileTable(context: Context, table: Table): ReadonlyMap<string, number> {
  const tables = cache.get(context) ?? new Map<Table, ReadonlyMap<string, number>>();
  cache.set(context, tables);
  const known = tables.get(table);
  if (known !== undefined) return known;
  const names = new Map<string, number>();
  const { etc, usr } = foldersOf(context);
  for (const directory of [...etc, ...usr]) readTable(context, `${directory}/${table}`, names);
  tables.set(table, names);
  return names;
}

function readTable(context: Context, path: string, names: Map<string, number>): void {
  if (context.isOffline || context.files.stat(path)?.kind !== 'file') return;
  let text: string;
  try {
    text = Buffer.from(context.files.readFile(path)).toString('latin1');
  } catch {
    return; // the built-in names are enough where the file cannot be read
  }
  for (const found of text.matchAll(/^[ \t]*(0[xX][0-9a-fA-F]+|\d+)[ \t]+([^\s#]+)/gm)) {
    const name = found[2] ?? '';
    if (!names.has(name)) names.set(name, Number(found[1]));
  }
}
