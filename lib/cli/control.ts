/** The commands that talk to a running daemon: what they share, `status`, `standby`, `switchover`, `resume`. */
import { ControlError, get, post, type ClientOptions } from '../control/client.js';
import { controlPath } from '../control/paths.js';
import type { DaemonStatus, MaintenanceResult } from '../control/schema.js';
import { sleep, systemClock } from '../host.js';
import { statusCode, statusPage } from './status-page.js';
import { parseDuration, styleFor } from './table.js';

/** Exit statuses of the commands that talk to the daemon. */
export const controlStatus = { good: 0, degraded: 1, usage: 2, unknown: 3, refused: 4 } as const;

/** Text for the help of a command. */
export const controlStatusHelp =
  '\nExit status: 0 as it should be, 1 something is not, 2 wrong usage, 3 unknown (no daemon answers), 4 the daemon refused.';

/** Where the daemon is; the same options that it was started with choose it. */
export interface TargetOptions {
  readonly controlSocket?: string;
  readonly instanceName?: string;
  readonly namespace?: string;
}

export function target({ controlSocket, instanceName, namespace }: TargetOptions): ClientOptions {
  const path = controlPath({ given: controlSocket, instance: instanceName, namespace });
  return { path: path ?? controlPath({ environment: {} }) ?? '' };
}

export interface StatusOptions extends TargetOptions {
  readonly json?: boolean;
  readonly watch?: boolean;
  readonly all?: boolean;
}

/** `ka-node status`. @returns its exit status. */
export async function status(options: StatusOptions): Promise<number> {
  return shown(options, async () => {
    const answer = await get({ ...target(options), timeoutMs: 5000 }, '/v1/status');
    if (!isStatus(answer)) throw new ControlError('KA_CLIENT_ANSWER', 'the answer is no status');
    const style = styleFor(process.stdout);
    const page = { style, nowMs: systemClock.wallMs(), isDetailed: options.all === true };
    return { text: statusPage(answer, page), value: answer, code: statusCode(answer) };
  });
}

/** One look, or one after the other. */
export interface Look {
  readonly text: string;
  readonly value: unknown;
  readonly code: number;
}

export async function shown(
  options: { readonly json?: boolean; readonly watch?: boolean },
  look: () => Promise<Look>,
): Promise<number> {
  const isTerminal = process.stdout.isTTY;
  for (;;) {
    const code = await guarded(async () => {
      const { text, value, code: result } = await look();
      const home = options.watch === true && isTerminal ? '\u001B[H\u001B[2J' : '';
      process.stdout.write(options.json === true ? `${JSON.stringify(value)}\n` : home + text);
      return result;
    }, options.json === true);
    if (options.watch !== true) return code;
    await sleep(systemClock, 1000);
  }
}

/** Runs a conversation; says why it failed. */
export async function guarded(talk: () => Promise<number>, isJson = false): Promise<number> {
  try {
    return await talk();
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    const isUnknown = error.code.startsWith('KA_CLIENT_');
    if (isUnknown && isJson)
      process.stdout.write(
        `${JSON.stringify({ state: 'unknown', error: { code: error.code, message: error.message } })}\n`,
      );
    else if (isUnknown) process.stdout.write('unknown\n');
    process.stderr.write(`ka-node: ${error.message}\n`);
    return isUnknown ? controlStatus.unknown : controlStatus.refused;
  }
}

export interface MaintenanceOptions extends TargetOptions {
  readonly for?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `ka-node standby|switchover|resume INSTANCE`. @returns its exit status. */
export async function maintain(
  what: 'standby' | 'switchover' | 'resume',
  instance: string,
  options: MaintenanceOptions,
): Promise<number> {
  const forMs = options.for === undefined ? undefined : parseDuration(options.for);
  if (options.for !== undefined && forMs === undefined) {
    process.stderr.write(`ka-node: '${options.for}' is no length of time: 90s, 30m, 2h, 1d\n`);
    return controlStatus.usage;
  }
  return guarded(async () => {
    const request = {
      ...(forMs === undefined ? {} : { forMs }),
      ...(options.force === true ? { force: true } : {}),
    };
    const path = `/v1/instances/${encodeURIComponent(instance)}/${what}`;
    const answer = await post(target(options), path, what === 'resume' ? undefined : request);
    if (!isMaintenanceResult(answer)) throw new ControlError('KA_CLIENT_ANSWER', 'the answer is no result');
    process.stdout.write(options.json === true ? `${JSON.stringify(answer)}\n` : `${answer.text}\n`);
    return controlStatus.good;
  });
}

/** The daemon's word is taken for the rest of it. */
export function isStatus(value: unknown): value is DaemonStatus {
  return typeof value === 'object' && value !== null && 'instances' in value && 'sides' in value;
}

function isMaintenanceResult(value: unknown): value is MaintenanceResult {
  return typeof value === 'object' && value !== null && 'text' in value && 'members' in value;
}
