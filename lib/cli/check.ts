/** `ka-node check`: every mistake of files, each alone or all as one cluster. */
import { basename } from 'node:path';
import type { Diagnostic } from '../config/diagnostic.js';
import { lintCluster } from '../config/lint/cluster.js';
import { lintConfig } from '../config/lint/lint.js';
import { systemNetworks } from '../config/lint/networks.js';
import { parseConfig } from '../config/load.js';
import { messages } from '../config/messages.js';
import { once } from '../config/once.js';
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

/** The name of the file, or its path where names are not unique. */
function nodeName(file: string, files: readonly string[]): string {
  const name = basename(file);
  return files.filter((other) => basename(other) === name).length > 1 ? file : name;
}
