/** `ka-node reload`: asks the running daemon to read its configuration again, waits for it, and says how it went. */
import { ControlError, post } from '../control/client.js';
import { controlVariable } from '../control/paths.js';
import type { ReloadResult as ToldResult } from '../control/schema.js';
import { pidFiles, runningDaemon } from '../daemon/process.js';
import { readReloadResult, type ReloadResult } from '../daemon/reload-result.js';
import { systemClock, sleep } from '../host.js';
import { duration, parseDuration } from './table.js';

export interface ReloadOptions {
  readonly pid?: string;
  readonly instance?: string;
  /** Asks there instead, and sends no signal. */
  readonly controlSocket?: string;
  /** A length of time, as text; a bare number counts seconds. */
  readonly timeout: string;
}

export const reloadStatus = { good: 0, refused: 1, noDaemon: 2 } as const;

/** The result is the exit status: 0 good, 1 refused or not answered, 2 no daemon. */
export async function reloadDaemon(options: ReloadOptions): Promise<number> {
  const timeoutMs = parseDuration(options.timeout);
  if (timeoutMs === undefined) {
    process.stderr.write(`ka-node reload: --timeout ${options.timeout}: a length of time: 90, 90s, 5m\n`);
    return reloadStatus.refused;
  }
  const socket = options.controlSocket ?? process.env[controlVariable] ?? '';
  const isByPidFile = options.pid !== undefined || options.instance !== undefined;
  if (socket !== '' && socket !== 'none' && !isByPidFile) return reloadThrough(socket, timeoutMs);
  const file = options.pid ?? pidFiles({}, options.instance, false).main;
  const pid = runningDaemon(file);
  if (pid === undefined) {
    process.stderr.write(`No daemon runs with the pid file ${file}. Name its own with --pid FILE.\n`);
    return reloadStatus.noDaemon;
  }
  const askedUs = Number(process.hrtime.bigint() / 1000n);
  try {
    process.kill(pid, 'SIGHUP');
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return reloadStatus.noDaemon;
  }
  const result = await resultAfter(file, askedUs, timeoutMs);
  if (result === undefined) {
    const isGone = runningDaemon(file) === undefined;
    process.stderr.write(
      isGone ? 'The daemon has ended.\n' : `The daemon has not answered within ${duration(timeoutMs)}.\n`,
    );
    return isGone ? reloadStatus.noDaemon : reloadStatus.refused;
  }
  return tell(result);
}

/** The daemon behind a control socket. */
async function reloadThrough(path: string, timeoutMs: number): Promise<number> {
  try {
    const answer = await post({ path, timeoutMs }, '/v1/reload', {});
    if (!isToldResult(answer))
      throw new ControlError('KA_CLIENT_ANSWER', 'the answer is no result of a reload');
    return tell(answer);
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    process.stderr.write(`ka-node: ${error.message}\n`);
    return error.code === 'KA_CLIENT_ABSENT' ? reloadStatus.noDaemon : reloadStatus.refused;
  }
}

function isToldResult(answer: unknown): answer is ToldResult {
  return (
    typeof answer === 'object' &&
    answer !== null &&
    'isGood' in answer &&
    'lines' in answer &&
    Array.isArray(answer.lines)
  );
}

function tell({ isGood, lines }: Pick<ToldResult, 'isGood' | 'lines'>): number {
  const stream = isGood ? process.stdout : process.stderr;
  for (const line of lines) stream.write(`${line}\n`);
  return isGood ? reloadStatus.good : reloadStatus.refused;
}

/** The first result of a reload that was asked for after `askedUs`; undefined: none came, or the daemon ended. */
async function resultAfter(
  file: string,
  askedUs: number,
  timeoutMs: number,
): Promise<ReloadResult | undefined> {
  const deadline = systemClock.nowMs() + timeoutMs;
  while (systemClock.nowMs() < deadline) {
    const result = readReloadResult(file);
    if (result !== undefined && result.askedUs >= askedUs) return result;
    if (runningDaemon(file) === undefined) return undefined;
    await sleep(systemClock, 20);
  }
  return undefined;
}
