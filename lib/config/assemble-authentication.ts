/**
 * authentication and auth_hmac of a vrrp_instance: which of them counts.
 */
import { seconds } from '../units.js';
import type { Derived, RawInstance } from './assemble-vrrp.js';
import { messages } from './messages.js';
import type { Authentication, AuthHmac } from './model-vrrp.js';
import type { Context } from './schema/dsl.js';

export function auth(
  section: RawInstance,
  derived: Derived,
  hasHmac: boolean,
  context: Context,
): Authentication | undefined {
  const given = section.fields.authentication;
  if (given === undefined) return undefined;
  const { authType, authPass } = given.fields;
  if (authType === undefined) return undefined;
  const why = hasHmac
    ? 'auth_hmac replaces it'
    : derived.isStrict
      ? 'strict mode has none'
      : derived.version === 3
        ? 'VRRP version 3 has none'
        : authPass === undefined || authPass === ''
          ? 'there is no auth_pass'
          : authType === 'AH' && derived.family === 6
            ? 'AH works with IPv4 only'
            : undefined;
  if (why === undefined && authPass !== undefined) return { authType, authPass, at: given.at };
  context.diagnostics.report(messages.authDropped, given.at, why ?? '');
  return undefined;
}

export function hmac(section: RawInstance, context: Context): AuthHmac | undefined {
  const given = section.fields.authHmac;
  if (given === undefined) return undefined;
  const { key, activeKey, timeWindow, antiReplay, mode } = given.fields;
  if (activeKey === undefined || !key.some((item) => item.id === activeKey)) {
    context.diagnostics.report(
      messages.badValue,
      given.at,
      'auth_hmac is switched off: active_key names no key',
    );
    return undefined;
  }
  const window = Math.min(300, Math.max(5, 3 * Math.floor((section.fields.advertInt?.value ?? 1e6) / 1e6)));
  return { key, activeKey, timeWindow: timeWindow ?? seconds(window), antiReplay, mode, at: given.at };
}
