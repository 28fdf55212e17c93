/** UDP_CHECK (a datagram and, if asked for, its reply) and PING_CHECK (an ICMP echo). */
import type { ExchangeResult, ProbeResult } from '../../bindings/prober.js';
import type { PingCheck, UdpCheck } from '../config/model-lvs.js';
import type { Check, CheckEvent, Outcome } from './checker.js';
import { afterRetries, probeOutcome, probeTarget, type CheckContext } from './network.js';

const mismatch = 'reply data mismatch';

export function udpCheck(config: UdpCheck, context: CheckContext): Check {
  const { serverName, prober } = context;
  const target = probeTarget(config);
  const payload = config.payload === undefined ? fill(udpPayloadBytes) : Buffer.from(config.payload, 'hex');
  const isReplyGood = replyTest(config);
  const outcomeOf = (end: ExchangeResult): Outcome => {
    const elapsedMs = end.elapsedUs / 1000;
    if (end.kind === 'timeout' && !config.requireReply)
      return { kind: 'success', detail: 'no error came back', elapsedMs };
    if (end.kind !== 'ok') return probeOutcome(end);
    if (!config.requireReply || isReplyGood(end.reply, end.length))
      return { kind: 'success', detail: `reply of ${end.length} bytes`, elapsedMs };
    return { kind: 'failure', reason: mismatch, elapsedMs };
  };
  return {
    name: config.kind,
    timing: config,
    attempt: async (_step, signal) => outcomeOf(await prober.udp(target, payload, undefined, signal)),
    watch: (intervalMs, onEnd) =>
      config.requireReply
        ? undefined
        : prober.watchUdp(target, payload, intervalMs, (end) => onEnd(outcomeOf(end))),
    describe(event: CheckEvent): string | undefined {
      switch (event.kind) {
        case 'up':
          return `UDP connection to ${serverName} success.`;
        case 'down':
          return `UDP_CHECK on service ${serverName} failed${afterRetries(event.retries)}`;
        case 'attempt':
          return event.reason === mismatch
            ? `UDP check to ${serverName} reply data mismatch.`
            : `UDP connection to ${serverName} failed.`;
        case 'postponed':
          return `UDP_CHECK on service ${serverName}: ${event.reason}. Rescheduling.`;
        case 'step':
          return undefined;
      }
    },
  };
}

export function pingCheck(config: PingCheck, context: CheckContext): Check {
  const { serverName, prober } = context;
  const target = { ...probeTarget(config), port: 0, sourcePort: 0 };
  const payload = fill(pingPayloadBytes);
  return {
    name: config.kind,
    timing: config,
    attempt: async (_step, signal) => echoOutcome(await prober.ping(target, payload, signal)),
    watch: (intervalMs, onEnd) =>
      prober.watchPing(target, payload, intervalMs, (end) => onEnd(echoOutcome(end))),
    describe(event: CheckEvent): string | undefined {
      switch (event.kind) {
        case 'up':
          return `ICMP connection to ${serverName} success.`;
        case 'down':
          return `ICMP CHECK on service ${serverName} failed${afterRetries(event.retries)}`;
        case 'attempt':
          return `ICMP connection to ${serverName} ${event.reason === 'timeout' ? 'timeout' : 'failed'}.`;
        case 'postponed':
          return `ICMP CHECK on service ${serverName}: ${event.reason}. Rescheduling.`;
        case 'step':
          return undefined;
      }
    },
  };
}

function echoOutcome(end: ProbeResult): Outcome {
  if (end.kind !== 'ok') return probeOutcome(end);
  return { kind: 'success', detail: 'echo reply', elapsedMs: end.elapsedUs / 1000 };
}

const udpPayloadBytes = 32;
const pingPayloadBytes = 128;

/** keepalived's own text, repeated and cut. */
function fill(bytes: number): Buffer {
  return Buffer.alloc(bytes, 'keepalived check - ');
}

/** Length and content of a reply; both are looked at only when reply data is configured. A shorter reply is compared as far
 * as it goes. */
function replyTest(config: UdpCheck): (reply: Buffer, length: number) => boolean {
  const { replyPattern, minReplyLength, maxReplyLength } = config;
  if (replyPattern === undefined) return () => true;
  const nibbles = [...replyPattern];
  return (reply, length) => {
    if (length < minReplyLength || length > maxReplyLength) return false;
    const hex = reply.toString('hex');
    return nibbles.every((nibble, i) => {
      const got = hex[i];
      return nibble === 'x' || nibble === 'X' || got === undefined || got === nibble.toLowerCase();
    });
  };
}
