/** Where a mistake may stand of which another one follows: for `Diagnostics.addConsequence`. */
import type { Span } from './source.js';
import { nearest } from './suggest.js';
import { wordSpan, type Statement } from './syntax.js';

/** Every word of a statement and of the blocks in it. */
export function wordsOf(statement: Statement): readonly Span[] {
  return [
    ...statement.words.map((_, index) => wordSpan(statement, index)),
    ...(statement.body?.items.flatMap(wordsOf) ?? []),
  ];
}

/** Every word of the lines of a block that have a keyword, or a word that was most likely meant to be it. */
export function wordsOfLines(block: Statement, keyword: string): readonly Span[] {
  return (block.body?.items ?? [])
    .filter(({ words: [first = ''] }) => first === keyword || nearest(first, [keyword]) !== undefined)
    .flatMap(wordsOf);
}
