/** `ka-node fmt`: lays a file out canonically, and proves that its meaning stays. */
import { readFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { formatText } from '../config/format.js';
import { parseConfig, type FileAccess, type ParseResult } from '../config/load.js';
import { plainModel } from '../config/plain.js';
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
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    process.stderr.write(`${file}: ${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
  const formatted = formatText(text);
  if (!isSameMeaning(file, text, formatted)) {
    process.stderr.write(`${file}: not formatted, because its meaning would change; look at ka-node check\n`);
    return 2;
  }
  if (options.check === true) {
    if (formatted !== text) process.stdout.write(`${file}\n`);
    return formatted === text ? 0 : 1;
  }
  if (options.write !== true) process.stdout.write(formatted);
  else if (formatted !== text) writeFileSync(file, formatted);
  return 0;
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
