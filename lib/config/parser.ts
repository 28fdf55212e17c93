/**
 * Logical lines to a tree of statements and blocks. It knows no keyword; braces that do not fit are put right as far as
 * they can be without knowing any.
 */
import type { Diagnostics } from './diagnostic.js';
import { messages } from './messages.js';
import type { Text } from './source.js';
import type { Block, Statement, Tree } from './syntax.js';
import { lineSpan } from './syntax.js';

/** What the preprocessor feeds. */
export interface LineSink {
  statement(words: readonly string[], from: Text, start: number, end: number): void;
  /** `{` at offset `at`. */
  open(from: Text, at: number): void;
  /** `}` at offset `at`. */
  close(from: Text, at: number): void;
}

export class Parser implements LineSink {
  readonly #diagnostics: Diagnostics;
  readonly #root: Statement[] = [];
  readonly #stack: { readonly statement: Statement; readonly block: Block }[] = [];
  #items: Statement[] = this.#root;

  constructor(diagnostics: Diagnostics) {
    this.#diagnostics = diagnostics;
  }

  statement(words: readonly string[], from: Text, start: number, end: number): void {
    this.#items.push({ words, from, start, end, body: undefined });
  }

  open(from: Text, at: number): void {
    const owner = this.#items.at(-1);
    if (owner === undefined || owner.body !== undefined || owner.words.length === 0) {
      this.#diagnostics.report(messages.unexpectedOpenBrace, from.span(at, at + 1));
      return;
    }
    const block: Block = { items: [], open: at, from, isClosed: false };
    owner.body = block;
    this.#stack.push({ statement: owner, block });
    this.#items = block.items;
  }

  close(from: Text, at: number): void {
    const top = this.#stack.pop();
    if (top === undefined) {
      this.#items.push({ words: [], from, start: at, end: at + 1, body: undefined });
      return;
    }
    top.block.isClosed = true;
    this.#items = this.#stack.at(-1)?.block.items ?? this.#root;
  }

  /** The tree; blocks that are still open are reported once, at the outermost. */
  finish(main: Text): Tree {
    const end = main.span(main.text.length, main.text.length);
    const outermost = this.#stack[0];
    if (outermost !== undefined) {
      const { statement, block } = outermost;
      const inner = this.#stack.slice(1).map((entry) => entry.statement);
      this.#diagnostics.report(
        messages.blockLeftOpen,
        end,
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
    return { items: this.#root, end };
  }
}
