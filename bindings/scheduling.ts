/** How this process is scheduled, for one that runs no engine. */
import { loadAddon } from './load.js';
import type { NativeScheduling } from './native-scheduling.js';

export type { NativeScheduling as ProcessScheduling } from './native-scheduling.js';

/**
 * Schedules every thread that the process has now; what is absent stays as it is.
 * @returns what was refused, in words; empty: all was done.
 */
export function scheduleProcess(wanted: NativeScheduling): readonly string[] {
  return loadAddon().scheduleProcess(wanted);
}
