/** Reads the configuration for the daemon: what can run, what is wrong, and what the supervisor has to know of it. */
import { existsSync } from 'node:fs';
import type { Diagnostic } from '../config/diagnostic.js';
import type { KnownServers } from '../config/known-servers.js';
import { parseConfig, type ParseResult } from '../config/load.js';
import type { Config } from '../config/model.js';
import type { Side } from '../control/messages.js';
import type { RunContext } from './context.js';
import { exitStatus } from './exit-status.js';
import type { DaemonOptions } from './options.js';
import { ownScript } from './own-scripts.js';
import { alreadyRunning, pidFiles, runningDaemon } from './process.js';
import type { ReadFacts } from './protocol.js';
import { reloadFileOf } from './reload-file.js';
import { processTitle } from './titles.js';

export type Reading =
  | {
      readonly isGood: true;
      readonly config: Config;
      readonly facts: ReadFacts;
      /** Diagnostics as lines for people. */
      readonly lines: readonly string[];
    }
  | {
      readonly isGood: false;
      readonly status: number;
      readonly message: string;
      readonly lines: readonly string[];
    };

export interface ReadLimits {
  /** Mistakes, as `code message`, that were told before: they are neither told again nor held against the file. */
  readonly known?: readonly string[];
  /** At a reload an error that the running configuration has not makes the new one refused, and so does an empty file. */
  readonly isReload: boolean;
  /** See `ParseOptions.known`. */
  readonly servers?: KnownServers | undefined;
}

export async function readForDaemon(context: RunContext, limits: ReadLimits): Promise<Reading> {
  const { options } = context;
  const read = parseConfig(
    { path: options.configFile },
    {
      mode: 'daemon',
      strictIncludes: options.strictIncludes,
      ...(options.configId === undefined ? {} : { configId: options.configId }),
      ...(limits.servers === undefined ? {} : { known: limits.servers }),
    },
  );
  const told = new Set(limits.known ?? []);
  const fresh = read.diagnostics.filter((each) => !told.has(keyOf(each)));
  const errors = fresh.filter(({ severity }) => severity === 'error');
  const problem = unusable(options, read);
  const notSaved = await saved(options, read);
  const lines = async (diagnostics: readonly Diagnostic[]): Promise<readonly string[]> => [
    ...(await shown(context, diagnostics)),
    ...notSaved,
  ];
  if (problem !== undefined || read.model === undefined) {
    const { status, message } = problem ?? { status: exitStatus.noConfig, message: 'Nothing could be read.' };
    return {
      isGood: false,
      status,
      message,
      lines: await lines(errors.length > 0 ? errors : read.diagnostics),
    };
  }
  if (limits.isReload) {
    if (errors.length > 0)
      return { isGood: false, status: exitStatus.config, message: '', lines: await lines(errors) };
    if (isEmpty(read)) {
      const message = `${options.configFile} is empty: to end everything, stop the daemon.`;
      return { isGood: false, status: exitStatus.config, message, lines: [] };
    }
  }
  const facts = factsOf(options, read.model, read.diagnostics.map(keyOf));
  if (!limits.isReload && isRunning(options, facts))
    return { isGood: false, status: exitStatus.good, message: alreadyRunning, lines: [] };
  return { isGood: true, config: read.model, facts, lines: await lines(fresh) };
}

/** config_save_dir keeps also what is refused. @returns why it could not be kept. */
async function saved(options: DaemonOptions, { model, sources }: ParseResult): Promise<readonly string[]> {
  const directory = model?.globalDefs.configSaveDir;
  if (directory === undefined) return [];
  const { saveConfiguration } = await import('./saved.js');
  try {
    saveConfiguration(directory, sources, options.isSingleProcess ? process.pid : process.ppid);
    return [];
  } catch (error) {
    return [`config_save_dir: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/** Another daemon of this instance runs: only the configuration says which pid file that has. */
function isRunning(options: DaemonOptions, { instance, usesPidDir }: ReadFacts): boolean {
  const pid = runningDaemon(pidFiles(options, instance, usesPidDir).main);
  // The supervisor of this process may have written it already.
  return pid !== undefined && pid !== process.ppid;
}

function factsOf(options: DaemonOptions, config: Config, known: readonly string[]): ReadFacts {
  const sides: Side[] = [];
  if (options.runVrrp && needsVrrp(config)) sides.push('vrrp');
  if (options.runCheckers && config.virtualServer.length > 0) sides.push('checkers');
  return {
    sides,
    instance: config.instance,
    netNamespace: config.netNamespace,
    usesPidDir: config.usePidDir,
    childWaitMs: config.childWaitTime / 1000,
    umask: config.globalDefs.umask,
    reloadFile: reloadFileOf(config),
    reloadTimeFile: config.globalDefs.reloadTimeFile,
    reloadRepeats: config.globalDefs.reloadRepeat,
    shutdown: ownScript(config, 'shutdown'),
    title: processTitle(config, 'parent'),
    known,
  };
}

/** keepalived: static entries belong to the VRRP process, which runs for them alone, too. */
function needsVrrp({ vrrpInstance, staticIpaddress, staticRoutes, staticRules }: Config): boolean {
  return [vrrpInstance, staticIpaddress, staticRoutes, staticRules].some((list) => list.length > 0);
}

function keyOf({ code, message }: Diagnostic): string {
  return `${code} ${message}`;
}

/** Why a configuration cannot run at all; most mistakes cost only what they stand in, as with keepalived. */
function unusable(
  options: DaemonOptions,
  { model, asKeepalived }: ParseResult,
): { readonly status: number; readonly message: string } | undefined {
  if (model === undefined && !existsSync(options.configFile)) {
    return { status: exitStatus.noConfig, message: `Config files missing '${options.configFile}'.` };
  }
  if (asKeepalived.some(({ keepalivedClass }) => keepalivedClass === 'fatal-include')) {
    return { status: exitStatus.noConfig, message: 'An included file is missing or unreadable.' };
  }
  if (
    model === undefined ||
    asKeepalived.some(({ isFatal, keepalivedClass }) => isFatal || keepalivedClass === 'gives-up')
  ) {
    return { status: exitStatus.config, message: `The configuration ${options.configFile} cannot be used.` };
  }
  return undefined;
}

/** Nothing but comments: most likely a file that somebody is just writing. */
function isEmpty({ sources }: ParseResult): boolean {
  return !sources.some(({ text }) => /^[^\S\n]*[^\s!#]/m.test(text));
}

async function shown(context: RunContext, diagnostics: readonly Diagnostic[]): Promise<readonly string[]> {
  const wanted = diagnostics.filter(({ severity }) => severity !== 'info' || context.options.detail > 1);
  return wanted.length === 0 ? [] : await context.render(wanted);
}
