/**
 * A machine and a file tree for configuration tests: known interfaces, users and files, nothing of the real ones.
 */
import { posix } from 'node:path';
import type { FileAccess, Machine } from '../../lib/config/load.js';

export function fakeMachine(overrides: Partial<Machine> = {}): Machine {
  return {
    hasInterface: (name) => ['lo', 'eth0', 'eth1', 'eth2', 'tun0'].includes(name),
    hasMulticast: (name) => name !== 'tun0',
    hasNamespace: (name) => name === 'blue',
    user: (name) =>
      name === 'root' ? { uid: 0, gid: 0 } : name === 'nobody' ? { uid: 65534, gid: 65534 } : undefined,
    group: (name) => (name === 'root' ? 0 : undefined),
    resolves: (host) => host !== 'nosuch.example.org',
    uid: 0,
    hostName: 'node1.example.org',
    path: ['/usr/bin'],
    cpuCount: 4,
    environment: (name) => (name === 'SITE' ? 'paris' : undefined),
    ...overrides,
  };
}

interface Entry {
  readonly text?: string | Uint8Array;
  readonly mode?: number;
  readonly uid?: number;
}

/** Files by absolute path; directories follow from them. Everything belongs to root unless told. */
export function fakeFiles(entries: Readonly<Record<string, Entry | string>>): FileAccess {
  const files = new Map<string, Entry | string>(
    Object.entries({ '/usr/bin/true': { text: '', mode: 0o755 }, ...entries }),
  );
  const absolute = (path: string): string => posix.resolve('/', path);
  const isDirectory = (path: string): boolean =>
    path === '/' || [...files.keys()].some((name) => name.startsWith(`${path}/`));
  return {
    readFile(path) {
      const entry = files.get(absolute(path));
      if (entry === undefined) throw new Error(`ENOENT: ${path}`);
      const text = typeof entry === 'string' ? entry : (entry.text ?? '');
      return typeof text === 'string' ? Buffer.from(text) : text;
    },
    stat(path) {
      const name = absolute(path);
      const entry = files.get(name);
      if (entry !== undefined) {
        const given: Entry = typeof entry === 'string' ? {} : entry;
        const { mode = 0o644, uid = 0 } = given;
        return { kind: 'file', mode, uid, gid: uid };
      }
      return isDirectory(name) ? { kind: 'directory', mode: 0o755, uid: 0, gid: 0 } : undefined;
    },
    list(directory) {
      const name = absolute(directory);
      const prefix = name === '/' ? '/' : `${name}/`;
      const names = [...files.keys()].filter((path) => path.startsWith(prefix));
      return [...new Set(names.map((path) => path.slice(prefix.length).split('/')[0] ?? ''))];
    },
    realPath: (path) => absolute(path),
  };
}
