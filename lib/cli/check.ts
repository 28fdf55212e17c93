/** `ka-node check`: every mistake of files, each alone or all as one cluster. */
import { basename } from 'node:path';
import type { Diagnostic, Related } from '../config/diagnostic.js';
import { lintCluster } from '../config/lint/cluster.js';
import { lintConfig } from '../config/lint/lint.js';
import { systemNetworks } from '../config/lint/networks.js';
import { parseConfig } from '../config/load.js';
import { messages } from '../config/messages.js';
import { forgivingFiles, systemMachine } from '../config/system.js';
import type { Config } from '../config/model.js';
import { renderDiagnostics } from '../config/render.js';
import type { SourceFile, Span } from '../config/source.js';
import { jsonReport, sarifReport } from '../config/report.js';
import { checkStatus } from '../config/verdict.js';

export interface CheckOptions {
  readonly strict?: boolean;
  readonly offline?: boolean;
  readonly cluster?: boolean;
  readonly configId?: string;
  readonly format: string;
}

/** Writes the report to stdout; the result is the exit status. */
export function checkFiles(files: readonly string[], options: CheckOptions, version: string): number {
  const results = files.map((file) => ({ file, ...checkFile(file, options) }));
  const nodes = results.flatMap(({ file, model }) =>
    model === undefined ? [] : [{ name: nodeName(file, files), model }],
  );
  if (options.cluster === true && files.length < 2) {
    process.stderr.write('ka-node: --cluster compares the files of several nodes; name at least two\n');
    return 2;
  }
  const across = options.cluster === true ? lintCluster(nodes) : [];
  const all = [...results.flatMap(({ diagnostics }) => diagnostics), ...across];
  if (options.format === 'json') process.stdout.write(jsonReport(all));
  else if (options.format === 'sarif') process.stdout.write(sarifReport(all, version));
  else {
    process.stdout.write(renderDiagnostics(all, { color: process.stdout.isTTY }));
    for (const { file, diagnostics } of results)
      if (options.cluster !== true || diagnostics.length > 0)
        process.stdout.write(`${file}: ${summary(diagnostics)}\n`);
    if (options.cluster === true) process.stdout.write(`across the nodes: ${summary(across)}\n`);
  }
  return checkStatus(all, options.strict === true);
}

/** How many of which severity. What is worth knowing is no problem. */
function summary(diagnostics: readonly Diagnostic[]): string {
  const counts = (['error', 'warning', 'deprecated', 'security'] as const).flatMap((severity) => {
    const count = diagnostics.filter((item) => item.severity === severity).length;
    return count === 0 ? [] : [`${String(count)} ${names[severity][count === 1 ? 0 : 1]}`];
  });
  return counts.length === 0 ? 'no problems found' : counts.join(', ');
}

const names = {
  error: ['error', 'errors'],
  warning: ['warning', 'warnings'],
  deprecated: ['old form', 'old forms'],
  security: ['security problem', 'security problems'],
} as const;

interface Checked {
  readonly model: Config | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

function checkFile(file: string, options: CheckOptions): Checked {
  // The files of a cluster are for as many machines, and at most one of them is this one.
  const isOffline = options.offline === true || options.cluster === true;
  const { model, diagnostics, sources } = parseConfig(
    { path: file },
    {
      offline: isOffline,
      asMeant: true,
      ...(options.configId === undefined ? {} : { configId: options.configId }),
    },
  );
  // What a template will become is not known.
  const isTemplate = diagnostics.some(({ code }) => code === messages.unrenderedTemplate.code);
  if (model === undefined || isTemplate) return { model, diagnostics };
  const host = { machine: systemMachine(), files: forgivingFiles };
  const told = diagnostics;
  const lints = lintConfig(model, isOffline ? { told } : { networks: systemNetworks, host, told });
  return { model, diagnostics: once(inOrder([...diagnostics, ...lints], sources)) };
}

/** As the lines stand in the files, and the files in the order in which they were read. */
function inOrder(diagnostics: readonly Diagnostic[], sources: readonly SourceFile[]): readonly Diagnostic[] {
  const position = new Map(sources.map((source, index) => [source, index]));
  const at = ({ source }: Span): number => position.get(source) ?? -1;
  return diagnostics.toSorted((a, b) => at(a.span) - at(b.span) || a.span.start - b.span.start);
}

/** Codes of what this machine lacks: however often it is asked for, it is missing once. */
const absent = codesOf(
  messages.interfaceMissing,
  messages.interfaceAbsent,
  messages.unknownUser,
  messages.unknownGroup,
  messages.notifyMissing,
);

/** Codes of lines whose values are lost, and of what is then said of the keyword without values. */
const causes = codesOf(messages.unterminatedQuote, messages.entriesIgnored);
const followers = codesOf(messages.missingValueFatal, messages.missingValue, messages.emptyBlock);

function codesOf(...list: readonly { readonly code: string }[]): ReadonlySet<string> {
  return new Set(list.map(({ code }) => code));
}

/**
 * One mistake, one diagnostic, as keepalived's test mode does not have it: what is missing, lines whose values are lost, and a
 * definition that is used again and again.
 */
function once(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const same = new Map<string, Diagnostic[]>();
  const openLines = new Set(diagnostics.filter(({ code }) => causes.has(code)).map(lineOf));
  for (const item of diagnostics) {
    if (followers.has(item.code) && openLines.has(lineOf(item))) continue;
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

/** More places of one mistake help nobody. */
const maxPlaces = 8;

/** Tells what is the same as the first where that is told. */
function together(first: Diagnostic, others: readonly Diagnostic[]): Diagnostic {
  const notes = others.slice(0, maxPlaces).flatMap((other, index): readonly Related[] => {
    const rest = index === maxPlaces - 1 ? others.length - maxPlaces : 0;
    const what = first.span.origin === undefined ? 'it is needed here, too' : 'it is used here, too';
    const said = other.message === first.message ? what : other.message;
    const message = `${said}${rest > 0 ? `, and at ${String(rest)} more places` : ''}`;
    return [{ message, span: parting(other.span, first.span) }, ...other.related];
  });
  return notes.length === 0 ? first : { ...first, related: [...first.related, ...notes] };
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

/** The name of the file, or its path where names are not unique. */
function nodeName(file: string, files: readonly string[]): string {
  const name = basename(file);
  return files.filter((other) => basename(other) === name).length > 1 ? file : name;
}
