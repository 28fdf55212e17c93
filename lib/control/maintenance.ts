/**
 * Maintenance of virtual routers: standby takes one out of service, switchover moves its mastership, resume ends either.
 *
 * VRRP backups are silent, so nobody knows whether one lives until it is asked. A master asks by an offer: it says priority 0 and
 * keeps its addresses; a living backup speaks within its skew time, and only then are the addresses given up. When nobody
 * speaks, the master goes on: a refusal costs a pause in the adverts and no packet to the addresses.
 */
import { KaError } from '../errors.js';
import type { Host, Timer } from '../host.js';
import type { RouterInspection, VrrpNode } from '../vrrp/node.js';
import type { MaintenanceRequest } from './schema.js';
import { unknownName } from './unknown.js';

/** What maintenance needs of a node. */
export type MaintainedNode = Pick<
  VrrpNode,
  'inspect' | 'members' | 'router' | 'setStandby' | 'setPatient' | 'command' | 'noteCommand'
>;

export type MaintenanceKind = 'standby' | 'yielded';

export interface MaintenanceState {
  readonly kind: MaintenanceKind;
  readonly sinceMs: number;
  /** Wall clock, milliseconds; undefined: until `resume`. */
  readonly untilMs: number | undefined;
}

/** Maintenance of some instances, as it outlives the process. */
export interface Arrangement {
  readonly kind: MaintenanceKind;
  readonly members: readonly string[];
  readonly sinceMs: number;
  readonly untilMs?: number;
}

/** Something was arranged for instances, or has ended. */
export interface MaintenanceNews {
  readonly instances: readonly string[];
  readonly what: MaintenanceKind | 'ended';
  /** operator: it was asked for. time: `--for` is over. takeover: one that had yielded had to come in. */
  readonly because: 'operator' | 'time' | 'takeover';
  readonly untilMs?: number | undefined;
}

interface Entry extends MaintenanceState {
  readonly members: readonly string[];
  timer?: Timer;
}

export interface MaintenanceOutcome {
  readonly members: readonly string[];
  readonly text: string;
}

export class Maintenance {
  readonly #node: MaintainedNode;
  readonly #host: Host;
  readonly #onChange: (news: MaintenanceNews) => void;
  /** By instance; members of one group share an entry. */
  readonly #entries = new Map<string, Entry>();
  readonly #busy = new Set<string>();

  /** @param onChange hears that something was arranged or ended. */
  constructor(node: MaintainedNode, host: Host, onChange: (news: MaintenanceNews) => void = () => undefined) {
    this.#node = node;
    this.#host = host;
    this.#onChange = onChange;
  }

  get arranged(): readonly Arrangement[] {
    return [...new Set(this.#entries.values())].map(({ kind, members, sinceMs, untilMs }) => ({
      kind,
      members,
      sinceMs,
      ...(untilMs === undefined ? {} : { untilMs }),
    }));
  }

  /** Goes on with what an earlier process had arranged; the node knows of it already. */
  restore(arranged: readonly Arrangement[]): void {
    const known = new Set(this.#node.inspect().map(({ plan }) => plan.name));
    for (const { kind, members, sinceMs, untilMs } of arranged) {
      const here = members.filter((member) => known.has(member));
      if (here.length > 0) this.#enter(kind, here, sinceMs, untilMs);
    }
  }

  /** What was arranged for an instance. */
  of(name: string): MaintenanceState | undefined {
    return this.#entries.get(name);
  }

  /** Out of service until `resume`, or for `forMs`. @throws {KaError} KA_CONTROL_REFUSED, KA_CONTROL_UNKNOWN. */
  standby(name: string, request: MaintenanceRequest): Promise<MaintenanceOutcome> {
    return this.#exclusively(name, async (members) => {
      const masters = this.#inState(members, 'active');
      let successor = '';
      if (masters.length > 0 && request.force !== true) successor = await this.#handOver(masters);
      await this.#node.setPatient(members, false);
      await this.#node.setStandby(members, true);
      const until = this.#arrange('standby', members, request.forMs);
      return { members, text: `${members.join(', ')}: standby${until}${successor}` };
    });
  }

  /**
   * A master gives its mastership to whoever takes it, and stays a patient backup: it comes in when the other fails, and does not
   * preempt. A backup takes the mastership when its priority lets it keep it.
   * @throws {KaError} KA_CONTROL_REFUSED, KA_CONTROL_UNKNOWN.
   */
  switchover(name: string, request: MaintenanceRequest): Promise<MaintenanceOutcome> {
    return this.#exclusively(name, async (members) => {
      const masters = this.#inState(members, 'active');
      if (masters.length > 0) return this.#giveAway(members, masters, request);
      const backups = this.#inState(members, 'backup');
      const [first] = backups;
      if (first === undefined || backups.length < members.length)
        throw refused(
          `${name} is ${this.#node.router(name)?.state ?? 'not running'}: it can neither give nor take`,
        );
      for (const { plan, engine } of backups) {
        const { masterPriority = 0, priority = 0, master } = engine ?? {};
        if (request.force !== true && master !== undefined && masterPriority >= priority)
          throw refused(
            `${plan.name} has priority ${priority} and the master ${master} has ${masterPriority}: it would take it back at once. Run switchover there`,
          );
      }
      await this.#end(members, 'operator');
      const moved = this.#reaches(first.plan.name, 'MASTER', 2000);
      await this.#node.command(first.plan.name, 'take-over');
      if (!(await moved)) throw refused(`${name} did not become master`);
      return { members, text: `${members.join(', ')}: took the mastership` };
    });
  }

  /** Ends standby and patience. @throws {KaError} KA_CONTROL_REFUSED when there is nothing to end, KA_CONTROL_UNKNOWN. */
  resume(name: string): Promise<MaintenanceOutcome> {
    return this.#exclusively(name, async (members) => {
      const affected = members.filter((member) => this.#entries.has(member));
      if (affected.length === 0) throw refused(`${name} is not in maintenance`);
      await this.#end(members, 'operator');
      return { members, text: `${members.join(', ')}: in service` };
    });
  }

  /** A patient backup that had to take over is an ordinary master again. */
  async onState(name: string, to: string): Promise<void> {
    const entry = this.#entries.get(name);
    if (to === 'MASTER' && entry?.kind === 'yielded') await this.#end(entry.members, 'takeover');
  }

  /** A reload: what is no longer configured is forgotten, and groups that grew or split keep to what their members were told. */
  async adopt(): Promise<void> {
    const known = new Set(this.#node.inspect().map(({ plan }) => plan.name));
    for (const [name, entry] of this.#entries) {
      if (!known.has(name)) {
        this.#entries.delete(name);
        if (this.#membersOf(entry).length === 0) entry.timer?.cancel();
      } else if (entry.kind === 'standby') {
        const members = this.#node.members(name).filter((member) => !this.#entries.has(member));
        for (const member of members) this.#entries.set(member, entry);
        await this.#node.setStandby(members, true);
      }
    }
  }

  /** Forgets its timers. */
  close(): void {
    for (const { timer } of this.#entries.values()) timer?.cancel();
    this.#entries.clear();
  }

  async #giveAway(
    members: readonly string[],
    masters: readonly RouterInspection[],
    request: MaintenanceRequest,
  ): Promise<MaintenanceOutcome> {
    const owner = masters.find(({ plan }) => plan.basePriority === 255);
    if (owner !== undefined)
      throw refused(
        `${owner.plan.name} owns its address (priority 255) and would preempt at once: use standby`,
      );
    await this.#node.setPatient(members, true);
    try {
      let text: string;
      if (request.force === true) {
        await this.#node.command(masters[0]?.plan.name ?? '', 'release');
        text = ', whoever is there may take over';
      } else text = await this.#handOver(masters);
      const until = this.#arrange('yielded', members, request.forMs);
      return { members, text: `${members.join(', ')}: gave the mastership away${until}${text}` };
    } catch (error) {
      if (members.every((member) => !this.#entries.has(member))) await this.#node.setPatient(members, false);
      throw error;
    }
  }

  /** Offers the mastership. @returns who took it, as the end of a sentence. @throws {KaError} KA_CONTROL_REFUSED: nobody did. */
  async #handOver(masters: readonly RouterInspection[]): Promise<string> {
    const [first] = masters;
    if (first === undefined) return '';
    const { name } = first.plan;
    const moved = this.#reaches(name, 'BACKUP', offerMs(first));
    await this.#node.command(name, 'offer');
    if (!(await moved))
      throw refused(
        `nobody answered the offer of ${name}: no healthy backup would take over. --force does it all the same`,
      );
    const peer = this.#node.router(name)?.lastChange?.cause.peer;
    return peer === undefined ? '' : `, ${peer} took over`;
  }

  /** Does the router come to `state` within `limitMs`? */
  #reaches(name: string, state: 'MASTER' | 'BACKUP', limitMs: number): Promise<boolean> {
    const router = this.#node.router(name);
    if (router === undefined) return Promise.resolve(false);
    if (router.state === state) return Promise.resolve(true);
    const controller = new AbortController();
    const timer = this.#host.clock.schedule(limitMs, () => controller.abort());
    return router.reached(state, controller.signal).then(
      () => {
        timer.cancel();
        return true;
      },
      () => false,
    );
  }

  #inState(members: readonly string[], state: 'active' | 'backup'): readonly RouterInspection[] {
    return this.#node
      .inspect()
      .filter(({ plan, engine }) => members.includes(plan.name) && engine?.state === state);
  }

  /** @returns `, until ...` for the sentence. */
  #arrange(kind: MaintenanceKind, members: readonly string[], forMs: number | undefined): string {
    for (const member of members) this.#entries.get(member)?.timer?.cancel();
    const sinceMs = this.#host.clock.wallMs();
    const untilMs = forMs === undefined ? undefined : sinceMs + forMs;
    this.#enter(kind, members, sinceMs, untilMs);
    this.#onChange({ instances: members, what: kind, because: 'operator', untilMs });
    this.#host.logger.log(
      'info',
      `(${members.join(', ')}) ${kind === 'standby' ? 'in standby' : 'yields'}, by an operator`,
    );
    return untilMs === undefined ? '' : ` until ${new Date(untilMs).toISOString()}`;
  }

  #enter(
    kind: MaintenanceKind,
    members: readonly string[],
    sinceMs: number,
    untilMs: number | undefined,
  ): void {
    const { clock } = this.#host;
    const entry: Entry = { kind, sinceMs, untilMs, members };
    for (const member of members) this.#entries.set(member, entry);
    if (untilMs === undefined) return;
    const leftMs = Math.max(0, untilMs - clock.wallMs());
    entry.timer = clock.schedule(leftMs, () => void this.#expire(entry), { background: true });
  }

  /** Those that it is for now: a reload may have changed their group. */
  #membersOf(entry: Entry): readonly string[] {
    return [...this.#entries].filter(([, each]) => each === entry).map(([name]) => name);
  }

  async #expire(entry: Entry): Promise<void> {
    const members = this.#membersOf(entry);
    this.#host.logger.log('info', `(${members.join(', ')}) the time of the maintenance is over`);
    for (const member of members) this.#node.noteCommand('the time of the maintenance is over', member, true);
    try {
      await this.#end(members, 'time');
    } catch (error) {
      this.#host.logger.log('error', error instanceof Error ? error.message : String(error));
    }
  }

  async #end(members: readonly string[], because: MaintenanceNews['because']): Promise<void> {
    const ended = members.filter((member) => this.#entries.has(member));
    for (const member of members) {
      this.#entries.get(member)?.timer?.cancel();
      this.#entries.delete(member);
    }
    if (ended.length > 0) this.#onChange({ instances: ended, what: 'ended', because });
    await this.#node.setPatient(members, false);
    await this.#node.setStandby(members, false);
  }

  async #exclusively<T>(name: string, act: (members: readonly string[]) => Promise<T>): Promise<T> {
    const members = this.#node.members(name);
    if (members.length === 0) {
      const known = this.#node.inspect().flatMap(({ plan }) => [plan.name, plan.group ?? plan.name]);
      throw unknownName('instance or sync group', name, [...new Set(known)]);
    }
    if (members.some((member) => this.#busy.has(member))) throw refused(`${name} is being moved already`);
    for (const member of members) this.#busy.add(member);
    try {
      return await act(members);
    } finally {
      for (const member of members) this.#busy.delete(member);
    }
  }
}

/** How long an offer lasts (native/vrrp/timers.h, offer_time), and half a second for the news of it. */
function offerMs({ plan }: RouterInspection): number {
  const unitMs = plan.params.version === 2 ? 1000 : plan.params.advertIntervalUs / 1000;
  return (unitMs * 255 * 1.5) / 256 + 100 + 500;
}

function refused(message: string): KaError {
  return new KaError('KA_CONTROL_REFUSED', message);
}
