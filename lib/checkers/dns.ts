/** DNS_CHECK: a name server answers a question without an error. What it answers is not looked at, as in keepalived. */
import { encode, RECURSION_DESIRED } from 'dns-packet';
import { randomInt } from 'node:crypto';
import type { DnsCheck } from '../config/model-lvs.js';
import type { Check, CheckEvent, Outcome } from './checker.js';
import { probeOutcome, probeTarget, type CheckContext } from './network.js';

/** Identifier, QR bit and rcode are in the first four bytes; a message without the whole header is none. */
const headerBytes = 12;

export function dnsCheck(config: DnsCheck, context: CheckContext): Check {
  const { serverName, prober } = context;
  const target = probeTarget(config);
  const name = config.name === '.' ? '.' : config.name.replace(/\.$/, '');
  return {
    name: config.kind,
    timing: config,
    async attempt(_step, signal): Promise<Outcome> {
      const id = randomInt(0x1_0000);
      const question = { type: config.type, name } as const;
      const query = encode({ type: 'query', id, flags: RECURSION_DESIRED, questions: [question] });
      const end = await prober.udp(target, query, answerFilter(id), signal);
      if (end.kind === 'timeout') return { kind: 'failure', reason: 'read timeout from socket' };
      if (end.kind !== 'ok') return probeOutcome(end);
      const rcode = (end.reply[3] ?? 0) & 0x0f;
      if (rcode !== 0) return { kind: 'failure', reason: `read error occurred. (rcode = ${rcode})` };
      return { kind: 'success', detail: `answer of ${end.length} bytes` };
    },
    describe(event: CheckEvent): string | undefined {
      switch (event.kind) {
        case 'up':
          return `DNS_CHECK (${serverName}) succeed on service.`;
        case 'down': {
          const retries = event.retries === 0 ? '' : ` after ${event.retries} retries`;
          return `DNS_CHECK (${serverName}) ${event.reason}${retries}`;
        }
        case 'attempt':
          return event.isForgiven ? `DNS_CHECK (${serverName}) ${event.reason}` : undefined;
        case 'postponed':
          return `DNS_CHECK (${serverName}) ${event.reason}. Rescheduling.`;
        case 'step':
          return undefined;
      }
    },
  };
}

/** Only messages with our identifier and the QR bit end the wait; what others send in between is ignored. */
function answerFilter(id: number): { readonly value: Buffer; readonly mask: Buffer } {
  const value = Buffer.alloc(headerBytes);
  const mask = Buffer.alloc(headerBytes);
  value.writeUInt16BE(id, 0);
  mask.writeUInt16BE(0xffff, 0);
  value[2] = 0x80;
  mask[2] = 0x80;
  return { value, mask };
}
