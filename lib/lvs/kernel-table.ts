/**
 * The kernel's table on its way from what it was last told to what it ought to be. Only virtual servers that changed are looked at;
 * those that share a service are one cluster. It also finds what others changed and puts it right.
 */
import type { IpvsCommand, IpvsEntry } from '../../bindings/ipvs-types.js';
import type { LvsConfig, VirtualServer, VirtualServerGroup } from '../config/model-lvs.js';
import type { Logger } from '../host.js';
import { desiredTable, serviceKeys, type VirtualServerHealth } from './desired.js';
import { diff } from './diff.js';
import { isHarmless, refusalText } from './errors.js';
import { describeCommand, IpvsRefusedError, type Ipvs } from './ipvs.js';
import { serviceId, type Table } from './table.js';

/** What happens to our services at the end. `flush`: everything goes, also what others made. */
export type Farewell = 'keep' | 'delete' | 'flush';

/** Repairs that are named one by one in the log; the rest is counted. */
const maxNamed = 10;

/** What is needed of the kernel. */
export type IpvsTable = Pick<Ipvs, 'apply' | 'run' | 'table' | 'flush'>;

export class KernelTable {
  readonly #ipvs: IpvsTable;
  readonly #logger: Logger;
  #config: LvsConfig = { ssl: undefined, virtualServer: [], virtualServerGroup: [] };
  /** By virtual server: all that share a service with it, itself included, in order. */
  #clusters: readonly (readonly number[])[] = [];
  /** What the kernel was told, by `serviceId`; undefined: it must be read first. */
  #told: Map<string, IpvsEntry> | undefined;
  /** Ids of the services of each virtual server. */
  #ids: readonly (readonly string[])[] = [];
  /** Ids of services that the kernel was told and no virtual server has any more. */
  #stale: readonly string[] = [];

  constructor(ipvs: IpvsTable, logger: Logger) {
    this.#ipvs = ipvs;
    this.#logger = logger;
  }

  /** Some services are to go whose virtual servers are gone: the next `program` sees to them. */
  get hasStale(): boolean {
    return this.#stale.length > 0;
  }

  /**
   * The virtual servers that follow.
   * @returns whether `program` must come next with `all`; else those that are new or changed are enough.
   */
  configure(config: LvsConfig): boolean {
    const wasShared = this.#isShared();
    this.#config = config;
    const groups = new Map(config.virtualServerGroup.map((group) => [group.name, group]));
    this.#ids = config.virtualServer.map((server) => serviceIds(server, groups));
    this.#clusters = clusters(this.#ids);
    const wanted = new Set(this.#ids.flat());
    const told = this.#told;
    this.#stale = told === undefined ? [] : [...told.keys()].filter((id) => !wanted.has(id));
    // What was shared with one that is gone is less now.
    return told === undefined || wasShared || this.#isShared();
  }

  #isShared(): boolean {
    return this.#clusters.some(({ length }) => length > 1);
  }

  /**
   * Brings the kernel to what `health` asks for.
   * @param changed indexes of virtual servers, or all.
   * @throws what `Ipvs` throws; the table is read anew the next time.
   */
  async program(
    changed: 'all' | ReadonlySet<number>,
    health: (index: number) => VirtualServerHealth,
  ): Promise<void> {
    const told = this.#told;
    const isSettled = await this.#attempt(() =>
      changed === 'all' || told === undefined
        ? this.#programAll(health)
        : this.#programSome(told, changed, health),
    );
    // Somebody changed the table: what the kernel refused may be right with what is really there.
    if (!isSettled && told !== undefined) await this.#attempt(() => this.#programAll(health));
  }

  /** False when the kernel refused something, which is logged; the table is then read the next time. */
  async #attempt(change: () => Promise<void>): Promise<boolean> {
    try {
      await change();
      return true;
    } catch (error) {
      this.#told = undefined;
      if (!(error instanceof IpvsRefusedError)) throw error;
      for (const refusal of error.refusals) this.#logger.log('error', refusalText(refusal));
      return false;
    }
  }

  /**
   * Compares the kernel with what it was told and undoes what others changed in our services.
   * @returns how many commands that took; 0: nothing was wrong.
   */
  async repair(): Promise<number> {
    if (this.#told === undefined) return 0;
    const told = [...this.#told.values()];
    const commands = diff(await this.#ipvs.table(), told, { mayDelete: () => false });
    if (commands.length === 0) return 0;
    const count = `${commands.length} ${commands.length === 1 ? 'command' : 'commands'}`;
    this.#logger.log('warning', `IPVS table was changed by others: ${count} to repair it`);
    for (const command of commands.slice(0, maxNamed))
      this.#logger.log('warning', `IPVS repair: ${describeCommand(command)}`);
    await this.#run(commands);
    return commands.length;
  }

  /** What is left to do at the end. */
  async close(how: Farewell): Promise<void> {
    if (how === 'keep') return;
    if (how === 'flush') await this.#ipvs.flush();
    else {
      const told = [...(this.#told?.values() ?? [])];
      await this.#run(told.map(({ service }) => ({ kind: 'delete-service', service: service.key })));
    }
    this.#told = new Map();
  }

  async #programAll(health: (index: number) => VirtualServerHealth): Promise<void> {
    const desired = desiredTable(
      this.#config,
      this.#config.virtualServer.map((_, i) => health(i)),
    );
    // The first time, and when it is not sure what the kernel has, the table is read.
    if (this.#told === undefined) await this.#ipvs.apply(desired);
    else await this.#run(diff([...this.#told.values()], desired));
    this.#told = byId(desired);
    this.#stale = [];
  }

  async #programSome(
    told: Map<string, IpvsEntry>,
    changed: ReadonlySet<number>,
    health: (index: number) => VirtualServerHealth,
  ): Promise<void> {
    const members = new Set([...changed].flatMap((index) => this.#clusters[index] ?? []));
    const indexes = [...members].toSorted((a, b) => a - b);
    const desired = desiredTable(
      { ...this.#config, virtualServer: indexes.flatMap((i) => this.#config.virtualServer[i] ?? []) },
      indexes.map(health),
    );
    const ids = new Set([...indexes.flatMap((i) => this.#ids[i] ?? []), ...this.#stale]);
    const before = [...ids].flatMap((id) => told.get(id) ?? []);
    await this.#run(diff(before, desired));
    for (const id of this.#stale) told.delete(id);
    this.#stale = [];
    for (const [id, entry] of byId(desired)) told.set(id, entry);
  }

  /** Refusals that leave the table wrong make it be read again the next time. */
  async #run(commands: readonly IpvsCommand[]): Promise<void> {
    const refusals = await this.#ipvs.run(commands);
    if (refusals.some((refusal) => !isHarmless(refusal))) throw new IpvsRefusedError(commands, refusals);
    for (const refusal of refusals) this.#logger.log('error', refusalText(refusal));
  }
}

/** Ids of the services of a virtual server. Those without a group are the same for good. */
function serviceIds(
  server: VirtualServer,
  groups: ReadonlyMap<string, VirtualServerGroup>,
): readonly string[] {
  const known = ownIds.get(server);
  if (known !== undefined) return known;
  const ids = serviceKeys(server, groups).map(serviceId);
  if (server.key.kind !== 'group') ownIds.set(server, ids);
  return ids;
}

const ownIds = new WeakMap<VirtualServer, readonly string[]>();

function byId(table: Table): Map<string, IpvsEntry> {
  return new Map(table.map((entry) => [serviceId(entry.service.key), entry]));
}

/** For each index the indexes that it is tied to by common ids, directly or through others. */
function clusters(ids: readonly (readonly string[])[]): readonly (readonly number[])[] {
  const clusterOf: number[][] = [];
  const owners = new Map<string, number[]>();
  ids.forEach((list, index) => {
    let cluster = [index];
    for (const id of list) {
      const other = owners.get(id);
      if (other === undefined || other === cluster) continue;
      other.push(...cluster);
      for (const member of cluster) {
        clusterOf[member] = other;
        for (const known of ids[member] ?? []) owners.set(known, other);
      }
      cluster = other;
    }
    clusterOf[index] = cluster;
    for (const id of list) owners.set(id, cluster);
  });
  return clusterOf;
}
