/** Diagnostics as lines for a log. */
import type { Diagnostic } from '../config/diagnostic.js';
import { renderDiagnostic } from '../config/render.js';

export function diagnosticLines(diagnostics: readonly Diagnostic[]): readonly string[] {
  return diagnostics.flatMap((diagnostic) => renderDiagnostic(diagnostic).split('\n'));
}
