/**
 * Placeholders that a shell or envsubst should have filled (`${VIP:-10.0.0.1}`, `$(hostname)`), and uses of parameters that nothing
 * defines: the parser finds several mistakes in each, and all of them are one.
 */
import type { Diagnostic } from './diagnostic.js';
import { messages } from './messages.js';
import type { Span } from './source.js';

/** `${NAME}` and what shells add to it, `$(command)`, and a command between backticks. */
const placeholder = /\$\{[^{}]*\}|\$\([^()]*\)|`[^`]+`/g;

/** So many further places are named. */
const maxNamed = 3;

interface Found {
  readonly text: string;
  readonly span: Span;
  readonly isFatal: boolean;
}

/** Puts one diagnostic in the place of all that was said of the placeholders of a file. */
export function condensePlaceholders(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const found = new Map<Diagnostic, Found>();
  for (const item of diagnostics) {
    // What is said of a parameter itself is said better: KA1201, KA1206.
    const isOther = item.severity === 'info' || item.code < 'KA2';
    const place = isOther ? undefined : placeholderAt(item);
    if (place !== undefined) found.set(item, place);
  }
  if (found.size === 0) return diagnostics;
  const told = new Set<string>();
  return diagnostics.flatMap((item) => {
    if (!found.has(item)) return [item];
    const { name } = item.span.source;
    if (told.has(name)) return [];
    told.add(name);
    const here = [...found].filter(([{ span }]) => span.source.name === name);
    return [
      unfilled(
        item,
        here.map(([, place]) => place),
      ),
    ];
  });
}

/** The placeholder that a diagnostic points at, or into. */
function placeholderAt({ span, isFatal }: Diagnostic): Found | undefined {
  const { source } = span;
  if (span.origin !== undefined) return undefined;
  const { line, column } = source.position(span.start);
  const start = span.start - column + 1;
  for (const match of source.line(line).matchAll(placeholder)) {
    const from = start + match.index;
    const to = from + match[0].length;
    if (span.start < to && span.end > from) return { text: match[0], span: source.span(from, to), isFatal };
  }
  return undefined;
}

/** `sample`: one of the diagnostics that are replaced. */
function unfilled(sample: Diagnostic, found: readonly Found[]): Diagnostic {
  const places = new Map(found.map((each) => [each.span.start, each]));
  const [first, ...others] = [...places.values()].sort((a, b) => a.span.start - b.span.start);
  const { code, severity, keepalivedClass, hint, text } = messages.unfilledPlaceholder;
  return {
    ...sample,
    code,
    severity,
    keepalivedClass,
    hint,
    replacement: undefined,
    message: text(first?.text ?? '', others.length === 0 ? '' : `; nor are ${others.length} others`),
    span: first?.span ?? sample.span,
    related: others.slice(0, maxNamed).map(({ span }) => ({ message: 'neither is this', span })),
    isFatal: found.some(({ isFatal }) => isFatal),
  };
}
