/**
 * The load balancer at work: virtual servers with their checkers on one side, the kernel's table on the other. It follows
 * verdicts, keeps the table as it ought to be, carries state over a reload, and tells what happens to whoever notifies.
 * It runs no script and writes no file.
 */
import type { IpvsEntryStatus } from '../../bindings/ipvs-types.js';
import type { Prober } from '../../bindings/prober.js';
import { evenPhases, type Checker, type CheckerListener } from '../checkers/checker.js';
import type {
  Checker as CheckerConfig,
  LvsConfig,
  MiscCheck,
  RealServer,
  VirtualServer,
  VirtualServerGroup,
} from '../config/model-lvs.js';
import type { Command } from '../exec.js';
import { systemRandom, type Host, type Random } from '../host.js';
import { buildUnit } from './build.js';
import type { VirtualServerHealth } from './desired.js';
import { drainServer, type DrainResult, type ServerDrainOptions } from './drain.js';
import type { BalancerEvent } from './events.js';
import { feedBfd, feedFiles, isFed } from './fed-checkers.js';
import type { Ipvs } from './ipvs.js';
import { KernelTable, type Farewell } from './kernel-table.js';
import { unitKey, virtualServerNames } from './names.js';
import { Outbox } from './outbox.js';
import { WeightOverrides } from './overrides.js';
import { stepPool, type PoolEvent } from './pool.js';
import type { Recalled } from './recall.js';
import { report, status, type VirtualServerReport, type VirtualServerStatus } from './report.js';
import { serviceId } from './table.js';
import { closeCheckers, isUntouched, reloadEffects, shutdownEffects, type Unit } from './unit.js';

export type { BalancerEvent } from './events.js';
export type { RealServerStatus, VirtualServerStatus } from './report.js';

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
  /** ha_suspend: whether an address is on this host now; absent: all are. */
  readonly hasAddress?: (address: string) => boolean;
  /** rs_init_notifies. */
  readonly rsInitNotifies?: boolean;
  readonly random?: Random;
  /** Weights by hand that another balancer had, as `onWeights` told them. */
  readonly weights?: Readonly<Record<string, number>>;
  readonly onWeights?: (weights: Readonly<Record<string, number>>) => void;
}

export class Balancer implements AsyncDisposable {
  readonly #options: BalancerOptions;
  readonly #kernel: KernelTable;
  readonly #phases: Random;
  #config: LvsConfig = { ssl: undefined, virtualServer: [], virtualServerGroup: [] };
  #units: readonly Unit[] = [];
  readonly #overrides: WeightOverrides;
  readonly #outbox: Outbox;
  #working: Promise<void> | undefined;
  /** Virtual servers whose table may be another now. */
  #dirty: 'all' | Set<number> = new Set();
  #mustRepair = false;
  #repaired = 0;
  #isClosed = false;

  constructor(options: BalancerOptions) {
    this.#options = options;
    this.#overrides = new WeightOverrides(options.weights, options.onWeights);
    this.#kernel = new KernelTable(options.ipvs, options.host.logger);
    this.#outbox = new Outbox(options.host.logger, options.onEvent);
    this.#phases = evenPhases(options.random ?? systemRandom);
  }

  /**
   * Runs a configuration: the first one, or another in place of the one that runs. Virtual servers, real servers and checkers
   * that stay keep their state and their connections. Resolves when the kernel has it.
   * @param recalled what a process that died knew, for the first configuration of the one after it.
   */
  async load(config: LvsConfig, recalled: readonly (Recalled | undefined)[] = []): Promise<void> {
    await this.settled();
    const names = virtualServerNames(config.virtualServer);
    const gone = new Map(this.#units.map((unit) => [unitKey(unit.name, unit.config), unit]));
    this.#config = config;
    const isAllNew = this.#kernel.configure(config);
    const kept: [before: Unit | undefined, unit: Unit][] = config.virtualServer.map((server, index) => {
      const name = names[index] ?? '';
      const key = unitKey(name, server);
      const before = gone.get(key);
      gone.delete(key);
      if (before !== undefined && isUntouched(before, server)) {
        before.index = index;
        return [before, before];
      }
      return [before, this.#build(server, { index, name }, before, recalled[index])];
    });
    const running = new Set(kept.map(([, unit]) => unit));
    for (const unit of this.#units) if (!running.has(unit)) closeCheckers(unit);
    this.#units = [...running];
    this.#overrides.retain(this.#units);
    for (const before of gone.values()) this.#outbox.add(before, reloadEffects(before, undefined));
    for (const [before, unit] of kept)
      if (before !== undefined && before !== unit) this.#outbox.add(before, reloadEffects(before, unit));
    for (const [before, unit] of kept) {
      if (before === unit) continue;
      this.#activate(unit);
      const rsInitNotifies = this.#options.rsInitNotifies === true && before === undefined;
      this.#feed(unit, { kind: 'start', rsInitNotifies });
    }
    // A reload may have given a name to another file.
    if (this.#options.fileValue !== undefined) feedFiles(this.#units, this.#options.fileValue);
    this.#changed(isAllNew ? 'all' : undefined);
    await this.settled();
  }

  /** Resolves when everything that has happened so far is in the kernel and told. */
  async settled(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
  }

  /**
   * Reads the kernel's table, puts right what others changed in our services, and says so in the log.
   * @returns how many commands that took; 0: nothing was wrong.
   */
  async repair(): Promise<number> {
    await this.settled();
    if (this.#isClosed) return 0;
    this.#mustRepair = true;
    this.#changed();
    await this.settled();
    return this.#repaired;
  }

  /**
   * Sets the weight of a real server by hand, whatever its checkers say, until `undefined` gives it back to them.
   * @returns false when there is no such server.
   */
  setWeight(virtualName: string, serverName: string, weight: number | undefined): boolean {
    const found = this.#find(virtualName, serverName);
    if (found === undefined) return false;
    this.#overrides.set(found.unit, found.real, weight);
    this.#changed(found.unit);
    return true;
  }

  /**
   * Sets the weight of a real server to 0 and waits until it has no connection left, or time is up. The weight stays 0 until
   * `setWeight` gives it back.
   */
  async drain(
    virtualName: string,
    serverName: string,
    options: Omit<ServerDrainOptions, 'clock'>,
  ): Promise<DrainResult> {
    if (!this.setWeight(virtualName, serverName, 0)) return { kind: 'unknown' };
    await this.settled();
    const active = async (): Promise<number | undefined> => {
      const server = (await this.report())
        .find(({ name }) => name === virtualName)
        ?.servers.find(({ name }) => name === serverName);
      return server?.load?.activeConnections;
    };
    return drainServer(active, { ...options, clock: this.#options.host.clock });
  }

  /** ha_suspend: a virtual address came to this host or left it. */
  setAddressPresence(address: string, isPresent: boolean): void {
    for (const unit of this.#units) {
      const { key, haSuspend } = unit.config;
      if (!haSuspend || key.kind !== 'address' || key.address !== address) continue;
      const verb = isPresent ? 'Activating' : 'Suspending';
      this.#eachChecker(unit, verb, (checker) => (isPresent ? checker.resume() : checker.suspend()));
    }
  }

  /** A track_file holds another number. */
  setFileValue(name: string, value: number): void {
    feedFiles(this.#units, (trackFile) => (trackFile === name ? value : undefined));
  }

  /** A bfd_instance came up or went down. */
  setBfdState(name: string, isUp: boolean): void {
    feedBfd(this.#units, name, isUp);
  }

  /** Health and the last result of every checker, without asking the kernel. */
  status(): readonly VirtualServerStatus[] {
    const groups = this.#groups();
    return this.#units.map((unit) => this.#status(unit, groups));
  }

  /**
   * As `status`, with connections, counters and rates from the kernel.
   * @throws {NativeError} when IPVS is out of reach.
   */
  async report(): Promise<readonly VirtualServerReport[]> {
    const table = await this.#options.ipvs.table();
    const entries = new Map<string, IpvsEntryStatus>(
      table.map((entry) => [serviceId(entry.service.key), entry]),
    );
    const groups = this.#groups();
    return this.#units.map((unit) => report(unit.config, this.#status(unit, groups), entries));
  }

  /**
   * Ends all checkers.
   * @param options.keep leaves the kernel's table as it is; else our services are deleted.
   * @param options.flush lvs_flush_on_stop: `all` removes everything, also what others made.
   */
  async close(
    options: { readonly keep?: boolean; readonly flush?: 'off' | 'all' | 'VS' } = {},
  ): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const unit of this.#units) closeCheckers(unit);
    await this.settled();
    const { keep = false, flush = 'off' } = options;
    const how: Farewell = keep ? 'keep' : flush === 'all' ? 'flush' : 'delete';
    if (!keep) for (const unit of this.#units) this.#outbox.add(unit, shutdownEffects(unit, flush !== 'off'));
    await this.#kernel.close(how);
    this.#outbox.deliver();
    this.#units = [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #build(
    config: VirtualServer,
    place: { index: number; name: string },
    before: Unit | undefined,
    recalled: Recalled | undefined,
  ): Unit {
    const { host, prober, command, fileValue } = this.#options;
    return buildUnit(config, place, before, {
      host,
      prober,
      command,
      random: this.#phases,
      ssl: this.#config.ssl,
      recalled,
      fileValue: fileValue ?? (() => 0),
      listener: (unit, server, checker, about) => this.#listener(unit, server, checker, about),
    });
  }

  #listener(unit: Unit, server: number, checker: number, config: CheckerConfig): CheckerListener {
    const real = unit.config.realServer[server];
    const serverName = unit.serverNames[server] ?? '';
    return {
      onVerdict: (isUp, reason) => {
        const { isAlive: wasAlive, checkers } = unit.state.servers[server] ?? {};
        const isNews = checkers?.[checker]?.isUp !== isUp;
        this.#feed(unit, { kind: 'verdict', server, checker, isUp });
        // A first result that says what was supposed is no change.
        if (real === undefined || !isNews) return;
        const isServerChange = unit.state.servers[server]?.isAlive !== wasAlive;
        const about = { checker: config, virtualName: unit.name, realServer: real, serverName };
        this.#outbox.add(unit, [{ kind: 'checker', isUp, reason, ...about, isServerChange }]);
        this.#changed();
      },
      onWeight: (weight) => {
        const isAdded = config.kind === 'FILE_CHECK';
        const amount = weight === undefined ? 0 : isAdded ? weight : weight - (real?.weight ?? 0);
        this.#feed(unit, { kind: 'weight', server, checker, weight: amount });
      },
    };
  }

  /** Starts the checkers; those of an address that is elsewhere (ha_suspend) wait. */
  #activate(unit: Unit): void {
    const { key, haSuspend } = unit.config;
    const { hasAddress } = this.#options;
    const isHere =
      !haSuspend || hasAddress === undefined || (key.kind === 'address' && hasAddress(key.address));
    this.#eachChecker(unit, isHere ? 'Activating' : 'Deactivating', (checker) => {
      if (!isHere) checker.suspend();
      checker.start();
    });
  }

  #eachChecker(unit: Unit, verb: string, act: (checker: Checker) => void): void {
    unit.checkers.forEach((list, i) =>
      list.forEach((checker) => {
        if (checker === undefined) return;
        act(checker);
        // FILE_CHECK and BFD_CHECK are fed by others: keepalived does not count them here.
        if (isFed(checker)) return;
        const text = `${verb} healthchecker for service ${unit.serverNames[i] ?? ''} for VS ${unit.name}`;
        this.#options.host.logger.log('info', text);
      }),
    );
  }

  #feed(unit: Unit, event: PoolEvent): void {
    const names = { virtual: unit.name, servers: unit.serverNames, sorry: unit.sorryName };
    const { state, effects } = stepPool(unit.config, names, unit.state, event);
    unit.state = state;
    this.#outbox.add(unit, effects);
    this.#changed(unit);
  }

  /** Whatever happens within one turn of the event loop becomes one batch for the kernel. */
  #changed(what?: 'all' | Unit): void {
    if (what === 'all') this.#dirty = 'all';
    else if (what !== undefined && this.#dirty !== 'all') this.#dirty.add(what.index);
    this.#working ??= this.#work();
  }

  async #work(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    try {
      await this.#program();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.host.logger.log('error', `IPVS: ${reason}`);
    }
    this.#outbox.deliver();
    this.#working = undefined;
    if (this.#isWaiting()) this.#changed();
  }

  /** Something came while the last batch was on its way. */
  #isWaiting(): boolean {
    return this.#mustRepair || !this.#outbox.isEmpty || this.#dirty === 'all' || this.#dirty.size > 0;
  }

  /** The kernel first: what is told afterwards is true then. */
  async #program(): Promise<void> {
    const [dirty, mustRepair] = [this.#dirty, this.#mustRepair];
    this.#dirty = new Set();
    this.#mustRepair = false;
    if (mustRepair) {
      this.#repaired = 0;
      this.#repaired = await this.#kernel.repair();
    }
    if (dirty === 'all' || dirty.size > 0 || this.#kernel.hasStale)
      await this.#kernel.program(dirty, (index) => this.#health(index));
  }

  #health(index: number): VirtualServerHealth {
    const unit = this.#units[index];
    if (unit === undefined) return { quorum: { isUp: false, isSorryActive: false }, servers: [] };
    return this.#overrides.applied(unit);
  }

  #groups(): ReadonlyMap<string, VirtualServerGroup> {
    return new Map(this.#config.virtualServerGroup.map((group) => [group.name, group]));
  }

  #status(unit: Unit, groups: ReadonlyMap<string, VirtualServerGroup>): VirtualServerStatus {
    return status(unit, groups, (real) => this.#overrides.of(unit, real));
  }

  #find(virtualName: string, serverName: string): { unit: Unit; real: RealServer } | undefined {
    for (const unit of this.#units) {
      if (unit.name !== virtualName) continue;
      const real = unit.config.realServer[unit.serverNames.indexOf(serverName)];
      if (real !== undefined) return { unit, real };
    }
    return undefined;
  }
}
