/**
 * Words for which there should be something else by now, and of which the parser finds a mistake in each, or several: placeholders
 * that a shell, envsubst or a person should have filled, and what a merge left behind. All of a file are one mistake.
 */
import type { Diagnostic } from './diagnostic.js';
import { messages, type Message } from './messages.js';
import { isPredefined } from './predefined.js';
import type { SourceFile, Span } from './source.js';

interface Kind {
  readonly pattern: RegExp;
  readonly message: Message<[string, string]>;
  readonly hint: string;
}

const kinds: readonly Kind[] = [
  {
    // `${NAME}` and what shells add to it, `$(command)`, and a command between backticks.
    pattern: /\$\{[^{}]*\}|\$\([^()]*\)|(?<=^\s*\S+\s+)`[^`]+`/g,
    message: messages.unfilledPlaceholder,
    hint: 'a file for envsubst or a shell is rendered first; ${NAME} takes a definition $NAME=... above it, or write ${_ENV NAME}',
  },
  {
    // `<your interface>`, `<--VIP-->`, `@VIP@`, `xxx.xxx.xxx.xxx`
    pattern: /<-*[A-Za-z][\w .-]*>|(?<=\s)@\w+@|\bx{1,3}(\.x{1,3}){3}(\/\w+)?/gi,
    message: messages.unfilledPlaceholder,
    hint: 'write your own value in its place',
  },
  {
    pattern: /(?<=^\s*)(<{7}|={7}|>{7}|\|{7})(?= |$).*/g,
    message: messages.mergeConflict,
    hint: 'keep one of the two versions of the lines between the marks, and remove the marks',
  },
];

/** So many further places are named. */
const maxNamed = 3;

interface Found {
  readonly kind: Kind;
  readonly text: string;
  readonly span: Span;
  readonly isFatal: boolean;
}

/** Puts one diagnostic in the place of all that was said of the words of a kind in a file. `sources`: every file that was read. */
export function condensePlaceholders(
  diagnostics: readonly Diagnostic[],
  sources: readonly SourceFile[],
): readonly Diagnostic[] {
  const isFilled = (text: string): boolean => isParameter(text, sources);
  const found = new Map<Diagnostic, Found>();
  for (const item of diagnostics) {
    // What is said of a parameter itself is said better: KA1201, KA1206.
    const isOther = item.severity === 'info' || item.code < 'KA2';
    const place = isOther ? undefined : placeholderAt(item, isFilled);
    if (place !== undefined) found.set(item, place);
  }
  if (found.size === 0) return diagnostics;
  const groups = new Map<string, Found[]>();
  const keyOf = ({ kind, span }: Found): string => `${kinds.indexOf(kind)} ${span.source.name}`;
  for (const place of found.values()) {
    const key = keyOf(place);
    groups.set(key, [...(groups.get(key) ?? []), place]);
  }
  return diagnostics.flatMap((item) => {
    const place = found.get(item);
    if (place === undefined) return [item];
    const group = groups.get(keyOf(place));
    groups.delete(keyOf(place));
    return group === undefined ? [] : [together(item, place.kind, group)];
  });
}

/** The word that a diagnostic points at, or into. */
function placeholderAt(
  { span, isFatal }: Diagnostic,
  isFilled: (text: string) => boolean,
): Found | undefined {
  const { source } = span;
  if (span.origin !== undefined) return undefined;
  const { line, column } = source.position(span.start);
  const start = span.start - column + 1;
  for (const kind of kinds)
    for (const match of source.line(line).matchAll(kind.pattern)) {
      const from = start + match.index;
      const to = from + match[0].length;
      if (span.start < to && span.end > from && !isFilled(match[0]))
        return { kind, text: match[0], span: source.span(from, to), isFatal };
    }
  return undefined;
}

/** Whether there was a value for it: what is wrong is the value. */
function isParameter(text: string, sources: readonly SourceFile[]): boolean {
  const name = /^\$\{(\w+)[^{}]*\}$/.exec(text)?.[1];
  if (name === undefined) return false;
  const definition = new RegExp(`^\\s*(@\\S+\\s+)?\\$${name}=`, 'm');
  return isPredefined(name) || sources.some((source) => definition.test(source.text));
}

/** `sample`: one of the diagnostics that are replaced. */
function together(sample: Diagnostic, { message, hint }: Kind, found: readonly Found[]): Diagnostic {
  const places = new Map(found.map((each) => [each.span.start, each]));
  const [first, ...others] = [...places.values()].sort((a, b) => a.span.start - b.span.start);
  const { code, severity, keepalivedClass, text } = message;
  return {
    ...sample,
    code,
    severity,
    keepalivedClass,
    hint,
    replacement: undefined,
    message: text(first?.text ?? '', others.length === 0 ? '' : `; there are ${others.length} more`),
    span: first?.span ?? sample.span,
    related: others.slice(0, maxNamed).map(({ span }) => ({ message: 'another one', span })),
    isFatal: found.some(({ isFatal }) => isFatal),
  };
}
