/**
 * lvs_sync_daemon: the kernel's threads that tell another director of established connections. With an instance they follow its VRRP
 * state (master sends, everybody else listens); without one both run.
 */
import type { IpvsCommand, IpvsSyncDaemon } from '../../bindings/ipvs-types.js';
import type { LvsSyncDaemon } from '../config/model.js';
import type { Logger } from '../host.js';
import { refusalText } from './errors.js';
import type { Ipvs } from './ipvs.js';

type Role = IpvsSyncDaemon['role'];

const roles: readonly Role[] = ['master', 'backup'];

/** What runs for a configuration. `isMaster`: the instance that it follows is MASTER. */
export function wantedDaemons(
  config: LvsSyncDaemon | undefined,
  isMaster: boolean,
): readonly IpvsSyncDaemon[] {
  if (config === undefined) return [];
  const running = config.inst === undefined ? roles : [isMaster ? ('master' as const) : ('backup' as const)];
  return running.map((role) => ({
    role,
    interface: config.interface,
    syncId: config.id ?? 0,
    maxLength: config.maxlen,
    group: config.group,
    port: config.port,
    ttl: config.ttl,
  }));
}

export class SyncDaemons {
  readonly #ipvs: Ipvs;
  readonly #logger: Logger;
  #config: LvsSyncDaemon | undefined;
  /** Instances that are MASTER. */
  #masters: ReadonlySet<string> = new Set();
  /** What we started. */
  #running: readonly IpvsSyncDaemon[] = [];
  #isFirst = true;
  #last: Promise<void> = Promise.resolve();

  constructor(ipvs: Ipvs, logger: Logger) {
    this.#ipvs = ipvs;
    this.#logger = logger;
  }

  configure(config: LvsSyncDaemon | undefined): Promise<void> {
    this.#config = config;
    return this.#follow();
  }

  /** The VRRP instances that are MASTER now. */
  follow(masters: readonly string[]): Promise<void> {
    this.#masters = new Set(masters);
    return this.#follow();
  }

  /** Stops what was started. */
  close(): Promise<void> {
    this.#config = undefined;
    return this.#follow();
  }

  #follow(): Promise<void> {
    // What is wanted is asked for when its turn comes: of many changes in between only the last matters.
    this.#last = this.#last.then(() => this.#reconcile()).catch((error: unknown) => this.#complain(error));
    return this.#last;
  }

  async #reconcile(): Promise<void> {
    const config = this.#config;
    const isMaster = config?.inst !== undefined && this.#masters.has(config.inst);
    const wanted = wantedDaemons(config, isMaster);
    // At the start what runs is that of a process that died, or somebody else's: what is as wanted goes on.
    const running = this.#isFirst && wanted.length > 0 ? await this.#ipvs.daemons() : this.#running;
    if (wanted.length > 0) this.#isFirst = false;
    const kept = running.filter((daemon) => wanted.some((other) => isAsWanted(daemon, other)));
    const stopped = running.filter((daemon) => !kept.includes(daemon)).map(({ role }) => role);
    const started = wanted.filter((daemon) => !kept.some(({ role }) => role === daemon.role));
    await this.#run(
      stopped.map((role) => ({ kind: 'stop-daemon', role })),
      true,
    );
    this.#running = kept;
    const refused = await this.#run(
      started.map((daemon) => ({ kind: 'start-daemon', daemon })),
      false,
    );
    this.#running = [...kept, ...started.filter(({ role }) => !refused.has(role))];
  }

  /** The roles whose command was refused. That a daemon to be stopped does not run is no news. */
  async #run(commands: readonly IpvsCommand[], isStop: boolean): Promise<ReadonlySet<Role>> {
    const refusals = await this.#ipvs.run(commands);
    const roles = new Set<Role>();
    for (const refusal of refusals) {
      if (refusal.command.kind === 'start-daemon') roles.add(refusal.command.daemon.role);
      if (!isStop || refusal.code !== 'ESRCH') this.#logger.log('error', refusalText(refusal));
    }
    return roles;
  }

  #complain(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#logger.log('error', `IPVS sync daemon: ${reason}`);
  }
}

/** What is not asked for may be anything: the kernel has defaults of its own. */
function isAsWanted(running: IpvsSyncDaemon, wanted: IpvsSyncDaemon): boolean {
  const { maxLength, group, port, ttl } = wanted;
  return (
    running.role === wanted.role &&
    running.interface === wanted.interface &&
    running.syncId === wanted.syncId &&
    (maxLength === undefined || running.maxLength === maxLength) &&
    (group === undefined || running.group === group) &&
    (port === undefined || running.port === port) &&
    (ttl === undefined || running.ttl === ttl)
  );
}
