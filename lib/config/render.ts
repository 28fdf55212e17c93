/**
 * Diagnostics as text, as a good compiler shows them: place, message, the line with the exact token marked, hint, related
 * places, and the way the text came there.
 */
import type { Diagnostic, Severity } from './diagnostic.js';
import { placeOf, type Origin, type Span } from './source.js';

export interface RenderOptions {
  /** ANSI colours. */
  readonly color?: boolean;
}

const colors: Readonly<Record<Severity, string>> = {
  error: '31',
  warning: '33',
  deprecated: '35',
  security: '31',
  info: '36',
};

/** Longer lines are shown around the token. */
const maxShown = 160;

/** One diagnostic, several lines, no line end at the end. */
export function renderDiagnostic(diagnostic: Diagnostic, options: RenderOptions = {}): string {
  const paint = painter(options.color === true);
  const { severity, code, message, span, hint } = diagnostic;
  const lines = [
    `${paint('1', placeOf(span))}: ${paint(`1;${colors[severity]}`, `${severity} ${code}`)}: ${message}`,
    ...excerpt(span, paint, colors[severity]),
  ];
  if (hint !== undefined) lines.push(`  ${paint('32', 'hint')}: ${hint}`);
  for (const step of originsOf(span)) lines.push(`  ${paint('34', step.text)} ${placeOf(step.at)}`);
  for (const related of diagnostic.related) {
    lines.push(`  ${paint('34', 'note')}: ${related.message}: ${placeOf(related.span)}`);
    lines.push(...excerpt(related.span, paint, '34'));
  }
  return lines.join('\n');
}

/** All of them. Empty text for none. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], options: RenderOptions = {}): string {
  return diagnostics.map((diagnostic) => `${renderDiagnostic(diagnostic, options)}\n`).join('');
}

/** `file:line:column: severity CODE: message`, one line: for logs. */
export function renderLine(diagnostic: Diagnostic): string {
  const { severity, code, message, span } = diagnostic;
  return `${placeOf(span)}: ${severity} ${code}: ${message}`;
}

interface Step {
  readonly text: string;
  readonly at: Span;
}

/** How the text of a span came to be read: uses of definitions and sequences, then includes, innermost first. */
export function originsOf(span: Span): readonly Step[] {
  const steps: Step[] = [];
  let last = span;
  for (let origin: Origin | undefined = span.origin; origin !== undefined; origin = origin.at.origin) {
    if (origin.kind === 'definition') steps.push({ text: `through $${origin.name}, used at`, at: origin.at });
    else if (origin.kind === 'sequence') {
      steps.push({ text: `with ${origin.variable} = ${origin.value}, repeated at`, at: origin.at });
    }
    last = origin.at;
  }
  for (let at = last.source.includedAt; at !== undefined; at = at.source.includedAt) {
    steps.push({ text: 'included at', at });
  }
  return steps;
}

type Paint = (style: string, text: string) => string;

function painter(isColored: boolean): Paint {
  return isColored ? (style, text) => `\u001b[${style}m${text}\u001b[0m` : (_, text) => text;
}

function excerpt(span: Span, paint: Paint, color: string): readonly string[] {
  const { line, column } = span.source.position(span.start);
  const whole = span.source.line(line);
  if (whole.trim() === '') return [];
  const from = column > maxShown - 40 ? column - 40 : 0;
  const shown = visible(whole.slice(from, from + maxShown));
  const before = whole.slice(from, column - 1);
  const length = Math.max(
    1,
    Math.min(span.end - span.start, whole.length - column + 1, maxShown - before.length),
  );
  const number = String(line);
  const gutter = ' '.repeat(number.length);
  const pad = ' '.repeat(columnsOf(before));
  const marked = columnsOf(whole.slice(column - 1, column - 1 + length));
  return [
    `  ${paint('2', `${number} |`)} ${shown}`,
    `  ${paint('2', `${gutter} |`)} ${pad}${paint(`1;${color}`, '^'.repeat(Math.max(1, marked)))}`,
  ];
}

/** Tabs as four blanks; control characters as dots, so that a terminal is not disturbed. */
function visible(text: string): string {
  return text.replace(/\t/g, '    ').replace(/[\u0000-\u001f\u007f-\u009f]/g, '.');
}

/** Columns that a text takes on a terminal. */
function columnsOf(text: string): number {
  let columns = 0;
  for (const c of text) columns += c === '\t' ? 4 : widthOf(c);
  return columns;
}

/** Columns that a character takes on a terminal. */
function widthOf(c: string): number {
  const code = c.codePointAt(0) ?? 0;
  if (code >= 0x300 && code <= 0x36f) return 0;
  const isWide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1faff);
  return isWide ? 2 : 1;
}
