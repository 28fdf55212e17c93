/** `ka-node fmt`: lays a file out canonically, and proves that its meaning stays. */
import { isUtf8 } from 'node:buffer';
import { readFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { formatText } from '../config/format.js';
import { parseConfig, type FileAccess, type ParseResult } from '../config/load.js';
import { plainModel } from '../config/plain.js';
import { decode, readFault, unreadable } from '../config/read-text.js';
import { forgivingFiles } from '../config/system.js';

export interface FormatOptions {
  readonly write?: boolean;
  readonly check?: boolean;
}

/** Exit status: 0 good, 1 `--check` found a file that is laid out otherwise, 2 a file cannot be read or formatted. */
export function formatFiles(files: readonly string[], options: FormatOptions): number {
  return Math.max(...files.map((file) => formatFile(file, options)));
}

function formatFile(file: string, options: FormatOptions): number {
  const fault = unreadable(file, forgivingFiles);
  const read = fault === undefined ? readBytes(file) : { reason: fault };
  if ('reason' in read) return failed(file, `cannot be read: ${read.reason}`);
  const { text, encoding } = read;
  const formatted = formatText(text);
  if (!isSameMeaning(file, text, formatted))
    return failed(file, `not formatted, because its meaning would change; see: ka-node check ${file}`);
  if (options.check === true) {
    if (formatted !== text) process.stdout.write(`${file}\n`);
    return formatted === text ? 0 : 1;
  }
  if (options.write !== true) process.stdout.write(Buffer.from(formatted, encoding));
  else if (formatted !== text) {
    try {
      writeFileSync(file, formatted, encoding);
    } catch (error) {
      return failed(file, `cannot be written: ${readFault(error)}`);
    }
  }
  return 0;
}

function failed(file: string, why: string): number {
  process.stderr.write(`${file}: ${why}\n`);
  return 2;
}

type ReadBytes =
  { readonly text: string; readonly encoding: 'utf8' | 'latin1' } | { readonly reason: string };

/** The text with its encoding, so that what is written has the same bytes where nothing changed. */
function readBytes(file: string): ReadBytes {
  try {
    const bytes = readFileSync(file);
    return { text: decode(bytes), encoding: isUtf8(bytes) ? 'utf8' : 'latin1' };
  } catch (error) {
    return { reason: readFault(error) };
  }
}

/** Whether two texts in the place of a file give the same model and the same diagnostics. */
export function isSameMeaning(
  path: string,
  before: string,
  after: string,
  files: FileAccess = forgivingFiles,
): boolean {
  const read = (text: string): ParseResult => {
    const readFile = (name: string): Uint8Array =>
      name === path ? Buffer.from(text, 'utf8') : files.readFile(name);
    // What this machine lacks is no matter of layout.
    return parseConfig({ path }, { offline: true, files: { ...files, readFile } });
  };
  const [a, b] = [read(before), read(after)];
  if (a.model === undefined || b.model === undefined) return a.model === b.model;
  const codes = ({ diagnostics }: ParseResult): readonly string[] =>
    diagnostics.map(({ code }) => code).filter((code) => code !== byteOrderMark);
  return isDeepStrictEqual(plainModel(a.model), plainModel(b.model)) && isDeepStrictEqual(codes(a), codes(b));
}

/** Its absence is the only thing that formatting mends. */
const byteOrderMark = 'KA1003';
