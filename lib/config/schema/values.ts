/**
 * Readers of single values: numbers, durations, words, booleans, addresses. Each says what it takes, so that the reference and the
 * messages agree with what is read.
 */
import { micros, type Micros } from '../../units.js';
import { isLinkLocal, isMulticast, parseAddress, type Address } from '../address.js';
import { messages } from '../messages.js';
import type { Word } from '../model.js';
import type { Span } from '../source.js';
import type { Line, Reader } from './dsl.js';
import {
  booleanFormat,
  choiceFormat,
  numberFormat,
  placedWordFormat,
  presentFormat,
  timeFormat,
  wordFormat,
  wordsFormat,
} from './format.js';
import { nearest } from '../suggest.js';

/** The largest number of 32 bits. */
export const uint32 = 4294967295;

interface IntegerOptions {
  readonly unit?: string;
  /** The daemon refuses trailing text too. */
  readonly isStrict?: boolean;
  /** Word of the line; 1 unless told. */
  readonly at?: number;
  /** Used, with a warning, where the number is out of range. */
  readonly clamp?: boolean;
  readonly outside?: number;
  /** 0x and 0 prefixes count. */
  readonly anyBase?: boolean;
}

/** A whole number. */
export function integer(min: number, max: number, options: IntegerOptions = {}): Reader<number> {
  return {
    syntax: '<number>',
    expects: `a whole number from ${String(min)} to ${String(max)}`,
    range: `${String(min)}..${String(max)}`,
    ...(options.unit === undefined ? {} : { unit: options.unit }),
    minWords: 1,
    format: numberFormat(min, max),
    read: (line) => readInteger(line, options.at ?? 1, min, max, options),
  };
}

/** Reads word `index` as a whole number; undefined when it is refused. */
export function readInteger(
  line: Line,
  index: number,
  min: number,
  max: number,
  options: IntegerOptions = {},
): number | undefined {
  const text = line.word(index) ?? '';
  const value = numberIn(line, index, text, options);
  if (value === undefined) return options.outside;
  if (value >= min && value <= max) return value;
  line.report(messages.outOfRange, index, text, String(min), String(max));
  if (options.clamp === true) return value < min ? min : max;
  return options.outside;
}

const decimalInteger = /^[ \t\n\v\f\r]*[+-]?\d+$/;
const anyBaseInteger = /^[ \t\n\v\f\r]*[+-]?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)$/;

function numberIn(line: Line, index: number, text: string, options: IntegerOptions): number | undefined {
  if (text === '') return 0;
  if (options.anyBase === true) {
    if (anyBaseInteger.test(text)) return parseAnyBase(text.trim());
  } else if (decimalInteger.test(text)) return Number(text);
  const leading = /^[ \t\n\v\f\r]*[+-]?\d+/.exec(text)?.[0];
  if (leading !== undefined && line.context.mode === 'daemon' && options.isStrict !== true) {
    line.report(messages.trailingText, index, text, leading.trim());
    return Number(leading);
  }
  line.report(messages.notANumber, index, text, 'a whole number');
  return undefined;
}

/** Number with an optional sign and 0x or 0 prefix; NaN when it is none. */
export function parseAnyBase(text: string): number {
  if (!anyBaseInteger.test(text)) return Number.NaN;
  const sign = text.startsWith('-') ? -1 : 1;
  const digits = text.replace(/^[+-]/, '');
  if (/^0[xX]/.test(digits)) return sign * Number.parseInt(digits, 16);
  return sign * Number.parseInt(digits, digits.startsWith('0') && digits.length > 1 ? 8 : 10);
}

interface DurationOptions {
  /** Decimal places that count; 0: whole units. */
  readonly places: number;
  /** Microseconds in one unit as it is written. */
  readonly unitUs: number;
  readonly unit: string;
  readonly at?: number;
  /** Used for 0, with a warning. */
  readonly zeroIs?: number;
}

/** A duration; `min` and `max` in the unit as written, the value in microseconds. */
export function duration(min: number, max: number, options: DurationOptions): Reader<Micros> {
  return {
    syntax: `<${options.unit === 's' ? 'seconds' : options.unit === 'ms' ? 'milliseconds' : 'microseconds'}>`,
    expects: `a number from ${String(min)} to ${String(max)} (${options.unit})`,
    range: `${String(min)}..${String(max)}`,
    unit: options.unit,
    minWords: 1,
    format: timeFormat(options.unitUs),
    read: (line) => readDuration(line, options.at ?? 1, min, max, options),
  };
}

/** Seconds with up to six places. */
export function decimalSeconds(
  min: number,
  max: number,
  options: { readonly at?: number } = {},
): Reader<Micros> {
  return duration(min, max, { places: 6, unitUs: 1_000_000, unit: 's', ...options });
}

/** Whole seconds. */
export function wholeSeconds(
  min: number,
  max: number,
  options: { readonly zeroIs?: number } = {},
): Reader<Micros> {
  return duration(min, max, { places: 0, unitUs: 1_000_000, unit: 's', ...options });
}

const decimal = /^[ \t\n\v\f\r]*\+?(?:\d+(?:\.\d*)?|\.\d+)$/;

export function readDuration(
  line: Line,
  index: number,
  min: number,
  max: number,
  options: DurationOptions,
): Micros | undefined {
  const text = line.word(index) ?? '';
  let value: number;
  if (text === '') value = 0;
  else if (options.places === 0) {
    const whole = numberIn(line, index, text, {});
    if (whole === undefined) return undefined;
    value = whole;
  } else if (decimal.test(text)) {
    value = Number(text);
    const places = text.split('.')[1]?.length ?? 0;
    if (places > options.places) {
      line.report(messages.tooManyPlaces, index, text, String(options.places));
      value = Number(value.toFixed(options.places));
    }
  } else {
    const leading = /^[ \t\n\v\f\r]*(?:\d+(?:\.\d*)?|\.\d+)/.exec(text)?.[0];
    if (leading === undefined || line.context.mode === 'test') {
      line.report(messages.notANumber, index, text, `a number (${options.unit})`);
      return undefined;
    }
    line.report(messages.trailingText, index, text, leading.trim());
    value = Number(leading);
  }
  if (value === 0 && options.zeroIs !== undefined) {
    line.report(
      messages.adjusted,
      index,
      `0 makes no sense for ${line.keyword}; ${String(options.zeroIs)} is used`,
    );
    value = options.zeroIs;
  } else if (value < min || value > max) {
    line.report(messages.outOfRange, index, text, String(min), String(max));
    return undefined;
  }
  return micros(value * options.unitUs);
}

/** `a name`, `an interface`: for what a line lacks. */
export function one(what: string): string {
  return `${/^[aeio]/.test(what) ? 'an' : 'a'} ${what}`;
}

/** One word. */
export function word(what: string, options: { readonly max?: number } = {}): Reader<string> {
  return {
    syntax: `<${what}>`,
    expects: one(what),
    ...(options.max === undefined ? {} : { range: `1..${String(options.max)} characters` }),
    minWords: 1,
    format: wordFormat,
    read(line) {
      const text = line.word(1) ?? '';
      if (options.max === undefined || text.length <= options.max) return text;
      line.report(messages.tooLong, 1, text, String(options.max));
      return text.slice(0, options.max);
    },
  };
}

/** A word whose place is kept. */
export function placedWord(what: string): Reader<Word> {
  return {
    syntax: `<${what}>`,
    expects: one(what),
    minWords: 1,
    format: placedWordFormat,
    read: (line) => ({ text: line.word(1) ?? '', at: line.at(1) }),
  };
}

/** The word after the keyword, or `bare` when there is none. */
export function wordOr(what: string, bare: string): Reader<string> {
  return {
    syntax: `[<${what}>]`,
    expects: one(what),
    minWords: 0,
    format: wordFormat,
    read: (line) => line.word(1) ?? bare,
  };
}

/** All words after the keyword. */
export function words(what: string): Reader<readonly string[]> {
  return {
    syntax: `<${what}> ...`,
    expects: one(what),
    minWords: 1,
    format: wordsFormat,
    read: (line) => line.words.slice(1),
  };
}

/** A keyword without value. */
export const present: Reader<true> = {
  syntax: '',
  expects: '',
  minWords: 0,
  format: presentFormat,
  read: () => true,
};

const trueWords = new Set(['on', 'true', 'yes']);
const falseWords = new Set(['off', 'false', 'no']);

/** A boolean; the keyword alone is true. */
export const boolean: Reader<boolean> = {
  syntax: '[on|true|yes|off|false|no]',
  expects: 'a boolean',
  range: 'on, true, yes, off, false, no',
  minWords: 0,
  format: booleanFormat,
  read(line) {
    const text = line.word(1);
    if (text === undefined || trueWords.has(text)) return true;
    if (falseWords.has(text)) return false;
    line.report(messages.notABoolean, 1, text);
    return undefined;
  },
};

/** One of a few words. */
export function choice<const T extends string>(
  choices: readonly T[],
  options: { readonly bare?: T; readonly isCaseless?: boolean } = {},
): Reader<T> {
  return {
    syntax: options.bare === undefined ? choices.join('|') : `[${choices.join('|')}]`,
    expects: `one of: ${choices.join(' ')}`,
    range: choices.join(', '),
    minWords: options.bare === undefined ? 1 : 0,
    format: choiceFormat(choices),
    read: (line) =>
      line.words.length === 1 ? options.bare : readChoice(line, 1, choices, options.isCaseless),
  };
}

export function readChoice<const T extends string>(
  line: Line,
  index: number,
  choices: readonly T[],
  isCaseless = false,
): T | undefined {
  const text = line.word(index) ?? '';
  const wanted = isCaseless ? text.toUpperCase() : text;
  const found = choices.find((item) => item === wanted);
  if (found !== undefined) return found;
  const near = nearest(wanted, choices);
  line.reportWith(
    messages.notOneOf,
    index,
    near === undefined ? {} : { hint: `did you mean '${near}'?`, replacement: near },
    text,
    choices.join(' '),
  );
  return undefined;
}

interface AddressOptions {
  readonly family?: 4 | 6;
  readonly kind?: 'multicast' | 'unicast';
}

/** An address. */
export function address(options: AddressOptions = {}): Reader<Address> {
  const what = `an${options.family === undefined ? '' : ` IPv${String(options.family)}`} address`;
  return {
    syntax: '<address>',
    expects: what,
    minWords: 1,
    format: wordFormat,
    read: (line) => readAddress(line, 1, options),
  };
}

/** An address without prefix. keepalived overlooks a prefix that stands there all the same. */
export function hostAddress(line: Line, index: number): Address | undefined {
  const text = line.word(index) ?? '';
  const slash = text.indexOf('/');
  if (slash < 0) return parseAddress(text);
  const address = parseAddress(text.slice(0, slash));
  if (address !== undefined)
    line.report(
      messages.silentlyIgnored,
      index,
      `'${text.slice(slash)}' means nothing here; ${address.text} is used`,
    );
  return address;
}

export function readAddress(line: Line, index: number, options: AddressOptions = {}): Address | undefined {
  const text = line.word(index) ?? '';
  const value = hostAddress(line, index);
  const what = `an${options.family === undefined ? ' IP' : ` IPv${String(options.family)}`} address`;
  if (value === undefined || (options.family !== undefined && value.family !== options.family)) {
    line.report(messages.notAnAddress, index, text, what);
    return undefined;
  }
  if (options.kind === 'multicast' && !isMulticast(value)) {
    line.report(messages.notAnAddress, index, text, 'a multicast address');
    return undefined;
  }
  if (options.kind === 'multicast' && value.family === 6 && !isLinkLocalGroup(value)) {
    line.report(messages.adjusted, index, `${text} is not a link-local group`);
  }
  if (options.kind === 'unicast' && isMulticast(value)) {
    line.report(messages.notAnAddress, index, text, 'a unicast address');
    return undefined;
  }
  return value;
}

function isLinkLocalGroup(value: Address): boolean {
  return value.text.startsWith('ff02:') || isLinkLocal(value);
}

/** Reads from another reader and converts. */
export function mapped<T, U>(reader: Reader<T>, convert: (value: T, line: Line) => U | undefined): Reader<U> {
  const { syntax, expects, minWords, range, unit, format } = reader;
  return {
    syntax,
    expects,
    minWords,
    ...(range === undefined ? {} : { range }),
    ...(unit === undefined ? {} : { unit }),
    ...(format === undefined ? {} : { format }),
    read(line) {
      const value = reader.read(line);
      return value === undefined ? undefined : convert(value, line);
    },
  };
}

/** A value that stands alone: with more words behind it the line is refused. */
export function alone<T>(reader: Reader<T>): Reader<T> {
  return {
    ...reader,
    read(line) {
      if (line.words.length <= 2) return reader.read(line);
      line.report(messages.badValue, 2, `${line.keyword} takes one value; the line is ignored`);
      return undefined;
    },
  };
}

/** A value with its place. */
export interface Placed<T> {
  readonly value: T;
  readonly at: Span;
}

export function placed<T>(reader: Reader<T>): Reader<Placed<T>> {
  return mapped(reader, (value, line) => ({ value, at: line.at(1) }));
}
