/** Installs the systemd unit of the package (share/ka-node.service) for the program that runs now. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KaError } from '../errors.js';

/** How Node is started for the daemon: those of bin/ka-node, whose shell is not asked here. */
export const daemonNodeOptions = [
  '--single-threaded',
  '--max-semi-space-size=1',
  '--heap-growing-percent=50',
] as const;

export interface InstallServiceOptions {
  /** Root folder of the package. */
  readonly packageRoot: string;
  /** Where units of the administrator live; /etc/systemd/system when absent. */
  readonly directory?: string;
  /** Absolute paths without blanks or percent signs. */
  readonly interpreter: string;
  readonly program: string;
}

export interface InstalledService {
  readonly path: string;
  /** False: the file was there with the same text. */
  readonly isChanged: boolean;
  /** What is left to do for the operator. */
  readonly nextCommands: readonly string[];
}

/**
 * Writes ka-node.service, in one step. Starts and enables nothing.
 * @throws {KaError} KA_SERVICE_COMMAND when the program's path cannot stand in a unit, KA_SERVICE_WRITE when the file cannot be written.
 */
export function installService(options: InstallServiceOptions): InstalledService {
  const directory = options.directory ?? '/etc/systemd/system';
  const path = join(directory, 'ka-node.service');
  const text = serviceUnit(options);
  const isChanged = readIfThere(path) !== text;
  if (isChanged) write(path, text);
  return {
    path,
    isChanged,
    nextCommands: ['systemctl daemon-reload', 'systemctl enable ka-node', 'systemctl start ka-node'],
  };
}

/**
 * The text of the unit.
 * @throws {KaError} KA_SERVICE_COMMAND
 */
export function serviceUnit({
  packageRoot,
  interpreter,
  program,
}: Omit<InstallServiceOptions, 'directory'>): string {
  const template = readFileSync(join(packageRoot, 'share/ka-node.service'), 'utf8');
  const wrong = [interpreter, program].find((word) => !/^\/[^\s%$"'\\;]*$/.test(word));
  if (wrong !== undefined)
    throw new KaError(
      'KA_SERVICE_COMMAND',
      `'${wrong}' cannot be the program of a systemd unit: install ka-node below a path without blanks, quotes and %`,
    );
  const command = [interpreter, ...daemonNodeOptions, program].join(' ');
  return template.replace('ExecStart=/usr/bin/ka-node ', `ExecStart=${command} `);
}

function write(path: string, text: string): void {
  const temporary = `${path}.${process.pid}`;
  try {
    // `wx`: never through a link that somebody left there.
    writeFileSync(temporary, text, { mode: 0o644, flag: 'wx' });
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    const why = cause instanceof Error ? cause.message : String(cause);
    const isAbsent = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    const advice = isAbsent ? 'Make its folder first, or choose another with --directory' : 'Run it as root';
    throw new KaError('KA_SERVICE_WRITE', `${path} cannot be written: ${why}. ${advice}`, { cause });
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
