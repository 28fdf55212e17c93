/**
 * Readers of lists in braces: words, entries with options, and blocks with rows of their own.
 */
import { placedWordFormat, type Format } from './format.js';
import { decodeBody } from '../decode.js';
import { messages } from '../messages.js';
import type { Word } from '../model.js';
import type { Span } from '../source.js';
import type { Statement } from '../syntax.js';
import { lineSpan } from '../syntax.js';
import { Line, type BlockSchema, type Decoded, type Reader } from './dsl.js';
import { one } from './values.js';

/** Any number of words per line. `isEmptyReported`: an empty list is complained about. */
export function wordList(
  what: string,
  options: { readonly isEmptyReported?: boolean } = {},
): Reader<readonly Word[]> {
  return {
    syntax: `{ <${what}> ... }`,
    expects: `a list of ${what}s`,
    minWords: 0,
    isList: true,
    format: placedWordFormat,
    read(line) {
      const result: Word[] = [];
      for (const entry of entries(line)) {
        entry.words.forEach((text, index) => result.push({ text, at: entry.at(index) }));
      }
      if (result.length === 0 && options.isEmptyReported === true)
        line.report(messages.emptyBlock, 0, line.keyword);
      return result;
    },
  };
}

/** One entry per line, of which `format` is the form; `read` gives undefined for those that are dropped. */
export function entryList<T>(
  syntax: string,
  what: string,
  read: (entry: Line) => T | undefined,
  format?: Format,
): Reader<readonly T[]> {
  return {
    ...(format === undefined ? {} : { format }),
    syntax: `{ ${syntax} ... }`,
    expects: `a list of ${what}s`,
    minWords: 0,
    isList: true,
    read(line) {
      const result: T[] = [];
      for (const entry of entries(line)) {
        const value = read(entry);
        if (value !== undefined) result.push(value);
      }
      return result;
    },
  };
}

/** What a block gives: its fields, its name words, its place. */
export interface Fields<R> {
  readonly fields: Decoded<R>;
  /** First word after the keyword. */
  readonly name: string;
  /** Of the name, else of the keyword. */
  readonly at: Span;
  /** Count of sections that began before it. */
  readonly order: number;
}

/** A block whose lines matter beyond their values. It keeps its part of the tree in memory. */
export interface Section<R> extends Fields<R> {
  readonly statement: Statement;
}

interface SectionOptions {
  /** What its name is called, where it needs one. */
  readonly name?: string;
}

/** A block with rows. */
export function section<R>(schema: BlockSchema<R>, options: SectionOptions = {}): Reader<Section<R>> {
  return sectionReader(schema, options, (line) => ({
    ...fieldsOf(line, schema, options),
    statement: line.statement,
  }));
}

/** A block with rows of which there may be many. */
export function fieldSection<R>(schema: BlockSchema<R>, options: SectionOptions = {}): Reader<Fields<R>> {
  return sectionReader(schema, options, (line) => fieldsOf(line, schema, options));
}

function sectionReader<R, T>(
  schema: BlockSchema<R>,
  options: SectionOptions,
  read: (line: Line) => T,
): Reader<T> {
  return {
    syntax: options.name === undefined ? '{ ... }' : `<${options.name}> { ... }`,
    expects: options.name === undefined ? 'a block' : one(options.name),
    minWords: options.name === undefined ? 0 : 1,
    block: schema,
    read,
  };
}

function fieldsOf<R>(line: Line, schema: BlockSchema<R>, options: SectionOptions): Fields<R> {
  const order = line.context.sectionCount++;
  return {
    fields: decodeBody(schema, line.statement, line.context),
    name: line.word(1) ?? '',
    at: line.at(options.name === undefined ? 0 : 1),
    order,
  };
}

/** The lines of a list. A block inside a list is no entry: it is reported and left out. */
function* entries(line: Line): Iterable<Line> {
  for (const item of line.body?.items ?? []) {
    if (item.words.length === 0) {
      line.context.isIrregular = true;
      if (line.context.isUnbalanced) line.context.isUnbalanced = false;
      else line.context.diagnostics.report(messages.extraCloseBrace, lineSpan(item));
      continue;
    }
    const entry = new Line(item, line.context);
    if (item.body !== undefined) {
      line.context.isIrregular = true;
      entry.reportWith(
        messages.unexpectedBlock,
        0,
        { hint: `a closing '}' of ${line.keyword} is probably missing before this line` },
        item.words[0] ?? '',
      );
      continue;
    }
    yield entry;
  }
}
