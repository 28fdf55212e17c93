/**
 * A file that is still a template (Jinja, Go, ERB, Mustache): a parser that takes it for configuration finds a mistake in every line,
 * and all of them are one.
 */
import type { Diagnostic } from './diagnostic.js';
import { messages } from './messages.js';
import type { Span } from './source.js';

/** `{{ name }}`, `{% for ... %}`, `<%= name %>`. */
const marker = /\{\{.*?\}\}|\{%.*?%\}|<%.*?%>/;

/** Longest piece of the file in the message. */
const maxShown = 60;

/** Puts one diagnostic in the place of all that was said of a file from its first marker on, if that marker was a mistake. */
export function condenseTemplates(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const templates = new Map<string, Diagnostic>();
  for (const file of new Set(diagnostics.map(({ span }) => span.source.name))) {
    const template = templateIn(diagnostics.filter(({ span }) => span.source.name === file));
    if (template !== undefined) templates.set(file, template);
  }
  if (templates.size === 0) return diagnostics;
  const said = new Set<Diagnostic>();
  return diagnostics.flatMap((item) => {
    const template = templates.get(item.span.source.name);
    if (template === undefined || isBefore(item, template)) return [item];
    if (said.has(template)) return [];
    said.add(template);
    return [template];
  });
}

/** Mistakes of reading in earlier lines have nothing to do with it; what a check finds later may. */
function isBefore({ code, span }: Diagnostic, template: Diagnostic): boolean {
  return code < 'KA3' && lineOf(span) < lineOf(template.span);
}

/** The diagnostic of the first line with a marker that was a mistake. */
function templateIn(own: readonly Diagnostic[]): Diagnostic | undefined {
  const refused = own.filter(({ severity }) => severity !== 'info');
  for (const { span } of refused.toSorted((a, b) => a.span.start - b.span.start)) {
    const { source } = span;
    const { line, column } = source.position(span.start);
    const found = markerIn(source.line(line));
    if (found === undefined) continue;
    const start = span.start - column + 1 + found.index;
    const { code, severity, keepalivedClass, hint, text } = messages.unrenderedTemplate;
    return {
      code,
      severity,
      keepalivedClass,
      message: text(found.text.length <= maxShown ? found.text : `${found.text.slice(0, maxShown)} ...`),
      hint,
      replacement: undefined,
      span: source.span(start, start + found.text.length),
      related: [],
      isFatal: own.some(({ isFatal }) => isFatal),
      isLate: false,
    };
  }
  return undefined;
}

function lineOf({ source, start }: Span): number {
  return source.position(start).line;
}

/** Outside of quotation marks, in which `docker inspect -f "{{.State}}"` is a word like any other. */
function markerIn(line: string): { readonly index: number; readonly text: string } | undefined {
  const bare = line.replace(/"[^"]*"/g, (quoted) => ' '.repeat(quoted.length)).replace(/(^|\s)[#!].*/, '$1');
  const match = marker.exec(bare);
  return match === null
    ? undefined
    : { index: match.index, text: line.slice(match.index, match.index + match[0].length) };
}
