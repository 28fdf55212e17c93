/** Sub-commands, with commander. Loaded only when one is asked for. */
import { Command, Option } from 'commander';
import { parseConfig } from '../config/load.js';
import { plainModel, treeText } from '../config/plain.js';
import { renderDiagnostics } from '../config/render.js';
import { modelSchema } from '../config/reference/json-schema.js';
import { printConfig } from '../config/print.js';
import { explain } from '../config/reference/explain.js';
import { checkStatus } from '../config/verdict.js';
import { checkFiles, type CheckOptions } from './check.js';
import type { DoctorOptions } from './doctor/doctor.js';
import { formatFiles, type FormatOptions } from './format.js';
import { usageHint } from './help.js';
import type { InstallServiceArguments } from './install-service.js';
import type { ReloadOptions } from './reload.js';

/** Runs the sub-command in `argv`; the result is the exit status. */
export async function runCommand(argv: readonly string[], version: string): Promise<number> {
  let status = 0;
  const program = new Command('ka-node').version(version).exitOverride().showHelpAfterError(usageHint);
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
    .option('--json', 'as JSON; its schema is share/model.schema.json')
    .option('--conf', 'as a configuration that means the same, without includes, definitions and comments')
    .option('-i, --config-id <id>', 'id for @ID lines')
    .action((file: string, options: ShowOptions) => {
      status = show(file, options);
    });
  program
    .command('reload')
    .description('have the running daemon read its configuration again, and tell what came of it')
    .option('-p, --pid <file>', 'pid file of the daemon (default: /run/keepalived.pid)')
    .option('--instance <name>', 'name of the daemon among several: the pid file is found by it')
    .option('--control-socket <path>', 'ask there, as $KA_NODE_CONTROL says, instead of sending a signal')
    .option('--timeout <time>', 'how long to wait for the end of it: 90, 90s, 5m', '150')
    .addHelpText('after', '\nExit status: 0 good, 1 refused (the old configuration runs on), 2 no daemon.')
    .action(async (options: ReloadOptions) => {
      const { reloadDaemon } = await import('./reload.js');
      status = await reloadDaemon(options);
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
  program
    .command('doctor')
    .description('look for what on this machine would keep a configuration from working; changes nothing')
    .argument('[file]', 'a keepalived.conf file', '/etc/keepalived/keepalived.conf')
    .option('--json', 'as JSON')
    .option('--listen <seconds>', 'how long to listen for adverts of others (three intervals, at most 10 s)')
    .option('--root <folder>', 'look at the files of this folder instead of /')
    .addHelpText(
      'after',
      '\nLooks at: capabilities, the firewall, rp_filter, arp_ignore, systemd-networkd and NetworkManager, and listens for' +
        '\nothers that use the same VRID. Exit status: 0 no problem, 1 problems, 2 no usable configuration.',
    )
    .action(async (file: string, options: Omit<DoctorOptions, 'file'>) => {
      status = await (await import('./doctor/doctor.js')).doctor({ file, ...options });
    });
  program
    .command('install-service')
    .description('install the systemd unit ka-node.service for this program; starts and enables nothing')
    .option('--directory <folder>', 'where units of the administrator live', '/etc/systemd/system')
    .option('--print', 'print the unit instead of installing it')
    .action(async (options: InstallServiceArguments) => {
      status = (await import('./install-service.js')).installServiceCommand(options);
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
  readonly conf?: boolean;
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
function show(file: string, { json, conf, configId }: ShowOptions): number {
  const options = { offline: true, ...(configId === undefined ? {} : { configId }) };
  const { model, diagnostics } = parseConfig({ path: file }, options);
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  process.stderr.write(renderDiagnostics(errors, { color: process.stderr.isTTY }));
  if (model === undefined) return checkStatus(diagnostics);
  const plain = plainModel(model);
  if (conf === true) process.stdout.write(printConfig(model));
  else if (json === true) process.stdout.write(`${JSON.stringify(plain, undefined, 2)}\n`);
  else process.stdout.write(treeText(plain, modelSchema()));
  return checkStatus(diagnostics);
}
