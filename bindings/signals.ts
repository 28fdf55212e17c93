/** Signals that Node.js cannot name, or that end a process by default. */
import { loadAddon } from './load.js';

/**
 * From now on no real-time signal, and none of SIGQUIT, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSTKFLT and SIGXCPU, ends
 * the process, unless something listens to it already. Programs that it starts do not inherit this. For the whole process.
 */
export function outliveSignals(): void {
  loadAddon().outliveSignals();
}
