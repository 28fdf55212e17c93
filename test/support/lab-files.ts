/** Where a lab keeps what is not in a namespace. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** One file a lab: its owner's process id, so that a later lab can sweep up after a killed process. */
export const registry = '/run/ka-lab';

/** The private folder of a namespace (configuration, pid files, captures); removed with the lab. */
export function hostFolder(namespace: string): string {
  return join(registry, `${namespace}.d`);
}

/** Writes a file, making its folder. */
export function writeWithFolder(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode });
}
