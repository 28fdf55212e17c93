/**
 * Statements and a keyword table to a record of fields. It does what is the same for every block: unknown, repeated, old and
 * valueless keywords, braces that are missing or too many. Values are the readers' business.
 */
import { messages } from './messages.js';
import type { AnyBlock, BlockSchema, CompiledRow, Context, Decoded } from './schema/dsl.js';
import { Line } from './schema/dsl.js';
import { nearest } from './suggest.js';
import { lineSpan, wordSpan, type Statement } from './syntax.js';

/** Keywords of the top level, so that a keyword in the wrong place can be told from an unknown one. */
let topLevel: AnyBlock | undefined;

/** Names the table of the top level; called once, when that table is made. */
export function setTopLevel(schema: AnyBlock): void {
  topLevel = schema;
}

/** Reads the items of a block by its table. */
export function decodeItems<R>(
  schema: BlockSchema<R>,
  items: readonly Statement[],
  context: Context,
): Decoded<R> {
  const fields: Record<string, unknown> = { ...schema.template };
  let seen: Set<string> | undefined;
  for (let index = 0; index < items.length; index++) {
    const statement = items[index];
    if (statement === undefined) break;
    const keyword = statement.words[0];
    if (keyword === undefined) {
      closeWithoutOpen(statement, context);
      continue;
    }
    const found = schema.byKeyword.get(keyword);
    if (found === undefined) {
      unknownKeyword(statement, schema, context);
      continue;
    }
    const { row, field } = found;
    const isBlock = row.reader.block !== undefined || row.reader.isList === true;
    if (statement.body === undefined && isBlock) {
      index = adoptBody(statement, items, index, context);
    } else if (statement.body !== undefined && !isBlock) {
      const { body } = statement;
      context.diagnostics.report(messages.unexpectedBlock, body.from.span(body.open, body.open + 1), keyword);
    }
    if (row.isFirstKept === true) {
      seen ??= new Set();
      if (seen.has(field)) {
        context.diagnostics.report(messages.onlyFirstCounts, wordSpan(statement, 0), keyword);
        continue;
      }
      seen.add(field);
    }
    if (!isUsable(statement, found, context)) continue;
    const { isInsideWithoutEffect } = context;
    context.isInsideWithoutEffect ||= row.effect !== 'works' && isBlock;
    fields[field] = row.apply(new Line(statement, context), fields[field]);
    context.isInsideWithoutEffect = isInsideWithoutEffect;
  }
  // The template and the rows that filled it are those of R.
  return fields as Decoded<R>;
}

/** Reads the body of a block statement. */
export function decodeBody<R>(schema: BlockSchema<R>, statement: Statement, context: Context): Decoded<R> {
  const { where } = context;
  const name = statement.words[1];
  context.where = name === undefined ? `in ${schema.name}` : `in ${schema.name} ${name}`;
  const decoded = decodeItems(schema, statement.body?.items ?? [], context);
  context.where = where;
  return decoded;
}

/** Reports what is to be said of the keyword itself; false: the line has no value and is not read. */
function isUsable(statement: Statement, found: CompiledRow, context: Context): boolean {
  const { row, alias, keyword } = found;
  const { diagnostics } = context;
  if (row.effect !== 'works' && !context.isInsideWithoutEffect && !context.withoutEffect.has(keyword)) {
    context.withoutEffect.set(keyword, wordSpan(statement, 0));
  }
  if (statement.words.length <= row.reader.minWords) {
    const message =
      row.missing === 'reported'
        ? messages.missingValue
        : row.missing === 'silent'
          ? messages.missingValueIgnored
          : messages.missingValueFatal;
    diagnostics.report(message, wordSpan(statement, 0), keyword, row.reader.expects);
    return false;
  }
  if (row.since !== undefined) {
    diagnostics.report(messages.newerKeyword, wordSpan(statement, 0), keyword, row.since);
  }
  if (row.build !== undefined) {
    diagnostics.report(messages.notInThisBuild, wordSpan(statement, 0), keyword, row.build);
  }
  const deprecated =
    alias?.deprecated !== undefined
      ? { instead: alias.target, isCounted: alias.deprecated.isCounted }
      : row.deprecated;
  if (deprecated !== undefined) {
    diagnostics.reportWith(
      deprecated.isCounted ? messages.deprecatedCounted : messages.deprecated,
      wordSpan(statement, 0),
      alias === undefined ? {} : { replacement: deprecated.instead },
      keyword,
      deprecated.instead,
    );
  }
  return true;
}

function unknownKeyword(statement: Statement, schema: AnyBlock, context: Context): void {
  if (context.isUnbalanced) return;
  const keyword = statement.words[0] ?? '';
  const span = wordSpan(statement, 0);
  const where = schema === topLevel ? 'at the top level' : context.where;
  if (topLevel !== undefined && schema !== topLevel && topLevel.byKeyword.has(keyword)) {
    context.diagnostics.reportWith(
      messages.misplacedKeyword,
      span,
      statement.body === undefined ? {} : { hint: `a closing '}' is probably missing before this line` },
      keyword,
      where,
      'to the top level',
    );
    return;
  }
  const near = nearest(keyword, schema.byKeyword.keys());
  context.diagnostics.reportWith(
    messages.unknownKeyword,
    span,
    near === undefined ? {} : { hint: `did you mean '${near}'?`, replacement: near },
    keyword,
    where,
  );
}

function closeWithoutOpen(statement: Statement, context: Context): void {
  if (context.isUnbalanced) context.isUnbalanced = false;
  else context.diagnostics.report(messages.extraCloseBrace, lineSpan(statement));
}

/**
 * A block keyword without `{`: the lines that follow are its body, up to the `}` that has no partner because of it.
 * Returns the index of the last item that was taken.
 */
function adoptBody(
  statement: Statement,
  items: readonly Statement[],
  index: number,
  context: Context,
): number {
  context.diagnostics.report(messages.missingOpenBrace, wordSpan(statement, 0), statement.words[0] ?? '');
  let end = index + 1;
  while (end < items.length && items[end]?.words.length !== 0) {
    const word = items[end]?.words[0];
    if (word !== undefined && topLevel?.byKeyword.has(word) === true) break;
    end++;
  }
  const isClosed = items[end]?.words.length === 0;
  statement.body = {
    items: items.slice(index + 1, end),
    open: statement.end,
    from: statement.from,
    isClosed,
  };
  if (!isClosed) context.isUnbalanced = true;
  return isClosed ? end : end - 1;
}
