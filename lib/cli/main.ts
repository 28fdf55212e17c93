/** Entry of the `ka-node` program: tells the daemon from the sub-commands, and loads only what is needed. */
import type { DaemonOptions } from '../daemon/options.js';
import type { SingleProcess } from '../daemon/single.js';
import { childFlag } from '../daemon/protocol.js';
import { parseArguments } from './options.js';
import { runContext, statusOf, version } from './run-context.js';

/** Sub-commands about files and this machine. */
const localCommands = new Set(['check', 'explain', 'show', 'reload', 'fmt', 'doctor', 'install-service']);
/** Sub-commands that talk to a running daemon. */
const controlCommands = new Set(['status', 'why', 'standby', 'switchover', 'resume', 'lvs']);

/** Runs the program; the result is its exit status. */
export function main(argv: readonly string[]): Promise<number> {
  return statusOf(dispatch(argv));
}

async function dispatch(argv: readonly string[]): Promise<number> {
  const [first, ...rest] = argv;
  if (first === childFlag) return (await import('./run-as-child.js')).runAsChild(rest);
  if (first === 'genhash' || first === '--genhash' || first === '-T') return runGenhash(rest);
  if (first !== undefined && controlCommands.has(first)) {
    const { runControlCommand } = await import('./control-commands.js');
    return runControlCommand(argv, version());
  }
  if (first !== undefined && localCommands.has(first)) {
    const { runCommand } = await import('./commands.js');
    return runCommand(argv, version());
  }
  if (first === 'help') return dispatch(rest[0] === undefined ? ['--help'] : [rest[0], '--help']);
  if (first !== undefined && !first.startsWith('-')) return unknownCommand(first);
  const invocation = parseArguments(argv);
  switch (invocation.kind) {
    case 'wrong':
      process.stderr.write(`${invocation.message}\nTry: ka-node --help\n`);
      return 1;
    case 'help':
      process.stderr.write((await import('./help.js')).helpPage);
      return 0;
    case 'version':
      process.stderr.write(`Keepalived compatible ka-node ${version()}, Node.js ${process.version}\n`);
      return 0;
    case 'signum':
      return printSignal(invocation.name);
    case 'test':
      return (await import('./config-test.js')).testConfig(invocation.options, invocation.reportFile);
    case 'daemon':
      if (invocation.extra.length > 0) {
        process.stdout.write(`Unexpected argument(s): ${invocation.extra.join(' ')}\n`);
      }
      return daemon(argv, invocation.options);
  }
}

async function daemon(argv: readonly string[], options: DaemonOptions): Promise<number> {
  const { runDaemon } = await import('../daemon/run.js');
  const single = async (): Promise<typeof SingleProcess> =>
    (await import('../daemon/single.js')).SingleProcess;
  return runDaemon(runContext(argv, options), single);
}

async function unknownCommand(name: string): Promise<number> {
  const { nearest } = await import('../config/suggest.js');
  const near = nearest(name, [...localCommands, ...controlCommands, 'genhash', 'help']);
  const hint = near === undefined ? '' : `; did you mean '${near}'?`;
  process.stderr.write(`ka-node: there is no command '${name}'${hint}\nTry: ka-node --help\n`);
  return 1;
}

async function runGenhash(argv: readonly string[]): Promise<number> {
  const { genhash, parseGenhash } = await import('../checkers/genhash.js');
  const { Prober } = await import('../../bindings/prober.js');
  const { systemClock } = await import('../host.js');
  using prober = new Prober();
  const { stdout, stderr, status } = await genhash(parseGenhash(argv), prober, systemClock);
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  return status;
}

async function printSignal(name: string): Promise<number> {
  const { signalNumbers } = await import('../daemon/signal-numbers.js');
  const number = new Map(Object.entries(signalNumbers)).get(name);
  if (number === undefined) {
    process.stderr.write(`Unknown sigfunc ${name}\n`);
    return 1;
  }
  process.stdout.write(`${number}\n`);
  return 0;
}
