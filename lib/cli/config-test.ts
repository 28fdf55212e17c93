/** `ka-node -t`: keepalived's test mode, with its exit statuses. */
import { closeSync, constants, openSync, writeFileSync } from 'node:fs';
import { parseConfig } from '../config/load.js';
import { renderDiagnostics } from '../config/render.js';
import { keepalivedStatus } from '../config/verdict.js';
import type { DaemonOptions } from '../daemon/options.js';

/** Reads the configuration and reports to stderr, or at the end of `reportFile`. The result is the exit status. */
export function testConfig(options: DaemonOptions, reportFile: string | undefined): number {
  let report: number | undefined;
  if (reportFile !== undefined) {
    try {
      const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW } = constants;
      report = openSync(reportFile, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      process.stderr.write(`Unable to open config-test log file ${reportFile}: ${reason}\n`);
      return 1;
    }
  }
  const { diagnostics, asKeepalived } = parseConfig(
    { path: options.configFile },
    {
      mode: 'test',
      diagnosticsOnly: true,
      strictIncludes: options.strictIncludes,
      ...(options.configId === undefined ? {} : { configId: options.configId }),
    },
  );
  const shown = diagnostics.filter(({ severity }) => severity !== 'info');
  if (report === undefined) {
    // Node's streams take a while to load, which is not spent when there is nothing to say.
    if (shown.length > 0) process.stderr.write(renderDiagnostics(shown, { color: process.stderr.isTTY }));
  } else {
    try {
      writeFileSync(report, renderDiagnostics(shown));
      closeSync(report);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      process.stderr.write(`The report could not be written to ${reportFile ?? ''}: ${reason}\n`);
      return 1;
    }
  }
  return keepalivedStatus(asKeepalived);
}
