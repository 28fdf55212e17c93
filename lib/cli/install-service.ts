/** `ka-node install-service`: the unit of the package, for the program that runs now. */
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { installService, serviceUnit } from '../daemon/install-service.js';

export interface InstallServiceArguments {
  readonly directory: string;
  readonly print?: boolean;
}

/** The result is the exit status; what stops it is a KaError. */
export function installServiceCommand({ directory, print }: InstallServiceArguments): number {
  const options = {
    packageRoot: packageRoot(),
    directory,
    // The interpreter by its own name: a unit has no PATH of a login shell.
    interpreter: process.execPath,
    program: realpathSync(process.argv[1] ?? ''),
  };
  if (print === true) {
    process.stdout.write(serviceUnit(options));
    return 0;
  }
  const { path, isChanged, nextCommands } = installService(options);
  process.stdout.write(
    `${path} ${isChanged ? 'is written' : 'was there already, as it should be'}. Next:\n` +
      nextCommands.map((command) => `  ${command}\n`).join(''),
  );
  return 0;
}

/** From dist/lib/cli/: the folder that has share/. */
function packageRoot(): string {
  return fileURLToPath(new URL('../../../', import.meta.url));
}
