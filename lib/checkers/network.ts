/** What the network checkers share: where a probe goes, and what its end means. */
import { isIPv6, Socket } from 'node:net';
import type { Prober, ProbeResult, ProbeTarget } from '../../bindings/prober.js';
import type { CheckerConnection } from '../config/model-lvs.js';
import type { Host } from '../host.js';
import type { Outcome } from './checker.js';

/** What a check needs besides its own block. */
export interface CheckContext {
  readonly prober: Prober;
  readonly host: Host;
  /** `[10.1.0.1]:tcp:80`: the real server's name in log lines. */
  readonly serverName: string;
  /** The virtual server's name. */
  readonly virtualName: string;
}

/** The probe target of a checker's connection options. */
export function probeTarget(check: CheckerConnection): ProbeTarget {
  return {
    address: check.connectIp,
    port: check.connectPort,
    source: check.bindto,
    sourcePort: check.bindPort,
    interface: check.bindIf,
    mark: check.fwmark,
    timeoutMs: check.connectTimeout / 1000,
  };
}

/** A probe that did not succeed, as an outcome. */
export function probeOutcome(end: Exclude<ProbeResult, { readonly kind: 'ok' }>): Outcome {
  const elapsedMs = end.elapsedUs / 1000;
  switch (end.kind) {
    case 'timeout':
      return { kind: 'failure', reason: 'timeout', elapsedMs };
    case 'failed':
      return { kind: 'failure', reason: end.code, elapsedMs };
    case 'unusable':
      return { kind: 'postponed', reason: `${end.syscall}: ${end.code}` };
  }
}

/** A connected stream for a check that speaks a protocol, or why there is none. */
export async function openStream(
  check: CheckerConnection,
  prober: Prober,
  signal: AbortSignal,
): Promise<Socket | Outcome> {
  const end = await prober.connect(probeTarget(check), signal);
  if (end.kind !== 'ok') return probeOutcome(end);
  return new Socket({ fd: end.fd, readable: true, writable: true, allowHalfOpen: true });
}

/** `10.1.0.1` or `[2001:db8::1]`. */
export function hostText(address: string): string {
  return isIPv6(address) ? `[${address}]` : address;
}

/** `after N retries`, `.`: the end of the line that says a check failed. */
export function afterRetries(retries: number): string {
  if (retries === 0) return '.';
  return ` after ${retries} retries.`;
}
