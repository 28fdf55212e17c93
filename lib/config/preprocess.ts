/**
 * Physical lines to logical lines: includes, definitions, conditions and sequences are dealt with here, and every word that
 * comes out can still say where it came from. Lines without `$`, `@` and `~` go through without a copy.
 */
import { dirname } from 'node:path';
import type { IncludeCheck } from './model.js';
import { PredefinedParameters } from './predefined.js';
import { Computed, Definitions, Slice, type Definition } from './definitions.js';
import type { Diagnostics } from './diagnostic.js';
import { matchFiles, maxLookedAt, resolve } from './include.js';
import type { FileAccess, Machine } from './load.js';
import { messages } from './messages.js';
import { checksAfter, allChecks, fatalChecks, isIncludeWord } from './include-checks.js';
import { isContinued, lastOf, trimmed } from './line-ends.js';
import type { LineSink } from './parser.js';
import { hiddenFault, readSource, unreadable } from './read-text.js';
import { commentStart, lineEnd, Scanner, WordCache } from './scanner.js';
import { parseReplicator } from './sequence.js';
import { SourceFile, type Origin, type Span, type Text } from './source.js';

export interface PreprocessOptions {
  readonly configId: string;
  readonly files: FileAccess;
  readonly machine: Pick<Machine, 'environment'>;
  readonly strictIncludes: boolean;
  /** A quotation mark without partner ends with its line, as its author most likely meant it; keepalived loses the value. */
  readonly closesQuotes: boolean;
}

/** Includes may nest this deep; deeper is taken for a loop. */
const maxIncludeDepth = 64;
/** Lines that sequences may produce altogether. */
const maxReplicated = 1_000_000;
/** Definitions, conditions and sequences may nest this deep on one line. */
const maxLineDepth = 16;
/** keepalived's limit of a line. */
const maxLineLength = 1022;

const definitionLine = /^\$([A-Za-z_]\w*)=/;

export class Preprocessor {
  readonly #options: PreprocessOptions;
  readonly #sink: LineSink;
  readonly #diagnostics: Diagnostics;
  readonly #definitions: Definitions;
  readonly #words = new WordCache();
  readonly #open: { readonly name: string; readonly real: string; readonly directory: string }[] = [];
  /** Every file that was read, in order. */
  readonly sources: SourceFile[] = [];
  #checks: ReadonlySet<IncludeCheck>;
  readonly #predefined: PredefinedParameters;
  #replicated = 0;
  #isDepthTold = false;
  /** Reading had to stop: a fatal include. */
  #isStopped = false;
  /** keepalived reads a line otherwise than it was meant. */
  isIrregular = false;

  constructor(options: PreprocessOptions, sink: LineSink, diagnostics: Diagnostics) {
    this.#options = options;
    this.#sink = sink;
    this.#diagnostics = diagnostics;
    this.#checks = new Set(options.strictIncludes ? allChecks : []);
    this.#predefined = new PredefinedParameters(
      { configId: options.configId, machine: options.machine, directory: () => this.#directory },
      diagnostics,
    );
    this.#definitions = new Definitions(this.#predefined, diagnostics);
  }

  /** Where includes of the file that is being read are looked for. */
  get #directory(): string {
    return this.#open.at(-1)?.directory ?? '.';
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Reads one file and everything that it includes. `real` identifies it for the detection of loops. */
  file(source: SourceFile, directory: string, real: string): void {
    this.sources.push(source);
    this.#open.push({ name: source.name, real, directory });
    const checks = this.#checks;
    this.#lines(source);
    this.#checks = checks;
    this.#open.pop();
  }

  #lines(source: SourceFile): void {
    const text = source.text;
    const length = text.length;
    const scanner = new Scanner(this.#words);
    scanner.closesQuotes = this.#options.closesQuotes;
    let at = 0;
    let lineStart = 0;
    while (at < length && !this.#isStopped) {
      const known = at === lineStart ? this.#sink.pass?.(text, at) : undefined;
      if (known !== undefined) {
        at = lineStart = known;
        continue;
      }
      const stop = scanner.scan(text, at, length);
      if (scanner.commentStart >= 0) {
        source.comments.push(scanner.commentStart, scanner.commentEnd);
        const end = lastOf(text, scanner.commentEnd);
        if (scanner.words.length === 0 && isContinued(text, end)) {
          this.#diagnostics.report(messages.commentBackslash, source.span(end - 1, end));
        }
      }
      if (stop === 'special') {
        at = this.#special(source, scanner.start);
      } else {
        if (isIncludeWord(scanner.words)) {
          const end = lineEnd(text, scanner.start, length);
          this.#include(source, scanner.start, commentStart(text, scanner.start, end));
          at = end + 1;
        } else {
          this.#emit(scanner, source, stop);
          at = scanner.next;
        }
      }
      if (at - lineStart > maxLineLength && (stop === 'line' || stop === 'end' || stop === 'special'))
        this.#longLines(source, lineStart, at);
      if (stop !== 'open' && stop !== 'close') lineStart = at;
    }
  }

  /** Tells of lines from `start` to `end` that are too long; a definition has many. */
  #longLines(source: SourceFile, start: number, end: number): void {
    for (let at = start; at < end;) {
      const to = lineEnd(source.text, at, end);
      if (to - at > maxLineLength)
        this.#diagnostics.report(messages.lineTooLong, source.span(at, to), String(to - at));
      at = to + 1;
    }
  }

  #emit(scanner: Scanner, from: Text, stop: 'line' | 'end' | 'open' | 'close'): void {
    if (scanner.nul >= 0) this.#diagnostics.report(messages.nulByte, from.span(scanner.nul, scanner.nul + 1));
    this.#tellLoneQuote(scanner, from);
    const words = scanner.words;
    if (words.length > 0) {
      if (words[0] === 'include_check') this.#checks = checksAfter(words, this.#checks);
      else if (words[0] === 'random_seed') this.#predefined.seed(words[1]);
      this.#sink.statement(words, from, scanner.start, scanner.end);
    } else if (scanner.unterminatedQuote >= 0) {
      return;
    }
    if (stop === 'open') this.#sink.open(from, scanner.next - 1);
    else if (stop === 'close') this.#sink.close(from, scanner.next - 1);
  }

  #tellLoneQuote({ unterminatedQuote, end }: Scanner, from: Text): void {
    if (unterminatedQuote < 0) return;
    this.isIrregular = true;
    const span = from.span(unterminatedQuote, Math.max(unterminatedQuote + 1, end));
    this.#diagnostics.report(messages.unterminatedQuote, span);
  }

  /** Reads a line for its quotation marks alone. */
  #loneQuotes(line: Text): void {
    const scanner = new Scanner();
    scanner.isLiteral = true;
    for (let at = 0; at < line.text.length; at = scanner.next) {
      scanner.scan(line.text, at, line.text.length);
      this.#tellLoneQuote(scanner, line);
    }
  }

  /** A line of a file that needs work; returns where to go on. */
  #special(source: SourceFile, start: number): number {
    const text = source.text;
    const end = lineEnd(text, start, text.length);
    const codeEnd = commentStart(text, start, end);
    if (codeEnd < end) source.comments.push(codeEnd, end);
    const definition = this.#definitionStart(text.slice(start, codeEnd));
    if (definition === undefined) {
      this.#line(new Slice(source, start, codeEnd), 0);
      return end + 1;
    }
    return this.#define(source, definition.name, start + definition.valueAt, codeEnd, end);
  }

  /** `$NAME=` at the start of a line, perhaps behind conditions that hold. */
  #definitionStart(line: string): { name: string; valueAt: number } | undefined {
    let at = 0;
    for (;;) {
      const rest = line.slice(at);
      const definition = definitionLine.exec(rest);
      if (definition !== null) return { name: definition[1] ?? '', valueAt: at + definition[0].length };
      const condition = /^@(\^?)(\S*)\s+/.exec(rest);
      if (condition === null || !this.#holds(condition[1] !== '', condition[2] ?? '') || at > 0)
        return undefined;
      at += condition[0].length;
    }
  }

  /** Stores a definition, with its continuation lines; returns where to go on. */
  #define(source: SourceFile, name: string, valueStart: number, codeEnd: number, end: number): number {
    const text = source.text;
    const lines: Text[] = [];
    let start = valueStart;
    let stop = codeEnd;
    let next = end;
    for (;;) {
      const [from, to] = trimmed(text, start, stop);
      // keepalived: the backslash at the end of a comment continues the definition too.
      const endsInBackslash = to > from && isContinued(text, to);
      const goesOn = next < text.length && (endsInBackslash || isContinued(text, lastOf(text, next)));
      const [, valueEnd] = trimmed(text, from, goesOn && endsInBackslash ? to - 1 : to);
      lines.push(new Slice(source, from, Math.max(from, valueEnd)));
      if (!goesOn) break;
      start = next + 1;
      next = lineEnd(text, start, text.length);
      stop = commentStart(text, start, next);
      if (stop < next) source.comments.push(stop, next);
    }
    const isEmptyFirst = lines.length > 1 && lines[0]?.text === '';
    this.#definitions.set({ name, lines: isEmptyFirst ? lines.slice(1) : lines });
    return next + 1;
  }

  /** One line that is not taken straight from a file: conditions, sequences, parameters, then its statements. */
  #line(line: Text, depth: number): void {
    if (this.#isStopped) return;
    if (depth > 0 && ++this.#replicated > maxReplicated) {
      if (this.#replicated === maxReplicated + 1) {
        this.#diagnostics.report(
          messages.sequenceTooLong,
          line.span(0, line.text.length),
          String(maxReplicated),
        );
      }
      return;
    }
    if (depth > maxLineDepth) {
      if (!this.#isDepthTold)
        this.#diagnostics.report(messages.lineTooDeep, line.span(0, line.text.length), String(maxLineDepth));
      this.#isDepthTold = true;
      return;
    }
    const text = line.text.trimStart();
    const skip = line.text.length - text.length;
    const condition = /^@(\^?)(\S*)\s*/.exec(text);
    if (condition !== null) {
      if (!this.#holds(condition[1] !== '', condition[2] ?? '')) {
        // keepalived looks at quotation marks before it looks at conditions.
        this.#loneQuotes(line);
        return;
      }
      const rest = new Slice(line, skip + condition[0].length, line.text.length);
      if (rest.text.startsWith('@')) this.#statements(rest, depth);
      else this.#line(rest, depth + 1);
      return;
    }
    const definition = definitionLine.exec(text);
    if (definition !== null) {
      const value = new Slice(line, ...trimmed(line.text, skip + definition[0].length, line.text.length));
      this.#definitions.set({ name: definition[1] ?? '', lines: [value] });
      return;
    }
    if (text.startsWith('~') && this.#replicate(line, skip, depth)) return;
    const expanded = this.#definitions.expand(line);
    if (expanded === undefined) {
      this.#statements(line, depth);
      return;
    }
    const [first, ...rest] = expanded;
    if (/^\s*[@~]/.test(first.text)) this.#line(first, depth + 1);
    else this.#statements(first, depth);
    for (const other of rest) this.#line(other, depth + 1);
  }

  /** Words and braces of a line whose parameters are replaced. */
  #statements(line: Text, depth: number): void {
    const scanner = new Scanner(this.#words);
    scanner.isLiteral = true;
    scanner.closesQuotes = this.#options.closesQuotes;
    const text = line.text;
    for (let at = 0; at < text.length && !this.#isStopped;) {
      const stop = scanner.scan(text, at, text.length);
      if (stop === 'special') return;
      if (isIncludeWord(scanner.words)) {
        this.#include(line, scanner.start, commentStart(text, scanner.start, text.length));
        return;
      }
      this.#emit(scanner, line, stop);
      at = scanner.next;
      if (stop !== 'open' && stop !== 'close') continue;
      if (/^\s*(?:@|\$[A-Za-z_]\w*=|~[A-Z])/.test(text.slice(at, at + 80))) {
        this.#line(new Slice(line, at, text.length), depth + 1);
        return;
      }
    }
  }

  #replicate(line: Text, skip: number, depth: number): boolean {
    const replicator = parseReplicator(line, skip, (text) => this.#definitions.expand(text)?.[0] ?? text);
    if (replicator === undefined) return false;
    if (replicator.kind === 'bad') {
      this.#diagnostics.report(messages.badSequence, replicator.at, replicator.reason);
      return true;
    }
    for (const note of replicator.surplus) this.#diagnostics.report(messages.surplusListValue, note);
    if (replicator.count > maxReplicated) {
      this.#diagnostics.report(messages.sequenceTooLong, replicator.at, String(maxReplicated));
      return true;
    }
    const body = new Slice(line, replicator.bodyAt, line.text.length);
    const wasDepthTold = this.#isDepthTold;
    for (const round of replicator.rounds()) {
      let origin: Origin | undefined;
      for (const { name, value, at } of round) {
        // What the line came from is known by its body.
        origin ??= { kind: 'sequence', variable: name, value, at: { ...at, origin: undefined } };
        const definition: Definition = { name, lines: [new Computed(value, at)] };
        this.#definitions.set(definition);
      }
      this.#line(new Slice(body, 0, body.text.length, origin), depth + 1);
      const isTooDeep = this.#isDepthTold && !wasDepthTold;
      if (this.#isStopped || isTooDeep || this.#replicated > maxReplicated) return true;
    }
    return true;
  }

  #holds(isNegated: boolean, id: string): boolean {
    return (id === this.#options.configId) !== isNegated;
  }

  #include(from: Text, start: number, end: number): void {
    const [keyword = '', ...rest] =
      /^(\S+)(\s*)(.*)$/s.exec(from.text.slice(start, end).trimEnd())?.slice(1) ?? [];
    const pattern = rest[1] ?? '';
    const patternAt = start + keyword.length + (rest[0]?.length ?? 0);
    const at = from.span(start, start + keyword.length);
    if (pattern === '') {
      this.#diagnostics.report(messages.missingValue, at, keyword, 'a file name or pattern');
      return;
    }
    const span = from.span(patternAt, patternAt + pattern.length);
    if (this.#open.length >= maxIncludeDepth) {
      this.#diagnostics.report(messages.includeTooDeep, span, String(maxIncludeDepth));
      return;
    }
    const fatal = fatalChecks(keyword, this.#checks);
    const directory = this.#directory;
    const matches = matchFiles(pattern, directory, this.#options.files);
    const total = matches.reduce((sum, match) => sum + match.paths.length, 0);
    for (const match of matches) {
      if (match.paths.length > 0) continue;
      if (match.isTooWide) {
        this.#diagnostics.report(messages.includeTooWide, span, match.pattern, String(maxLookedAt));
        continue;
      }
      const isFatal =
        (match.isAlternative && fatal.has('brace_match')) ||
        (total === 0 && fatal.has(match.hasWildcard ? 'wildcard_match' : 'match'));
      if (isFatal) {
        const fault = match.hasWildcard ? undefined : this.#hiddenFault(match.pattern, directory);
        if (fault === undefined) this.#stop(messages.includeNoMatchFatal, span, match.pattern);
        else this.#stop(messages.includeUnreadableFatal, span, match.pattern, fault);
        return;
      }
      if (total > 0) continue;
      if (match.hasWildcard) this.#diagnostics.report(messages.includeNothing, span, match.pattern);
      else this.#missing(match.pattern, directory, span);
    }
    for (const match of matches) {
      for (const path of match.paths) this.#includeFile(path, directory, span, fatal.has('read'));
    }
  }

  /** Nothing was found where one file is named: it is not there, or cannot be looked at. */
  #missing(path: string, directory: string, span: Span): void {
    const fault = this.#hiddenFault(path, directory);
    if (fault === undefined) this.#diagnostics.report(messages.includeMissing, span, path);
    else this.#diagnostics.report(messages.includeUnreadable, span, path, fault);
  }

  #hiddenFault(path: string, directory: string): string | undefined {
    return hiddenFault(resolve(directory, path), this.#options.files);
  }

  #includeFile(path: string, directory: string, span: Span, isReadFatal: boolean): void {
    if (this.#isStopped) return;
    const { files } = this.#options;
    const opened = resolve(directory, path);
    const fault = unreadable(opened, files);
    const real = files.realPath(opened) ?? opened;
    if (fault !== undefined) {
      if (isReadFatal) this.#stop(messages.includeUnreadableFatal, span, path, fault);
      else this.#diagnostics.report(messages.includeUnreadable, span, path, fault);
      return;
    }
    if (this.#open.some((file) => file.real === real)) {
      this.#diagnostics.report(messages.includeLoop, span, path);
      return;
    }
    const source = readSource(opened, files, this.#diagnostics, span);
    if (source instanceof SourceFile) this.file(source, dirname(opened), real);
    else if (isReadFatal) this.#stop(messages.includeUnreadableFatal, span, path, source.reason);
    else this.#diagnostics.report(messages.includeUnreadable, span, path, source.reason);
  }

  #stop(
    message: typeof messages.includeNoMatchFatal | typeof messages.includeUnreadableFatal,
    span: Span,
    path: string,
    reason = '',
  ): void {
    this.#isStopped = true;
    this.#diagnostics.report(message, span, path, reason);
  }
}
