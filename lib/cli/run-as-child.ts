/** Entry of the processes that the daemon starts, and of the bundle that holds nothing else. */
import { halfOf } from '../daemon/half-file.js';
import { runChild } from '../daemon/child.js';
import { readForDaemon } from '../daemon/configuration.js';
import { childFlag, parseOrder } from '../daemon/protocol.js';
import { createNode } from '../vrrp/node.js';
import { parseArguments } from './options.js';
import { runContext, statusOf } from './run-context.js';

/** The exit status; undefined: `argv` asks for something else. */
export function main([flag, ...rest]: readonly string[]): Promise<number> | undefined {
  return flag === childFlag ? statusOf(runAsChild(rest)) : undefined;
}

/** `argv`: its order, then the daemon's own arguments. */
export async function runAsChild([order = '', ...argv]: readonly string[]): Promise<number> {
  const invocation = parseArguments(argv);
  if (invocation.kind !== 'daemon') return 1;
  return runChild(runContext(argv, invocation.options), parseOrder(order));
}

/**
 * Goes through a start without an engine, so that what a build keeps of V8's work holds the functions that a start needs.
 * @throws when the file, an example of ours, cannot be used.
 */
export async function rehearse(configFile: string): Promise<void> {
  const argv = ['-n', '-G', '-P', '-f', configFile];
  const invocation = parseArguments(argv);
  if (invocation.kind !== 'daemon') throw new Error(`${argv.join(' ')} starts no daemon`);
  const read = await readForDaemon(runContext(argv, invocation.options), { isReload: false });
  if (!read.isGood) throw new Error(read.message);
  const nothing = (): Promise<void> => Promise.resolve();
  const node = await createNode(halfOf(read.config, 'vrrp'), {
    openEngine: () => ({
      start: nothing,
      apply: nothing,
      stop: nothing,
      status: () => {
        throw new Error('there is no engine');
      },
      record: () => undefined,
    }),
  });
  await node.close();
}
