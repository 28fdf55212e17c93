/** Writes a "newc" cpio archive, the format of an initramfs. Knows files and directories, owned by root. */

export interface CpioEntry {
  /** Path without leading slash. */
  readonly path: string;
  /** Absent: a directory. */
  readonly content?: Buffer;
  /** Permission bits; 0755 unless told. */
  readonly mode?: number;
}

const directory = 0o040000;
const regular = 0o100000;

/** The archive, closed by its trailer. Parents must come before what they hold. */
export function cpio(entries: readonly CpioEntry[]): Buffer {
  const parts: Buffer[] = [];
  entries.forEach((entry, index) => {
    const kind = entry.content === undefined ? directory : regular;
    parts.push(member(entry.path, kind | (entry.mode ?? 0o755), entry.content ?? Buffer.alloc(0), index + 1));
  });
  parts.push(member('TRAILER!!!', 0, Buffer.alloc(0), 0));
  return Buffer.concat(parts);
}

function member(path: string, mode: number, content: Buffer, inode: number): Buffer {
  const name = Buffer.from(`${path}\0`);
  // ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0];
  const head = Buffer.from(`070701${fields.map((n) => n.toString(16).padStart(8, '0')).join('')}`);
  return Buffer.concat([pad(Buffer.concat([head, name])), pad(content)]);
}

function pad(data: Buffer): Buffer {
  const rest = data.length % 4;
  return rest === 0 ? data : Buffer.concat([data, Buffer.alloc(4 - rest)]);
}
