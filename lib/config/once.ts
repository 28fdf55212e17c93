/**
 * One mistake, one diagnostic, as keepalived's test mode does not have it: what a machine lacks, lines whose values are lost, and a
 * definition that is used again and again.
 */
import type { Diagnostic, Related } from './diagnostic.js';
import { messages } from './messages.js';
import type { Span } from './source.js';

/** Codes of what this machine lacks: however often it is asked for, it is missing once. */
const absent = codesOf(
  messages.interfaceMissing,
  messages.interfaceAbsent,
  messages.unknownUser,
  messages.unknownGroup,
  messages.notifyMissing,
);

const noValue = [messages.missingValueFatal, messages.missingValue, messages.missingValueIgnored];
const noEntry = [messages.missingEmptyList, messages.emptyBlock];

/** By the code of a mistake that costs a line its values or its block: what is then said of the same line. */
const followers: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  [messages.unterminatedQuote.code, codesOf(...noValue, ...noEntry, messages.missingOpenBrace)],
  [messages.entriesIgnored.code, codesOf(...noValue, ...noEntry)],
  [messages.missingOpenBrace.code, codesOf(...noValue, messages.checkerDropped)],
  [messages.missingEmptyList.code, codesOf(messages.emptyBlock)],
  [messages.unexpectedBlock.code, codesOf(...noValue)],
]);

function codesOf(...list: readonly { readonly code: string }[]): ReadonlySet<string> {
  return new Set(list.map(({ code }) => code));
}

/** What follows from a mistake on the same line, and what is the same in several places, is told at the mistake itself. */
export function once(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  if (diagnostics.length < 2) return diagnostics;
  const same = new Map<string, Diagnostic[]>();
  for (const item of withoutFollowers(diagnostics)) {
    const { code, message, span } = item;
    const key = absent.has(code)
      ? `${code} ${message}`
      : span.origin === undefined
        ? String(same.size)
        : `${code} ${lineOf(item)} ${String(span.start)}`;
    const alike = same.get(key);
    if (alike === undefined) same.set(key, [item]);
    else alike.push(item);
  }
  return [...same.values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : together(first, others),
  );
}

/** A follower leaves its weight and the places that it names to the cause. */
function withoutFollowers(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const causes = new Map<string, Diagnostic>();
  for (const item of diagnostics) if (followers.has(item.code)) causes.set(lineOf(item), item);
  if (causes.size === 0) return diagnostics;
  const heirs = new Map<Diagnostic, Diagnostic>();
  const kept = diagnostics.filter((item) => {
    const cause = causes.get(lineOf(item));
    if (cause === undefined || followers.get(cause.code)?.has(item.code) !== true) return true;
    const heir = heirs.get(cause) ?? cause;
    heirs.set(cause, {
      ...heir,
      severity: item.severity === 'error' ? 'error' : heir.severity,
      keepalivedClass: item.keepalivedClass === 'gives-up' ? 'gives-up' : heir.keepalivedClass,
      isFatal: heir.isFatal || item.isFatal,
      related: [...heir.related, ...item.related],
    });
    return false;
  });
  return kept.map((item) => heirs.get(item) ?? item);
}

/** More places of one mistake help nobody. */
const maxPlaces = 8;

/** Tells what is the same as the first where that is told. */
function together(first: Diagnostic, others: readonly Diagnostic[]): Diagnostic {
  if (others.length === 0) return first;
  const notes = others.slice(0, maxPlaces).flatMap((other, index): readonly Related[] => {
    const rest = index === maxPlaces - 1 ? others.length - maxPlaces : 0;
    const what = first.span.origin === undefined ? 'it is needed here, too' : 'it is used here, too';
    const said = other.message === first.message ? what : other.message;
    const message = `${said}${rest > 0 ? `, and at ${String(rest)} more places` : ''}`;
    return [{ message, span: parting(other.span, first.span) }, ...other.related];
  });
  return {
    ...first,
    isFatal: first.isFatal || others.some(({ isFatal }) => isFatal),
    related: [...first.related, ...notes],
  };
}

/** Where text came by another way than other text: at itself, or at a use of the definition that both are in. */
function parting(span: Span, other: Span): Span {
  let [at, beside]: [Span, Span | undefined] = [span, other];
  while (at.origin !== undefined && at.source === beside?.source && at.start === beside.start)
    [at, beside] = [at.origin.at, beside.origin?.at];
  return at;
}

function lineOf({ span }: Diagnostic): string {
  return `${span.source.name}:${String(span.source.position(span.start).line)}`;
}
