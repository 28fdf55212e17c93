/**
 * Places in configuration text: files, byte-exact spans, and how a piece of text came to be where it is.
 * Line and column are computed on demand; a span is three numbers and a file.
 */

/** Line and column, both from 1; the column counts UTF-16 code units, as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Why text stands where it does, when it was not simply read from the main file. A chain, innermost first. */
export type Origin =
  | { readonly kind: 'include'; readonly at: Span }
  | { readonly kind: 'definition'; readonly name: string; readonly at: Span }
  | { readonly kind: 'sequence'; readonly variable: string; readonly value: string; readonly at: Span };

/** Half-open range of text in one file; offsets from 0 in UTF-16 code units of the decoded text. */
export interface Span {
  readonly source: SourceFile;
  readonly start: number;
  readonly end: number;
  /** Where the text was used, when it came through a definition or a sequence: the use, and so on outwards. */
  readonly origin?: Origin | undefined;
}

/** Text whose ranges can be traced to where they were written. */
export interface Text {
  readonly text: string;
  /** Place of the range `start` to `end` of `text`. */
  span(start: number, end: number): Span;
}

/** One file of configuration, decoded. Line starts are indexed when first asked for. */
export class SourceFile implements Text {
  /** As shown to the user: the path that was given or that the include pattern matched. */
  readonly name: string;
  readonly text: string;
  /** Where this file was included; undefined for the main file. */
  readonly includedAt: Span | undefined;
  /** Comments met while reading, as start, end, start, end, ... in order. */
  readonly comments: number[] = [];
  #lineStarts: number[] | undefined;

  constructor(name: string, text: string, includedAt?: Span) {
    this.name = name;
    this.text = text;
    this.includedAt = includedAt;
  }

  span(start: number, end: number): Span {
    return { source: this, start, end, origin: undefined };
  }

  /** Position of an offset; offsets outside the file are moved to its ends. */
  position(offset: number): Position {
    const starts = this.#starts();
    const at = Math.max(0, Math.min(offset, this.text.length));
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: at - (starts[low] ?? 0) + 1 };
  }

  /** Text of a line, from 1, without its line end. Empty for lines that do not exist. */
  line(number: number): string {
    const starts = this.#starts();
    const start = starts[number - 1];
    if (start === undefined) return '';
    const end = starts[number] ?? this.text.length + 1;
    return this.text.slice(start, end - 1).replace(/\r$/, '');
  }

  #starts(): number[] {
    if (this.#lineStarts === undefined) {
      const starts = [0];
      for (let at = this.text.indexOf('\n'); at >= 0; at = this.text.indexOf('\n', at + 1))
        starts.push(at + 1);
      this.#lineStarts = starts;
    }
    return this.#lineStarts;
  }
}

/** Text that a span covers. */
export function textOf(span: Span): string {
  return span.source.text.slice(span.start, span.end);
}

/** `file:line:column` of the start of a span. */
export function placeOf(span: Span): string {
  const { line, column } = span.source.position(span.start);
  return `${span.source.name}:${String(line)}:${String(column)}`;
}
