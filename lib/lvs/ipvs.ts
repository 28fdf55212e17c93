/**
 * The kernel's load balancer as a library object: give it the table that you want, read the one that is there, watch its
 * counters. Usable without the daemon; the only state it keeps is which services it was last told to have.
 */
import { IpvsConnection, type IpvsConnectionOptions } from '../../bindings/ipvs.js';
import type {
  IpvsCommand,
  IpvsEntryStatus,
  IpvsRefusal,
  IpvsServiceKey,
  IpvsSyncDaemon,
  IpvsTimeouts,
} from '../../bindings/ipvs-types.js';
import { KaError } from '../errors.js';
import { sleep, systemClock, type Clock } from '../host.js';
import { diff } from './diff.js';
import { serviceId, type Table } from './table.js';

export interface IpvsOptions extends IpvsConnectionOptions {
  readonly clock?: Clock;
}

export interface ApplyOptions {
  /**
   * `own`, the default: services that `apply` was given before and not now are deleted; those of other programs stay.
   * `all`: every service that is not desired is deleted.
   */
  readonly scope?: 'own' | 'all';
}

/** What `apply` did. */
export interface ApplyResult {
  /** The commands that were sent, in order. Empty: the kernel already had what was wanted. */
  readonly commands: readonly IpvsCommand[];
}

/** The kernel refused commands; the others were carried out. `code` is KA_IPVS_REFUSED. */
export class IpvsRefusedError extends KaError {
  readonly refusals: readonly IpvsRefusal[];
  readonly commands: readonly IpvsCommand[];

  constructor(commands: readonly IpvsCommand[], refusals: readonly IpvsRefusal[]) {
    const [first] = refusals;
    const about = first === undefined ? '' : `: ${describeCommand(first.command)}: ${first.code}`;
    super('KA_IPVS_REFUSED', `the kernel refused ${refusals.length} of ${commands.length} commands${about}`);
    this.commands = commands;
    this.refusals = refusals;
  }
}

/**
 * One socket to IPVS, opened at the first call. Calls are carried out one after the other.
 * @example
 * await using ipvs = new Ipvs();
 * await ipvs.apply([{ service, destinations }]);
 */
export class Ipvs implements AsyncDisposable {
  readonly #options: IpvsOptions;
  readonly #clock: Clock;
  #connection: Promise<IpvsConnection> | undefined;
  #own: ReadonlySet<string> = new Set();
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: IpvsOptions = {}) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * Makes the kernel's table what `desired` says with the fewest commands. What is already right is not touched, so
   * connections of unchanged services live on.
   * @throws {IpvsRefusedError} when commands were refused (the rest was carried out), {NativeError} when IPVS is out of reach.
   */
  apply(desired: Table, options: ApplyOptions = {}): Promise<ApplyResult> {
    return this.#inTurn(async () => {
      const connection = await this.#open();
      const own = this.#own;
      this.#own = new Set(desired.map((entry) => serviceId(entry.service.key)));
      const isAll = options.scope === 'all';
      const kernel = await connection.table();
      const commands = diff(kernel, desired, { mayDelete: (id) => isAll || own.has(id) });
      const refusals = await connection.run(commands);
      if (refusals.length > 0) throw new IpvsRefusedError(commands, refusals);
      return { commands };
    });
  }

  /** Sends single commands, outside of any desired state. @returns the refused ones. */
  run(commands: readonly IpvsCommand[]): Promise<readonly IpvsRefusal[]> {
    return this.#inTurn(async () => (await this.#open()).run(commands));
  }

  /** The kernel's table with its counters. */
  table(): Promise<readonly IpvsEntryStatus[]> {
    return this.#inTurn(async () => (await this.#open()).table());
  }

  /**
   * The table again and again: at once, then `intervalMs` after each. Ends when `signal` aborts.
   * @param options.intervalMs milliseconds, 1000 unless told.
   */
  async *stats(
    options: { readonly intervalMs?: number; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<readonly IpvsEntryStatus[], void, void> {
    const { intervalMs = 1000, signal } = options;
    const isOver = (): boolean => signal?.aborted === true;
    while (!isOver()) {
      yield await this.table();
      try {
        await sleep(this.#clock, intervalMs, signal);
      } catch (error) {
        if (isOver()) return;
        throw error;
      }
    }
  }

  /** Sets counters to zero, of everything or of one service. */
  zero(service?: IpvsServiceKey): Promise<void> {
    return this.#only(service === undefined ? { kind: 'zero' } : { kind: 'zero', service });
  }

  /** Deletes every service, whoever made it. */
  flush(): Promise<void> {
    return this.#only({ kind: 'flush' });
  }

  daemons(): Promise<readonly IpvsSyncDaemon[]> {
    return this.#inTurn(async () => (await this.#open()).daemons());
  }

  startDaemon(daemon: IpvsSyncDaemon): Promise<void> {
    return this.#only({ kind: 'start-daemon', daemon });
  }

  stopDaemon(role: 'master' | 'backup'): Promise<void> {
    return this.#only({ kind: 'stop-daemon', role });
  }

  timeouts(): Promise<IpvsTimeouts> {
    return this.#inTurn(async () => (await this.#open()).timeouts());
  }

  setTimeouts(timeouts: IpvsTimeouts): Promise<void> {
    return this.#only({ kind: 'set-timeouts', timeouts });
  }

  /** Closes the socket and leaves the kernel's table as it is. Idempotent; a later call opens it again. */
  close(): Promise<void> {
    return this.#inTurn(async () => {
      const connection = this.#connection;
      this.#connection = undefined;
      await (await connection)?.close();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #only(command: IpvsCommand): Promise<void> {
    const refusals = await this.run([command]);
    if (refusals.length > 0) throw new IpvsRefusedError([command], refusals);
  }

  async #open(): Promise<IpvsConnection> {
    this.#connection ??= IpvsConnection.open(this.#options);
    try {
      return await this.#connection;
    } catch (error) {
      this.#connection = undefined;
      throw error;
    }
  }

  #inTurn<T>(call: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(call);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

/** A command in words, for messages: `add-destination TCP [10.0.0.1]:80 -> 10.1.0.1:80`. */
export function describeCommand(command: IpvsCommand): string {
  switch (command.kind) {
    case 'add-service':
    case 'set-service':
      return `${command.kind} ${serviceId(command.service.key)}`;
    case 'delete-service':
      return `${command.kind} ${serviceId(command.service)}`;
    case 'add-destination':
    case 'set-destination':
    case 'delete-destination': {
      const { address, port } = command.destination;
      return `${command.kind} ${serviceId(command.service)} -> [${address}]:${port}`;
    }
    case 'start-daemon':
      return `${command.kind} ${command.daemon.role} on ${command.daemon.interface}`;
    case 'stop-daemon':
      return `${command.kind} ${command.role}`;
    case 'set-timeouts':
    case 'zero':
    case 'flush':
      return command.kind;
  }
}
