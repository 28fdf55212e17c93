/** What the command line gives to every process of the daemon. */
import type { Diagnostic } from '../config/diagnostic.js';
import { Log } from '../log/log.js';
import { logFilePath, logIdent, type ProcessName } from '../log/names.js';
import type { DaemonOptions } from './options.js';

export interface RunContext {
  readonly options: DaemonOptions;
  /** Arguments as given, to start other processes with. */
  readonly argv: readonly string[];
  readonly version: string;
  /** Turns diagnostics into lines for the log. */
  readonly render: (diagnostics: readonly Diagnostic[]) => Promise<readonly string[]>;
}

/** The log of one process. @throws {KaError} KA_LOG_FILE */
export function openLog(
  options: DaemonOptions,
  process: ProcessName,
  netNamespace?: string,
  instance?: string,
): Log {
  return new Log({
    ident: logIdent(process, netNamespace, instance),
    detail: options.detail > 0,
    json: options.logsJson,
    console: options.logsToConsole && options.isForeground,
    ...(options.logFile === undefined ? {} : { file: logFilePath(options.logFile, process) }),
    ...(options.logsToSyslog ? { syslog: { facility: options.facility } } : {}),
  });
}
