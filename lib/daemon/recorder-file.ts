/**
 * The flight recorder's entries in a file without a name, which the supervisor holds open: they outlive a VRRP process that is killed.
 * Each is a length (four bytes, big endian) and as many bytes of V8's serialized form. What a killed writer left unfinished is
 * where reading stops; the next one cuts it off.
 */
import { fstatSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import type { Entry, EntryStore } from '../recorder/timeline.js';
import { recordedEntry } from './protocol.js';

const headBytes = 4;
/** A file larger than this loses its older half. */
const mostBytes = 2 * 1024 * 1024;

export class RecorderFile implements EntryStore {
  readonly #fd: number;
  readonly #mostBytes: number;
  #size: number;

  constructor(fd: number, limit = mostBytes) {
    this.#fd = fd;
    this.#mostBytes = limit;
    this.#size = this.#read().size;
    // A shorter entry in its place would leave the rest to be taken for another one.
    ftruncateSync(fd, this.#size);
  }

  entries(): readonly Entry[] {
    return this.#read().frames.map((frame) => recordedEntry(deserialize(frame.subarray(headBytes))));
  }

  /** What cannot be written is lost with the process: a full disk must not cost more than that. */
  add(entry: Entry): void {
    const body = serialize(entry);
    const frame = Buffer.allocUnsafe(headBytes + body.length);
    frame.writeUInt32BE(body.length);
    body.copy(frame, headBytes);
    try {
      if (this.#size + frame.length > this.#mostBytes) this.#shrink();
      if (this.#size + frame.length > this.#mostBytes) return;
      if (writeSync(this.#fd, frame, 0, frame.length, this.#size) === frame.length)
        this.#size += frame.length;
    } catch {
      // See above.
    }
  }

  /** Whole frames, and where they end. */
  #read(): { readonly frames: readonly Buffer[]; readonly size: number } {
    const bytes = Buffer.allocUnsafe(fstatSync(this.#fd).size);
    let filled = 0;
    while (filled < bytes.length) {
      const count = readSync(this.#fd, bytes, filled, bytes.length - filled, filled);
      if (count === 0) break;
      filled += count;
    }
    const frames: Buffer[] = [];
    let at = 0;
    while (at + headBytes <= filled) {
      const end = at + headBytes + bytes.readUInt32BE(at);
      if (end > filled) break;
      frames.push(bytes.subarray(at, end));
      at = end;
    }
    return { frames, size: at };
  }

  #shrink(): void {
    const { frames } = this.#read();
    let from = frames.length;
    for (let size = 0; from > 0; from -= 1) {
      size += frames[from - 1]?.length ?? 0;
      if (size > this.#mostBytes / 2) break;
    }
    const kept = Buffer.concat(frames.slice(from));
    ftruncateSync(this.#fd, 0);
    this.#size = 0;
    if (kept.length > 0) this.#size = writeSync(this.#fd, kept, 0, kept.length, 0);
  }
}
