#!/usr/bin/env node
/**
 * Runs a command in the virtual machine and exits with its status (125: the command was never run).
 *
 *     node dist/test/vm/run.js [-t SECONDS] [-m MEGABYTES] [-M MODULE]... -- COMMAND [ARGUMENT]...
 */
import { parseArgs } from 'node:util';
import { machineObstacle, runInMachine } from './machine.js';

const { values, positionals } = parseArgs({
  options: {
    timeout: { type: 'string', short: 't', default: '300' },
    memory: { type: 'string', short: 'm', default: '1536' },
    module: { type: 'string', short: 'M', multiple: true, default: [] },
  },
  allowPositionals: true,
});
const obstacle = machineObstacle();
if (positionals.length === 0 || obstacle !== undefined) {
  console.error(
    obstacle ?? 'usage: run.js [-t SECONDS] [-m MEGABYTES] [-M MODULE]... -- COMMAND [ARGUMENT]...',
  );
  process.exit(125);
}
const result = await runInMachine({
  argv: () => positionals,
  cwd: process.cwd(),
  timeoutS: Number(values.timeout),
  memoryMb: Number(values.memory),
  modules: values.module,
  onOutput: (text) => process.stdout.write(text),
});
if (result.kind === 'failed') console.error(`${result.reason}\n${result.console}`);
process.exitCode = result.kind === 'exited' ? result.status : 125;
