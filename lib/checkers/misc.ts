/** MISC_CHECK: a program of the user judges the server; its exit status may name the weight. */
import { constants } from 'node:os';
import type { MiscCheck } from '../config/model-lvs.js';
import { run, type Command, type RunEnd, type RunResult } from '../exec.js';
import type { Check, CheckEvent, Outcome } from './checker.js';
import type { CheckContext } from './network.js';

/** misc_dynamic: statuses from 2 on are a weight, shifted by two. */
const firstWeightStatus = 2;

/** @param command the script with the identity it runs as, already found to be safe. */
export function miscCheck(
  config: MiscCheck,
  command: Command,
  context: Pick<CheckContext, 'host' | 'serverName' | 'virtualName'>,
): Check {
  const { serverName, virtualName, host } = context;
  const script = config.miscPath.argv.join(' ');
  const about = `Misc check for [${serverName} VS ${virtualName}] by [${script}]`;
  const { retry } = config;
  return {
    name: config.kind,
    timing: config,
    isIntervalFromStart: true,
    async attempt(_step, signal): Promise<Outcome> {
      const result = await run(command, { clock: host.clock, timeoutMs: config.miscTimeout / 1000, signal });
      return judgeResult(result, config.miscDynamic);
    },
    describe(event: CheckEvent): string | undefined {
      switch (event.kind) {
        case 'up':
          return `${about} succeeded.`;
        case 'down': {
          const isTimeout = event.reason === timedOut;
          const how = retry === 0 ? 'with retry disabled' : `after ${retry} retries`;
          return isTimeout ? `${about} timed out ${how}.` : `${about} failed ${how} (${event.reason}).`;
        }
        case 'attempt':
          if (!event.isForgiven) return undefined;
          return event.attempt === 1
            ? `${about} failed, will do ${retry} retries (${event.reason}).`
            : `${about} failed on retry ${event.attempt - 1}/${retry} (${event.reason}).`;
        case 'postponed':
          return `${about}: ${event.reason}`;
        case 'step':
          return undefined;
      }
    },
  };
}

const timedOut = 'timed out';

function judgeResult(result: RunResult, isDynamic: boolean): Outcome {
  const { end } = result;
  if (result.timedOut) return { kind: 'failure', reason: timedOut };
  if (end.kind !== 'exited') return { kind: 'failure', reason: describe(end) };
  if (end.status === 0) return { kind: 'success', detail: 'exited with status 0' };
  if (!isDynamic || end.status < firstWeightStatus) return { kind: 'failure', reason: describe(end) };
  return {
    kind: 'success',
    weight: end.status - firstWeightStatus,
    detail: `exited with status ${end.status}`,
  };
}

function describe(end: RunEnd): string {
  if (end.kind === 'exited') return `exited with status ${end.status}`;
  return end.kind === 'signalled' ? `due to signal ${constants.signals[end.signal]}` : end.message;
}
