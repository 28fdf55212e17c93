/** Sub-commands, with commander. Loaded only when one is asked for. */
import { Command, Option } from 'commander';
import { parseConfig } from '../config/load.js';
import { plainModel, treeText } from '../config/plain.js';
import { renderDiagnostics } from '../config/render.js';
import { explain } from '../config/reference/explain.js';
import { checkStatus } from '../config/verdict.js';
import { checkFiles, type CheckOptions } from './check.js';
import { formatFiles, type FormatOptions } from './format.js';

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
    .option('--cluster', 'the files are those of the nodes of one cluster: compares them, too')
    .addOption(
      new Option('--format <format>', 'how it is told').choices(['text', 'json', 'sarif']).default('text'),
    )
    .option('-i, --config-id <id>', 'id for @ID lines')
    .addHelpText('after', '\nExit status: 0 good or warnings, 1 errors, 2 a file cannot be read.')
    .action((files: readonly string[], options: CheckOptions) => {
      status = checkFiles(files, options, version);
    });
  program
    .command('explain')
    .description('tell what a keyword, a block or a code such as KA3012 means')
    .argument('<topic>', 'a keyword, a block, or a code')
    .action((topic: string) => {
      status = explainTopic(topic);
    });
  program
    .command('show')
    .description('show what a configuration means: every value, defaults and inheritance filled in')
    .argument('<file>', 'a keepalived.conf file')
    .option('--json', 'as JSON')
    .option('-i, --config-id <id>', 'id for @ID lines')
    .action((file: string, options: ShowOptions) => {
      status = show(file, options);
    });
  program
    .command('fmt')
    .description('lay files out canonically; comments and meaning stay')
    .argument('<files...>', 'keepalived.conf files')
    .option('--write', 'change the files instead of printing them')
    .option('--check', 'only name the files that are laid out otherwise; exit status 1 if there are any')
    .action((files: readonly string[], options: FormatOptions) => {
      status = formatFiles(files, options);
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

interface ShowOptions {
  readonly json?: boolean;
  readonly configId?: string;
}

function explainTopic(topic: string): number {
  const explanation = explain(topic);
  if (explanation.kind === 'found') {
    process.stdout.write(explanation.text);
    return 0;
  }
  const hint = explanation.near === undefined ? '' : `; did you mean ${explanation.near}?`;
  process.stderr.write(`there is no keyword, block or code '${topic}'${hint}\n`);
  return 1;
}

/** The model goes to stdout, what is wrong with the file to stderr. */
function show(file: string, { json, configId }: ShowOptions): number {
  const options = { offline: true, ...(configId === undefined ? {} : { configId }) };
  const { model, diagnostics } = parseConfig({ path: file }, options);
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  process.stderr.write(renderDiagnostics(errors, { color: process.stderr.isTTY }));
  if (model === undefined) return checkStatus(diagnostics);
  const plain = plainModel(model);
  process.stdout.write(json === true ? `${JSON.stringify(plain, undefined, 2)}\n` : treeText(plain));
  return checkStatus(diagnostics);
}
