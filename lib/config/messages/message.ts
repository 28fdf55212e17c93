/** What every diagnostic has: a stable code, its severity, what keepalived makes of it, its text. */
import type { KeepalivedClass, Severity } from '../diagnostic.js';

export interface Message<A extends readonly string[]> {
  readonly code: string;
  readonly severity: Severity;
  readonly keepalivedClass: KeepalivedClass;
  readonly isFatal: boolean;
  readonly hint: string | undefined;
  readonly text: (...args: A) => string;
}

interface Options {
  readonly hint?: string;
  readonly isFatal?: boolean;
}

export function define<A extends readonly string[]>(
  code: string,
  severity: Severity,
  keepalivedClass: KeepalivedClass,
  text: (...args: A) => string,
  options: Options = {},
): Message<A> {
  return { code, severity, keepalivedClass, text, hint: options.hint, isFatal: options.isFatal ?? false };
}
