/** Signals of the daemon's processes. Those that Node.js cannot name are in signal-numbers.ts. */
import { hearSignals, outliveSignals } from '../../bindings/signals.js';
import type { DumpKind } from './dump.js';
import { signalNumbers } from './signal-numbers.js';

const dumps: ReadonlyMap<number, DumpKind> = new Map([
  [signalNumbers.JSON, 'json'],
  [signalNumbers.STATS_CLEAR, 'stats-clear'],
]);

export interface SignalActions {
  readonly stop: () => void;
  readonly reload: () => void;
  readonly dump: (kind: DumpKind) => void;
  readonly ignoresSigint: boolean;
}

/** From here on no signal that people send ends the process without a goodbye. To be called once. */
export function listenToSignals(actions: SignalActions): void {
  process.on('SIGTERM', actions.stop);
  process.on('SIGINT', () => {
    if (!actions.ignoresSigint) actions.stop();
  });
  process.on('SIGHUP', actions.reload);
  // Without a listener these would start a debugger, or end the process.
  process.on('SIGUSR1', () => actions.dump('data'));
  process.on('SIGUSR2', () => actions.dump('stats'));
  process.on('SIGPIPE', () => undefined);
  outliveSignals();
  hearSignals([...dumps.keys()], (number) => {
    const kind = dumps.get(number);
    if (kind !== undefined) actions.dump(kind);
  });
}
