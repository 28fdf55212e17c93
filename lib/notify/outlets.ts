/**
 * The notification pipes and the mail of one process, as a configuration asks for them, kept across reloads while nothing about
 * them changes. What cannot be opened is told in the log and left out; nothing here is ever waited for.
 */
import { hostname, userInfo } from 'node:os';
import type { Accounts } from '../accounts.js';
import type { Config, OwnedPath, ScriptCommand } from '../config/model.js';
import type { Command } from '../exec.js';
import type { Host } from '../host.js';
import { groupLine, instanceLine, NotifyFifo, type NotifiedState, type NotifyFifoOptions } from './fifo.js';
import { mailSettings, type MailedState, type MailSettings, type MailText } from './mail-text.js';
import { Mailer } from './mail.js';

export type FifoKeyword = NotifyFifoOptions['keyword'];

export interface OutletsOptions {
  readonly host: Host;
  /** Pipes that this process writes into: the global one and its own. */
  readonly fifos: readonly FifoKeyword[];
  readonly accounts: Accounts;
  /** Makes a command of a script, or tells in the log why not. */
  readonly resolve: (script: ScriptCommand, what: string, config: Config) => Command | undefined;
}

interface OpenFifo {
  readonly fifo: NotifyFifo;
  /** What it was opened for, to know at a reload whether it stays. */
  readonly wish: string;
}

export class Outlets {
  readonly #options: OutletsOptions;
  readonly #fifos = new Map<FifoKeyword, OpenFifo>();
  #mailer: { readonly mailer: Mailer; readonly settings: MailSettings } | undefined;
  /** Names of instances and groups that mails are about: of this configuration, and of the last for those that leave. */
  #mailed: readonly ReadonlySet<string>[] = [];
  readonly #closing: Promise<void>[] = [];

  constructor(options: OutletsOptions) {
    this.#options = options;
  }

  /** Opens what `config` asks for and closes what it does not ask for any more. */
  configure(config: Config): void {
    for (const keyword of this.#options.fifos) this.#configureFifo(keyword, config);
    const settings = mailSettings(config.globalDefs, hostname(), userInfo().username);
    if (JSON.stringify(settings) !== JSON.stringify(this.#mailer?.settings)) {
      if (this.#mailer !== undefined) this.#closing.push(this.#mailer.mailer.close());
      this.#mailer =
        settings === undefined ? undefined : { settings, mailer: new Mailer(settings, this.#options.host) };
    }
    const now = new Set([
      ...config.vrrpInstance.filter((each) => each.smtpAlert).map(({ name }) => `INSTANCE ${name}`),
      ...config.vrrpSyncGroup.filter((each) => each.smtpAlert).map(({ name }) => `GROUP ${name}`),
    ]);
    this.#mailed = [now, ...this.#mailed.slice(0, 1)];
  }

  /** An instance or a sync group entered a state: a line, and a mail if it has smtp_alert. */
  entered(kind: 'INSTANCE' | 'GROUP', name: string, state: MailedState, priority: number): void {
    this.tell(kind, name, state, priority);
    if (!this.#mailed.some((names) => names.has(`${kind} ${name}`))) return;
    if (kind === 'INSTANCE') this.#mailer?.mailer.instance(name, state);
    else if (state !== 'DELETED') this.#mailer?.mailer.group(name, state);
  }

  /** A line without a mail: events that are no states, and states told again after a reload. */
  tell(kind: 'INSTANCE' | 'GROUP', name: string, state: NotifiedState, priority: number): void {
    this.write(kind === 'INSTANCE' ? instanceLine(name, state, priority) : groupLine(name, state));
  }

  /** A finished line into every pipe. */
  write(line: string): void {
    for (const { fifo } of this.#fifos.values()) fifo.write(line);
  }

  /** A mail about something else (real and virtual servers). */
  mail(text: MailText): void {
    this.#mailer?.mailer.send(text);
  }

  /** Gives mails and readers a second, then ends all. Idempotent. */
  async close(): Promise<void> {
    for (const { fifo } of this.#fifos.values()) this.#closing.push(fifo.close());
    this.#fifos.clear();
    if (this.#mailer !== undefined) this.#closing.push(this.#mailer.mailer.close());
    this.#mailer = undefined;
    await Promise.all(this.#closing);
  }

  #configureFifo(keyword: FifoKeyword, config: Config): void {
    const { path, script } = fifoSettings(keyword, config);
    const wish = JSON.stringify([
      path?.path,
      path?.user,
      path?.group,
      script?.argv,
      script?.user,
      script?.group,
    ]);
    const open = this.#fifos.get(keyword);
    if (open?.wish === wish) return;
    this.#fifos.delete(keyword);
    const closed = open?.fifo.close() ?? Promise.resolve();
    this.#closing.push(closed);
    if (path === undefined) return;
    const command =
      script === undefined ? undefined : this.#options.resolve(script, `${keyword}_script`, config);
    const owner = this.#owner(path);
    try {
      const options = {
        keyword,
        path: path.path,
        ...owner,
        ...(command === undefined ? {} : { script: command }),
      };
      this.#fifos.set(keyword, { wish, fifo: NotifyFifo.open(options, this.#options.host) });
    } catch (error) {
      this.#options.host.logger.log('error', error instanceof Error ? error.message : String(error));
    }
  }

  #owner({ path, user, group }: OwnedPath): { readonly uid?: number; readonly gid?: number } {
    const { accounts, host } = this.#options;
    const account = user === undefined ? undefined : accounts.user(user);
    const gid = group === undefined ? account?.gid : accounts.group(group);
    if ((user !== undefined && account === undefined) || (group !== undefined && gid === undefined))
      host.logger.log(
        'warning',
        `notify fifo ${path}: there is no user '${user ?? ''}' or group '${group ?? ''}'; it stays ours`,
      );
    return { ...(account === undefined ? {} : { uid: account.uid }), ...(gid === undefined ? {} : { gid }) };
  }
}

function fifoSettings(
  keyword: FifoKeyword,
  { globalDefs }: Config,
): { readonly path: OwnedPath | undefined; readonly script: ScriptCommand | undefined } {
  switch (keyword) {
    case 'notify_fifo':
      return { path: globalDefs.notifyFifo, script: globalDefs.notifyFifoScript };
    case 'vrrp_notify_fifo':
      return { path: globalDefs.vrrpNotifyFifo, script: globalDefs.vrrpNotifyFifoScript };
    case 'lvs_notify_fifo':
      return { path: globalDefs.lvsNotifyFifo, script: globalDefs.lvsNotifyFifoScript };
  }
}
