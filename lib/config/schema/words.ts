/**
 * Reading the options of one long entry (a route, a rule) word by word.
 */
import type { Family } from '../../units.js';
import { parseAddress, type Address } from '../address.js';
import { messages } from '../messages.js';
import type { Prefix } from '../model.js';
import type { Encap, Realms } from '../model-routes.js';
import type { Line } from './dsl.js';
import { readNamed } from './names.js';
import { parseAnyBase } from './values.js';

/** A cursor over the words of an entry. A refusal is reported once and remembered. */
/** Options without a value that cost keepalived only their entry. */
const spared: ReadonlySet<string> = new Set(['encap', 'expires', 'pref', 'track_group']);

export class Words {
  readonly line: Line;
  index = 0;
  #isDropped = false;
  family: Family | undefined;

  constructor(line: Line) {
    this.line = line;
  }

  peek(): string | undefined {
    return this.line.word(this.index);
  }

  /** Goes to the next word. */
  advance(): string | undefined {
    this.index++;
    return this.peek();
  }

  /** Something of the entry was refused, so that it does not count. */
  isDropped(): boolean {
    return this.#isDropped;
  }

  /** For refusals that are reported elsewhere. */
  drop(): void {
    this.#isDropped = true;
  }

  /** The next word, which must be there; where it is not, keepalived ends itself but for a few options. */
  value(option: string, ifMissing: 'gives-up' | 'refused' = 'gives-up'): string | undefined {
    const text = this.line.word(++this.index);
    if (text !== undefined) return text;
    if (ifMissing === 'refused' || spared.has(option)) this.refuse(`'${option}' has no value`);
    else if (!this.isDropped())
      this.line.report(messages.missingValueFatal, this.index - 1, option, 'a value');
    this.drop();
    return undefined;
  }

  refuse(why: string): void {
    if (!this.isDropped())
      this.line.report(messages.entryDropped, this.index, this.line.words.slice(0, 3).join(' '), why);
    this.drop();
  }

  /** Fixes the family of the entry, or refuses a second one. */
  isFamily(family: Family): boolean {
    this.family ??= family;
    if (this.family !== family) this.refuse('it mixes IPv4 and IPv6');
    return this.family === family;
  }

  number(option: string, min: number, max: number): number | undefined {
    const text = this.value(option);
    if (text === undefined) return undefined;
    const number = parseAnyBase(text);
    if (number >= min && number <= max) return number;
    this.refuse(`'${text}' is not a number from ${String(min)} to ${String(max)}`);
    return undefined;
  }

  named(option: string, table: Parameters<typeof readNamed>[2], max: number): number | undefined {
    const text = this.value(option);
    if (text === undefined) return undefined;
    const value = readNamed(this.line, this.index, table, max);
    if (value === undefined) this.drop();
    return value;
  }

  /** An address of the entry's own family. */
  address(option: string): Address | undefined {
    const text = this.value(option);
    if (text === undefined) return undefined;
    const address = parseAddress(text);
    if (address === undefined) this.refuse(`'${text}' is not an address`);
    else if (this.isFamily(address.family)) return address;
    return undefined;
  }

  /** A prefix at the current word; 'any' for default, any and all. */
  prefix(): Prefix | 'any' | undefined {
    const text = this.peek() ?? '';
    if (text === 'default' || text === 'any' || text === 'all') return 'any';
    if (text === 'default6') return this.isFamily(6) ? 'any' : undefined;
    const slash = text.indexOf('/');
    const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
    const full = address?.family === 6 ? 128 : 32;
    const prefixLength = slash < 0 ? full : Number(text.slice(slash + 1));
    if (address === undefined || !Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > full) {
      this.refuse(`'${text}' is not a prefix`);
      return undefined;
    }
    if (!this.isFamily(address.family)) return undefined;
    return { family: address.family, address: address.text, prefixLength };
  }

  realms(): Realms | undefined {
    const text = this.value('realms');
    if (text === undefined) return undefined;
    const parts = text.split('/').map(parseAnyBase);
    const [first = Number.NaN, second] = parts;
    if (parts.length > 2 || parts.some((part) => !(part >= 0 && part <= 65535))) {
      this.refuse(`'${text}' is not [<from>/]<to>`);
      return undefined;
    }
    return second === undefined ? { from: 0, to: first } : { from: first, to: second };
  }

  /** `encap TYPE options`; the cursor ends on its last word. */
  encap(): Encap | undefined {
    const type = this.value('encap');
    switch (type) {
      case undefined:
        return undefined;
      case 'ip':
      case 'ip6':
        return this.#tunnel(type);
      case 'mpls': {
        const labels = (this.value('mpls', 'refused') ?? '').split('/').map(parseAnyBase);
        if (labels.every((label) => label >= 0 && label < 1 << 20)) return { kind: 'mpls', labels };
        this.refuse('an MPLS label is a number below 1048576');
        return undefined;
      }
      case 'ila': {
        const locator = this.value('ila', 'refused') ?? '';
        if (/^[0-9a-fA-F]{1,4}(:[0-9a-fA-F]{1,4}){3}$/.test(locator)) return { kind: 'ila', locator };
        this.refuse(`'${locator}' is no 64-bit locator`);
        return undefined;
      }
      default:
        this.refuse(`'${type}' is no encapsulation: ip ip6 mpls ila`);
        return undefined;
    }
  }

  #tunnel(kind: 'ip' | 'ip6'): Encap | undefined {
    const names = kind === 'ip' ? { tos: 'tos', ttl: 'ttl' } : { tos: 'tc', ttl: 'hoplimit' };
    let id: string | undefined;
    let dst: string | undefined;
    let src: string | undefined;
    let tos: number | undefined;
    let ttl: number | undefined;
    let flags: number | undefined;
    for (;;) {
      const option = this.line.word(this.index + 1);
      if (option === 'id') {
        this.index++;
        const text = this.value('id', 'refused') ?? '';
        if (/^\d+$/.test(text) && BigInt(text) < 1n << 64n) id = text;
        else this.refuse(`'${text}' is no tunnel id`);
      } else if (option === 'dst' || option === 'src') {
        this.index++;
        const text = this.value(option, 'refused') ?? '';
        const address = parseAddress(text);
        if (address?.family !== (kind === 'ip' ? 4 : 6))
          this.refuse(`'${text}' is not an address of ${kind}`);
        else if (option === 'dst') dst = address.text;
        else src = address.text;
      } else if (option === names.tos) {
        this.index++;
        tos = this.number(names.tos, 0, 255);
      } else if (option === names.ttl) {
        this.index++;
        ttl = this.number(names.ttl, 0, 255);
      } else if (option === 'flags') {
        this.index++;
        flags = this.number('flags', 0, 65535);
      } else break;
      if (this.isDropped()) return undefined;
    }
    if (id === undefined && dst === undefined && src === undefined) {
      this.refuse(`encap ${kind} needs an id or an address`);
      return undefined;
    }
    return { kind, id, dst, src, tos, ttl, flags };
  }
}
