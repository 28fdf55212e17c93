/**
 * Statements and a keyword table to a record of fields. It does what is the same for every block: unknown, repeated, old and
 * valueless keywords, braces that are missing or too many. Values are the readers' business.
 */
import { messages, type Message } from './messages.js';
import type { AnyBlock, BlockSchema, CompiledRow, Context, Decoded } from './schema/dsl.js';
import { Line, strayKey } from './schema/dsl.js';
import type { Span } from './source.js';
import { nearest } from './suggest.js';
import { hasLoneQuote, lineSpan, rawFrom, wordSpan, type Statement } from './syntax.js';

/** Keywords of the top level, so that a keyword in the wrong place can be told from an unknown one. */
let topLevel: AnyBlock | undefined;

/** Names the table of the top level; called once, when that table is made. */
export function setTopLevel(schema: AnyBlock): void {
  topLevel = schema;
}

/** Reads the items of one block by its table, one after the other. */
export class BlockDecoder<R> {
  readonly #schema: BlockSchema<R>;
  readonly #context: Context;
  readonly #fields: Record<string, unknown>;
  /** Fields whose first line alone counts and was there. */
  #seen: Set<string> | undefined;
  /** A block keyword without `{`: the lines that follow are its body, up to the `}` that has no partner because of it. */
  #adopter: { readonly statement: Statement; readonly items: Statement[] } | undefined;

  constructor(schema: BlockSchema<R>, context: Context) {
    this.#schema = schema;
    this.#context = context;
    this.#fields = schema.copy<Record<string, unknown>>(schema.template);
  }

  take(statement: Statement): void {
    if (this.#adopter !== undefined && this.#adopts(this.#adopter, statement)) return;
    const keyword = statement.words[0];
    if (keyword === undefined) {
      closeWithoutOpen(statement, this.#context);
      return;
    }
    const found = this.#schema.byKeyword.get(keyword);
    if (
      found?.isPlain === true &&
      statement.words.length > found.minWords &&
      statement.words.length <= found.maxWords + 1 &&
      found.isBlock === (statement.body !== undefined)
    ) {
      this.#fields[found.field] = found.row.apply(
        new Line(statement, this.#context),
        this.#fields[found.field],
      );
    } else if (found === undefined) unknownKeyword(statement, this.#schema, this.#context);
    else if (statement.body === undefined && found.isBlock) this.#adopter = { statement, items: [] };
    else this.#read(statement, found);
  }

  /** What a field holds so far. */
  peek<K extends keyof Decoded<R> & string>(field: K): Decoded<R>[K] {
    // As in `finish`.
    return this.#fields[field] as Decoded<R>[K];
  }

  /** Takes out what a list holds so far; it goes on empty. */
  drain<K extends keyof Decoded<R> & string>(field: K): Decoded<R>[K] {
    const value = this.peek(field);
    this.#fields[field] = this.#schema.template[field];
    return value;
  }

  /** The fields, when there are no more items. */
  finish(): Decoded<R> {
    if (this.#adopter !== undefined) this.#endAdoption(this.#adopter, false);
    // The template and the rows that filled it are those of R.
    return this.#fields as Decoded<R>;
  }

  #read(statement: Statement, found: CompiledRow): void {
    const context = this.#context;
    const { row, field, keyword, isBlock } = found;
    const { body } = statement;
    if (body !== undefined && !isBlock) {
      context.isIrregular = true;
      // Where there is no value either, that it needs one says it all.
      if (statement.words.length > row.reader.minWords || row.missing === 'silent')
        context.diagnostics.report(
          messages.unexpectedBlock,
          body.from.span(body.open, body.open + 1),
          keyword,
        );
    }
    if (row.isFirstKept === true) {
      this.#seen ??= new Set();
      if (
        this.#seen.has(field) &&
        (row.missing !== undefined || statement.words.length > row.reader.minWords)
      ) {
        // keepalived: a list that it skips ends the block around it.
        context.isIrregular ||= row.reader.isList === true;
        context.diagnostics.report(messages.onlyFirstCounts, wordSpan(statement, 0), keyword);
        return;
      }
      this.#seen.add(field);
    }
    // A list that is told to have no braces is not told to have words before them, too.
    const isBare = body?.open === statement.end && body.items.length === 0;
    if (row.reader.isList === true && !isBare && statement.words.length > row.reader.minWords + 1) {
      const message = row.isNeverEmpty === true ? messages.missingBlockFatal : messages.surplusWords;
      context.diagnostics.report(message, wordSpan(statement, row.reader.minWords + 1), keyword);
    }
    if (!isUsable(statement, found, context)) return;
    const hasSurplus = statement.words.length > found.maxWords + 1;
    if (hasSurplus && isBlock) tellSurplus(statement, found, context);
    const told = context.diagnostics.count;
    const { isInsideWithoutEffect } = context;
    context.isInsideWithoutEffect ||= row.effect !== 'works' && isBlock;
    const before = this.#fields[field];
    this.#fields[field] = row.apply(new Line(statement, context), before);
    // A value that was refused leaves the place to the next one.
    if (before === undefined && this.#fields[field] === undefined) this.#seen?.delete(field);
    context.isInsideWithoutEffect = isInsideWithoutEffect;
    // Whoever is told that the value is wrong looks at the line anyhow.
    if (hasSurplus && !isBlock && context.diagnostics.count === told) tellSurplus(statement, found, context);
  }

  /** Whether the statement belongs to the block without `{`: its `}` does, a keyword of the top level does not. */
  #adopts(
    adopter: { readonly statement: Statement; readonly items: Statement[] },
    statement: Statement,
  ): boolean {
    const keyword = statement.words[0];
    if (
      keyword !== undefined &&
      topLevel?.byKeyword.has(keyword) !== true &&
      !this.#isOwn(adopter, keyword)
    ) {
      adopter.items.push(statement);
      return true;
    }
    if (this.#adopter !== undefined) this.#endAdoption(this.#adopter, keyword === undefined);
    return keyword === undefined;
  }

  /** Behind a list that seems to have its entries on its own line, a keyword of the block around it goes on with that block. */
  #isOwn(adopter: { readonly statement: Statement }, keyword: string): boolean {
    const { words } = adopter.statement;
    const reader = this.#schema.byKeyword.get(words[0] ?? '')?.row.reader;
    const isWritten = reader?.isList === true && words.length > reader.minWords + 1;
    return isWritten && this.#schema.byKeyword.has(keyword);
  }

  #endAdoption({ statement, items }: { statement: Statement; items: Statement[] }, isClosed: boolean): void {
    this.#adopter = undefined;
    this.#context.isIrregular = true;
    statement.body = { items, open: statement.end, from: statement.from, close: undefined };
    const found = this.#schema.byKeyword.get(statement.words[0] ?? '');
    if (found === undefined) return;
    const isEmpty = !isClosed && items.length === 0;
    const message = missingBlock(found.row, isEmpty);
    if (!isClosed && message !== messages.missingEmptyList) this.#context.isUnbalanced = true;
    const words = rawFrom(statement, found.row.reader.minWords + 1).text;
    if (message !== messages.missingEmptyList || words === '')
      this.#context.diagnostics.report(message, wordSpan(statement, 0), found.keyword);
    else {
      const hint = `write '${found.keyword} { ${words} }'`;
      const at = wordSpan(statement, found.row.reader.minWords + 1);
      this.#context.diagnostics.reportWith(messages.entriesIgnored, at, { hint }, found.keyword, words);
    }
    this.#read(statement, found);
  }
}

/** keepalived: an empty list at the end of a block needs no braces; some lists must not be empty. */
function missingBlock({ reader, isNeverEmpty }: CompiledRow['row'], isEmpty: boolean): Message<[string]> {
  if (isNeverEmpty === true) return messages.missingBlockFatal;
  return isEmpty && reader.isList === true ? messages.missingEmptyList : messages.missingOpenBrace;
}

/** Reads the body of a block statement. */
export function decodeBody<R>(schema: BlockSchema<R>, statement: Statement, context: Context): Decoded<R> {
  const { block, blockName, blockStatement } = context;
  context.block = schema.name;
  context.blockName = statement.words[1];
  context.blockStatement = statement;
  const decoder = new BlockDecoder(schema, context);
  if (statement.body !== undefined) for (const item of statement.body.items) decoder.take(item);
  const decoded = decoder.finish();
  context.block = block;
  context.blockName = blockName;
  context.blockStatement = blockStatement;
  return decoded;
}

/** Looks for mistakes in a block that keepalived does not read, since its first line has one. */
export function checkLostBody(schema: AnyBlock, statement: Statement, context: Context): void {
  if (statement.body !== undefined)
    context.diagnostics.ofLostLines(() => decodeBody(schema, statement, context));
}

/** Words behind the values of a keyword, or behind the name of a block. */
function tellSurplus(
  statement: Statement,
  { keyword, maxWords, isBlock }: CompiledRow,
  context: Context,
): void {
  const surplus = maxWords + 1;
  context.diagnostics.reportWith(
    messages.wordsIgnored,
    wordSpan(statement, surplus),
    isBlock ? { hint: "nothing stands between its name and '{'" } : {},
    keyword,
    rawFrom(statement, surplus).text,
  );
}

/** Reports what is to be said of the keyword itself; false: the line has no value and is not read. */
function isUsable(statement: Statement, found: CompiledRow, context: Context): boolean {
  const { row, alias, keyword } = found;
  const { diagnostics } = context;
  // That keepalived has none of it either says as much.
  const isToTell = row.effect !== 'works' && row.build === undefined;
  if (isToTell && !context.isInsideWithoutEffect && !context.withoutEffect.has(keyword)) {
    context.withoutEffect.set(keyword, wordSpan(statement, 0));
  }
  if (row.reader.hasOwnQuotes === true && !context.isAsMeant && hasLoneQuote(statement)) return false;
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
  context.isIrregular ||= statement.body !== undefined;
  if (context.isUnbalanced) return;
  const keyword = statement.words[0] ?? '';
  const span = wordSpan(statement, 0);
  const { block, blockName } = context;
  const inside = blockName === undefined ? (block ?? '') : `${block ?? ''} ${blockName}`;
  const where = schema === topLevel ? 'at the top level' : `in ${inside}`;
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
  const home = near === undefined ? homeOf(keyword) : undefined;
  if (home !== undefined && home !== block) {
    if (isStrayAgain(home, span, keyword, where, schema, context)) return;
    const own = schema === topLevel ? undefined : localNames[keyword];
    const isKnown = own !== undefined && schema.byKeyword.has(own);
    const hint =
      schema === topLevel
        ? "a '}' before this line may be one too many"
        : isKnown
          ? `here it is called '${own}'`
          : undefined;
    context.diagnostics.reportWith(
      messages.misplacedKeyword,
      span,
      {
        ...(hint === undefined ? {} : { hint }),
        ...(isKnown ? { replacement: own } : {}),
      },
      keyword,
      where,
      `in ${home}`,
    );
    return;
  }
  const isMember = block === 'vrrp_sync_group' && statement.words.length === 1 && near === undefined;
  const past = retired[keyword] ?? (isMember ? `members stand in braces: 'group { ${keyword} }'` : undefined);
  const hints = past !== undefined ? [past] : near === undefined ? [] : [`did you mean '${near}'?`];
  if (statement.body !== undefined && schema !== topLevel)
    hints.push(`keepalived ignores the '{', so that the next '}' ends ${inside}`);
  context.diagnostics.reportWith(
    messages.unknownKeyword,
    span,
    {
      ...(hints.length === 0 ? {} : { hint: hints.join(' ') }),
      ...(near === undefined ? {} : { replacement: near }),
    },
    keyword,
    where,
  );
  const meant = schema.byKeyword.get(near ?? '')?.row.reader.block;
  if (meant === undefined) return;
  context.misspelt.set(`${near ?? ''} ${statement.words[1] ?? ''}`, span);
  checkLostBody(meant, statement, context);
}

/** Whether a keyword lacks the same block around it as another one before it; then it belongs to that report. */
function isStrayAgain(
  home: string,
  span: Span,
  keyword: string,
  where: string,
  schema: AnyBlock,
  { blockStatement, strays, diagnostics }: Context,
): boolean {
  if (blockStatement === undefined || schema.byKeyword.get(home)?.isBlock !== true) return false;
  const key = strayKey(home, wordSpan(blockStatement, 0));
  const first = strays.get(key);
  if (first === undefined) {
    strays.set(key, span);
    return false;
  }
  return diagnostics.addConsequence(messages.misplacedKeyword, [first], span, keyword, where, `in ${home}`);
}

/** Keywords that some blocks have, and what others call the same. */
const localNames: Readonly<Record<string, string>> = {
  nb_get_retry: 'retry',
  garp_master_delay: 'vrrp_garp_master_delay',
  garp_master_repeat: 'vrrp_garp_master_repeat',
  garp_master_refresh: 'vrrp_garp_master_refresh',
  vrrp_garp_master_delay: 'garp_master_delay',
  vrrp_garp_master_repeat: 'garp_master_repeat',
  vrrp_garp_master_refresh: 'garp_master_refresh',
  vrrp_version: 'version',
  version: 'vrrp_version',
};

/** Keywords of the past, which many a tutorial still has. */
const retired: Readonly<Record<string, string>> = {
  nat_mask: 'keepalived has no nat_mask any more; remove the line',
  lvs_id: "write 'router_id'",
};

let homes: ReadonlyMap<string, string> | undefined;

/** A block that has a keyword. */
function homeOf(keyword: string): string | undefined {
  if (homes === undefined) {
    const found = new Map<string, string>();
    const seen = new Set<AnyBlock>();
    const visit = (schema: AnyBlock): void => {
      if (seen.has(schema)) return;
      seen.add(schema);
      for (const name of schema.byKeyword.keys()) if (!found.has(name)) found.set(name, schema.name);
      for (const { row } of schema.byKeyword.values())
        if (row.reader.block !== undefined) visit(row.reader.block);
    };
    for (const { row } of topLevel?.byKeyword.values() ?? [])
      if (row.reader.block !== undefined) visit(row.reader.block);
    homes = found;
  }
  return homes.get(keyword);
}

function closeWithoutOpen(statement: Statement, context: Context): void {
  context.isIrregular = true;
  if (context.isUnbalanced) context.isUnbalanced = false;
  else context.diagnostics.report(messages.extraCloseBrace, lineSpan(statement));
}
