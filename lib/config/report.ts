/** Diagnostics for machines: plain JSON, and SARIF 2.1.0 for code review tools. */
import type { Diagnostic, Severity } from './diagnostic.js';
import type { Span } from './source.js';

interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

function placeOf({ source, start, end }: Span): Place {
  const from = source.position(start);
  const to = source.position(end);
  return { file: source.name, line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
}

/** An array of objects, one a diagnostic. Offsets are in UTF-16 code units, lines and columns count from 1. */
export function jsonReport(diagnostics: readonly Diagnostic[]): string {
  const items = diagnostics.map(({ code, severity, message, hint, replacement, span, related }) => ({
    code,
    severity,
    message,
    hint,
    replacement,
    ...placeOf(span),
    start: span.start,
    end: span.end,
    related: related.map((item) => ({ message: item.message, ...placeOf(item.span) })),
  }));
  return `${JSON.stringify(items, undefined, 2)}\n`;
}

const levels: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  error: 'error',
  security: 'warning',
  warning: 'warning',
  deprecated: 'warning',
  info: 'note',
};

export function sarifReport(diagnostics: readonly Diagnostic[], version: string): string {
  const codes = [...new Set(diagnostics.map(({ code }) => code))].sort();
  const location = (span: Span): object => {
    const { file, line, column, endLine, endColumn } = placeOf(span);
    const region = { startLine: line, startColumn: column, endLine, endColumn };
    return { physicalLocation: { artifactLocation: { uri: uriOf(file) }, region } };
  };
  const results = diagnostics.map(({ code, severity, message, hint, span, related }) => ({
    ruleId: code,
    ruleIndex: codes.indexOf(code),
    level: levels[severity],
    message: { text: hint === undefined ? message : `${message}. ${hint}` },
    locations: [location(span)],
    relatedLocations: related.map((item) => ({ ...location(item.span), message: { text: item.message } })),
  }));
  const driver = { name: 'ka-node', version, rules: codes.map((id) => ({ id })) };
  const run = { tool: { driver }, columnKind: 'utf16CodeUnits', results };
  const log = { $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs: [run] };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}

/** A reference in which no part of the path can be taken for a scheme, a query or a fragment. */
function uriOf(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
