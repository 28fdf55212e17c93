/** The VRRP half of the daemon, in a process of its own or in the only one: its node, dumps, and what outlives it. */
import type { Config } from '../config/model.js';
import type { ControlHandlers } from '../control/messages.js';
import { vrrpHandlers } from '../control/vrrp-handlers.js';
import { VrrpOperations } from '../control/vrrp-operations.js';
import { systemClock } from '../host.js';
import type { RouterPlan } from '../plan/plan.js';
import { createNode, type ReloadSummary, type ResumedStates, type VrrpNode } from '../vrrp/node.js';
import { dumpNode, nodeText, type DumpKind } from './dump.js';
import { instanceStats, type ClearedStats } from './dump-stats.js';
import { silenceLocalIgmp } from './local-igmp.js';
import { namespacePath } from './namespace.js';
import type { DaemonOptions } from './options.js';
import { beatNow, type Held, type Left, type Memory } from './protocol.js';
import type { RunningSide, SideContext } from './side.js';

/** @throws {NativeError} when the engine cannot start. */
export async function startVrrp(config: Config, context: SideContext): Promise<RunningSide> {
  const { options, log, memory, supervisor, lifeSignFd } = context;
  const resume = memory === undefined ? undefined : resumable(config, memory);
  for (const name of resume?.masters ?? [])
    log.log('info', `(${name}) resumes the mastership that it held a moment ago`);
  const { death } = memory ?? {};
  if (death !== undefined)
    context.recorded?.add({
      kind: 'process',
      atMs: systemClock.wallMs(),
      pid: death.pid,
      ending: death.ending,
      endedMs: death.atMs,
      resumed: [...(resume?.masters ?? [])],
    });
  const igmp = silenceLocalIgmp(config.globalDefs.disableLocalIgmp, log);
  context.report({ kind: 'begun' });
  context.beginsEngine?.();
  const node = await createNode(config, {
    logger: log,
    clock: systemClock,
    keepAddresses: options.keepsVrrp,
    ...(supervisor === undefined ? {} : { leaveWith: supervisor }),
    ...(lifeSignFd === undefined ? {} : { lifeSignFd }),
    ...(resume === undefined ? {} : { resume }),
    ...(context.recorded === undefined ? {} : { recorded: context.recorded }),
    // Before it has anything: killed then, it could not tell any more.
    onApply: (routers) => context.report({ kind: 'left', left: leftOf(routers, config, options) }),
    ...(options.namespace === undefined ? {} : { netns: namespacePath(options.namespace) }),
  });
  return new VrrpSide(node, config, context, igmp);
}

class VrrpSide implements RunningSide {
  readonly node: VrrpNode;
  readonly handlers: ControlHandlers;
  readonly #context: SideContext;
  readonly #operations: VrrpOperations;
  #config: Config;
  #cleared: ClearedStats | undefined;
  #isTelling = false;
  readonly #restoreIgmp: (() => void) | undefined;

  constructor(node: VrrpNode, config: Config, context: SideContext, restoreIgmp: (() => void) | undefined) {
    this.#restoreIgmp = restoreIgmp;
    this.node = node;
    this.#config = config;
    this.#context = context;
    this.#operations = new VrrpOperations(node, {
      host: { clock: systemClock, logger: context.log },
      tell: context.tell,
      onArranged: () => context.report({ kind: 'held', held: this.#held }),
      arranged: context.memory?.held.maintenance ?? [],
    });
    this.handlers = vrrpHandlers({ generation: context.generation, operations: this.#operations });
    node.on('state', () => this.#tellSoon());
    node.on('tracked', () => this.#tellSoon());
    context.report({ kind: 'held', held: this.#held });
  }

  /** What changed, in words; empty: nothing. @throws when the engine refuses it: the old configuration runs on. */
  async reload(config: Config): Promise<string> {
    const summary = await this.node.reload(config);
    this.#config = config;
    await this.#operations.reloaded();
    const { options, report } = this.#context;
    const routers = this.node.inspect().map(({ plan }) => plan);
    report({ kind: 'left', left: leftOf(routers, config, options) });
    report({ kind: 'held', held: this.#held });
    return changes(summary);
  }

  noteRefusedReload(reason: string): void {
    this.node.noteRefusedReload(reason);
  }

  /** Writes what a signal asks for. Says in the log what cannot be written. */
  dump(kind: DumpKind): void {
    const { log } = this.#context;
    log.log('info', dumpWords[kind]);
    try {
      dumpNode(kind, this.node, this.#config, { cleared: this.#cleared });
      if (kind === 'stats-clear')
        this.#cleared = new Map(this.node.standings().map((each) => [each.name, instanceStats(each.engine)]));
    } catch (error) {
      log.log('error', error instanceof Error ? error.message : String(error));
    }
  }

  dataText(): string {
    return nodeText(this.node, this.#config);
  }

  /** For `systemctl status`: `3 VRRP instances: 2 MASTER, 1 BACKUP`. */
  get summary(): string {
    const { routers } = this.node;
    const states = new Map<string, number>();
    for (const { state } of routers) states.set(state, (states.get(state) ?? 0) + 1);
    const counts = [...states].map(([state, count]) => `${count} ${state}`).join(', ');
    return `${routers.length} VRRP instance${routers.length === 1 ? '' : 's'}: ${counts}`;
  }

  /** What the next process may go on with. */
  get #held(): Held {
    const masters = this.node.routers.filter(({ isMaster }) => isMaster).map(({ name }) => name);
    const scripts: Record<string, 'up' | 'down'> = {};
    for (const { name } of this.#config.vrrpScript) {
      const verdict = this.node.verdictOn(name);
      if (verdict !== 'unknown') scripts[name] = verdict;
    }
    return { masters, scripts, maintenance: this.#operations.arranged };
  }

  /** Once for all news that the engine told together: each report names every instance. */
  #tellSoon(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    queueMicrotask(() => {
      this.#isTelling = false;
      this.#context.report({ kind: 'summary', text: this.summary });
      this.#context.report({ kind: 'held', held: this.#held });
    });
  }

  leave(): void {
    this.node.leave();
  }

  /** Killed meanwhile, it is not resumed, since it has said goodbye; but what it has not removed yet is still told. */
  async close(): Promise<void> {
    // Whoever ends this process alone does not end what operators arranged.
    const maintenance = this.#operations.arranged;
    await this.node.close();
    this.#restoreIgmp?.();
    this.#context.report({ kind: 'left', left: leftOf([], this.#config, this.#context.options) });
    this.#context.report({ kind: 'held', held: { masters: [], scripts: {}, maintenance } });
  }
}

const dumpWords: Readonly<Record<DumpKind, string>> = {
  data: `Printing VRRP data for process(${process.pid}) on signal`,
  stats: `Printing VRRP stats for process(${process.pid}) on signal`,
  'stats-clear': `Printing and clearing VRRP stats for process(${process.pid}) on signal`,
  json: `Printing VRRP as json for process(${process.pid}) on signal`,
};

/** At the last sign of life every advert that was due had been sent, the last one an interval before; peers take over after down_timer_adverts of them. */
function freshUs(downTimerAdverts: number, advertIntervalUs: number): number {
  return Math.max(1, downTimerAdverts - 1) * advertIntervalUs;
}

/** What may be in the kernel of routers when their process dies, and for how long the next one could go on with it. */
function leftOf(
  routers: readonly RouterPlan[],
  { netNamespace }: Config,
  options: Pick<DaemonOptions, 'namespace'>,
): Left {
  const namespace = options.namespace ?? netNamespace;
  return {
    netns: namespace === undefined ? undefined : namespacePath(namespace),
    instances: routers.map(({ name, basePriority, params }) => ({
      name,
      freshMs: freshUs(params.downTimerAdverts, params.advertIntervalUs) / 1000,
      addresses: [...params.addresses, ...params.excludedAddresses].map(({ dev, address, peer }) => ({
        dev,
        address,
        ...(peer === undefined ? {} : { peer }),
        // Addresses of an owner may have been there before it.
        ...(basePriority === 255 ? { onlyMarked: true } : {}),
      })),
    })),
  };
}

/** Masterships that no peer can have missed yet. A clock that stood still or jumped makes none. */
function resumable(config: Config, { held, beat }: Memory): ResumedStates {
  const now = beatNow();
  const ageUs = Math.max(now.monotonicUs - beat.monotonicUs, (now.wallMs - beat.wallMs) * 1000);
  const masters = new Set(held.masters);
  const fresh = config.vrrpInstance.filter(
    (each) => masters.has(each.name) && ageUs < freshUs(each.downTimerAdverts, each.advertInt),
  );
  return {
    masters: new Set(fresh.map(({ name }) => name)),
    scripts: new Map(Object.entries(held.scripts)),
    standby: arranged(held, 'standby'),
    patient: arranged(held, 'yielded'),
  };
}

function arranged({ maintenance = [] }: Held, kind: 'standby' | 'yielded'): ReadonlySet<string> {
  return new Set(maintenance.flatMap((each) => (each.kind === kind ? each.members : [])));
}

function changes({ added, changed, removed }: ReloadSummary): string {
  return [listed('new', added), listed('changed', changed), listed('removed', removed)]
    .filter((each) => each !== '')
    .join('; ');
}

function listed(what: string, names: readonly string[]): string {
  return names.length === 0 ? '' : `${what} ${names.join(', ')}`;
}
