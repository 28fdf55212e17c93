/** The network namespace of this process's main thread. */
import { getSystemErrorName } from 'node:util';
import { NativeError } from './errors.js';
import { loadAddon } from './load.js';

/**
 * Enters a network namespace: sockets of this thread are made there from now on, and the threads and programs that it starts later are
 * there as well. Equivalent: nsenter --net=PATH
 * @throws {NativeError} KA_NAMESPACE
 */
export function enterNamespace(path: string): void {
  const result = loadAddon().enterNamespace(path);
  if (result === 0) return;
  const code = getSystemErrorName(result);
  throw new NativeError('KA_NAMESPACE', `the network namespace ${path} cannot be entered: ${code}`, {
    errno: -result,
    syscall: 'setns',
  });
}
