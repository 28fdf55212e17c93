/** `ka-node check`: every mistake of files, each alone or all as one cluster. */
import { basename } from 'node:path';
import type { Diagnostic } from '../config/diagnostic.js';
import { lintCluster } from '../config/lint/cluster.js';
import { lintConfig } from '../config/lint/lint.js';
import { systemNetworks } from '../config/lint/networks.js';
import { parseConfig } from '../config/load.js';
import { forgivingFiles, systemMachine } from '../config/system.js';
import type { Config } from '../config/model.js';
import { renderDiagnostics } from '../config/render.js';
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
  const across = options.cluster === true ? lintCluster(nodes) : [];
  const all = [...results.flatMap(({ diagnostics }) => diagnostics), ...across];
  if (options.format === 'json') process.stdout.write(jsonReport(all));
  else if (options.format === 'sarif') process.stdout.write(sarifReport(all, version));
  else {
    process.stdout.write(renderDiagnostics(all, { color: process.stdout.isTTY }));
    for (const { file, diagnostics } of results)
      if (diagnostics.every(({ severity }) => severity === 'info'))
        process.stdout.write(`${file}: no problems found\n`);
  }
  return checkStatus(all, options.strict === true);
}

interface Checked {
  readonly model: Config | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

function checkFile(file: string, options: CheckOptions): Checked {
  // The files of a cluster are for as many machines, and at most one of them is this one.
  const isOffline = options.offline === true || options.cluster === true;
  const { model, diagnostics } = parseConfig(
    { path: file },
    {
      offline: isOffline,
      asMeant: true,
      ...(options.configId === undefined ? {} : { configId: options.configId }),
    },
  );
  if (model === undefined) return { model, diagnostics };
  const host = { machine: systemMachine(), files: forgivingFiles };
  const lints = lintConfig(model, isOffline ? {} : { networks: systemNetworks, host });
  return { model, diagnostics: [...diagnostics, ...lints] };
}

/** The name of the file, or its path where names are not unique. */
function nodeName(file: string, files: readonly string[]): string {
  const name = basename(file);
  return files.filter((other) => basename(other) === name).length > 1 ? file : name;
}
