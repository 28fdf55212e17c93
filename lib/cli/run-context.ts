/** What every process of the daemon is given by its command line. */
import { readFileSync } from 'node:fs';
import type { RunContext } from '../daemon/context.js';
import type { DaemonOptions } from '../daemon/options.js';
import { KaError } from '../errors.js';

export function runContext(argv: readonly string[], options: DaemonOptions): RunContext {
  return {
    options,
    argv,
    version: version(),
    render: async (diagnostics) => (await import('./show-diagnostics.js')).diagnosticLines(diagnostics),
  };
}

/** Of this package. */
export function version(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return /"version": "([^"]+)"/.exec(text)?.[1] ?? 'unknown';
}

/** What stops a program is one line on stderr, and exit status 1. */
export async function statusOf(run: Promise<number>): Promise<number> {
  try {
    return await run;
  } catch (error) {
    if (!KaError.is(error)) throw error;
    process.stderr.write(`ka-node: ${error.message}\n`);
    return 1;
  }
}
