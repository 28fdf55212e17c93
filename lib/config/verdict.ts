/**
 * What `keepalived -t` would answer, oddities included: 0 good, 2 given up, 4 something does not exist, 5 complaints,
 * 6 script security or a fatal include.
 */
import type { Diagnostic } from './diagnostic.js';
import { messages } from './messages.js';

export type KeepalivedStatus = 0 | 2 | 4 | 5 | 6;

/** `version`: whether keywords that came after 2.2.7 count as unknown. */
export function keepalivedStatus(
  diagnostics: readonly Diagnostic[],
  version: '2.2.7' | '2.4' = '2.4',
): KeepalivedStatus {
  if (diagnostics.some((item) => item.code === messages.fileMissing.code)) return 0;
  // keepalived: in a namespace that does not exist nothing is checked, silently.
  if (diagnostics.some((item) => item.code === messages.namespaceMissing.code)) return 0;
  // keepalived: a missing interface ends the run before the checks across blocks.
  const isCutShort = diagnostics.some((item) => item.code === messages.interfaceMissing.code);
  let status: KeepalivedStatus = 0;
  for (const { keepalivedClass, isLate } of diagnostics) {
    if (isCutShort && isLate) continue;
    switch (keepalivedClass) {
      case 'gives-up':
        return 2;
      case 'fatal-include':
        return 6;
      case 'security':
        status = 6;
        break;
      case 'newer':
        if (version === '2.2.7' && status < 5) status = 5;
        break;
      case 'complaint':
        if (status < 5) status = 5;
        break;
      case 'missing':
        if (status < 4) status = 4;
        break;
      case 'none':
        break;
    }
  }
  return status;
}

/** Status of `ka-node check`: 0 good or warnings, 1 errors, 2 cannot be read. `isStrict`: warnings count as errors. */
export function checkStatus(diagnostics: readonly Diagnostic[], isStrict = false): 0 | 1 | 2 {
  const unread = [messages.fileMissing, messages.fileUnreadable].map(({ code }) => code);
  if (diagnostics.some((item) => unread.some((code) => code === item.code))) return 2;
  const counts = (item: Diagnostic): boolean =>
    item.severity === 'error' || (isStrict && item.severity !== 'info');
  return diagnostics.some(counts) ? 1 : 0;
}
