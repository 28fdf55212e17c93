/** The sub-commands that talk to a running daemon. They load neither parser nor addon. */
import { Command, Option } from 'commander';
import { controlVariable } from '../control/paths.js';
import {
  controlStatusHelp,
  controlStatus,
  maintain,
  status,
  type MaintenanceOptions,
  type StatusOptions,
} from './control.js';
import { why, type WhyOptions } from './why.js';
import { usageHint } from './help.js';
import { drain, lvs, setWeight, type DrainOptions, type LvsOptions, type WeightOptions } from './lvs.js';

/** Runs the sub-command in `argv`; the result is the exit status. */
export async function runControlCommand(argv: readonly string[], version: string): Promise<number> {
  let result: number = controlStatus.good;
  // A reader that has seen enough, such as head, ends a watch.
  process.stdout.once('error', () => process.exit(result));
  const program = new Command('ka-node').version(version).exitOverride().showHelpAfterError(usageHint);
  addStatus(program, (code) => (result = code));
  addWhy(program, (code) => (result = code));
  addMaintenance(program, (code) => (result = code));
  addLvs(program, (code) => (result = code));
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    // commander has said what is wrong, or printed the help that was asked for.
    if (error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number')
      return error.exitCode === 0 ? controlStatus.good : controlStatus.usage;
    throw error;
  }
  return result;
}

type Done = (code: number) => void;

/** The options that say which daemon is meant. */
function targeted(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--control-socket <path>',
        `where the daemon is, default /run/ka-node/control.sock or $${controlVariable}`,
      ),
    )
    .option('--instance-name <name>', 'the daemon whose configuration says `instance name`')
    .option('-s, --namespace <name>', 'the daemon that was started with -s')
    .addHelpText('after', controlStatusHelp);
}

function addStatus(program: Command, done: Done): void {
  targeted(program.command('status'))
    .description('instances: state, since when and why, priority, master, addresses, trackers')
    .option('--all', 'trackers and addresses of every instance')
    .option('--json', 'as JSON')
    .option('--watch', 'again every second')
    .action(async (options: StatusOptions) => done(await status(options)));
}

function addWhy(program: Command, done: Done): void {
  targeted(program.command('why'))
    .description(
      'why instances are what they are: the chain of causes, with evidence, from the flight recorder',
    )
    .argument('[instance]', 'a vrrp_instance; all when absent')
    .option('--json', 'as JSON')
    .action(async (instance: string | undefined, options: WhyOptions) => done(await why(instance, options)));
}

function addMaintenance(program: Command, done: Done): void {
  const what = {
    standby: 'take an instance (and its sync group) out of service; refused when nobody would take over',
    switchover: 'move the mastership to the peer, or, on a backup that may keep it, to this node',
    resume: 'end standby or what follows a switchover',
  } as const;
  for (const name of ['standby', 'switchover', 'resume'] as const) {
    const command = targeted(program.command(name))
      .description(what[name])
      .argument('<instance>', 'a vrrp_instance or a vrrp_sync_group')
      .option('--json', 'as JSON');
    if (name !== 'resume')
      command
        .option('--for <time>', 'ends by itself: 90s, 30m, 2h, 1d')
        .option('--force', 'also when nobody would take over');
    command.action(async (instance: string, options: MaintenanceOptions) =>
      done(await maintain(name, instance, options)),
    );
  }
}

function addLvs(program: Command, done: Done): void {
  const command = targeted(program.command('lvs'))
    .description('virtual and real servers: health, last check, connections, rates')
    .option('--json', 'as JSON')
    .option('--watch', 'again every second')
    .action(async (options: LvsOptions) => done(await lvs(options)));
  const server = (name: string, description: string): Command =>
    targeted(command.command(name))
      .description(description)
      .argument('<virtual-server>', '10.0.0.1:80, tcp:10.0.0.1:80, fwmark:7, or its name in the log')
      .argument('<real-server>', '10.1.0.1:8080, or its address alone')
      .option('--json', 'as JSON');
  server('drain', 'weight 0, then wait for its connections to end')
    .option('--timeout <time>', 'how long to wait, default 5m')
    .action(async (virtual: string, real: string, _options: unknown, self: Command) =>
      done(await drain(virtual, real, self.optsWithGlobals<DrainOptions>())),
    );
  server('disable', 'weight 0 at once; its connections go on').action(
    async (virtual: string, real: string, _options: unknown, self: Command) =>
      done(await setWeight(virtual, real, 0, self.optsWithGlobals<WeightOptions>())),
  );
  server('enable', 'the weight that the file and the checkers give it').action(
    async (virtual: string, real: string, _options: unknown, self: Command) =>
      done(await setWeight(virtual, real, undefined, self.optsWithGlobals<WeightOptions>())),
  );
  server('weight', 'a weight by hand, until enable')
    .argument('<weight>', '0 to 65535')
    .action(async (virtual: string, real: string, text: string, _options: unknown, self: Command) => {
      if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
        process.stderr.write(`ka-node: '${text}' is no weight: 0 to 65535\n`);
        done(controlStatus.usage);
        return;
      }
      done(await setWeight(virtual, real, Number(text), self.optsWithGlobals<WeightOptions>()));
    });
}
