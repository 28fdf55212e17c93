/** Configuration files as text: what may be read, how its bytes are decoded, and why it cannot be read. */
import { isAscii, isUtf8 } from 'node:buffer';
import type { Diagnostics } from './diagnostic.js';
import type { FileAccess } from './load.js';
import { messages } from './messages.js';
import { SourceFile, type Span } from './source.js';

/** Why a file cannot be read as configuration; undefined: it can. */
export function unreadable(path: string, files: FileAccess): string | undefined {
  const stat = files.stat(path);
  if (stat === undefined) return hiddenFault(path, files) ?? 'it does not exist';
  if (stat.kind === 'directory') return 'it is a directory';
  if (stat.kind !== 'file') return 'it is not a regular file';
  if ((stat.mode & 0o111) !== 0) return 'it is executable, which configuration never is (chmod -x)';
  return undefined;
}

/** Why a path that seems to be missing cannot even be looked at, as reading it tells; undefined: nothing is there. */
export function hiddenFault(path: string, files: FileAccess): string | undefined {
  try {
    files.readFile(path);
    return undefined;
  } catch (error) {
    return knownFault(error);
  }
}

/** A file as source text, what is odd about its bytes told; `include`: where it is included. */
export function readSource(
  path: string,
  files: FileAccess,
  diagnostics: Diagnostics,
  include?: Span,
): SourceFile | { readonly reason: string } {
  let read: Read;
  try {
    read = readStill(path, files);
  } catch (error) {
    return { reason: readFault(error) };
  }
  const text = decode(read.bytes);
  const source = new SourceFile(path, stripByteOrderMark(text), include);
  if (read.unrest !== undefined)
    diagnostics.report(messages.changedWhileRead, source.span(0, 0), path, read.unrest);
  if (source.text !== text) diagnostics.report(messages.byteOrderMark, source.span(0, 0));
  return source;
}

interface Read {
  readonly bytes: Uint8Array;
  /** What became of a file that changed meanwhile. */
  readonly unrest: string | undefined;
}

/** Reads a file that changed meanwhile once more: half of one version and half of another would mean anything. */
function readStill(path: string, files: FileAccess): Read {
  const before = files.stat(path)?.version;
  const bytes = files.readFile(path);
  const after = files.stat(path)?.version;
  if (after === before) return { bytes, unrest: undefined };
  const again = files.readFile(path);
  const isStill = files.stat(path)?.version === after;
  return { bytes: again, unrest: isStill ? 'it was read again' : 'it was read again, and changed again' };
}

/** What the system said when a file could not be read or written, in words. */
export function readFault(error: unknown): string {
  const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  if (isAbsent) return 'it does not exist';
  return knownFault(error) ?? (error instanceof Error ? error.message : String(error));
}

/** Undefined for what is not in the table, and for what is not there. */
function knownFault(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? faults[code] : undefined;
}

const faults: Readonly<Partial<Record<string, string>>> = {
  ENOTDIR: 'a part of its path is no directory',
  ELOOP: 'its symbolic links lead in a circle',
  EACCES: 'permission is denied',
  EISDIR: 'it is a directory',
  ENAMETOOLONG: 'its name is too long',
  ERR_FS_FILE_TOO_LARGE: 'it is larger than 2 GiB',
  ERR_STRING_TOO_LONG: 'it is larger than 512 MiB',
};

/** Bytes as UTF-8 when they are that, else as Latin-1. */
export function decode(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Of ASCII both are the same, and Latin-1 needs no decoding.
  return buffer.toString(!isAscii(buffer) && isUtf8(buffer) ? 'utf8' : 'latin1');
}

export function stripByteOrderMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}
