/** checker_priority and its kin: how the process of the checkers is scheduled, after its start and after every reload. */
import { getPriority } from 'node:os';
import { scheduleProcess, type ProcessScheduling } from '../../bindings/scheduling.js';
import type { GlobalDefs } from '../config/model.js';
import type { Logger } from '../host.js';

/** keepalived's limit where none is written. */
const defaultRttimeUs = 10_000;

/** What the configuration asks for, with the values that undo what `before` asked for. Pure. */
export function schedulingOf(
  wanted: GlobalDefs,
  before: GlobalDefs | undefined,
  ownNiceness: number,
): ProcessScheduling {
  const isNew = <T>(of: (defs: GlobalDefs) => T, neutral: T): boolean =>
    JSON.stringify(of(wanted)) !== JSON.stringify(before === undefined ? neutral : of(before));
  const rttimeUs = wanted.checkerRlimitRttime;
  return {
    ...(isNew((defs) => defs.checkerPriority, 0)
      ? { niceness: wanted.checkerPriority === 0 ? ownNiceness : wanted.checkerPriority }
      : {}),
    ...(isNew((defs) => defs.checkerRtPriority, 0) ? { realtimePriority: wanted.checkerRtPriority } : {}),
    ...(isNew((defs) => defs.checkerCpuAffinity, []) ? { cpuAffinity: wanted.checkerCpuAffinity } : {}),
    ...(isNew((defs) => defs.checkerNoSwap, false) ? { lockMemory: wanted.checkerNoSwap } : {}),
    // A garbage collection may take longer than keepalived's default: only a written limit may kill the process.
    ...(wanted.checkerRtPriority > 0 && rttimeUs > 0 && rttimeUs !== defaultRttimeUs
      ? { rlimitRttimeUs: rttimeUs }
      : {}),
  };
}

export class CheckersScheduling {
  readonly #logger: Logger;
  readonly #ownNiceness = getPriority();
  #before: GlobalDefs | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** What is refused is a warning: the checks run all the same. */
  apply(wanted: GlobalDefs): void {
    const scheduling = schedulingOf(wanted, this.#before, this.#ownNiceness);
    this.#before = wanted;
    if (Object.keys(scheduling).length === 0) return;
    for (const text of scheduleProcess(scheduling)) this.#logger.log('warning', `Checkers process: ${text}`);
  }
}
