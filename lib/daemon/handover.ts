/**
 * How a configuration goes from the process that read it to the process that runs it: as V8's serialized form in a file
 * without a name, which the supervisor holds open and never reads. Large models so cost neither it nor the other side.
 * A place in the text (`at`) does not travel: what is wrong with the text was said by the process that read it.
 */
import {
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
  closeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { deserialize, serialize } from 'node:v8';
import type { Config } from '../config/model.js';
import type { Side } from '../control/messages.js';
import { KaError } from '../errors.js';
import { syncDaemonOf } from '../lvs/sync-choice.js';
import type { Beat, Half, Memory } from './protocol.js';

/** Folders in memory first. */
const folders = ['/dev/shm', '/run', tmpdir()];

/** A new file without a name; only who is given the descriptor can read it. @throws {KaError} KA_DAEMON_HANDOVER */
export function openHandover(): number {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = constants;
  let cause: unknown;
  // It bears the name for a moment only, and O_EXCL takes nobody else's file: it need not be a secret.
  const name = `.ka-node-${process.pid}-${process.hrtime.bigint()}`;
  for (const folder of folders) {
    const path = `${folder}/${name}`;
    try {
      const fd = openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
      rmSync(path, { force: true });
      return fd;
    } catch (error) {
      cause = error;
    }
  }
  throw new KaError('KA_DAEMON_HANDOVER', `no file can be made in ${folders.join(', ')}`, { cause });
}

/** One for each side. @throws {KaError} KA_DAEMON_HANDOVER, and leaves none open. */
export function openHandovers(): Readonly<Record<Side, number>> {
  const vrrp = openHandover();
  try {
    return { vrrp, checkers: openHandover() };
  } catch (error) {
    closeSync(vrrp);
    throw error;
  }
}

/** Writes a value of plain data into a hand-over file, instead of what was there. */
export function writeHandover(fd: number, value: unknown): void {
  const bytes = serialize(value);
  ftruncateSync(fd, 0);
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at, at);
}

/** What was written. The position of the descriptor, which others share, is not used. */
function readHandover(fd: number): unknown {
  const bytes = Buffer.allocUnsafe(fstatSync(fd).size);
  let at = 0;
  while (at < bytes.length) {
    const count = readSync(fd, bytes, at, bytes.length - at, at);
    if (count === 0) break;
    at += count;
  }
  return deserialize(bytes.subarray(0, at));
}

/** Path by which another process of the same user reaches a descriptor of this one. */
export function handoverPath(fd: number): string {
  return `/proc/${process.pid}/fd/${fd}`;
}

/** As `readHandover`, of a descriptor of another process. */
function readHandoverPath(path: string): unknown {
  const fd = openSync(path, constants.O_RDONLY);
  try {
    return readHandover(fd);
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
  forgetPlaces(half);
  return half;
}

/** The checkers' half has no instances: what the sync daemon has from them is filled in. */
function withSyncDaemon(config: Config): Config {
  return { ...config, globalDefs: { ...config.globalDefs, lvsSyncDaemon: syncDaemonOf(config) } };
}

/** The half that is in a file. */
export function readHalf(fd: number): Half {
  return readHandover(fd) as Half;
}

/** As `readHalf`, of a descriptor of another process. */
export function readHalfAt(path: string): Half {
  return readHandoverPath(path) as Half;
}

/** Names what is in a hand-over file now: the same as before only while nobody has written another. */
export function contentsId(file: number | string): string {
  const { dev, ino, size, mtimeNs } =
    typeof file === 'number' ? fstatSync(file, { bigint: true }) : statSync(file, { bigint: true });
  return [dev, ino, size, mtimeNs].join(' ');
}

/** What the VRRP process before this one held, if there was one. */
export function readMemory(fd: number): Memory | undefined {
  return (readHandover(fd) as Memory | null) ?? undefined;
}

/** A file for the sign of life of an engine. @throws {KaError} KA_DAEMON_HANDOVER, of write(2) */
export function openLifeSign(): number {
  const fd = openHandover();
  try {
    writeSync(fd, new BigInt64Array(2));
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** What the engine noted last. */
export function readLifeSign(fd: number): Beat {
  const times = new BigInt64Array(2);
  readSync(fd, times, 0, times.byteLength, 0);
  const [monotonicNs = 0n, wallNs = 0n] = times;
  return { monotonicUs: Number(monotonicNs / 1000n), wallMs: Number(wallNs / 1_000_000n) };
}

/** Mistakes that were told before, for a reader. */
export function readKnown(fd: number): readonly string[] {
  return readHandover(fd) as readonly string[];
}

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
