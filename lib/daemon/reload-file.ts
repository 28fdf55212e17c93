/** reload_file: there while the configuration is being read, so that whoever writes it knows when not to. */
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import type { Config } from '../config/model.js';
import type { Logger } from '../host.js';
import { pidFiles } from './process.js';

/** Path of the file that a configuration asks for; without one of its own it stands beside the pid files. */
export function reloadFileOf({ globalDefs, instance, usePidDir }: Config): string | undefined {
  const { reloadFile } = globalDefs;
  if (reloadFile !== '') return reloadFile;
  return pidFiles({}, instance, usePidDir).main.replace(/\.pid$/, '.reload');
}

/** Makes it, or empties it. @returns what removes it, to be called when the configuration has been read. */
export function beginReading(path: string | undefined, logger: Logger): () => void {
  if (path === undefined) return () => undefined;
  const { O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;
  try {
    closeSync(openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o644));
  } catch (error) {
    logger.log('error', `reload_file ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return () => endReading(path, logger);
}

/** Removes it; a first reading, which is what names it, ends with this, too. */
export function endReading(path: string | undefined, logger: Logger): void {
  if (path === undefined) return;
  try {
    rmSync(path, { force: true });
  } catch (error) {
    logger.log('error', `reload_file ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
