/** Entry of the bundle that holds the supervisor alone: it has to start its first child before anything else. */
import { runDaemon } from '../daemon/run.js';
import { parseArguments } from './options.js';
import { runContext, statusOf } from './run-context.js';

/** The exit status; undefined: `argv` asks for something else, or is wrong. */
export function main(argv: readonly string[]): Promise<number> | undefined {
  const first = argv[0] ?? '-';
  if (!first.startsWith('-') || first === '-T' || first === '--genhash') return undefined;
  const invocation = parseArguments(argv);
  if (invocation.kind !== 'daemon' || invocation.extra.length > 0 || invocation.options.isSingleProcess)
    return undefined;
  return statusOf(runDaemon(runContext(argv, invocation.options)));
}
