/**
 * One side's half of a configuration and its hand-over file: first all but the virtual servers, then these in pieces of a few. A process
 * that writes one half after the other copies the pieces whose virtual servers are the same objects.
 * A place in the text (`at`) does not travel: what is wrong with the text was said by the process that read it.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { serialize } from 'node:v8';
import type { Config } from '../config/model.js';
import type { VirtualServer } from '../config/model-lvs.js';
import type { Side } from '../control/messages.js';
import { KaError } from '../errors.js';
import { syncDaemonOf } from '../lvs/sync-choice.js';
import { readParts, writeParts } from './handover.js';
import type { Half } from './protocol.js';

/** Virtual servers in a piece: one by one they would take thrice the time, and one that changes costs its piece. */
const pieceSize = 16;

interface Piece {
  readonly servers: readonly VirtualServer[];
  readonly bytes: Uint8Array;
}

export class HalfWriter {
  /** What was written last, by the first virtual server of each piece. */
  #pieces = new Map<VirtualServer | undefined, Piece>();

  /** Writes a half instead of what was in the file. @throws of write(2) */
  write(fd: number, half: Half): void {
    const { config } = half;
    const pieces = this.#cut(config.virtualServer);
    this.#pieces = new Map(pieces.map((piece) => [piece.servers[0], piece]));
    const rest: Half = { ...half, config: { ...config, virtualServer: [] } };
    writeParts(fd, [serialize(rest), ...pieces.map(({ bytes }) => bytes)]);
  }

  #cut(servers: readonly VirtualServer[]): readonly Piece[] {
    const pieces: Piece[] = [];
    const add = (from: number, to: number): void => {
      const part = servers.slice(from, to);
      if (part.length > 0) pieces.push({ servers: part, bytes: serialize(part) });
    };
    let from = 0;
    let at = 0;
    while (at < servers.length) {
      const known = this.#pieces.get(servers[at]);
      if (known?.servers.every((server, i) => server === servers[at + i]) === true) {
        add(from, at);
        pieces.push(known);
        from = at += known.servers.length;
      } else if (++at - from === pieceSize) {
        add(from, at);
        from = at;
      }
    }
    add(from, at);
    return pieces;
  }
}

/** The half that is in a file. @throws {KaError} KA_DAEMON_HANDOVER when none was written */
export function readHalf(fd: number): Half {
  const [rest, ...pieces] = readParts(fd) as readonly [Half?, ...(readonly VirtualServer[])[]];
  if (rest === undefined) throw new KaError('KA_DAEMON_HANDOVER', 'the hand-over file is empty');
  return { ...rest, config: { ...rest.config, virtualServer: pieces.flat() } };
}

/** As `readHalf`, of a descriptor of another process. */
export function readHalfAt(path: string): Half {
  const fd = openSync(path, constants.O_RDONLY);
  try {
    return readHalf(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * What one side needs of a configuration, ready to travel. Places in the text are taken out of `config` itself: whoever read it has
 * said what is wrong by then, and to copy thousands of servers would take a fifth of the time that reading them takes.
 */
export function halfOf(config: Config, side: Side): Config {
  const half: Config =
    side === 'vrrp'
      ? { ...config, virtualServer: [], virtualServerGroup: [], ssl: undefined }
      : {
          ...withSyncDaemon(config),
          vrrpInstance: [],
          vrrpSyncGroup: [],
          vrrpScript: [],
          vrrpTrackProcess: [],
        };
  for (const server of half.virtualServer) {
    if (placeless.has(server)) continue;
    forgetPlaces(server);
    placeless.add(server);
  }
  forgetPlaces({ ...half, virtualServer: [] });
  return half;
}

/** The checkers' half has no instances: what the sync daemon has from them is filled in. */
function withSyncDaemon(config: Config): Config {
  return { ...config, globalDefs: { ...config.globalDefs, lvsSyncDaemon: syncDaemonOf(config) } };
}

/** Virtual servers that one reading after the other found unchanged. */
const placeless = new WeakSet<VirtualServer>();

/** Stands for every place. */
const nowhere = { source: { name: '', text: '', comments: [] }, start: 0, end: 0, origin: undefined };

function forgetPlaces(value: object): void {
  const parts = value as Record<string, unknown>;
  for (const key of Object.keys(parts)) {
    const part = parts[key];
    if (typeof part !== 'object' || part === null || part === nowhere || ArrayBuffer.isView(part)) continue;
    if ('source' in part && 'start' in part && 'end' in part) parts[key] = nowhere;
    else forgetPlaces(part);
  }
}
