/** config_save_dir: copies of every configuration that was read, and of the data files before and after each reload, for whoever looks for a fault later. */
import { mkdirSync, readdirSync } from 'node:fs';
import type { Config } from '../config/model.js';
import type { SourceFile } from '../config/source.js';
import type { Side } from '../control/messages.js';
import type { Logger } from '../host.js';
import { writeDump } from './dump-file.js';
import type { RunningSide } from './side.js';

const fileWords: Readonly<Record<Side, string>> = { vrrp: 'vrrp', checkers: 'check' };

/**
 * Keeps what was read as `keepalived.conf.PID.NUMBER`, from 0, file after file, each under its path.
 * @param pid of the daemon's first process.
 * @throws {KaError} KA_DUMP_WRITE, of mkdir(2), readdir(2)
 */
export function saveConfiguration(directory: string, sources: readonly SourceFile[], pid: number): void {
  const number = nextNumber(directory, `keepalived.conf.${pid}.`, '', 0);
  const text = sources.map((source) => `# ${source.name}\n${source.text.replace(/\n?$/, '\n')}`).join('\n');
  writeDump(directory, `keepalived.conf.${pid}.${number}`, text);
}

/**
 * Reloads a side. With config_save_dir its data before and after it go to `keepalived_vrrp.PID.NUMBER.pre` and `.post` (`_check` of the
 * checkers), from 1, whether the side takes the configuration or not. What cannot be written is said in the log.
 * @throws as `running.reload`
 */
export async function reloadSide(
  side: Side,
  running: RunningSide,
  config: Config,
  log: Logger,
): Promise<string> {
  const { configSaveDir: directory } = config.globalDefs;
  if (directory === undefined) return running.reload(config);
  const attempt = (save: () => void): void => {
    try {
      save();
    } catch (error) {
      log.log('error', `config_save_dir: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const name = `keepalived_${fileWords[side]}.${process.pid}.`;
  let number = 1;
  attempt(() => {
    number = nextNumber(directory, name, '.pre', number);
    writeDump(directory, `${name}${number}.pre`, running.dataText());
  });
  try {
    return await running.reload(config);
  } finally {
    attempt(() => writeDump(directory, `${name}${number}.post`, running.dataText()));
  }
}

/** Makes the folder when it is missing. @returns the number after the highest that is there; `first`: there is none. */
function nextNumber(directory: string, prefix: string, suffix: string, first: number): number {
  mkdirSync(directory, { mode: 0o700, recursive: true });
  const numbers = readdirSync(directory)
    .filter((name) => name.startsWith(prefix) && name.endsWith(suffix))
    .map((name) => Number(name.slice(prefix.length, name.length - suffix.length)))
    .filter((number) => Number.isInteger(number));
  return Math.max(first - 1, ...numbers) + 1;
}
