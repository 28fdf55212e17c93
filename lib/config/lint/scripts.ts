/** Whether the scripts of a configuration would run, and for whom; keepalived says little of it while it reads. */
import type { Diagnostic } from '../diagnostic.js';
import { messages } from '../messages.js';
import type { Config, ScriptCommand } from '../model.js';
import { faultText, scriptFault } from '../scripts.js';
import { commandsOf } from '../validate.js';
import type { LintContext } from './lint.js';
import { lintMessages } from './messages.js';

/** Looks at every command, whatever it is for, once a path. */
export function runnableScripts(config: Config, { diagnostics, host, told }: LintContext): void {
  if (host === undefined) {
    // The files of another machine are not here, but this is the name of none.
    for (const { command } of commands(config))
      if (/^[\u2018-\u201f]/.test(command.argv[0] ?? ''))
        diagnostics.report(
          lintMessages.unusableScript,
          command.at,
          command.argv[0] ?? '',
          'no path begins so',
        );
    return;
  }
  const { machine, files } = host;
  const fallback = config.globalDefs.scriptUser?.user ?? 'keepalived_script';
  const seen = new Set<string>();
  for (const { command, user } of commands(config)) {
    const name = command.argv[0] ?? '';
    const account = machine.user(user ?? fallback) ?? { uid: machine.uid, gid: 0 };
    const key = `${name} ${String(account.uid)}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const fault = scriptFault(command, account.uid, account.gid, { machine, files, isOffline: false });
    if (fault === undefined || told.some((item) => isOfScript(item, command))) continue;
    if (fault.kind === 'unsafe')
      diagnostics.report(lintMessages.unsafeScript, command.at, fault.path, fault.component);
    else diagnostics.report(lintMessages.unusableScript, command.at, fault.path, faultText(fault));
  }
}

/** Words that mean something to a shell, which does not run the script. */
export function shellWords(config: Config, { diagnostics }: LintContext): void {
  for (const { command } of commands(config)) {
    const [program = '', ...words] = command.argv;
    const word = words.find((each) => /^(\|\|?|&&?|;|[12&]?>>?.*|<)$/.test(each));
    if (word === undefined || /(^|\/)(ba|da|k|z)?sh$/.test(program)) continue;
    diagnostics.report(lintMessages.shellWords, command.at, word, program);
  }
}

/** Whether a diagnostic says already that a script will not run. */
function isOfScript({ code, span }: Diagnostic, { at }: ScriptCommand): boolean {
  const isThere = span.source === at.source && span.start === at.start;
  return isThere && code !== messages.scriptInsecure.code && /^KA[45]/.test(code);
}

interface Use {
  readonly command: ScriptCommand;
  readonly user: string | undefined;
}

function commands({ vrrpInstance, vrrpSyncGroup, vrrpScript, virtualServer, globalDefs }: Config): Use[] {
  const servers = virtualServer.flatMap(({ quorumUp, quorumDown, realServer }) => [
    quorumUp,
    quorumDown,
    ...realServer.flatMap(({ notifyUp, notifyDown }) => [notifyUp, notifyDown]),
  ]);
  const notifying = [
    ...[...vrrpInstance, ...vrrpSyncGroup].flatMap((item) => commandsOf(item)),
    ...servers,
    globalDefs.startupScript,
    globalDefs.shutdownScript,
    globalDefs.notifyFifoScript,
    globalDefs.vrrpNotifyFifoScript,
    globalDefs.lvsNotifyFifoScript,
  ];
  const checkers = virtualServer.flatMap(({ realServer }) =>
    realServer.flatMap((real) =>
      real.checkers.flatMap((item): readonly Use[] =>
        item.kind === 'MISC_CHECK' ? [{ command: item.miscPath, user: item.user?.user }] : [],
      ),
    ),
  );
  return [
    ...vrrpScript.map(({ script, user }) => ({ command: script, user: user?.user })),
    ...notifying.flatMap((command) =>
      command === undefined || command === 'state' ? [] : [{ command, user: command.user }],
    ),
    ...checkers,
  ];
}
