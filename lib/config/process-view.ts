/**
 * How keepalived reads lines whose braces do not fit. Each of its processes goes through the file by its own keywords: a `{` opens
 * only where one of them takes a block, any `}` closes the innermost block, and blocks of other processes are skipped by
 * counting braces. Where braces fit, all of this gives the one tree that `Parser` builds without knowing a keyword.
 */
import type { Diagnostics } from './diagnostic.js';
import { messages } from './messages.js';
import type { LineSink, StatementSink } from './parser.js';
import { Line, type AnyBlock, type CompiledRow, type Context, type Process } from './schema/dsl.js';
import type { Text } from './source.js';
import { lineSpan, type Statement } from './syntax.js';

const processes: readonly Process[] = ['parent', 'checkers', 'vrrp', 'bfd'];

/** Where the views get their tables, and the context in which they ask whether a block would be refused. */
export interface ViewOptions {
  readonly root: AnyBlock;
  readonly diagnostics: Diagnostics;
  /** A context of its own for each process, whose diagnostics nobody sees. */
  readonly scratch: () => Context;
}

/** Feeds one stream of lines to the view of each process. What each process acts on goes to the sink, once. */
export class ProcessViews implements LineSink {
  readonly #views: readonly View[];
  readonly #diagnostics: Diagnostics;
  #depth = 0;

  constructor(options: ViewOptions, sink: StatementSink) {
    this.#diagnostics = options.diagnostics;
    this.#views = processes.map((process) => new View(process, options, sink));
  }

  statement(words: readonly string[], from: Text, start: number, end: number): void {
    for (const view of this.#views) view.statement({ words, from, start, end, body: undefined });
  }

  open(from: Text, at: number): void {
    this.#depth++;
    for (const view of this.#views)
      view.open({ words: ['{'], from, start: at, end: at + 1, body: undefined });
  }

  close(from: Text, at: number): void {
    if (this.#depth > 0) this.#depth--;
    else this.#diagnostics.report(messages.extraCloseBrace, from.span(at, at + 1));
    for (const view of this.#views) view.close({ words: [], from, start: at, end: at + 1, body: undefined });
  }

  /** Nothing follows. What was read of open blocks counts. */
  finish(main: Text): void {
    if (this.#depth > 0) {
      const end = main.span(main.text.length, main.text.length);
      this.#diagnostics.report(messages.blockLeftOpen, end, 'a block', String(this.#depth));
    }
    for (const view of this.#views) view.finish();
  }
}

interface Frame {
  readonly schema: AnyBlock;
  readonly items: Statement[];
  /** Lists of which one is read already; a second one is skipped. */
  readonly lists: Set<string>;
}

interface List {
  readonly found: CompiledRow;
  readonly items: Statement[];
  /** Its `{` may still come. */
  isFirst: boolean;
}

class View {
  readonly #process: Process;
  readonly #root: AnyBlock;
  readonly #diagnostics: Diagnostics;
  readonly #scratch: Context;
  readonly #sink: StatementSink;
  readonly #frames: Frame[] = [];
  /** Statement of the top level whose block is being read. */
  #outermost: Statement | undefined;
  /** A list that is being read, up to the next `}`. */
  #list: List | undefined;
  /** A keyword that takes a block was read last. */
  #expectsOpen = false;
  /** Braces that a skipped block has open; -1: it has none yet, and none if another line comes first. */
  #skipped = 0;

  constructor(process: Process, { root, diagnostics, scratch }: ViewOptions, sink: StatementSink) {
    this.#process = process;
    this.#root = root;
    this.#diagnostics = diagnostics;
    this.#scratch = scratch();
    this.#sink = sink;
  }

  statement(statement: Statement): void {
    if (this.#skipped < 0) this.#skipped = 0;
    if (this.#skipped > 0) return;
    if (this.#list !== undefined) {
      this.#listItem(this.#list, statement);
      return;
    }
    this.#missesOpen(statement);
    const { schema } = this.#frames.at(-1) ?? { schema: this.#root };
    const found = schema.byKeyword.get(statement.words[0] ?? '');
    if (found?.isBlock === true) this.#begin(statement, found);
    else this.#add(statement);
  }

  open(brace: Statement): void {
    if (this.#skipped !== 0) {
      this.#skipped = Math.max(this.#skipped, 0) + 1;
      this.#expectsOpen = false;
    } else if (this.#list !== undefined) {
      if (!this.#list.isFirst) this.#list.items.push(brace);
      this.#list.isFirst = false;
    } else if (this.#expectsOpen) this.#expectsOpen = false;
    else this.#diagnostics.report(messages.unexpectedOpenBrace, lineSpan(brace));
  }

  close(brace: Statement): void {
    if (this.#skipped < 0) this.#skipped = 0;
    if (this.#skipped > 0) {
      // keepalived: a block that is skipped inside another one ends that as well, which for `group` is one too many.
      if (--this.#skipped === 0) this.#leave();
    } else if (this.#list !== undefined) {
      this.#needsOpen(this.#list, brace);
      this.#list = undefined;
      if (this.#frames.length === 0) this.#handOn();
    } else {
      this.#missesOpen(brace);
      if (this.#frames.length > 0) this.#leave();
      else this.#sink.take(brace);
    }
  }

  finish(): void {
    this.#handOn();
  }

  #begin(statement: Statement, found: CompiledRow): void {
    const { row, keyword } = found;
    const frame = this.#frames.at(-1);
    const owners = row.readBy ?? ['parent'];
    if (frame === undefined && !owners.includes(this.#process)) {
      this.#skipped = -1;
      return;
    }
    const items: Statement[] = [];
    statement.body = { items, open: statement.end, from: statement.from, close: undefined };
    this.#add(statement, owners[0]);
    // What acts on the block reads it, perhaps, as something else: that it has no name is told by whoever sees it here.
    if (
      owners[0] !== this.#process &&
      row.missing === undefined &&
      statement.words.length <= row.reader.minWords
    )
      this.#diagnostics.report(messages.missingValueFatal, lineSpan(statement), keyword, row.reader.expects);
    if (row.reader.block !== undefined) {
      this.#frames.push({ schema: row.reader.block, items, lists: new Set() });
      this.#expectsOpen = true;
      if (this.#isRefused(statement, found)) this.#skipped = -1;
    } else if (row.isFirstKept === true && frame?.lists.has(keyword) === true) this.#skipped = -1;
    else {
      frame?.lists.add(keyword);
      this.#list = { found, items, isFirst: true };
    }
  }

  /** keepalived looks at the words of the keyword first, and reads nothing of a block that it refuses by them. */
  #isRefused(statement: Statement, { row }: CompiledRow): boolean {
    const { minWords } = row.reader;
    if (minWords === 0) return false;
    const header: Statement = {
      ...statement,
      body: { items: [], open: 0, from: statement.from, close: undefined },
    };
    return (
      statement.words.length <= minWords || row.reader.read(new Line(header, this.#scratch)) === undefined
    );
  }

  #listItem(list: List, item: Statement): void {
    this.#needsOpen(list, item);
    list.isFirst = false;
    list.items.push(item);
  }

  /** keepalived: most lists do without `{`; where one does not, it gives up. */
  #needsOpen({ isFirst, found }: List, line: Statement): void {
    if (isFirst && found.row.isNeverEmpty === true)
      this.#diagnostics.report(messages.missingBlockFatal, lineSpan(line), found.keyword);
  }

  #missesOpen(line: Statement): void {
    if (this.#expectsOpen)
      this.#diagnostics.report(messages.missingOpenBrace, lineSpan(line), 'the block before');
    this.#expectsOpen = false;
  }

  /** `owner`: the process that acts on it, of those that read it. */
  #add(statement: Statement, owner: Process = this.#process): void {
    const frame = this.#frames.at(-1);
    if (frame !== undefined) frame.items.push(statement);
    else if (statement.body !== undefined) this.#outermost = owner === this.#process ? statement : undefined;
    else if (this.#process === 'parent' || !this.#root.byKeyword.has(statement.words[0] ?? '')) {
      this.#sink.take(statement);
    }
  }

  #leave(): void {
    this.#frames.pop();
    if (this.#frames.length === 0) this.#handOn();
  }

  #handOn(): void {
    const statement = this.#outermost;
    this.#outermost = undefined;
    if (statement !== undefined) this.#sink.take(statement);
  }
}
