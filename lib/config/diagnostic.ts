/**
 * Diagnostics as data, and the collector that gathers them. Rendering is in `render.ts`; texts and codes are in `messages.ts`.
 */
import { messages, type Message } from './messages.js';
import { peculiarity } from './peculiar.js';
import type { SourceFile, Span } from './source.js';

/**
 * error: refused, or part of the configuration is lost. warning: works, but not as written. deprecated: works, but has a
 * newer form. security: a risk. info: worth knowing.
 */
export type Severity = 'error' | 'warning' | 'deprecated' | 'security' | 'info';

/**
 * What keepalived's own test mode makes of the same thing: nothing (0), an interface or file that does not exist (4),
 * any complaint (5), a complaint of versions before 2.4 alone (5),
 * a security problem (6), a fatal include (6), the immediate end (2).
 */
export type KeepalivedClass =
  'none' | 'missing' | 'complaint' | 'newer' | 'security' | 'fatal-include' | 'gives-up';

/** Another place that belongs to the same mistake. */
export interface Related {
  readonly message: string;
  readonly span: Span;
}

export interface Diagnostic {
  /** Stable: `KA3012`. Listed in `messages.ts`. */
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly hint: string | undefined;
  /** Exact text that replaces the span's, when there is one obvious repair. */
  readonly replacement: string | undefined;
  readonly span: Span;
  readonly related: readonly Related[];
  readonly keepalivedClass: KeepalivedClass;
  /** A daemon cannot run with it, whatever else is right. */
  readonly isFatal: boolean;
  /** Found after reading, by a check that keepalived skips when an interface is missing. */
  readonly isLate: boolean;
}

/** How a mistake is mended. */
export interface Repair {
  readonly hint?: string;
  readonly replacement?: string;
}

/** More of them help nobody. */
const maxDiagnostics = 10_000;

/** Longer texts, which a giant line brings, lose their middle. */
const maxMessage = 500;

function clipped(text: string): string {
  return text.length <= maxMessage ? text : `${text.slice(0, 300)} ... ${text.slice(-100)}`;
}

/** Gathers diagnostics in the order in which they are found. */
export class Diagnostics {
  readonly #list: Diagnostic[] = [];
  readonly #classes = new Set<KeepalivedClass>();
  #dropped = 0;
  /** The latest one is among them. */
  #isLatestDropped = false;
  /** Where the first `#placed` of the list are: by source and start their indices. Neither ever changes. */
  readonly #places = new Map<SourceFile, Map<number, number[]>>();
  #placed = 0;
  /** What is reported from now on is found by late checks. */
  isLate = false;
  readonly #earlier: Diagnostics | undefined;
  #isLost = false;

  /** @param earlier what was found before, where consequences may have their cause. */
  constructor(earlier?: Diagnostics) {
    this.#earlier = earlier;
  }

  /** Those that were kept, and how many were not. */
  get list(): readonly Diagnostic[] {
    const last = this.#list.at(-1);
    if (this.#dropped > 0 && last !== undefined) {
      const { code, severity, keepalivedClass, text } = messages.moreDiagnostics;
      const message = text(String(this.#dropped));
      this.#dropped = 0;
      this.#list.push({
        ...last,
        code,
        severity,
        keepalivedClass,
        message,
        hint: undefined,
        replacement: undefined,
        related: [],
        isFatal: false,
      });
    }
    return this.#list;
  }

  /** How many were found. */
  get count(): number {
    return this.#list.length + this.#dropped;
  }

  report<A extends readonly string[]>(message: Message<A>, span: Span, ...args: A): void {
    this.reportWith(message, span, {}, ...args);
  }

  /** As `report`, with the repair that fits this one case. */
  reportWith<A extends readonly string[]>(message: Message<A>, span: Span, repair: Repair, ...args: A): void {
    const { code, severity } = message;
    const keepalivedClass = this.#classOf(message);
    const isFatal = message.isFatal && !this.#isLost;
    // Of the many that a runaway repetition brings, those beyond the limit are kept that change the verdict.
    this.#isLatestDropped =
      this.#list.length >= maxDiagnostics && !isFatal && this.#classes.has(keepalivedClass);
    if (this.#isLatestDropped) {
      this.#dropped++;
      return;
    }
    this.#classes.add(keepalivedClass);
    const text = clipped(message.text(...args));
    this.#list.push({
      code,
      severity,
      message: text,
      hint: repair.hint ?? peculiarity(text, span) ?? message.hint,
      replacement: repair.replacement,
      span,
      related: [],
      keepalivedClass,
      isFatal,
      isLate: this.isLate,
    });
  }

  /**
   * What follows from a mistake that is reported already, at one of `places`, is told there: as a place that belongs to it, and the
   * mistake weighs as much as what follows.
   * @returns false when there is no such report, or keepalived judges this one worse: then it needs one of its own.
   */
  addConsequence<A extends readonly string[]>(
    message: Message<A>,
    places: readonly Span[],
    at: Span,
    ...args: A
  ): boolean {
    const classes: readonly KeepalivedClass[] = [this.#classOf(message), 'gives-up'];
    const index = Math.max(...places.map((place) => this.#lastAt(place, classes)), -1);
    const cause = this.#list[index];
    if (cause === undefined) return this.#earlier?.addConsequence(message, places, at, ...args) ?? false;
    this.#list[index] = {
      ...cause,
      severity: message.severity === 'error' ? 'error' : cause.severity,
      isFatal: cause.isFatal || (message.isFatal && !this.#isLost),
      related: [...cause.related, { message: clipped(message.text(...args)), span: at }],
    };
    return true;
  }

  /** Index of the latest of some classes at exactly this place; -1: there is none. */
  #lastAt(place: Span, classes: readonly KeepalivedClass[]): number {
    for (; this.#placed < this.#list.length; this.#placed++) {
      const { source, start } = this.#list[this.#placed]?.span ?? place;
      let starts = this.#places.get(source);
      if (starts === undefined) this.#places.set(source, (starts = new Map<number, number[]>()));
      const others = starts.get(start);
      if (others === undefined) starts.set(start, [this.#placed]);
      else others.push(this.#placed);
    }
    const there = this.#places.get(place.source)?.get(place.start) ?? [];
    const found = there.findLast((index) => {
      const item = this.#list[index];
      return item?.span.end === place.end && classes.includes(item.keepalivedClass);
    });
    return found ?? -1;
  }

  /** What `read` reports is about lines that keepalived does not get to: it is no matter to its verdict. */
  ofLostLines(read: () => void): void {
    const before = this.#isLost;
    this.#isLost = true;
    read();
    this.#isLost = before;
  }

  #classOf({ keepalivedClass }: Pick<Message<readonly string[]>, 'keepalivedClass'>): KeepalivedClass {
    return this.#isLost ? 'none' : keepalivedClass;
  }

  /** Adds to the report of the cause, or reports where there is none. */
  reportOrAdd<A extends readonly string[]>(
    message: Message<A>,
    places: readonly Span[],
    at: Span,
    ...args: A
  ): void {
    if (!this.addConsequence(message, places, at, ...args)) this.report(message, at, ...args);
  }

  /** Adds what others gathered. */
  append(others: Diagnostics): void {
    for (const item of others.#list) this.#list.push(item);
    for (const item of others.#classes) this.#classes.add(item);
  }

  /** Adds a place to the latest diagnostic. */
  relate(message: string, span: Span): void {
    if (this.#isLatestDropped) return;
    const latest = this.#list.pop();
    if (latest !== undefined) this.#list.push({ ...latest, related: [...latest.related, { message, span }] });
  }
}
