/**
 * The language in which keyword tables are written. A row is a keyword: what it takes, its default, its help, and how
 * keepalived treats it when it is old, repeated or has no value. Tables are data: the decoder, the suggestions, the
 * explanations and the reference page read the same rows.
 */
import type { Diagnostics, Repair } from '../diagnostic.js';
import type { FileAccess, Machine } from '../load.js';
import type { Message } from '../messages.js';
import type { Span } from '../source.js';
import { camel, compact, compiled } from './compile.js';
import type { Format } from './format.js';
import { endSpan, lineSpan, rawFrom, restSpan, wordSpan, type Block, type Statement } from '../syntax.js';

/** What readers may ask besides their line. One per configuration. */
export interface Context {
  readonly diagnostics: Diagnostics;
  readonly mode: 'test' | 'daemon';
  readonly isOffline: boolean;
  readonly machine: Machine;
  readonly files: FileAccess;
  /** Lines are read as they were meant, not as keepalived reads them. */
  readonly isAsMeant: boolean;
  /** Block that is being read, and its name if it has one, for messages: `vrrp_instance`, `VI_1`. */
  block: string | undefined;
  blockName: string | undefined;
  blockStatement: Statement | undefined;
  /** Inside the body of a block whose `{` was missing: what follows from that is not reported. */
  isUnbalanced: boolean;
  /** keepalived reads the lines otherwise than the tree has them: a `{` that it ignores, or one that is missing. */
  isIrregular: boolean;
  /** script_user was given and refused, here: scripts without a user of their own have none. */
  badScriptUser: Span | undefined;
  /** First use of keywords that have no effect yet. Those inside a block that has none itself are not listed. */
  readonly withoutEffect: Map<string, Span>;
  isInsideWithoutEffect: boolean;
  /** Blocks whose keyword is misspelt, by what was meant and their name: `vrrp_script chk`. Where they are named, that is the mistake. */
  readonly misspelt: Map<string, Span>;
  /** The first keyword that stands beside the block that it belongs in, by that block and the place of the one around it, see `strayKey`. */
  readonly strays: Map<string, Span>;
  /** Sections that were begun so far: what stands before what. */
  sectionCount: number;
  /** Interfaces that were looked up and are missing, so that each is reported where it is first needed. */
  hasInterface(name: string): boolean;
}

/** Key in `strays`. */
export function strayKey(home: string, around: Span): string {
  return `${home} ${String(around.start)} ${around.source.name}`;
}

/** One statement as a reader sees it. Word 0 is the keyword. */
export class Line {
  readonly statement: Statement;
  readonly context: Context;

  constructor(statement: Statement, context: Context) {
    this.statement = statement;
    this.context = context;
  }

  get keyword(): string {
    return this.statement.words[0] ?? '';
  }

  get words(): readonly string[] {
    return this.statement.words;
  }

  get body(): Block | undefined {
    return this.statement.body;
  }

  word(index: number): string | undefined {
    return this.statement.words[index];
  }

  /** Place of a word; behind the line when it is missing. */
  at(index: number): Span {
    return index < this.statement.words.length ? wordSpan(this.statement, index) : endSpan(this.statement);
  }

  /** Place from a word to the end of the line. */
  restAt(index: number): Span {
    return restSpan(this.statement, index);
  }

  get span(): Span {
    return lineSpan(this.statement);
  }

  /** The line from a word on, as written. */
  raw(index: number): string {
    return rawFrom(this.statement, index).text;
  }

  report<A extends readonly string[]>(message: Message<A>, index: number, ...args: A): void {
    this.context.diagnostics.report(message, this.at(index), ...args);
  }

  reportWith<A extends readonly string[]>(
    message: Message<A>,
    index: number,
    repair: Repair,
    ...args: A
  ): void {
    this.context.diagnostics.reportWith(message, this.at(index), repair, ...args);
  }

  /** Notes that `what` has no effect yet, which is said once per configuration. */
  withoutEffect(what: string, index: number): void {
    const { context } = this;
    if (!context.isInsideWithoutEffect && !context.withoutEffect.has(what))
      context.withoutEffect.set(what, this.at(index));
  }
}

/** How the values of a keyword are read, and how they are described. */
export interface Reader<T> {
  /** As in a synopsis: `<seconds>`. */
  readonly syntax: string;
  /** What is missing when there is no value: `a number of seconds`. */
  readonly expects: string;
  readonly range?: string;
  readonly unit?: string;
  /** Words that must follow the keyword. */
  readonly minWords: number;
  /** keepalived reads the quotation marks of the value by rules of its own, and loses all of it to one without partner. */
  readonly hasOwnQuotes?: boolean;
  /** The value, or undefined when it was refused (and reported). */
  read(line: Line): T | undefined;
  /** Form of the field in the model; undefined: it is put together by the block. */
  readonly format?: Format;
  /** The keyword opens a block with these rows. */
  readonly block?: AnyBlock;
  /** The keyword opens a list of entries. */
  readonly isList?: boolean;
}

/** Whether ka-node acts on the keyword, or only understands it. */
export type Effect = 'works' | 'parsed';

/** A process of keepalived. */
export type Process = 'parent' | 'vrrp' | 'checkers' | 'bfd';

export interface RowOptions {
  readonly effect?: Effect;
  /**
   * At the top level: the processes of keepalived that read the block, of which the first acts on it; the others skip it by its
   * braces. Default: the parent.
   */
  readonly readBy?: readonly Process[];
  /** First version of keepalived that has it, when later than 2.2.7. */
  readonly since?: string;
  /** Part of keepalived that Debian's build leaves out: there the keyword is unknown. */
  readonly build?: 'iptables';
  /** What keepalived does when the value is missing. Default: it gives up. */
  readonly missing?: 'gives-up' | 'reported' | 'silent';
  /** A repetition is reported and ignored; otherwise the last one wins silently. */
  readonly isFirstKept?: boolean;
  /** A list without braces ends keepalived. */
  readonly isNeverEmpty?: boolean;
  /** Default in words, where it is not a literal. */
  readonly defaultText?: string;
  /** Reported as old. `isCounted`: keepalived counts it as a complaint. */
  readonly deprecated?: { readonly instead: string; readonly isCounted: boolean };
  /** For the reference, after the keyword. */
  readonly example?: string;
  /** What is different or missing although it works, or what happens instead. */
  readonly note?: string;
}

/** A keyword. `T` is the type of the field. */
export interface Row<T> extends RowOptions {
  readonly kind: 'row';
  readonly help: string;
  readonly initial: T;
  readonly reader: Reader<unknown>;
  /** New value of the field; `previous` when the line is refused. */
  apply(line: Line, previous: T): T;
}

/** Another spelling of a keyword of the same block. */
export interface Alias {
  readonly kind: 'alias';
  readonly target: string;
  /** Undefined: as good as the target. */
  readonly deprecated: { readonly isCounted: boolean } | undefined;
  readonly help: string;
}

export type Rows = Readonly<Record<string, Row<never> | Alias>>;

/** `virtual_router_id` to `virtualRouterId`, `sh-port` to `shPort`. */
export type Camel<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : S extends `${infer Head}-${infer Tail}`
    ? `${Head}${Capitalize<Camel<Tail>>}`
    : S;

/** What decoding a block gives: a field for each row. */
export type Decoded<R> = {
  readonly [
    K in keyof R as K extends string ? (R[K] extends Alias ? never : Camel<K>) : never
  ]: R[K] extends Row<infer T> ? T : never;
};

export interface BlockSchema<R> {
  readonly name: string;
  readonly help: string;
  readonly rows: R;
  readonly byKeyword: ReadonlyMap<string, CompiledRow>;
  /** The value of a block without lines. */
  readonly template: Decoded<R>;
  /** A copy of the template. */
  readonly copy: Copy;
}

/** Copies a record of fields. */
export type Copy = <T extends object>(fields: T) => T;

export type AnyBlock = BlockSchema<unknown>;

export interface CompiledRow {
  readonly keyword: string;
  readonly field: string;
  readonly row: Row<unknown>;
  /** Braces follow. */
  readonly isBlock: boolean;
  readonly alias: Alias | undefined;
  /** Words that must follow. */
  readonly minWords: number;
  /** Words beyond these are ignored. */
  readonly maxWords: number;
  /** Nothing is to be said or noted of the keyword itself: it works, is not old or newer, and may be repeated. */
  readonly isPlain: boolean;
}

/**
 * A table. `name` is how messages call the block; `effect` is that of rows that give none. Blocks that come in
 * thousands bring a `copy` of their own: a spread is fast (0.1 us instead of 0.9 for 40 fields) where all that passes
 * through that place in the source has one shape.
 */
export function block<R extends Record<string, unknown>>(
  name: string,
  help: string,
  rows: R,
  effect: Effect = 'parsed',
  copy: Copy = (fields) => ({ ...fields }),
): BlockSchema<R> {
  return new Table(name, help, rows, effect, copy);
}

/** Compiled when it is first needed: most configurations use a few tables. */
class Table<R extends Record<string, unknown>> implements BlockSchema<R> {
  readonly name: string;
  readonly help: string;
  readonly rows: R;
  readonly copy: Copy;
  readonly #effect: Effect;
  #byKeyword: ReadonlyMap<string, CompiledRow> | undefined;
  #template: Decoded<R> | undefined;

  constructor(name: string, help: string, rows: R, effect: Effect, copy: Copy) {
    this.name = name;
    this.help = help;
    this.rows = rows;
    this.copy = copy;
    this.#effect = effect;
  }

  get byKeyword(): ReadonlyMap<string, CompiledRow> {
    return (this.#byKeyword ??= compiled(this.#entries, this.#effect));
  }

  get template(): Decoded<R> {
    if (this.#template !== undefined) return this.#template;
    const initial: Record<string, unknown> = {};
    for (const [keyword, entry] of this.#entries)
      if (entry.kind === 'row') initial[camel(keyword)] = entry.initial;
    // The fields are those of the rows.
    this.#template = compact(initial) as Decoded<R>;
    return this.#template;
  }

  get #entries(): readonly (readonly [string, Row<unknown> | Alias])[] {
    // Rows are contravariant in their field, so a table of different fields has no common row type but this one.
    return Object.entries(this.rows as Record<string, Row<unknown> | Alias>);
  }
}

/** A keyword whose absence stays visible. */
export function optional<T>(reader: Reader<T>, help: string, options: RowOptions = {}): Row<T | undefined> {
  return {
    kind: 'row',
    help,
    reader,
    initial: undefined,
    apply: (line, previous) => reader.read(line) ?? previous,
    ...options,
  };
}

/** A keyword with a literal default. */
export function defaulted<T>(reader: Reader<T>, initial: T, help: string, options: RowOptions = {}): Row<T> {
  return {
    kind: 'row',
    help,
    reader,
    initial,
    apply: (line, previous) => reader.read(line) ?? previous,
    ...options,
  };
}

/** A keyword that may come several times; each gives one element. */
export function each<T>(reader: Reader<T>, help: string, options: RowOptions = {}): Row<readonly T[]> {
  return {
    kind: 'row',
    help,
    reader,
    initial: [],
    apply(line, previous) {
      const value = reader.read(line);
      return value === undefined ? previous : append(previous, [value]);
    },
    ...options,
  };
}

/** A keyword that may come several times; each gives several elements. */
export function several<T>(
  reader: Reader<readonly T[]>,
  help: string,
  options: RowOptions = {},
): Row<readonly T[]> {
  return {
    kind: 'row',
    help,
    reader,
    initial: [],
    apply(line, previous) {
      const values = reader.read(line);
      return values === undefined ? previous : append(previous, values);
    },
    ...options,
  };
}

/** A keyword whose new value depends on the one before. */
export function folded<T, U>(
  reader: Reader<U>,
  initial: T,
  help: string,
  fold: (previous: T, value: U, line: Line) => T,
  options: RowOptions = {},
): Row<T> {
  return {
    kind: 'row',
    help,
    reader,
    initial,
    apply(line, previous) {
      const value = reader.read(line);
      return value === undefined ? previous : fold(previous, value, line);
    },
    ...options,
  };
}

/** Another spelling of `target`. */
export function alias(target: string, help: string, deprecated?: { readonly isCounted: boolean }): Alias {
  return { kind: 'alias', target, deprecated, help };
}

// Lists grow in place while a block is read: `initial` is shared and must not, hence the copy of the empty one.
function append<T>(list: readonly T[], values: readonly T[]): readonly T[] {
  if (list.length === 0) return [...values];
  const growing = list as T[];
  for (const value of values) growing.push(value);
  return growing;
}
