/**
 * Files without a name, which the supervisor holds open and never reads: by them a configuration (`half-file.ts`), and what a process
 * that died knew, goes from one process to another as V8's serialized form. Large models so cost neither it nor the other side.
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
import type { Side } from '../control/messages.js';
import { KaError } from '../errors.js';
import type { Beat, Memory } from './protocol.js';

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
  writeParts(fd, [serialize(value)]);
}

/** Writes values, each serialized by V8, into a hand-over file, instead of what was there. */
export function writeParts(fd: number, parts: readonly Uint8Array[]): void {
  const bytes = Buffer.concat(parts.flatMap((part) => [lengthOf(part), part]));
  ftruncateSync(fd, 0);
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at, at);
}

/** Stands before each value. */
function lengthOf({ length }: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(lengthSize);
  bytes.writeUInt32LE(length);
  return bytes;
}

const lengthSize = 4;

/** The values that were written. The position of the descriptor, which others share, is not used. */
export function readParts(fd: number): readonly unknown[] {
  const bytes = Buffer.allocUnsafe(fstatSync(fd).size);
  let at = 0;
  while (at < bytes.length) {
    const count = readSync(fd, bytes, at, bytes.length - at, at);
    if (count === 0) break;
    at += count;
  }
  const values: unknown[] = [];
  for (let start = 0; start < at;) {
    const end = start + lengthSize + bytes.readUInt32LE(start);
    values.push(deserialize(bytes.subarray(start + lengthSize, end)));
    start = end;
  }
  return values;
}

/** The one value that was written. */
function readHandover(fd: number): unknown {
  return readParts(fd)[0];
}

/** Path by which another process of the same user reaches a descriptor of this one. */
export function handoverPath(fd: number): string {
  return `/proc/${process.pid}/fd/${fd}`;
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
