/**
 * Characters to words, one logical line at a time. It knows blanks, quotes, comments, braces and line ends, and where it
 * must stop because the line needs the preprocessor; it knows no keyword and reports nothing.
 */

/** Why a scan stopped. `special`: the line starts with `@` or `~`, or holds a `$`; nothing was consumed. */
export type Stop = 'line' | 'open' | 'close' | 'end' | 'special';

const lineFeed = 10;
const space = 32;
const bang = 33;
const quote = 34;
const hash = 35;
const dollar = 36;
const at = 64;
const backslash = 92;
const openBrace = 123;
const closeBrace = 125;
const tilde = 126;

const noWords: readonly string[] = [];
const escapedComment = /\\([#!])/g;

/**
 * The few words that most of a configuration consists of, so that each is made once instead of once a line: half of the
 * strings, and of the time that collecting them takes. A word has one place; the latest there stays.
 */
export class WordCache {
  readonly #words = new Array<string>(4096).fill('');

  /** The text from `start` to `end`; `sum` is any function of its characters. */
  take(text: string, start: number, end: number, sum: number): string {
    const place = sum & 4095;
    const known = this.#words[place];
    if (known?.length === end - start && text.startsWith(known, start)) return known;
    const word = text.slice(start, end);
    this.#words[place] = word;
    return word;
  }
}

/** A reusable scanner: `scan` fills its fields. */
export class Scanner {
  /** Words of the line; a new array for each scan. */
  words: readonly string[] = [];
  /** Range of the line from its first word to the end of its last. */
  start = 0;
  end = 0;
  /** Where to go on. */
  next = 0;
  /** Offset of a quote without partner; -1: none. */
  unterminatedQuote = -1;
  /** Offset of a NUL; -1: none. The rest of its line is not read. */
  nul = -1;
  /** Range of the comment; -1: none. */
  commentStart = -1;
  commentEnd = -1;
  /** `$`, `@` and `~` are ordinary: the text has been through the preprocessor. */
  isLiteral = false;
  /** A quote without partner is taken to end with its line, in front of braces there, instead of hiding them. */
  closesQuotes = false;
  /** Fill `starts` and `ends` (places of the words, quotes included). */
  recordStarts = false;
  starts: number[] = [];
  ends: number[] = [];
  readonly #cache: WordCache | undefined;
  /** Words so far: an array that grows takes room for sixteen, so it is kept, and what is handed out is a copy. */
  readonly #found: string[] = [];

  constructor(cache?: WordCache) {
    this.#cache = cache;
  }

  /** Scans the logical line that begins at `from`; `limit` is the end of the text that may be read. */
  scan(text: string, from: number, limit: number): Stop {
    const found = this.#found;
    let count = 0;
    this.words = noWords;
    this.unterminatedQuote = -1;
    this.nul = -1;
    this.commentStart = -1;
    if (this.recordStarts) {
      this.starts = [];
      this.ends = [];
    }
    let i = from;
    let first = -1;
    let last = from;
    for (;;) {
      if (i >= limit) return this.#finish(count, first, last, from, limit, 'end');
      let c = text.charCodeAt(i);
      if (c <= space && c !== lineFeed && c !== 0) {
        i++;
        continue;
      }
      if (c === lineFeed) return this.#finish(count, first, last, from, i + 1, 'line');
      if (c === openBrace || c === closeBrace) {
        return this.#finish(count, first, last, i, i + 1, c === openBrace ? 'open' : 'close');
      }
      if (c === hash || c === bang) {
        const end = this.#comment(text, i, limit);
        return this.#finish(count, first, last, from, Math.min(end + 1, limit), end < limit ? 'line' : 'end');
      }
      if (c === 0) {
        this.nul = i;
        const end = lineEnd(text, i, limit);
        return this.#finish(count, first, last, from, Math.min(end + 1, limit), end < limit ? 'line' : 'end');
      }
      if (!this.isLiteral && (c === dollar || (first < 0 && (c === at || c === tilde)))) {
        return this.#special(first < 0 ? i : first);
      }
      if (first < 0) first = i;
      if (c === quote) {
        const close = quoteEnd(text, i + 1, limit);
        if (!this.isLiteral && hasDollar(text, i + 1, close)) return this.#special(first);
        const isClosed = close < limit && text.charCodeAt(close) === quote;
        if (!isClosed) this.unterminatedQuote = i;
        const isRead = isClosed || this.closesQuotes;
        const end = isRead && !isClosed ? meantEnd(text, i + 1, close) : close;
        const isWord = isRead && (isClosed || end > i + 1);
        if (isWord) found[count++] = text.slice(i + 1, end);
        last = isClosed ? end + 1 : end;
        if (this.recordStarts && isWord) {
          this.starts.push(i);
          this.ends.push(last);
        }
        i = last;
        continue;
      }
      // keepalived takes away the blanks in front of a backslash that ends the line.
      if (
        c === backslash &&
        count > 0 &&
        text.charCodeAt(last - 1) !== quote &&
        endsLine(text, i + 1, limit)
      ) {
        found[count - 1] = `${found[count - 1] ?? ''}\\`;
        last = ++i;
        if (this.recordStarts) this.ends[count - 1] = i;
        continue;
      }
      const start = i;
      let isEscaped = false;
      let sum = c;
      for (i++; i < limit; i++) {
        c = text.charCodeAt(i);
        if (c > dollar) {
          if (c === openBrace || c === closeBrace) break;
          sum = (sum * 31 + c) | 0;
          continue;
        }
        if ((c === hash || c === bang) && text.charCodeAt(i - 1) === backslash) {
          isEscaped = true;
          continue;
        }
        if (c === dollar) {
          if (this.isLiteral) continue;
          return this.#special(first);
        }
        if (c <= quote || c === hash) break;
      }
      const word = this.#cache?.take(text, start, i, sum) ?? text.slice(start, i);
      found[count++] = isEscaped ? word.replace(escapedComment, '$1') : word;
      last = i;
      if (this.recordStarts) {
        this.starts.push(start);
        this.ends.push(i);
      }
    }
  }

  #finish(count: number, first: number, last: number, empty: number, next: number, stop: Stop): Stop {
    if (count > 0) this.words = this.#found.slice(0, count);
    this.start = first < 0 ? empty : first;
    this.end = first < 0 ? empty : last;
    this.next = next;
    return stop;
  }

  #special(start: number): Stop {
    this.start = start;
    this.next = start;
    return 'special';
  }

  #comment(text: string, from: number, limit: number): number {
    const end = lineEnd(text, from, limit);
    this.commentStart = from;
    this.commentEnd = end;
    return end;
  }
}

/** Offset of the line feed at or after `from`, or `limit`. */
export function lineEnd(text: string, from: number, limit: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 || end > limit ? limit : end;
}

/**
 * End of what is not comment in the line `from` to `end`: the first `#` or `!` outside double quotes and without a
 * backslash before it, else `end`.
 */
export function commentStart(text: string, from: number, end: number): number {
  let isQuoted = false;
  for (let i = from; i < end; i++) {
    const c = text.charCodeAt(i);
    if (c === quote) isQuoted = !isQuoted;
    else if ((c === hash || c === bang) && !isQuoted && text.charCodeAt(i - 1) !== backslash) return i;
  }
  return end;
}

function quoteEnd(text: string, from: number, limit: number): number {
  for (let i = from; i < limit; i++) {
    const c = text.charCodeAt(i);
    if (c === quote || c === lineFeed) return i;
  }
  return limit;
}

/** Whether only blanks follow up to the end of the line. */
function endsLine(text: string, from: number, limit: number): boolean {
  let i = from;
  while (i < limit && text.charCodeAt(i) <= space && text.charCodeAt(i) !== lineFeed) i++;
  return i >= limit || text.charCodeAt(i) === lineFeed;
}

/** Where the text from `from` to `to` ends when blanks, and braces behind a blank, are not part of it. */
function meantEnd(text: string, from: number, to: number): number {
  const isBrace = (at: number): boolean => [openBrace, closeBrace].includes(text.charCodeAt(at));
  let end = to;
  while (end > from && (text.charCodeAt(end - 1) <= space || isBrace(end - 1))) end--;
  while (end > from && end < to && isBrace(end)) end++;
  return end;
}

function hasDollar(text: string, from: number, end: number): boolean {
  for (let i = from; i < end; i++) if (text.charCodeAt(i) === dollar) return true;
  return false;
}
