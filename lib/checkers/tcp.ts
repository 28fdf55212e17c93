/** TCP_CHECK: the server accepts a connection in time. */
import type { ProbeResult } from '../../bindings/prober.js';
import type { TcpCheck } from '../config/model-lvs.js';
import type { Check, CheckEvent, Outcome } from './checker.js';
import { afterRetries, probeOutcome, probeTarget, type CheckContext } from './network.js';

export function tcpCheck(config: TcpCheck, context: CheckContext): Check {
  const { serverName, prober } = context;
  const target = probeTarget(config);
  return {
    name: config.kind,
    timing: config,
    attempt: async (_step, signal) => outcomeOf(await prober.tcp(target, signal)),
    watch: (intervalMs, onEnd) => prober.watchTcp(target, intervalMs, (end) => onEnd(outcomeOf(end))),
    describe(event: CheckEvent): string | undefined {
      switch (event.kind) {
        case 'up':
          return `TCP connection to ${serverName} success.`;
        case 'down':
          return `TCP_CHECK on service ${serverName} failed${afterRetries(event.retries)}`;
        case 'attempt':
          return `TCP connection to ${serverName} ${event.reason === 'timeout' ? 'timeout' : 'failed'}.`;
        case 'postponed':
          return `TCP_CHECK on service ${serverName}: ${event.reason}. Rescheduling.`;
        case 'step':
          return undefined;
      }
    },
  };
}

function outcomeOf(end: ProbeResult): Outcome {
  if (end.kind !== 'ok') return probeOutcome(end);
  return { kind: 'success', detail: 'connected', elapsedMs: end.elapsedUs / 1000 };
}
