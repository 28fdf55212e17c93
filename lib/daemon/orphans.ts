/** Process 1 of a container inherits whatever its descendants leave behind, and is the only one that can bury it. */
import { readFileSync } from 'node:fs';
import { reapChild } from '../../bindings/signals.js';
import { systemClock } from '../host.js';

/**
 * Collects ended processes that are not ours (`own`: those of Node.js, which waits for them itself). What the launcher starts
 * (native/launch/) is never among them: the kernel lists children by thread, those of the launcher's are its own, and orphans
 * are given to the first thread, which is this one.
 */
export function reapOrphans(own: () => readonly number[]): void {
  const reap = (): void => {
    const mine = new Set(own());
    for (const pid of children()) if (!mine.has(pid)) reapChild(pid);
  };
  process.on('SIGCHLD', reap);
  // Signals of the same number are merged; one that ended in between is collected a little later.
  const again = (): void => {
    reap();
    systemClock.schedule(5000, again, { background: true });
  };
  again();
}

function children(): readonly number[] {
  try {
    const text = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  } catch {
    return []; // a kernel without CONFIG_PROC_CHILDREN
  }
}
