/**
 * The daemon in one process: configuration, VRRP, signals, reload. The library never comes here.
 */
import { existsSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { outliveSignals } from '../../bindings/signals.js';
import type { DaemonOptions } from './options.js';
import type { Diagnostic } from '../config/diagnostic.js';
import { parseConfig, type ParseResult } from '../config/load.js';
import type { Config } from '../config/model.js';
import { KaError } from '../errors.js';
import { systemClock, type Logger } from '../host.js';
import { createNode, type VrrpNode } from '../vrrp/node.js';
import type { Balancing } from './balancing.js';
import { Log } from '../log/log.js';
import { logFilePath, logIdent } from '../log/names.js';
import { dumpNode, type DumpKind } from './dump.js';
import { PidFile, continueInBackground, pidFiles, runningDaemon } from './process.js';
import { SystemdNotifier } from './systemd.js';

/** keepalived's exit statuses. */
export const exitStatus = { good: 0, fatal: 1, config: 2, permission: 4, noConfig: 6, internal: 70 } as const;

export interface RunContext {
  readonly options: DaemonOptions;
  /** Arguments as given, to go on in the background with. */
  readonly argv: readonly string[];
  readonly version: string;
  /** Turns diagnostics into lines for the log. */
  readonly render: (diagnostics: readonly Diagnostic[]) => Promise<readonly string[]>;
}

/** Runs until a signal ends it. The result is the exit status. */
export async function runDaemon(context: RunContext): Promise<number> {
  const { options } = context;
  const log = new Log({
    ident: logIdent('parent'),
    detail: options.detail > 0,
    console: options.logsToConsole && options.isForeground,
    ...(options.logFile === undefined ? {} : { file: logFilePath(options.logFile, 'parent') }),
    ...(options.logsToSyslog ? { syslog: { facility: options.facility } } : {}),
  });
  const systemd = SystemdNotifier.fromEnvironment(systemClock);
  try {
    return await runWith(context, log, systemd);
  } finally {
    systemd.close();
    log.close();
  }
}

async function runWith(context: RunContext, log: Logger, systemd: SystemdNotifier): Promise<number> {
  const { options, version, argv } = context;
  const mainPidFile = pidFiles(options, undefined, false).main;
  if (runningDaemon(mainPidFile) !== undefined) {
    log.log('info', 'daemon is already running');
    return exitStatus.good;
  }
  if (!options.isForeground) {
    continueInBackground(argv, options);
    return exitStatus.good;
  }
  process.umask(options.umask);
  log.log('info', `Starting Keepalived (ka-node ${version})`);
  for (const note of options.notes) log.log('info', note);
  const read = readConfig(options);
  await logDiagnostics(context, log, read.diagnostics);
  const problem = unusable(options, read);
  if (problem !== undefined) {
    log.log('error', problem.message);
    systemd.failed(osConstants.errno.EINVAL, problem.message);
    return problem.status;
  }
  if (read.model === undefined) return exitStatus.noConfig;
  if (read.model.globalDefs.umask !== undefined) process.umask(read.model.globalDefs.umask);
  return new Daemon(context, log, systemd, read.model, read.diagnostics).run();
}

class Daemon {
  readonly #context: RunContext;
  readonly #log: Logger;
  readonly #systemd: SystemdNotifier;
  #config: Config;
  #diagnostics: readonly Diagnostic[];
  #node: VrrpNode | undefined;
  #balancing: Balancing | undefined;
  #reloading: Promise<void> = Promise.resolve();
  readonly #stop = new AbortController();

  constructor(
    context: RunContext,
    log: Logger,
    systemd: SystemdNotifier,
    config: Config,
    diagnostics: readonly Diagnostic[],
  ) {
    this.#context = context;
    this.#log = log;
    this.#systemd = systemd;
    this.#config = config;
    this.#diagnostics = diagnostics;
  }

  async run(): Promise<number> {
    const { options, version } = this.#context;
    const files = pidFiles(options, this.#config.instance, this.#config.usePidDir);
    const written: PidFile[] = [];
    this.#listen();
    try {
      written.push(new PidFile(files.main));
      if (options.runVrrp && this.#config.vrrpInstance.length > 0) {
        await this.#startVrrp();
        written.push(new PidFile(files.vrrp));
      }
      if (options.runCheckers && this.#config.virtualServer.length > 0) {
        await this.#startBalancing();
        written.push(new PidFile(files.checkers));
      }
      if (this.#node === undefined && this.#balancing === undefined)
        this.#log.log('warning', 'Warning - keepalived has no configuration to run');
      this.#log.log('info', 'Startup complete');
      this.#systemd.ready(this.#summary());
      this.#systemd.startWatchdog(() => true);
      await untilAborted(this.#stop.signal);
      this.#log.log('info', 'Stopping');
      this.#systemd.stopping();
      await this.#reloading;
      await this.#node?.close();
      await this.#balancing?.close();
      const { user, system } = process.cpuUsage();
      this.#log.log(
        'info',
        `CPU usage (self) user: ${(user / 1e6).toFixed(6)} system: ${(system / 1e6).toFixed(6)}`,
      );
      this.#log.log('info', `Stopped Keepalived (ka-node ${version})`);
      return exitStatus.good;
    } catch (error) {
      return this.#fail(error);
    } finally {
      for (const file of written) file.close();
    }
  }

  async #startVrrp(): Promise<void> {
    const { options } = this.#context;
    this.#node = await createNode(this.#config, {
      logger: this.#log,
      clock: systemClock,
      keepAddresses: options.keepsVrrp,
      ...(options.namespace === undefined ? {} : { netns: `/run/netns/${options.namespace}` }),
    });
    this.#node.on('state', () => this.#systemd.status(this.#summary()));
  }

  async #startBalancing(): Promise<void> {
    const { options } = this.#context;
    const { Balancing } = await import('./balancing.js');
    const name = options.namespace ?? this.#config.netNamespaceIpvs ?? this.#config.netNamespace;
    this.#balancing = await Balancing.start(this.#config, {
      host: { clock: systemClock, logger: this.#log },
      netns: name === undefined || name === '' ? undefined : `/run/netns/${name}`,
      keepsIpvs: options.keepsIpvs,
    });
  }

  /** Virtual servers come, change and go with the file. */
  async #reloadBalancing(config: Config): Promise<void> {
    if (this.#balancing !== undefined) await this.#balancing.reload(config);
    else if (this.#context.options.runCheckers && config.virtualServer.length > 0)
      await this.#startBalancing();
  }

  /** For `systemctl status`: `3 VRRP instances: 2 MASTER, 1 BACKUP`. */
  #summary(): string {
    const routers = this.#node?.routers ?? [];
    if (routers.length === 0) return 'No VRRP instances';
    const states = new Map<string, number>();
    for (const { state } of routers) states.set(state, (states.get(state) ?? 0) + 1);
    const counts = [...states].map(([state, count]) => `${count} ${state}`).join(', ');
    return `${routers.length} VRRP instance${routers.length === 1 ? '' : 's'}: ${counts}`;
  }

  #fail(error: unknown): number {
    const message = error instanceof Error ? error.message : String(error);
    const errno =
      error instanceof Error && 'errno' in error && typeof error.errno === 'number'
        ? Math.abs(error.errno)
        : 0;
    const isPidFile = KaError.is(error) && error.code === 'KA_DAEMON_PIDFILE';
    const isPermission =
      errno === 1 || errno === 13 || (KaError.is(error) && error.code.includes('PERMISSION'));
    const hint = isPermission ? '. Run it as root, or give it CAP_NET_ADMIN and CAP_NET_RAW' : '';
    this.#log.log('error', `${message}${hint}`);
    this.#systemd.failed(isPermission ? osConstants.errno.EPERM : errno, message);
    return isPermission || isPidFile ? exitStatus.permission : exitStatus.fatal;
  }

  #listen(): void {
    const { options } = this.#context;
    outliveSignals();
    process.on('SIGTERM', () => this.#stop.abort());
    process.on('SIGINT', () => {
      if (!options.ignoresSigint) this.#stop.abort();
    });
    process.on('SIGHUP', () => {
      this.#reloading = this.#reloading.then(() => this.#reloadAndTell());
    });
    // Without a listener these would start a debugger, or end the process.
    process.on('SIGUSR1', () => this.#dump('data'));
    process.on('SIGUSR2', () => this.#dump('stats'));
    process.on('SIGPIPE', () => undefined);
  }

  async #reloadAndTell(): Promise<void> {
    this.#systemd.reloading();
    await this.#reload();
    this.#systemd.ready(this.#summary());
  }

  async #reload(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    const { options } = this.#context;
    this.#log.log('info', 'Reloading ...');
    const read = readConfig(options);
    const isNew = ({ code, message }: Diagnostic): boolean =>
      !this.#diagnostics.some((known) => known.code === code && known.message === message);
    const problem = unusable(options, read);
    const errors = read.diagnostics.filter((each) => each.severity === 'error' && isNew(each));
    if (problem !== undefined || errors.length > 0 || read.model === undefined) {
      await logDiagnostics(this.#context, this.#log, errors.length > 0 ? errors : read.diagnostics);
      this.#log.log(
        'error',
        `New config failed validation, the old one runs on. ${problem?.message ?? ''}`.trim(),
      );
      return;
    }
    await logDiagnostics(this.#context, this.#log, read.diagnostics.filter(isNew));
    try {
      this.#config = read.model;
      this.#diagnostics = read.diagnostics;
      await this.#reloadBalancing(read.model);
      if (this.#node !== undefined) {
        const { added, changed, removed } = await this.#node.reload(read.model);
        const words = [listed('new', added), listed('changed', changed), listed('removed', removed)].filter(
          (each) => each !== '',
        );
        this.#log.log(
          'info',
          `Reload complete${words.length === 0 ? ': nothing changed' : `: ${words.join('; ')}`}`,
        );
      } else {
        if (options.runVrrp && read.model.vrrpInstance.length > 0) await this.#startVrrp();
        this.#log.log('info', 'Reload complete');
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Writes what a signal asks for. */
  #dump(what: DumpKind): void {
    if (this.#node === undefined) return;
    this.#log.log('info', `Printing VRRP ${what} for process(${process.pid}) on signal`);
    try {
      dumpNode(what, this.#node, this.#config);
    } catch (error) {
      this.#log.log('error', error instanceof Error ? error.message : String(error));
    }
  }
}

function readConfig(options: DaemonOptions): ParseResult {
  return parseConfig(
    { path: options.configFile },
    {
      mode: 'daemon',
      strictIncludes: options.strictIncludes,
      ...(options.configId === undefined ? {} : { configId: options.configId }),
    },
  );
}

/** Why a configuration cannot run at all; most mistakes cost only what they stand in, as with keepalived. */
function unusable(
  options: DaemonOptions,
  { model, diagnostics }: ParseResult,
): { readonly status: number; readonly message: string } | undefined {
  if (model === undefined && !existsSync(options.configFile)) {
    return { status: exitStatus.noConfig, message: `Config files missing '${options.configFile}'.` };
  }
  if (diagnostics.some(({ keepalivedClass }) => keepalivedClass === 'fatal-include')) {
    return { status: exitStatus.noConfig, message: 'An included file is missing or unreadable.' };
  }
  if (
    model === undefined ||
    diagnostics.some(({ isFatal, keepalivedClass }) => isFatal || keepalivedClass === 'gives-up')
  ) {
    return { status: exitStatus.config, message: `The configuration ${options.configFile} cannot be used.` };
  }
  return undefined;
}

async function logDiagnostics(
  context: RunContext,
  log: Logger,
  diagnostics: readonly Diagnostic[],
): Promise<void> {
  const shown = diagnostics.filter(({ severity }) => severity !== 'info' || context.options.detail > 1);
  if (shown.length === 0) return;
  for (const line of await context.render(shown)) log.log('warning', line);
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    // Signal handlers alone do not keep a process alive, and a daemon without instances waits all the same.
    const hold = systemClock.schedule(Number.MAX_SAFE_INTEGER, () => undefined);
    const done = (): void => {
      hold.cancel();
      resolve();
    };
    if (signal.aborted) done();
    else signal.addEventListener('abort', done, { once: true });
  });
}

function listed(what: string, names: readonly string[]): string {
  return names.length === 0 ? '' : `${what} ${names.join(', ')}`;
}
