/** From the rows of a block to what the decoder works with. */
import type { Alias, CompiledRow, Effect, Reader, Row } from './dsl.js';

/** The rows by keyword, aliases too, with what the decoder wants to know of each without looking twice. */
export function compiled(
  entries: readonly (readonly [string, Row<unknown> | Alias])[],
  effect: Effect,
): ReadonlyMap<string, CompiledRow> {
  const byKeyword = new Map<string, CompiledRow>();
  for (const [keyword, entry] of entries) {
    if (entry.kind === 'alias') continue;
    const row = completed(entry, effect);
    const isBlock = row.reader.block !== undefined || row.reader.isList === true;
    const { minWords } = row.reader;
    const maxWords = mostWords(row.reader);
    const field = camel(keyword);
    byKeyword.set(keyword, {
      keyword,
      field,
      row,
      isBlock,
      alias: undefined,
      minWords,
      maxWords,
      isPlain: isPlain(row),
    });
  }
  for (const [keyword, entry] of entries) {
    if (entry.kind !== 'alias') continue;
    const target = byKeyword.get(entry.target);
    if (target === undefined) continue;
    const isGood = target.isPlain && entry.deprecated === undefined;
    byKeyword.set(keyword, { ...target, keyword, alias: entry, isPlain: isGood });
  }
  return byKeyword;
}

/** Readers of one number, one interface or nothing ignore what follows, as blocks do; others say themselves what they make of it. */
function mostWords({ syntax, minWords, block, isList }: Reader<unknown>): number {
  if (isList === true) return Infinity;
  if (block !== undefined) return mostBlockWords(syntax, minWords);
  if (syntax === '') return 0;
  return minWords === 1 &&
    /^(<(number|seconds|milliseconds|microseconds|interface)>|[A-Za-z]+(\|[A-Za-z]+)+)$/.test(syntax)
    ? 1
    : Infinity;
}

/** `<name> { ... }`, `<address> [<port>] | group <name> { ... }`: as many words as the longest form has. */
function mostBlockWords(syntax: string, minWords: number): number {
  const forms = syntax.replace(/\{.*/, '').split('|');
  return Math.max(minWords, ...forms.map((form) => form.trim().split(/\s+/).filter(Boolean).length));
}

function isPlain(row: Row<unknown>): boolean {
  const { effect, since, build, deprecated, isFirstKept, reader } = row;
  const isQuiet = since === undefined && build === undefined && deprecated === undefined;
  return isQuiet && effect === 'works' && isFirstKept !== true && reader.isList !== true;
}

/** A keyword that 2.2.7 does not know is unknown there with and without a value: it does not give up. */
function completed(row: Row<unknown>, effect: Effect): Row<unknown> {
  const missing = row.missing ?? (row.since === undefined ? undefined : 'reported');
  return { ...row, effect: row.effect ?? effect, ...(missing === undefined ? {} : { missing }) };
}

/** The same fields in the form that the engine copies fastest, which is how it builds objects from JSON. */
export function compact(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const names = Object.keys(fields).map((name) => `${JSON.stringify(name)}:null`);
  const template = JSON.parse(`{${names.join(',')}}`) as Record<string, unknown>;
  return Object.assign(template, fields);
}

/** The field of a keyword. */
export function camel(keyword: string): string {
  return keyword.replace(/[_-]([a-z0-9])/gi, (_, letter: string) => letter.toUpperCase());
}
