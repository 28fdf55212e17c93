/** From a checker's block to the running checker. */
import type {
  BfdCheck,
  Checker as CheckerConfig,
  FileCheck,
  MiscCheck,
  SslSettings,
} from '../config/model-lvs.js';
import { assertNever } from '../errors.js';
import type { Command } from '../exec.js';
import type { Check } from './checker.js';
import { pingCheck, udpCheck } from './datagram.js';
import { dnsCheck } from './dns.js';
import { httpCheck } from './http.js';
import { miscCheck } from './misc.js';
import type { CheckContext } from './network.js';
import { smtpCheck } from './smtp.js';
import { tcpCheck } from './tcp.js';

/** Checkers that are repeated; the others follow events (event-checkers.ts). */
export type RepeatedConfig = Exclude<CheckerConfig, FileCheck | BfdCheck>;

export interface CreateOptions {
  readonly ssl: SslSettings | undefined;
  /** Finds the script and its user; undefined: it is missing or insecure, which has been logged, and the checker is left out. */
  readonly command: (check: MiscCheck) => Command | undefined;
}

/** Undefined: the checker cannot exist (see `command`). */
export function createCheck(
  config: RepeatedConfig,
  context: CheckContext,
  options: CreateOptions,
): Check | undefined {
  switch (config.kind) {
    case 'TCP_CHECK':
      return tcpCheck(config, context);
    case 'HTTP_GET':
    case 'SSL_GET':
      return httpCheck(config, context, options.ssl);
    case 'SMTP_CHECK':
      return smtpCheck(config, context);
    case 'DNS_CHECK':
      return dnsCheck(config, context);
    case 'PING_CHECK':
      return pingCheck(config, context);
    case 'UDP_CHECK':
      return udpCheck(config, context);
    case 'MISC_CHECK': {
      const command = options.command(config);
      return command === undefined ? undefined : miscCheck(config, command, context);
    }
    default:
      return assertNever(config);
  }
}
