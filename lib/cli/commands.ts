/** Sub-commands, with commander. Loaded only when one is asked for. */
import { Command } from 'commander';
import { parseConfig } from '../config/load.js';
import { renderDiagnostics } from '../config/render.js';
import { checkStatus } from '../config/verdict.js';

/** Runs the sub-command in `argv`; the result is the exit status. */
export async function runCommand(argv: readonly string[], version: string): Promise<number> {
  let status = 0;
  const program = new Command('ka-node').version(version).exitOverride();
  program
    .command('check')
    .description('show every mistake of configuration files, with its place and its repair')
    .argument('<files...>', 'keepalived.conf files')
    .option('--strict', 'warnings count as errors')
    .option(
      '--offline',
      'the files are for another machine: its interfaces, scripts and users are taken to exist',
    )
    .option('-i, --config-id <id>', 'id for @ID lines')
    .addHelpText('after', '\nExit status: 0 good or warnings, 1 errors, 2 a file cannot be read.')
    .action((files: readonly string[], options: CheckOptions) => {
      status = Math.max(...files.map((file) => check(file, options)));
    });
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    // commander has said what is wrong, or printed the help that was asked for.
    if (error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number')
      return error.exitCode;
    throw error;
  }
  return status;
}

interface CheckOptions {
  readonly strict?: boolean;
  readonly offline?: boolean;
  readonly configId?: string;
}

function check(file: string, options: CheckOptions): number {
  const { diagnostics } = parseConfig(
    { path: file },
    {
      offline: options.offline === true,
      ...(options.configId === undefined ? {} : { configId: options.configId }),
    },
  );
  process.stdout.write(renderDiagnostics(diagnostics, { color: process.stdout.isTTY }));
  const count = diagnostics.filter(({ severity }) => severity !== 'info').length;
  if (count === 0) process.stdout.write(`${file}: no problems found\n`);
  return checkStatus(diagnostics, options.strict === true);
}
