/**
 * Who is told of what happens to routers and sync groups: notify scripts, then pipes, then mail, as keepalived does. It is told by
 * the node, never asks the engine, and blocks nothing.
 */
import type { Accounts } from '../accounts.js';
import type { Config, ScriptCommand } from '../config/model.js';
import type { Host } from '../host.js';
import { Notifier, type NotifyCommands, type NotifyState, type NotifySubject } from '../notify/notify.js';
import { Outlets } from '../notify/outlets.js';
import type { VirtualRouterView } from './virtual-router.js';
import type { VrrpState } from './words.js';

export interface AnnouncementsOptions {
  readonly host: Host;
  readonly accounts: Accounts;
  /** The script of a pipe, fit to run; undefined: it must not. */
  readonly resolve: (script: ScriptCommand, what: string, config: Config) => NotifyCommands['any'];
}

export class Announcements {
  readonly #notifier: Notifier;
  readonly #outlets: Outlets;
  #config: Config | undefined;

  constructor({ host, accounts, resolve }: AnnouncementsOptions) {
    this.#notifier = new Notifier(host);
    this.#outlets = new Outlets({ host, fifos: ['notify_fifo', 'vrrp_notify_fifo'], accounts, resolve });
  }

  /** Whose pipes and mail are used. */
  get config(): Config | undefined {
    return this.#config;
  }

  /** Pipes and mail are those of this configuration from here on. */
  configure(config: Config): void {
    this.#config = config;
    this.#outlets.configure(config);
  }

  /** A router or a sync group entered a state. */
  entered(subject: NotifySubject, state: NotifyState, priority: number): void {
    this.#notifier.entered(subject, state, priority);
    this.#outlets.entered(subject.kind, subject.name, state, priority);
  }

  /** keepalived: a removed instance is announced as FAULT unless it has notify_deleted, and not at all when it was in FAULT. */
  routerMoved(subject: NotifySubject, from: VrrpState, to: VrrpState, priority: number): void {
    if (to === 'INIT') return;
    // Scripts know no STANDBY: to them it is a node that does not hold the addresses, and no fault that a mail is about.
    if (to === 'STANDBY') {
      if (from !== 'BACKUP') this.entered(subject, 'BACKUP', priority);
      return;
    }
    if (to !== 'DELETED' || subject.commands.deleted !== undefined) {
      this.entered(subject, to, priority);
    } else if (from !== 'FAULT') {
      // notify_fault is not meant: it is about a node that goes on.
      const { commands } = subject;
      this.entered({ ...subject, commands: { ...commands, fault: undefined } }, 'FAULT', priority);
    }
  }

  /** vrrp_notify_priority_changes: a change without a change of state. */
  priorityChanged({ name, state, priority }: VirtualRouterView): void {
    const isWanted = this.#config?.vrrpInstance.some(
      (each) => each.name === name && each.notifyPriorityChanges,
    );
    if (isWanted !== true || (state !== 'MASTER' && state !== 'BACKUP')) return;
    this.#outlets.tell('INSTANCE', name, `${state}_PRIORITY`, priority);
  }

  lowerPriorityHeard(subject: NotifySubject, priority: number): void {
    this.#notifier.heardLowerPriority(subject);
    this.#outlets.tell('INSTANCE', subject.name, 'MASTER_RX_LOWER_PRI', priority);
  }

  splitBrain(name: string, isActive: boolean, priority: number): void {
    const word = isActive ? 'MASTER_SPLIT_BRAIN' : 'MASTER_SPLIT_BRAIN_END';
    this.#outlets.tell('INSTANCE', name, word, priority);
  }

  /** fifo_write_vrrp_states_on_reload: what every router and group is. */
  tellAll(routers: readonly VirtualRouterView[], groups: ReadonlyMap<string, NotifyState | undefined>): void {
    for (const { name, state, priority } of routers)
      if (state !== 'INIT')
        this.#outlets.tell('INSTANCE', name, state === 'STANDBY' ? 'BACKUP' : state, priority);
    for (const [name, state] of groups) if (state !== undefined) this.#outlets.tell('GROUP', name, state, 0);
  }

  /** Scripts of `notify_stop` have a second to end. */
  async close(): Promise<void> {
    await Promise.all([this.#notifier.drain(), this.#outlets.close()]);
  }
}
