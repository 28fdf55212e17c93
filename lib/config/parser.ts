/**
 * Logical lines to statements and blocks. It knows no keyword; braces that do not fit are put right as far as they can be
 * without knowing any. A statement of the top level is handed on when it is complete, so that only one of them at a time
 * is in memory as a tree.
 */
import type { Diagnostics } from './diagnostic.js';
import type { KnownServer } from './known-servers.js';
import { messages } from './messages.js';
import type { Text } from './source.js';
import type { Block, Statement } from './syntax.js';
import { lineSpan } from './syntax.js';

/** What the preprocessor feeds. */
export interface LineSink {
  statement(words: readonly string[], from: Text, start: number, end: number): void;
  /** `{` at offset `at`. */
  open(from: Text, at: number): void;
  /** `}` at offset `at`. */
  close(from: Text, at: number): void;
  /** Passes over what begins at `at`, the start of a line of a file, and is known already. @returns where to go on; undefined: it is to be read. */
  pass?(text: string, at: number): number | undefined;
}

/** Takes the statements of the top level, in order. An unmatched `}` is one without words. */
export interface StatementSink {
  take(statement: Statement): void;
  /** What is known of the block that begins at `at`. */
  known?(text: string, at: number): KnownServer | undefined;
  /** Takes that block as the next statement. */
  takeKnown?(block: KnownServer): void;
}

/** Where blocks may begin, for a second reading of a file that ended inside one. */
export interface Places {
  /** How many of the open blocks, named from the outermost inwards by their keywords, must be closed for `keyword` to begin a block. */
  misplaced(open: readonly string[], keyword: string): number;
  /** Whether `keyword` is one of the innermost of the open blocks, and begins none. */
  takesNoBlock(open: readonly string[], keyword: string): boolean;
}

/** Deeper than this nothing was meant. */
const maxRepairedDepth = 16;

export class Parser implements LineSink {
  readonly #diagnostics: Diagnostics;
  readonly #sink: StatementSink;
  readonly #stack: { readonly statement: Statement; readonly block: Block }[] = [];
  /** Of the innermost open block; undefined at the top level. */
  #items: Statement[] | undefined;
  /** Statement of the top level that may still get a block. */
  #pending: Statement | undefined;
  /** The latest `{` that opens no block. */
  #surplus: { readonly from: Text; readonly end: number } | undefined;
  /** Braces do not fit. */
  isIrregular = false;
  /** The file ended inside a block. */
  isLeftOpen = false;
  readonly #places: Places | undefined;

  /** `places`: blocks are closed where one begins that cannot stand in them, and none begins behind a keyword that takes none. */
  constructor(diagnostics: Diagnostics, sink: StatementSink, places?: Places) {
    this.#diagnostics = diagnostics;
    this.#sink = sink;
    this.#places = places;
  }

  statement(words: readonly string[], from: Text, start: number, end: number): void {
    const statement: Statement = { words, from, start, end, body: undefined };
    if (this.#items === undefined) {
      this.#handOn();
      this.#pending = statement;
    } else this.#items.push(statement);
  }

  open(from: Text, at: number): void {
    const owner = this.#items === undefined ? this.#pending : this.#items.at(-1);
    if (owner === undefined || owner.body !== undefined) {
      this.isIrregular = true;
      // Of a row of them the first one is told.
      if (this.#surplus?.from !== from || this.#surplus.end !== at)
        this.#diagnostics.report(messages.unexpectedOpenBrace, from.span(at, at + 1));
      this.#surplus = { from, end: at + 1 };
      return;
    }
    if (this.#places !== undefined && this.#stack.length > 0 && this.#stack.length <= maxRepairedDepth) {
      const keyword = owner.words[0] ?? '';
      if (this.#places.takesNoBlock(this.#openKeywords(), keyword)) {
        // The decoder tells that there should be no block; what follows stands beside the keyword, not in it.
        owner.body = { items: [], open: at, from, close: at };
        return;
      }
      this.#closeBefore(owner, this.#places);
    }
    const block: Block = { items: [], open: at, from, close: undefined };
    owner.body = block;
    this.#stack.push({ statement: owner, block });
    this.#items = block.items;
  }

  close(from: Text, at: number): void {
    const top = this.#stack.pop();
    if (top?.block.from === from) top.block.close = at;
    this.#items = this.#stack.at(-1)?.block.items;
    if (this.#items === undefined) this.#handOn();
    if (top === undefined) this.#sink.take({ words: [], from, start: at, end: at + 1, body: undefined });
  }

  pass(text: string, at: number): number | undefined {
    const block = this.#items === undefined ? this.#sink.known?.(text, at) : undefined;
    if (block === undefined) return undefined;
    this.#handOn();
    const end = at + block.end - block.start;
    // Where it stands now: the text of the reading before can go.
    this.#sink.takeKnown?.({ server: block.server, text, start: at, end });
    return end;
  }

  /** Nothing follows. Blocks that are still open are reported once, at the outermost. */
  finish(main: Text): void {
    const outermost = this.#stack[0];
    if (outermost !== undefined) {
      this.isIrregular = true;
      this.isLeftOpen = true;
      const { statement, block } = outermost;
      const inner = this.#stack.slice(1).map((entry) => entry.statement);
      this.#diagnostics.report(
        messages.blockLeftOpen,
        main.span(main.text.length, main.text.length),
        statement.words.slice(0, 2).join(' '),
        String(this.#stack.length),
      );
      const start =
        block.from === statement.from
          ? block.from.span(statement.start, block.open + 1)
          : lineSpan(statement);
      this.#diagnostics.relate(`${statement.words.slice(0, 2).join(' ')} is opened here`, start);
      for (const open of inner.slice(0, 4)) {
        this.#diagnostics.relate(`${open.words.slice(0, 2).join(' ')} is open too`, lineSpan(open));
      }
    }
    this.#handOn();
  }

  /** Closes what a block that begins with `owner` cannot stand in. */
  #closeBefore(owner: Statement, places: Places): void {
    const count = places.misplaced(this.#openKeywords(), owner.words[0] ?? '');
    if (count === 0) return;
    this.isIrregular = true;
    this.#items?.pop();
    const closed = this.#stack.splice(this.#stack.length - count);
    const [outermost = { statement: owner }] = closed;
    const name = outermost.statement.words.slice(0, 2).join(' ');
    this.#diagnostics.report(messages.missingClose, lineSpan(owner), name);
    this.#diagnostics.relate(`${name} is opened here`, lineSpan(outermost.statement));
    this.#items = this.#stack.at(-1)?.block.items;
    if (this.#items === undefined) {
      this.#handOn();
      this.#pending = owner;
    } else this.#items.push(owner);
  }

  #openKeywords(): readonly string[] {
    return this.#stack.map(({ statement }) => statement.words[0] ?? '');
  }

  #handOn(): void {
    const statement = this.#pending;
    this.#pending = undefined;
    if (statement !== undefined) this.#sink.take(statement);
  }
}
