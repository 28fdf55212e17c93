/**
 * Parameters (`$NAME=value`) and their substitution. Every piece of the result remembers where it was written and where it
 * was used. It does not know lines, conditions or sequences: that is `preprocess.ts`.
 */
import type { Diagnostics } from './diagnostic.js';
import { messages } from './messages.js';
import type { Origin, Span, Text } from './source.js';

/** A parameter: the lines of its value as they were written. */
export interface Definition {
  readonly name: string;
  readonly lines: readonly Text[];
}

/** Values of the predefined parameters at one place. */
export interface Predefined {
  value(name: string, argument: string, at: Span): string | undefined;
}

/** A range of a text, with the reason why it stands elsewhere too. */
export class Slice implements Text {
  readonly text: string;
  readonly #from: Text;
  readonly #start: number;
  readonly #origin: Origin | undefined;

  constructor(from: Text, start: number, end: number, origin?: Origin) {
    this.text = from.text.slice(start, end);
    this.#from = from;
    this.#start = start;
    this.#origin = origin;
  }

  span(start: number, end: number): Span {
    return appendOrigin(this.#from.span(this.#start + start, this.#start + end), this.#origin);
  }
}

/** Text that was never written as such (a number of a sequence): every range of it has one place. */
export class Computed implements Text {
  readonly text: string;
  readonly #at: Span;

  constructor(text: string, at: Span) {
    this.text = text;
    this.#at = at;
  }

  span(): Span {
    return this.#at;
  }
}

interface Piece {
  /** Range in the joined text. */
  readonly start: number;
  readonly end: number;
  readonly from: Text;
  /** Offset in `from` of the piece's first character. */
  readonly offset: number;
  /** Range in the line that the substitution was done on: the text itself, or the `$NAME` that was replaced. */
  readonly useStart: number;
  readonly useEnd: number;
}

/** Text joined from pieces of others. */
export class Joined implements Text {
  readonly text: string;
  readonly #line: Text;
  readonly #pieces: readonly Piece[];

  constructor(text: string, line: Text, pieces: readonly Piece[]) {
    this.text = text;
    this.#line = line;
    this.#pieces = pieces;
  }

  span(start: number, end: number): Span {
    const first = this.#pieceAt(start);
    const last = this.#pieceAt(Math.max(start, end - 1));
    if (first === undefined || last === undefined) return this.#line.span(0, this.#line.text.length);
    if (first === last) {
      return first.from.span(first.offset + start - first.start, first.offset + end - first.start);
    }
    const from = first.from === this.#line ? first.offset + start - first.start : first.useStart;
    const to = last.from === this.#line ? last.offset + end - last.start : last.useEnd;
    return this.#line.span(from, Math.max(from, to));
  }

  #pieceAt(offset: number): Piece | undefined {
    return this.#pieces.find((piece) => offset < piece.end) ?? this.#pieces.at(-1);
  }
}

const maxExpandedLength = 1 << 20;
/** Values may name others that name others this often. */
const maxDepth = 64;
const use = /\$(?:\{(_[A-Z]+)((?:\s+[^\s}$]+)*)\s*\}|\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*)(?=[\s,)]|$))/g;

/** The parameters that are defined at the moment. */
export class Definitions {
  readonly #values = new Map<string, Definition>();
  readonly #predefined: Predefined;
  readonly #diagnostics: Diagnostics;
  /** Characters that the line at hand may still grow by. */
  #budget = 0;

  constructor(predefined: Predefined, diagnostics: Diagnostics) {
    this.#predefined = predefined;
    this.#diagnostics = diagnostics;
  }

  set(definition: Definition): void {
    this.#values.set(definition.name, definition);
  }

  /**
   * Replaces every parameter of a line. The first text is the line itself; further ones are the other lines of a
   * multi-line parameter, not yet expanded. Undefined: there was nothing to replace.
   */
  expand(line: Text): readonly [Text, ...Text[]] | undefined {
    if (!line.text.includes('$')) return undefined;
    this.#budget = maxExpandedLength;
    return this.#expand(line, []);
  }

  #expand(line: Text, stack: readonly string[]): readonly [Text, ...Text[]] | undefined {
    const pieces: Piece[] = [];
    let joined = '';
    let done = 0;
    const literal = (end: number): void => {
      if (end <= done) return;
      const start = joined.length;
      joined += line.text.slice(done, end);
      pieces.push({ start, end: joined.length, from: line, offset: done, useStart: done, useEnd: end });
    };
    for (const found of line.text.matchAll(use)) {
      if (this.#budget < 0) break;
      const useStart = found.index;
      const useEnd = useStart + found[0].length;
      const value = this.#value(found, line.span(useStart, useEnd), stack);
      if (value === undefined) continue;
      literal(useStart);
      done = useEnd;
      const start = joined.length;
      joined += value[0].text;
      if (joined.length > start) {
        pieces.push({ start, end: joined.length, from: value[0], offset: 0, useStart, useEnd });
      }
      const [, ...rest] = value;
      if (rest.length > 0) return [new Joined(joined, line, pieces), ...rest];
    }
    if (done === 0) return undefined;
    literal(line.text.length);
    return [new Joined(joined, line, pieces)];
  }

  #value(found: RegExpExecArray, at: Span, stack: readonly string[]): readonly [Text, ...Text[]] | undefined {
    // Each use costs, so that values that double each other end, however short they are.
    this.#budget -= 16;
    const name = found[1] ?? found[3] ?? found[4] ?? '';
    const definition = this.#values.get(name);
    if (definition === undefined || found[2] !== undefined) {
      const value = this.#predefined.value(name, (found[2] ?? '').trim(), at);
      if (value !== undefined) return [new Computed(value, at)];
      if (definition === undefined) return undefined;
    }
    if (stack.includes(name)) {
      this.#diagnostics.report(messages.definitionLoop, at, name);
      return [new Computed('', at)];
    }
    if (stack.length >= maxDepth) {
      this.#diagnostics.report(messages.lineTooDeep, at, String(maxDepth));
      return [new Computed('', at)];
    }
    const origin: Origin = { kind: 'definition', name, at };
    const [first, ...rest] = definition.lines.map((text) => new Slice(text, 0, text.text.length, origin));
    if (first === undefined) return [new Computed('', at)];
    const expanded = this.#expand(first, [...stack, name]) ?? [first];
    if (this.#budget < 0) return undefined;
    this.#budget -= expanded[0].text.length;
    if (this.#budget < 0) {
      this.#diagnostics.report(messages.expansionTooLong, at, `$${name}`);
      return undefined;
    }
    return [expanded[0], ...expanded.slice(1), ...rest];
  }
}

/** Reasons behind so many others are left out: nobody reads them. */
const maxOrigins = 64;

function appendOrigin(span: Span, origin: Origin | undefined, room = maxOrigins): Span {
  if (origin === undefined || room === 0) return span;
  if (span.origin === undefined) return { ...span, origin };
  return { ...span, origin: { ...span.origin, at: appendOrigin(span.origin.at, origin, room - 1) } };
}
