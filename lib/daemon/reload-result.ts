/**
 * How `ka-node reload` hears what became of it: the daemon leaves the result of its last reload beside its pid file, and the command
 * waits for one that was asked for after its own signal. Without the control socket, and for any number of commands at once.
 */
import { readFileSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { ReloadReport } from '../control/messages.js';
import { writeDump } from './dump-file.js';

export interface ReloadResult extends ReloadReport {
  /** When it was asked for: CLOCK_MONOTONIC, microseconds. */
  readonly askedUs: number;
}

/** Beside `/run/keepalived.pid`: `/run/keepalived.reload`. */
export function reloadResultPath(pidFile: string): string {
  return `${pidFile.replace(/\.pid$/, '')}.reload`;
}

/** Mode 0600, in one step. What cannot be written is a result that nobody hears of. */
export function writeReloadResult(pidFile: string, askedUs: bigint, report: ReloadReport): void {
  const path = reloadResultPath(pidFile);
  const result: ReloadResult = { ...report, askedUs: Number(askedUs) };
  try {
    writeDump(dirname(path), basename(path), JSON.stringify(result));
  } catch {
    // A read-only folder, a full disk: the log has it.
  }
}

export function removeReloadResult(pidFile: string): void {
  rmSync(reloadResultPath(pidFile), { force: true });
}

/** Undefined: there is none yet. */
export function readReloadResult(pidFile: string): ReloadResult | undefined {
  try {
    return JSON.parse(readFileSync(reloadResultPath(pidFile), 'utf8')) as ReloadResult;
  } catch {
    return undefined;
  }
}
