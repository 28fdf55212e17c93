/** The daemon: goes to the background if it is to, and runs as a supervisor with its children, or all in one process. */
import { existsSync } from 'node:fs';
import type { RunContext } from './context.js';
import { openLog } from './context.js';
import { exitStatus } from './exit-status.js';
import { alreadyRunning, continueInBackground, runningDaemon } from './process.js';
import type { SingleProcess } from './single.js';
import { Supervisor } from './supervisor.js';
import { SystemdNotifier } from './systemd.js';
import { systemClock } from '../host.js';

/** Runs until a signal ends it. The result is the exit status. `single` loads what runs all of it in one process, when that is asked for. */
export async function runDaemon(
  context: RunContext,
  single?: () => Promise<typeof SingleProcess>,
): Promise<number> {
  const { options, argv } = context;
  // Without -p it is the configuration that says which pid file is ours, see configuration.ts.
  const isRunning = options.pidFile !== undefined && runningDaemon(options.pidFile) !== undefined;
  if (!isRunning && !options.isForeground) {
    const { configFile } = options;
    // Whoever starts it hears of this at once, as with keepalived; of all else the log tells. A pattern is the reader's to judge.
    if (!existsSync(configFile) && !/[*?[{]/.test(configFile)) {
      const message = `Config files missing '${configFile}'.`;
      const log = openLog(options, 'parent');
      log.log('error', message);
      log.close();
      process.stderr.write(`ka-node: ${message} -f names another one.\n`);
      return exitStatus.noConfig;
    }
    continueInBackground(argv, options);
    return exitStatus.good;
  }
  process.umask(options.umask);
  const systemd = SystemdNotifier.fromEnvironment(systemClock);
  const log = openLog(options, 'parent');
  try {
    if (isRunning) {
      log.log('info', alreadyRunning);
      return exitStatus.good;
    }
    const Runner = options.isSingleProcess && single !== undefined ? await single() : Supervisor;
    return await new Runner(context, log, systemd).run();
  } finally {
    systemd.close();
    log.close();
  }
}
