/** Writes the files that signals ask for: in one step, for root's eyes only, through no link that somebody left. */
import {
  closeSync,
  constants,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { KaError } from '../errors.js';

/** keepalived's folder for such files: $TMPDIR when it is an absolute path of a folder, else /tmp. */
export function dumpDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const { TMPDIR: directory } = env;
  try {
    if (directory?.startsWith('/') === true && statSync(directory).isDirectory()) return directory;
  } catch {
    // It does not exist.
  }
  return '/tmp';
}

/**
 * Writes `directory/name` with mode 0600. Readers see the old file or the whole new one.
 * @throws {KaError} KA_DUMP_WRITE, and leaves nothing behind.
 */
export function writeDump(directory: string, name: string, text: string): string {
  const path = join(directory, name);
  const temporary = join(directory, `.${name}.${randomBytes(6).toString('hex')}`);
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  try {
    const fd = openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    // Replaces whatever has the name, a symbolic link too, and never what that points to.
    renameSync(temporary, path);
    return path;
  } catch (cause) {
    rmSync(temporary, { force: true });
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new KaError('KA_DUMP_WRITE', `${path} cannot be written: ${why}`, { cause });
  }
}

/** keepalived.data with data_use_instance: `keepalived.NAMESPACE_INSTANCE.data`. */
export function dumpName(name: string, parts: readonly (string | undefined)[]): string {
  const infix = parts.filter((part) => part !== undefined && part !== '').join('_');
  if (infix === '') return name;
  const dot = name.lastIndexOf('.');
  return `${name.slice(0, dot)}.${infix}${name.slice(dot)}`;
}
