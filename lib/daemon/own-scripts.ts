/**
 * The scripts of the daemon itself: startup_script before anything runs, shutdown_script after all has ended. Both are waited for, but
 * no longer than they may take, and nothing depends on how they end.
 */
import { systemAccounts } from '../accounts.js';
import type { Config, ScriptCommand } from '../config/model.js';
import { start } from '../exec.js';
import { systemClock, type Logger } from '../host.js';
import { resolveScript } from '../script-security.js';
import { scriptPolicy, type ScriptRules } from '../vrrp/tracker-set.js';

/** Plain, since it goes from one process of the daemon to another. */
export interface OwnScript {
  readonly script: ScriptCommand;
  readonly timeoutMs: number;
  readonly globalDefs: ScriptRules['globalDefs'];
}

/** What a configuration wants to be run; undefined: nothing. */
export function ownScript({ globalDefs }: Config, which: 'startup' | 'shutdown'): OwnScript | undefined {
  const { startupScript, shutdownScript, startupScriptTimeout, shutdownScriptTimeout } = globalDefs;
  const [script, timeout] =
    which === 'startup' ? [startupScript, startupScriptTimeout] : [shutdownScript, shutdownScriptTimeout];
  if (script === undefined) return undefined;
  const { scriptUser, enableScriptSecurity, useSymlinkPaths, setSupplementaryGroups } = globalDefs;
  return {
    script,
    timeoutMs: timeout / 1000,
    globalDefs: { scriptUser, enableScriptSecurity, useSymlinkPaths, setSupplementaryGroups },
  };
}

/** Runs it and waits for its end, with keepalived's words in the log. Never rejects. */
export async function runOwnScript(
  which: 'startup' | 'shutdown',
  { script, timeoutMs, globalDefs }: OwnScript,
  logger: Logger,
): Promise<void> {
  const { command, messages } = resolveScript(script, scriptPolicy({ globalDefs }, systemAccounts));
  for (const message of messages)
    logger.log(command === undefined ? 'error' : 'warning', `(${which}_script) ${message}`);
  if (command === undefined) return;
  logger.log('detail', `Running ${which} script ${command.argv[0] ?? ''}`);
  const { end } = await start(command, {
    clock: systemClock,
    timeoutMs,
    onTimeout: () => logger.log('warning', `${which} script timed out`),
  }).finished;
  if (end.kind === 'exited' && end.status === 0) logger.log('detail', `${which} script script succeeded`);
  else if (end.kind === 'exited')
    logger.log('warning', `${which} script script failed, status ${end.status}`);
  else if (end.kind === 'signalled')
    logger.log('warning', `${which} script script failed, killed by ${end.signal}`);
  else logger.log('error', `${which} script could not be started: ${end.message}`);
}
