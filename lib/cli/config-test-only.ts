/**
 * Entry of the small bundle, which holds `-t` alone: reading a large program takes longer than reading a usual configuration.
 */
import { testConfig } from './config-test.js';
import { parseArguments } from './options.js';

/** The exit status; undefined: `argv` asks for something else, or is wrong. */
export function main(argv: readonly string[]): number | undefined {
  const first = argv[0] ?? '';
  if (!first.startsWith('-') || first === '-T' || first === '--genhash') return undefined;
  const invocation = parseArguments(argv);
  return invocation.kind === 'test' ? testConfig(invocation.options, invocation.reportFile) : undefined;
}
