/**
 * The load balancer at work: virtual servers with their checkers on one side, the kernel's table on the other. It follows
 * verdicts, keeps the table as it ought to be, carries state over a reload, and tells what happens to whoever notifies.
 * It runs no script and writes no file.
 */
import type { IpvsServiceKey } from '../../bindings/ipvs-types.js';
import type { Prober } from '../../bindings/prober.js';
import { CheckLoop, evenPhases, type Checker, type CheckerStatus } from '../checkers/checker.js';
import { createCheck } from '../checkers/create.js';
import { BfdChecker, FileChecker } from '../checkers/event-checkers.js';
import type { CheckContext } from '../checkers/network.js';
import type {
  Checker as CheckerConfig,
  LvsConfig,
  MiscCheck,
  RealServer,
  VirtualServer,
} from '../config/model-lvs.js';
import type { Command } from '../exec.js';
import { systemRandom, type Host, type Random } from '../host.js';
import type { QuorumChange } from '../policy/quorum.js';
import { realServerId } from './carry-over.js';
import { desiredTable, serviceKeys } from './desired.js';
import { diff } from './diff.js';
import { isHarmless, refusalText } from './errors.js';
import type { Ipvs } from './ipvs.js';
import { endpointName, virtualServerNames } from './names.js';
import { initialPool, stepPool, type PoolEffect, type PoolEvent } from './pool.js';
import { serviceId, type Table } from './table.js';
import { closeCheckers, findChecker, inherit, reloadEffects, type Unit } from './unit.js';

/** What notify scripts, FIFO, mail and SNMP hear. */
export type BalancerEvent =
  | {
      readonly kind: 'server';
      readonly isUp: boolean;
      readonly virtualServer: VirtualServer;
      readonly virtualName: string;
      readonly realServer: RealServer;
      readonly serverName: string;
    }
  | {
      readonly kind: 'virtual';
      readonly isUp: boolean;
      readonly virtualServer: VirtualServer;
      readonly virtualName: string;
      readonly change: QuorumChange;
    }
  /** A checker's own state was settled: what mails are about. */
  | {
      readonly kind: 'checker';
      readonly isUp: boolean;
      readonly reason: string;
      readonly checker: CheckerConfig;
      readonly virtualName: string;
      readonly realServer: RealServer;
      readonly serverName: string;
      /** It changed the state of its real server as well. */
      readonly isServerChange: boolean;
    };

export interface BalancerOptions {
  readonly ipvs: Ipvs;
  readonly prober: Prober;
  readonly host: Host;
  /** Called in order; it must not throw. */
  readonly onEvent: (event: BalancerEvent) => void;
  /** The command of a MISC_CHECK; undefined: it may not run. */
  readonly command: (check: MiscCheck) => Command | undefined;
  /** What a track_file holds now; unknown names count as 0. */
  readonly fileValue?: (name: string) => number;
  /** rs_init_notifies. */
  readonly rsInitNotifies?: boolean;
  readonly random?: Random;
}

/** A real server as people see it. */
export interface RealServerStatus {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly isAlive: boolean;
  readonly weight: number;
  /** Set by hand, in place of `weight`. */
  readonly adminWeight: number | undefined;
  readonly checkers: readonly CheckerStatus[];
}

export interface VirtualServerStatus {
  readonly name: string;
  readonly scheduler: string;
  /** What it is in the kernel's table. */
  readonly services: readonly IpvsServiceKey[];
  readonly isQuorumUp: boolean;
  readonly isSorryActive: boolean;
  readonly servers: readonly RealServerStatus[];
}

export class Balancer implements AsyncDisposable {
  readonly #options: BalancerOptions;
  readonly #phases: Random;
  #config: LvsConfig = { ssl: undefined, virtualServer: [], virtualServerGroup: [] };
  #units: readonly Unit[] = [];
  /** Weights set by hand (drain): virtual server name and real server id. */
  readonly #overrides = new Map<string, number>();
  /** The kernel's table as we believe it to be; undefined: it must be read. */
  #kernel: Table | undefined;
  #effects: { readonly unit: Unit; readonly effect: PoolEffect | BalancerEvent }[] = [];
  #working: Promise<void> | undefined;
  #isDirty = false;
  #isClosed = false;

  constructor(options: BalancerOptions) {
    this.#options = options;
    this.#phases = evenPhases(options.random ?? systemRandom);
  }

  /**
   * Runs a configuration: the first one, or another in place of the one that runs. Virtual servers, real servers and checkers
   * that stay keep their state and their connections. Resolves when the kernel has it.
   */
  async load(config: LvsConfig): Promise<void> {
    const names = virtualServerNames(config.virtualServer);
    const before = new Map(this.#units.map((unit) => [unit.name, unit]));
    for (const unit of this.#units) closeCheckers(unit);
    this.#config = config;
    const gone = this.#units;
    this.#units = config.virtualServer.map((server, i) =>
      this.#unit(server, names[i] ?? '', before.get(names[i] ?? '')),
    );
    this.#forgetOverrides();
    for (const before of gone) {
      const now = this.#units.find(({ name }) => name === before.name);
      for (const effect of reloadEffects(before, now)) this.#effects.push({ unit: before, effect });
    }
    for (const unit of this.#units) {
      for (const checker of unit.checkers.flat()) checker?.start();
      const rsInitNotifies = this.#options.rsInitNotifies === true && !before.has(unit.name);
      this.#feed(unit, { kind: 'start', rsInitNotifies });
    }
    this.#kernel = undefined;
    this.#changed();
    await this.settled();
  }

  /** Resolves when everything that has happened so far is in the kernel and told. */
  async settled(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
  }

  /**
   * Reads the kernel's table and puts right what others changed in our services.
   * @returns how many commands that took; 0: nothing was wrong.
   */
  async repair(): Promise<number> {
    await this.settled();
    const { commands } = await this.#options.ipvs.apply(this.#desired());
    this.#kernel = this.#desired();
    if (commands.length > 0)
      this.#options.host.logger.log(
        'warning',
        `IPVS table was changed by others: ${commands.length} commands to repair it`,
      );
    return commands.length;
  }

  /**
   * Sets the weight of a real server by hand, whatever its checkers say, until `undefined` gives it back to them.
   * @returns false when there is no such server.
   */
  setWeight(virtualName: string, serverName: string, weight: number | undefined): boolean {
    const unit = this.#units.find(({ name }) => name === virtualName);
    const index = unit?.serverNames.indexOf(serverName) ?? -1;
    const real = unit?.config.realServer[index];
    if (unit === undefined || real === undefined) return false;
    const key = `${unit.name} ${realServerId(real)}`;
    if (weight === undefined) this.#overrides.delete(key);
    else this.#overrides.set(key, weight);
    this.#changed();
    return true;
  }

  /** ha_suspend: a virtual address came to this host or left it. */
  setAddressPresence(address: string, isPresent: boolean): void {
    for (const unit of this.#units) {
      const { key, haSuspend } = unit.config;
      if (!haSuspend || key.kind !== 'address' || key.address !== address) continue;
      const verb = isPresent ? 'Activating' : 'Suspending';
      unit.checkers.forEach((list, i) =>
        list.forEach((checker) => {
          if (checker === undefined) return;
          if (isPresent) checker.resume();
          else checker.suspend();
          const text = `${verb} healthchecker for service ${unit.serverNames[i] ?? ''} for VS ${unit.name}`;
          this.#options.host.logger.log('info', text);
        }),
      );
    }
  }

  /** A track_file holds another number. */
  setFileValue(name: string, value: number): void {
    for (const { config, checkers } of this.#units)
      config.realServer.forEach((real, i) =>
        real.checkers.forEach((checker, j) => {
          const running = checkers[i]?.[j];
          if (checker.kind === 'FILE_CHECK' && checker.trackFile === name && running instanceof FileChecker)
            running.onValue(value);
        }),
      );
  }

  /** A bfd_instance came up or went down. */
  setBfdState(name: string, isUp: boolean): void {
    for (const { config, checkers } of this.#units)
      config.realServer.forEach((real, i) =>
        real.checkers.forEach((checker, j) => {
          const running = checkers[i]?.[j];
          if (checker.kind === 'BFD_CHECK' && checker.name === name && running instanceof BfdChecker)
            running.onSession(isUp);
        }),
      );
  }

  status(): readonly VirtualServerStatus[] {
    const groups = new Map(this.#config.virtualServerGroup.map((group) => [group.name, group]));
    return this.#units.map(({ name, config, state, serverNames, checkers }) => ({
      name,
      scheduler: config.lvsSched,
      services: serviceKeys(config, groups),
      isQuorumUp: state.quorum.isUp,
      isSorryActive: state.quorum.isSorryActive,
      servers: state.servers.map(({ isAlive, weight }, i) => ({
        name: serverNames[i] ?? '',
        address: config.realServer[i]?.address ?? '',
        port: config.realServer[i]?.port ?? 0,
        isAlive,
        weight,
        adminWeight: this.#adminWeight(name, config.realServer[i]),
        checkers: (checkers[i] ?? []).flatMap((checker) => (checker === undefined ? [] : [checker.status])),
      })),
    }));
  }

  /**
   * Ends all checkers.
   * @param options.keep leaves the kernel's table as it is; else our services are deleted.
   */
  async close(options: { readonly keep?: boolean } = {}): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const unit of this.#units) closeCheckers(unit);
    await this.settled();
    this.#units = [];
    if (options.keep !== true) await this.#options.ipvs.apply([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #unit(config: VirtualServer, name: string, before: Unit | undefined): Unit {
    const protocol = config.protocol;
    const serverNames = config.realServer.map((real) => endpointName(real.address, protocol, real.port));
    const sorry = config.sorryServer;
    const value = this.#options.fileValue ?? (() => 0);
    const unit: Unit = {
      config,
      name,
      serverNames,
      sorryName: sorry === undefined ? '' : endpointName(sorry.address, protocol, sorry.port),
      state: initialPool(config, (i, j) => {
        const checker = config.realServer[i]?.checkers[j];
        if (checker?.kind !== 'FILE_CHECK') return { isUp: true, weight: 0 };
        const file = new FileChecker(checker, value(checker.trackFile), '', this.#options.host, deaf);
        return { isUp: file.isUp, weight: file.weight };
      }),
      checkers: [],
    };
    unit.checkers = config.realServer.map((real, i) =>
      real.checkers.map((checker, j) =>
        this.#checker(unit, i, j, checker, findChecker(before, real, checker)),
      ),
    );
    if (before !== undefined) unit.state = inherit(unit, before);
    return unit;
  }

  #checker(
    unit: Unit,
    server: number,
    index: number,
    config: CheckerConfig,
    old: Checker | undefined,
  ): Checker | undefined {
    const { host, prober } = this.#options;
    const serverName = unit.serverNames[server] ?? '';
    const real = unit.config.realServer[server];
    const listener = {
      onVerdict: (isUp: boolean, reason: string) => {
        const wasAlive = unit.state.servers[server]?.isAlive;
        this.#feed(unit, { kind: 'verdict', server, checker: index, isUp });
        if (real === undefined) return;
        const isServerChange = unit.state.servers[server]?.isAlive !== wasAlive;
        const about = { checker: config, virtualName: unit.name, realServer: real, serverName };
        this.#effects.push({ unit, effect: { kind: 'checker', isUp, reason, ...about, isServerChange } });
        this.#changed();
      },
      onWeight: (weight: number | undefined) => {
        const isAdded = config.kind === 'FILE_CHECK';
        const amount = weight === undefined ? 0 : isAdded ? weight : weight - (real?.weight ?? 0);
        this.#feed(unit, { kind: 'weight', server, checker: index, weight: amount });
      },
    };
    if (config.kind === 'FILE_CHECK') {
      const value = this.#options.fileValue?.(config.trackFile) ?? 0;
      return new FileChecker(config, value, serverName, host, listener);
    }
    if (config.kind === 'BFD_CHECK') return new BfdChecker(config, serverName, host, listener);
    const context: CheckContext = { host, prober, serverName, virtualName: unit.name };
    const check = createCheck(config, context, { ssl: this.#config.ssl, command: this.#options.command });
    if (check === undefined) return undefined;
    const standing = old instanceof CheckLoop ? old.standing : undefined;
    return new CheckLoop({ check, host, random: this.#phases, listener, standing });
  }

  #feed(unit: Unit, event: PoolEvent): void {
    const names = { virtual: unit.name, servers: unit.serverNames, sorry: unit.sorryName };
    const { state, effects } = stepPool(unit.config, names, unit.state, event);
    unit.state = state;
    for (const effect of effects) this.#effects.push({ unit, effect });
    this.#changed();
  }

  /** Whatever happens within one turn of the event loop becomes one batch for the kernel. */
  #changed(): void {
    this.#isDirty = true;
    this.#working ??= this.#work();
  }

  async #work(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#isDirty = false;
    const effects = this.#effects;
    this.#effects = [];
    try {
      await this.#program();
    } catch (error) {
      this.#kernel = undefined;
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.host.logger.log('error', `IPVS: ${reason}`);
    }
    for (const { unit, effect } of effects) this.#carryOut(unit, effect);
    this.#working = undefined;
    if (this.#mustWorkAgain()) this.#changed();
  }

  /** Something changed while the last batch was on its way. */
  #mustWorkAgain(): boolean {
    return this.#isDirty;
  }

  /** The kernel first: what is told afterwards is true then. */
  async #program(): Promise<void> {
    const { ipvs, host } = this.#options;
    const desired = this.#desired();
    if (this.#kernel === undefined) {
      // The first time, and whenever it is not sure what the kernel has.
      await ipvs.apply(desired);
    } else {
      const own = new Set(this.#kernel.map((entry) => serviceId(entry.service.key)));
      const refusals = await ipvs.run(diff(this.#kernel, desired, { mayDelete: (id) => own.has(id) }));
      for (const refusal of refusals) host.logger.log('error', refusalText(refusal));
      if (refusals.some((refusal) => !isHarmless(refusal))) await ipvs.apply(desired);
    }
    this.#kernel = desired;
  }

  #desired(): Table {
    const health = this.#units.map(({ name, config, state }) => ({
      quorum: state.quorum,
      servers: state.servers.map((server, i) => {
        const real = config.realServer[i];
        const weight = this.#adminWeight(name, real);
        return weight === undefined ? server : { ...server, weight };
      }),
    }));
    return desiredTable(this.#config, health);
  }

  #adminWeight(virtualName: string, real: RealServer | undefined): number | undefined {
    return real === undefined ? undefined : this.#overrides.get(`${virtualName} ${realServerId(real)}`);
  }

  /** A weight by hand ends with its server: one that is configured anew begins with its own. */
  #forgetOverrides(): void {
    const known = new Set(
      this.#units.flatMap(({ name, config }) =>
        config.realServer.map((real) => `${name} ${realServerId(real)}`),
      ),
    );
    for (const key of this.#overrides.keys()) if (!known.has(key)) this.#overrides.delete(key);
  }

  #carryOut(unit: Unit, effect: PoolEffect | BalancerEvent): void {
    const { host, onEvent } = this.#options;
    const about = { virtualServer: unit.config, virtualName: unit.name };
    if (effect.kind === 'log') host.logger.log('info', effect.text);
    else if (effect.kind === 'checker') onEvent(effect);
    else if (effect.kind === 'virtual' && 'change' in effect)
      onEvent({ kind: 'virtual', isUp: effect.isUp, change: effect.change, ...about });
    else if (effect.kind === 'server' && 'server' in effect) {
      const realServer = unit.config.realServer[effect.server];
      const serverName = unit.serverNames[effect.server] ?? '';
      if (realServer !== undefined)
        onEvent({ kind: 'server', isUp: effect.isUp, realServer, serverName, ...about });
    }
  }
}

const deaf = { onVerdict: () => undefined, onWeight: () => undefined };
