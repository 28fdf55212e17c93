/** Signals that Node.js cannot name, or that end a process by default. */
import { Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { NativeError } from './errors.js';
import { loadAddon } from './load.js';

/**
 * From now on no real-time signal, and none of SIGQUIT, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSTKFLT and SIGXCPU, ends
 * the process, unless something listens to it already. Programs that it starts do not inherit this. For the whole process.
 */
export function outliveSignals(): void {
  loadAddon().outliveSignals();
}

/**
 * Calls back for each of these signals, among them the real-time ones that Node.js cannot name. To be called once in a process. Does
 * not keep the process alive.
 * @throws {NativeError} KA_SIGNALS
 */
export function hearSignals(numbers: readonly number[], heard: (number: number) => void): void {
  const fd = loadAddon().hearSignals(numbers);
  if (fd < 0) {
    const code = getSystemErrorName(fd);
    throw new NativeError('KA_SIGNALS', `signals cannot be listened to: ${code}`, {
      errno: -fd,
      syscall: 'pipe2',
    });
  }
  const pipe = new Socket({ fd, readable: true, writable: false });
  pipe.on('data', (bytes: Buffer) => {
    for (const number of bytes) heard(number);
  });
  pipe.unref();
}

/** Collects a child that has ended. False: it runs, or is no child of this process. Never waits. */
export function reapChild(pid: number): boolean {
  return loadAddon().reapChild(pid);
}
