/**
 * `~SEQ`, `~SEQx` and `~LST`: what they repeat over. The lines themselves are made in `preprocess.ts`.
 */
import { Slice } from './definitions.js';
import type { Span, Text } from './source.js';

/** A variable and its value in one round. */
export interface Assignment {
  readonly name: string;
  readonly value: string;
  readonly at: Span;
}

export type Replicator =
  | { readonly kind: 'bad'; readonly at: Span; readonly reason: string }
  | {
      readonly kind: 'good';
      readonly at: Span;
      /** Offset in the line of the text to repeat. */
      readonly bodyAt: number;
      /** How often the text is repeated. */
      readonly count: number;
      /** Tuples with more values than variables. */
      readonly surplus: readonly Span[];
      rounds(): Iterable<readonly Assignment[]>;
    };

const operator = /~(SEQx|SEQ|LST)\(/y;
const variable = /^[A-Za-z_]\w*$/;
const integer = /^[+-]?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)$/;

/** The replicator at `from` in the line; undefined: there is none, the word is an ordinary one. */
export function parseReplicator(
  line: Text,
  from: number,
  expand: (text: Text) => Text,
): Replicator | undefined {
  operator.lastIndex = from;
  const found = operator.exec(line.text);
  if (found === null) return undefined;
  const argsAt = from + found[0].length;
  const close = closingParenthesis(line.text, argsAt);
  const at = line.span(from, close < 0 ? line.text.length : close + 1);
  if (close < 0) return { kind: 'bad', at, reason: 'the closing parenthesis is missing' };
  const args = splitArguments(expand(new Slice(line, argsAt, close)));
  const rest = line.text.slice(close + 1);
  const bodyAt = close + 1 + (rest.length - rest.trimStart().length);
  if (found[1] === 'LST') return list(args, at, bodyAt);
  return sequence(args, at, bodyAt, found[1] === 'SEQx' ? 16 : 10);
}

interface Argument {
  readonly text: string;
  readonly at: Span;
}

function sequence(args: readonly Argument[], at: Span, bodyAt: number, base: number): Replicator {
  const name = args[0]?.text ?? '';
  if (!variable.test(name)) return { kind: 'bad', at, reason: `'${name}' is no variable name` };
  const numbers = args.slice(1).map((arg) => (integer.test(arg.text) ? parseInteger(arg.text) : NaN));
  const bad = args.slice(1).find((_, index) => Number.isNaN(numbers[index]));
  if (bad !== undefined) return { kind: 'bad', at: bad.at, reason: `'${bad.text}' is not a number` };
  if (numbers.length < 1 || numbers.length > 3) {
    return { kind: 'bad', at, reason: 'it takes a variable and one to three numbers: start, step, end' };
  }
  const end = numbers[numbers.length - 1] ?? 0;
  const start = numbers.length > 1 ? (numbers[0] ?? 0) : end < 0 ? -1 : 1;
  const step = numbers.length === 3 ? (numbers[1] ?? 0) : end < start ? -1 : 1;
  if (step === 0 || (end !== start && end > start !== step > 0)) {
    return {
      kind: 'bad',
      at,
      reason: `a step of ${String(step)} never leads from ${String(start)} to ${String(end)}`,
    };
  }
  return {
    kind: 'good',
    at,
    bodyAt,
    count: Math.floor((end - start) / step) + 1,
    surplus: [],
    *rounds() {
      for (let value = start; step > 0 ? value <= end : value >= end; value += step) {
        yield [{ name, value: value.toString(base), at }];
      }
    },
  };
}

function list(args: readonly Argument[], at: Span, bodyAt: number): Replicator {
  const head = args[0];
  const names = head === undefined ? [] : tuple(head).map((item) => item.text);
  const bad = names.find((name) => !variable.test(name));
  if (names.length === 0 || bad !== undefined) {
    return { kind: 'bad', at, reason: `'${bad ?? ''}' is no variable name` };
  }
  const isTuple = head?.text.startsWith('{') === true;
  const rows = args.slice(1).map((arg) => ({ arg, values: isTuple ? tuple(arg) : [arg] }));
  return {
    kind: 'good',
    at,
    bodyAt,
    count: rows.length,
    surplus: rows.filter((row) => row.values.length > names.length).map((row) => row.arg.at),
    *rounds() {
      for (const { arg, values } of rows) {
        yield names.map((name, index) => ({
          name,
          value: values[index]?.text ?? '',
          at: values[index]?.at ?? arg.at,
        }));
      }
    },
  };
}

function tuple(arg: Argument): readonly Argument[] {
  if (!arg.text.startsWith('{')) return [arg];
  const inner = arg.text.replace(/^\{/, '').replace(/\}$/, '');
  let offset = 1;
  return inner.split(',').map((part) => {
    const start = offset + part.length - part.trimStart().length;
    offset += part.length + 1;
    const text = part.trim();
    const length = text.length;
    return { text, at: { ...arg.at, start: arg.at.start + start, end: arg.at.start + start + length } };
  });
}

function splitArguments(args: Text): readonly Argument[] {
  const result: Argument[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i <= args.text.length; i++) {
    const c = args.text[i];
    if (c === '{') depth++;
    else if (c === '}') depth--;
    else if (c === undefined || (c === ',' && depth <= 0)) {
      const raw = args.text.slice(start, i);
      const from = start + raw.length - raw.trimStart().length;
      const text = raw.trim();
      result.push({ text, at: args.span(from, from + text.length) });
      start = i + 1;
    }
  }
  return result;
}

function closingParenthesis(text: string, from: number): number {
  let depth = 1;
  for (let i = from; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')' && --depth === 0) return i;
  }
  return -1;
}

function parseInteger(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1;
  const digits = text.replace(/^[+-]/, '');
  if (/^0[xX]/.test(digits)) return sign * Number.parseInt(digits, 16);
  return sign * Number.parseInt(digits, digits.startsWith('0') ? 8 : 10);
}
