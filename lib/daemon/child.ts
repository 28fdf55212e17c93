/**
 * A process that the supervisor started: it reads the configuration, or runs one side of it, until it is told to stop, until the
 * supervisor is gone, or until its work is done. It leaves in order however it is ended, except by kill -9.
 */
import { closeSync, constants, openSync, readdirSync } from 'node:fs';
import { setPriority } from 'node:os';
import type { Config } from '../config/model.js';
import type { ControlHandlers, Side } from '../control/messages.js';
import { KaError } from '../errors.js';
import { sleep, systemClock } from '../host.js';
import type { Log } from '../log/log.js';
import { openChannel, type ChildChannel } from './channel.js';
import { readForDaemon } from './configuration.js';
import { openLog, type RunContext } from './context.js';
import { exitStatus, failureOf } from './exit-status.js';
import { contentsId, readKnown, readMemory } from './handover.js';
import { halfOf, HalfWriter, readHalf, readHalfAt } from './half-file.js';
import { enterOwnNamespace } from './namespace.js';
import type { DaemonOptions } from './options.js';
import { ownScript, runOwnScript } from './own-scripts.js';
import { PidFile, pidFiles } from './process.js';
import { readIntoHandovers, ReaderMemory } from './reader.js';
import { reloadSide } from './saved.js';
import { RecorderFile } from './recorder-file.js';
import {
  childFds,
  dumpParams,
  mastersParams,
  ownMethods,
  readParams,
  refusedParams,
  reloadParams,
  type ChildOrder,
  type Half,
  type Memory,
  type ReadOutcome,
  type ReadParams,
  type ReloadParams,
} from './protocol.js';
import type { RunningSide, SideContext, StartSide } from './side.js';
import { listenToSignals } from './signals.js';
import { processTitle } from './titles.js';
import { until } from './until.js';

/** A side that takes longer to end is left to the end of its process. */
const longestEndMs = 10_000;

/** More virtual servers than this are read and run by one process, and VRRP starts in another, which never sees them. */
const manyVirtualServers = 200;

/** To read a configuration of more real servers than this takes so long that another process does it, unless most may be known. */
const manyRealServers = 5000;
const manyKnownServers = 20_000;

/** Niceness of a process that reads a configuration beside others that run. */
const readerNice = 10;

/** Runs until the end; the result is the exit status. */
export async function runChild(context: RunContext, order: ChildOrder): Promise<number> {
  const channel = openChannel();
  switch (order.role) {
    case 'first':
      return runFirst(context, channel, order);
    case 'reader':
      return runReader(context, channel, order);
    case 'cleaner':
      return runCleaner(context);
    case 'vrrp':
    case 'checkers': {
      const { config } = readHalf(childFds[order.role]);
      return runSide(context, channel, order, order.role, config);
    }
  }
}

async function runFirst(context: RunContext, channel: ChildChannel, order: ChildOrder): Promise<number> {
  const memory = new ReaderMemory();
  const read = await readForDaemon(context, { isReload: false, servers: memory.servers });
  const { lines } = read;
  if (!read.isGood) {
    const { status, message } = read;
    channel.report({ kind: 'read', outcome: { isGood: false, status, message, lines } });
    await channel.flushed();
    return status;
  }
  const { config, facts } = read;
  let homeNamespace: string | undefined;
  try {
    homeNamespace = await prepare(context, config);
  } catch (error) {
    const { status, message } = failureOf(error);
    channel.report({ kind: 'read', outcome: { isGood: false, status, message, lines } });
    await channel.flushed();
    return status;
  }
  const isLarge = config.virtualServer.length > manyVirtualServers;
  const becomes = isLarge && facts.sides.includes('checkers') ? 'checkers' : facts.sides[0];
  channel.report({ kind: 'read', outcome: { isGood: true, facts, lines }, becomes });
  if (becomes === undefined) {
    await channel.flushed();
    return exitStatus.good;
  }
  const write = (side: Side): void => {
    const half: Half = { side, generation: order.generation, config: halfOf(config, side) };
    // What the next one could copy is memory that only a reload pays for.
    const isKept = side === 'checkers' && realServers(config) <= manyRealServers;
    const writer = isKept ? memory.written : new HalfWriter();
    writer.write(childFds[side], half);
    channel.report({ kind: 'half', side });
  };
  const others = facts.sides.filter((side) => side !== becomes);
  // VRRP waits for nobody: its half goes first, and the rest is written once the first advert is out.
  if (becomes === 'checkers') for (const side of others) write(side);
  // With -P, VRRP runs where the servers were read: it does not keep them.
  const own = isLarge && becomes === 'vrrp' ? halfOf(config, becomes) : config;
  return runSide(context, channel, order, becomes, own, {
    homeNamespace,
    memory: becomes === 'checkers' ? memory : undefined,
    onReady: () => {
      if (becomes === 'vrrp') for (const side of others) write(side);
      write(becomes);
    },
  });
}

/**
 * startup_script, before anything else runs.
 * @returns path of the network namespace that was left for it; undefined: none was.
 * @throws {NativeError} KA_NAMESPACE
 */
async function prepare({ options }: RunContext, config: Config): Promise<string | undefined> {
  const startup = ownScript(config, 'startup');
  if (startup === undefined) return undefined;
  const home = enterOwnNamespace(options, config);
  const log = openLog(options, 'parent', config.netNamespace, config.instance);
  try {
    await runOwnScript('startup', startup, log);
  } finally {
    log.close();
  }
  return home;
}

async function runReader(context: RunContext, channel: ChildChannel, order: ChildOrder): Promise<number> {
  // Nobody waits for it as for an advert.
  setPriority(readerNice);
  const { generation } = order;
  const known = readKnown(childFds.memory);
  const outcome = await readIntoHandovers(context, { generation, known }, childFds);
  channel.report({ kind: 'read', outcome });
  await channel.flushed();
  return exitStatus.good;
}

/** Starting an engine on the configuration removes what a killed one left; nothing is sent meanwhile. */
async function runCleaner({ options }: RunContext): Promise<number> {
  const { config } = readHalf(childFds.vrrp);
  const log = openLog(options, 'vrrp', config.netNamespace, config.instance);
  try {
    const { removeLeftovers } = await import('./leftovers.js');
    await removeLeftovers(config, options, log);
    return exitStatus.good;
  } finally {
    log.close();
  }
}

/** What a process that goes on as a side has already. */
interface Begun {
  readonly homeNamespace?: string | undefined;
  readonly memory?: ReaderMemory | undefined;
  readonly onReady?: () => void;
}

async function runSide(
  context: RunContext,
  channel: ChildChannel,
  order: ChildOrder,
  side: Side,
  config: Config,
  begun: Begun = {},
): Promise<number> {
  const { options } = context;
  process.title = processTitle(config, side);
  process.umask(config.globalDefs.umask ?? options.umask);
  const log = openLog(options, side, config.netNamespace, config.instance);
  try {
    const homeNamespace = begun.homeNamespace ?? enterOwnNamespace(options, config);
    const { memory: read = new ReaderMemory() } = begun;
    const child = new Child({ context, channel, log, side, order, config, homeNamespace, read });
    return await child.run(begun.onReady ?? (() => undefined));
  } catch (error) {
    const { status, message, errno } = failureOf(error);
    log.log('error', message);
    channel.report({ kind: 'failed', status, message, errno });
    await channel.flushed();
    return status;
  } finally {
    log.close();
  }
}

interface ChildParts {
  readonly context: RunContext;
  readonly channel: ChildChannel;
  readonly log: Log;
  readonly side: Side;
  readonly order: ChildOrder;
  readonly config: Config;
  readonly homeNamespace: string | undefined;
  readonly read: ReaderMemory;
}

class Child {
  readonly #runContext: RunContext;
  readonly #options: DaemonOptions;
  readonly #channel: ChildChannel;
  readonly #log: Log;
  readonly #side: Side;
  readonly #memory: Memory | undefined;
  readonly #isRestart: boolean;
  readonly #homeNamespace: string | undefined;
  readonly #niceness: number | undefined;
  readonly #readBefore: ReaderMemory;
  readonly #stop = new AbortController();
  #config: Config;
  #generation: number;
  #running: RunningSide | undefined;
  #reloading: Promise<unknown> = Promise.resolve();
  /** What this process read itself for a reload, and the hand-over file that has the same. */
  #read: { readonly half: Half; readonly contents: string } | undefined;

  constructor({ context, channel, log, side, order, config, homeNamespace, read }: ChildParts) {
    this.#runContext = context;
    this.#options = context.options;
    this.#channel = channel;
    this.#log = log;
    this.#side = side;
    this.#config = config;
    this.#generation = order.generation;
    this.#homeNamespace = homeNamespace;
    this.#readBefore = read;
    this.#isRestart = order.isRestart === true;
    this.#niceness = order.niceness;
    this.#memory = order.role === side ? readMemory(childFds.memory) : undefined;
  }

  /** @throws when the side cannot start. */
  async run(onReady: () => void): Promise<number> {
    const config = this.#config;
    this.#listen();
    const start = await starterOf(this.#side);
    const running = await start(config, this.#context());
    this.#running = running;
    let pidFile: PidFile | undefined;
    try {
      pidFile = this.#writePidFile(config);
      this.#channel.serve({ ...running.handlers, ...this.#ownHandlers(running) });
      this.#channel.report({ kind: 'ready', summary: running.summary });
      onReady();
      await until(this.#stop.signal);
    } finally {
      // What does not end by itself must not keep the addresses of a daemon that is gone.
      await Promise.race([running.close(), sleep(systemClock, longestEndMs)]);
      pidFile?.close();
    }
    this.#log.log('detail', 'Stopped');
    // A supervisor that somebody stopped reads nothing.
    await Promise.race([this.#channel.flushed(), sleep(systemClock, longestEndMs)]);
    return exitStatus.good;
  }

  #context(): SideContext {
    return {
      options: this.#options,
      log: this.#log,
      homeNamespace: this.#homeNamespace,
      tell: (event) => this.#channel.tell(event),
      report: (report) => this.#channel.report(report),
      generation: () => this.#generation,
      memory: this.#memory,
      supervisor: process.ppid,
      lifeSignFd: childFds.lifeSign,
      beginsEngine: () => calmDown(this.#niceness),
      recorded: this.#side === 'vrrp' ? new RecorderFile(childFds.recorder) : undefined,
      isRestart: this.#isRestart,
    };
  }

  #listen(): void {
    this.#channel.onGone(() => {
      if (this.#stop.signal.aborted) return;
      this.#log.log('warning', 'The supervisor is gone, stopping');
      this.#stop.abort();
    });
    listenToSignals({
      stop: () => {
        this.#running?.leave?.();
        this.#stop.abort();
      },
      reload: () => this.#channel.report({ kind: 'reload' }),
      dump: (kind) => this.#running?.dump(kind),
      ignoresSigint: this.#options.ignoresSigint,
    });
  }

  #writePidFile(config: Config): PidFile | undefined {
    const files = pidFiles(this.#options, config.instance, config.usePidDir);
    try {
      return new PidFile(files[this.#side]);
    } catch (error) {
      // The supervisor is process 1 of a container, which needs none.
      if (process.ppid === 1) return undefined;
      throw error;
    }
  }

  #ownHandlers(running: RunningSide): ControlHandlers {
    return {
      [ownMethods.reload]: (params) => {
        const next = this.#reloading.then(() => this.#reload(running, reloadParams(params)));
        this.#reloading = next.catch(() => undefined);
        return next;
      },
      [ownMethods.read]: (params) => this.#readNext(readParams(params)),
      [ownMethods.dump]: (kind) => running.dump(dumpParams(kind)),
      [ownMethods.masters]: (names) => running.follow?.(mastersParams(names)),
      [ownMethods.refused]: (reason) => running.noteRefusedReload?.(refusedParams(reason)),
      [ownMethods.dumpParent]: async () => (await import('./dump.js')).dumpGlobal(this.#config),
    };
  }

  /**
   * Reads the configuration for a reload, which this process has done before: what it needs for that is loaded and compiled.
   * @returns undefined: it would take long, and checks would wait meanwhile.
   */
  async #readNext({ paths, ...order }: ReadParams): Promise<ReadOutcome | undefined> {
    // With a priority of its own it would keep a processor from VRRP meanwhile.
    const { checkerRtPriority, checkerPriority } = this.#config.globalDefs;
    if (checkerRtPriority > 0 || checkerPriority < 0) return undefined;
    const most = this.#readBefore.servers.isEmpty ? manyRealServers : manyKnownServers;
    if (realServers(this.#config) > most) return undefined;
    const vrrp = openSync(paths.vrrp, constants.O_RDWR);
    try {
      const checkers = openSync(paths.checkers, constants.O_RDWR);
      try {
        const files = { vrrp, checkers };
        return await readIntoHandovers(this.#runContext, order, files, this.#readBefore, (half) => {
          if (half.side === this.#side) this.#read = { half, contents: contentsId(files[half.side]) };
        });
      } finally {
        closeSync(checkers);
      }
    } finally {
      closeSync(vrrp);
    }
  }

  async #reload(running: RunningSide, { path, generation }: ReloadParams): Promise<string> {
    this.#log.log('info', 'Reloading');
    const half = this.#read?.contents === contentsId(path) ? this.#read.half : readHalfAt(path);
    this.#read = undefined;
    // A process that was stopped for long may find another file under the number.
    if (half.side !== this.#side || half.generation !== generation)
      throw new KaError('KA_DAEMON_HANDOVER', 'a newer configuration has replaced this one');
    const words = await reloadSide(this.#side, running, half.config, this.#log);
    this.#config = half.config;
    this.#generation = generation;
    this.#channel.report({ kind: 'summary', text: running.summary });
    this.#log.log('info', `Reload complete${this.#side === 'vrrp' ? `: ${words || 'nothing changed'}` : ''}`);
    return words;
  }
}

function realServers({ virtualServer }: Config): number {
  return virtualServer.reduce((sum, { realServer }) => sum + realServer.length, 0);
}

/** It was hurried to its start: from here on it and what it starts are as the daemon is. */
function calmDown(niceness: number | undefined): void {
  if (niceness === undefined) return;
  for (const thread of readdirSync('/proc/self/task')) {
    try {
      setPriority(Number(thread), niceness);
    } catch {
      // That thread has ended.
    }
  }
}

async function starterOf(side: Side): Promise<StartSide> {
  return side === 'vrrp'
    ? (await import('./vrrp-side.js')).startVrrp
    : (await import('./checkers-side.js')).startCheckers;
}
