/**
 * The control sockets as files: made, guarded, and removed. It is all of the control server that a daemon nobody asks has in memory;
 * HTTP, checks and metrics are loaded with the first connection.
 */
import { chmodSync, chownSync, lstatSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { KaError } from '../errors.js';
import { makeFolders } from '../folder.js';
import type { Clock, Logger } from '../host.js';
import { EventLog } from './event-log.js';
import type { ControlHost } from './messages.js';
import { adminPath } from './paths.js';
import type { ControlServer } from './server.js';

/** What a connection may do. */
export type Access = 'read' | 'change' | 'metrics';

export interface ControlOptions {
  /** Path of the socket for reading; the one for changes is beside it. Undefined: none. */
  readonly path: string | undefined;
  /** Group (name or number) that may open the socket for reading; default: root's. */
  readonly group?: string | undefined;
  /** The group may change things, too. */
  readonly groupMayChange?: boolean;
  /** `ADDRESS:PORT` that /metrics is served on as well. */
  readonly metrics?: string | undefined;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** More connections at once are closed unread. */
const maxConnections = 64;

export class ControlListener implements AsyncDisposable {
  readonly events: EventLog;
  readonly #host: ControlHost;
  readonly #options: ControlOptions;
  readonly #servers: {
    readonly server: Server;
    readonly path: string | undefined;
    readonly inode: number;
  }[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #stopHearing: () => void;
  #loading: Promise<ControlServer> | undefined;
  #isClosed = false;

  /**
   * Opens the sockets that are wanted. One that cannot be had is an error in the log, never the end of the daemon: failover is
   * worth more than being watched.
   */
  static async open(host: ControlHost, options: ControlOptions): Promise<ControlListener> {
    const listener = new ControlListener(host, options);
    const { path, metrics, logger } = options;
    const attempt = async (what: string, open: () => Promise<void>): Promise<void> => {
      try {
        await open();
      } catch (error) {
        logger.log('error', `${what}: ${error instanceof Error ? error.message : String(error)}`);
      }
    };
    if (path !== undefined)
      await attempt(`no control socket ${path}`, async () => {
        await listener.#listen(path, options.groupMayChange === true ? 'change' : 'read', 0o660);
        await listener.#listen(adminPath(path), 'change', 0o600);
      });
    if (metrics !== undefined) await attempt(`no metrics on ${metrics}`, () => listener.#listenTcp(metrics));
    return listener;
  }

  private constructor(host: ControlHost, options: ControlOptions) {
    this.#host = host;
    this.#options = options;
    this.events = new EventLog(`${process.pid}-${Math.round(host.startedAtMs)}`);
    this.#stopHearing = host.onTold((side, event) => {
      const { kind, ...fields } = event;
      this.events.push(kind, options.clock.wallMs(), { side, kind, ...fields });
    });
  }

  /** Closes the sockets and removes their files. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopHearing();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(
      this.#servers.map(({ server, path, inode }) => {
        // Closing removes the file of that name, and a socket that another daemon has put in the place of ours is not ours.
        if (path !== undefined && inodeOf(path) !== inode) return Promise.resolve();
        return new Promise<void>((resolve) => server.close(() => resolve()));
      }),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Port that metrics are served on; for tests. */
  get metricsPort(): number | undefined {
    const address = this.#servers.find(({ path }) => path === undefined)?.server.address();
    return typeof address === 'object' && address !== null ? address.port : undefined;
  }

  async #listen(path: string, access: Access, mode: number): Promise<void> {
    makeFolders(dirname(path));
    await removeStale(path);
    const server = this.#server(access);
    // Nobody else may come in between listen and chmod.
    const umask = process.umask(0o177);
    const listening = new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    process.umask(umask);
    await listening;
    this.#watch(server);
    this.#servers.push({ server, path, inode: inodeOf(path) ?? 0 });
    const gid = access === 'change' && mode === 0o600 ? undefined : groupId(this.#options.group);
    if (gid !== undefined) chownSync(path, -1, gid);
    chmodSync(path, mode);
    if (this.#isClosed) server.close();
  }

  async #listenTcp(where: string): Promise<void> {
    const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(where);
    if (match === null) throw new KaError('KA_CONTROL_ADDRESS', `'${where}' is not ADDRESS:PORT`);
    const server = this.#server('metrics');
    const host = match[1] ?? match[2] ?? '';
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(Number(match[3]), host === '' ? undefined : host, resolve);
    });
    this.#watch(server);
    this.#servers.push({ server, path: undefined, inode: 0 });
  }

  /** What goes wrong once it listens; that it cannot is said by `open`. */
  #watch(server: Server): void {
    server.on('error', (error) => this.#options.logger.log('error', `control socket: ${error.message}`));
  }

  #server(access: Access): Server {
    const server = createServer({ pauseOnConnect: true }, (socket) => void this.#accept(socket, access));
    server.maxConnections = maxConnections;
    server.unref();
    return server;
  }

  async #accept(socket: Socket, access: Access): Promise<void> {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    try {
      this.#loading ??= this.#load();
      (await this.#loading).accept(socket, access);
    } catch (error) {
      this.#loading = undefined;
      this.#options.logger.log(
        'error',
        `control socket: ${error instanceof Error ? error.message : String(error)}`,
      );
      socket.destroy();
    }
  }

  async #load(): Promise<ControlServer> {
    const { ControlServer } = await import('./server.js');
    return new ControlServer(this.#host, this.events, this.#options.clock);
  }
}

/** Removes the socket file of a daemon that is no more. @throws {KaError} KA_CONTROL_IN_USE when one answers there. */
async function removeStale(path: string): Promise<void> {
  const inode = inodeOf(path);
  if (inode === undefined) return;
  if (!lstatSync(path).isSocket())
    throw new KaError('KA_CONTROL_IN_USE', 'a file that is no socket is in its place');
  const isAlive = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    // ECONNREFUSED: nobody listens. Anything else is no licence to remove it.
    probe.once('error', (error) => resolve(!('code' in error && error.code === 'ECONNREFUSED')));
  });
  if (isAlive)
    throw new KaError(
      'KA_CONTROL_IN_USE',
      'another daemon answers there; --control-socket chooses another path',
    );
  if (inodeOf(path) === inode) rmSync(path, { force: true });
}

function inodeOf(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.ino;
}

/** @throws {KaError} KA_CONTROL_GROUP when there is no such group. */
function groupId(group: string | undefined): number | undefined {
  if (group === undefined) return undefined;
  if (/^\d+$/.test(group)) return Number(group);
  const line = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`${group}:`));
  const gid = line?.split(':')[2];
  if (gid === undefined) throw new KaError('KA_CONTROL_GROUP', `there is no group '${group}'`);
  return Number(gid);
}
