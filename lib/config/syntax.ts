/**
 * The tree that the parser builds: statements and blocks, nothing about what keywords mean. Word places are computed when
 * asked for, because almost nobody asks.
 */
import { Scanner } from './scanner.js';
import type { Span, Text } from './source.js';

/**
 * One logical line: a keyword with its values, and its block if it has one. An unmatched `}` is a statement without words.
 */
export interface Statement {
  readonly words: readonly string[];
  /** Text that the line was scanned from, and its range there, comment excluded. */
  readonly from: Text;
  readonly start: number;
  readonly end: number;
  body: Block | undefined;
}

export interface Block {
  readonly items: Statement[];
  /** Of the opening brace. */
  readonly open: number;
  readonly from: Text;
  /** Of the closing brace; undefined: the file ended inside, or none belongs to it. */
  close: number | undefined;
}

/** Place of a word; of the whole line when there is no such word. */
export function wordSpan(statement: Statement, index: number): Span {
  const { words, from } = statement;
  let end = statement.start;
  for (let i = 0; i <= index; i++) {
    const word = words[i];
    let start = end;
    while (isBlank(from.text.charCodeAt(start))) start++;
    // A word that was quoted or escaped does not stand in the text as it is: those lines are scanned again.
    if (word === undefined || word === '' || !from.text.startsWith(word, start))
      return rescanned(statement, index);
    end = start + word.length;
    if (i === index) return from.span(start, end);
  }
  return lineSpan(statement);
}

function isBlank(c: number): boolean {
  return c === 32 || c === 9 || c === 13;
}

function rescanned(statement: Statement, index: number): Span {
  const scanner = new Scanner();
  scanner.isLiteral = true;
  scanner.recordStarts = true;
  scanner.closesQuotes = true;
  scanner.scan(statement.from.text, statement.start, statement.end);
  const start = scanner.starts[index];
  const end = scanner.ends[index];
  if (start === undefined || end === undefined) return lineSpan(statement);
  return statement.from.span(start, end);
}

/** Place of the whole logical line. */
export function lineSpan(statement: Statement): Span {
  return statement.from.span(statement.start, Math.max(statement.end, statement.start + 1));
}

/** Place just behind the last word, where a missing value would stand. */
export function endSpan(statement: Statement): Span {
  return statement.from.span(statement.end, statement.end);
}

/** From word `index` to the end of the line. */
export function restSpan(statement: Statement, index: number): Span {
  const first = wordSpan(statement, index);
  const last = wordSpan(statement, statement.words.length - 1);
  return first.source === last.source && last.end > first.start ? { ...first, end: last.end } : first;
}

/** The text of the line from word `index` on, exactly as written. */
export function rawFrom(
  statement: Statement,
  index: number,
): { readonly text: string; readonly offset: number } {
  const scanner = new Scanner();
  scanner.isLiteral = true;
  scanner.recordStarts = true;
  scanner.closesQuotes = true;
  scanner.scan(statement.from.text, statement.start, statement.end);
  const offset = scanner.starts[index] ?? statement.end;
  return { text: statement.from.text.slice(offset, statement.end), offset };
}

/** Whether a quotation mark of the line has no partner. */
export function hasLoneQuote(statement: Statement): boolean {
  const scanner = new Scanner();
  scanner.isLiteral = true;
  scanner.scan(statement.from.text, statement.start, statement.end);
  return scanner.unterminatedQuote >= 0;
}
