/**
 * Diagnostics as data, and the collector that gathers them. Rendering is in `render.ts`; texts and codes are in `messages.ts`.
 */
import type { Span } from './source.js';

/**
 * error: refused, or part of the configuration is lost. warning: works, but not as written. deprecated: works, but has a
 * newer form. security: a risk. info: worth knowing.
 */
export type Severity = 'error' | 'warning' | 'deprecated' | 'security' | 'info';

/**
 * What keepalived's own test mode makes of the same thing: nothing (0), an interface or file that does not exist (4),
 * any complaint (5), a security problem (6), a fatal include (6), the immediate end (2).
 */
export type KeepalivedClass = 'none' | 'missing' | 'complaint' | 'security' | 'fatal-include' | 'gives-up';

/** Another place that belongs to the same mistake. */
export interface Related {
  readonly message: string;
  readonly span: Span;
}

export interface Diagnostic {
  /** Stable: `KA3012`. Listed in `messages.ts`. */
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly hint: string | undefined;
  /** Exact text that replaces the span's, when there is one obvious repair. */
  readonly replacement: string | undefined;
  readonly span: Span;
  readonly related: readonly Related[];
  readonly keepalivedClass: KeepalivedClass;
}
