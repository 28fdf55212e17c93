/**
 * The real file system and machine behind `FileAccess` and `Machine`.
 */
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { availableParallelism, hostname } from 'node:os';
import { parseAddress } from './address.js';
import type { FileAccess, Machine } from './load.js';

export const systemFiles: FileAccess = {
  readFile: (path) => readFileSync(path),
  stat(path) {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    const kind = stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : 'other';
    const version = `${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`;
    return { kind, mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid, version };
  },
  list(directory) {
    try {
      return readdirSync(directory);
    } catch {
      return [];
    }
  },
  realPath(path) {
    try {
      return realpathSync(path);
    } catch {
      return undefined;
    }
  },
};

/** `systemFiles`, but a path that cannot be looked at (no permission, a loop of links) counts as missing. */
export const forgivingFiles: FileAccess = {
  ...systemFiles,
  stat(path) {
    try {
      return systemFiles.stat(path);
    } catch {
      return undefined;
    }
  },
};

/** The machine this process runs on. Users, groups and interfaces are read once, when first asked for. */
export function systemMachine(): Machine {
  let users: ReadonlyMap<string, readonly string[]> | undefined;
  let groups: ReadonlyMap<string, readonly string[]> | undefined;
  let interfaces: ReadonlySet<string> | undefined;
  return {
    hasInterface: (name) => (interfaces ??= readInterfaces()).has(name),
    hasMulticast: (name) => hasFlag(name, iffMulticast),
    hasNamespace: (name) => forgivingFiles.stat(`/run/netns/${name}`) !== undefined,
    user(name) {
      const row = find((users ??= readTable('/etc/passwd')), name, 2);
      return row === undefined ? undefined : { uid: Number(row[2]), gid: Number(row[3]) };
    },
    group(name) {
      const row = find((groups ??= readTable('/etc/group')), name, 2);
      return row === undefined ? undefined : Number(row[2]);
    },
    resolves: (host) =>
      parseAddress(host) !== undefined ||
      spawnSync('getent', ['ahosts', host], { timeout: 10_000 }).status === 0,
    uid: process.getuid?.() ?? 0,
    hostName: readText('/proc/sys/kernel/hostname').trimEnd() || hostname(),
    path: (process.env['PATH'] ?? '').split(':').filter((directory) => directory !== ''),
    get cpuCount() {
      return availableParallelism();
    },
    environment: (name) => process.env[name],
  };
}

/** /proc/net/dev lists every interface of this thread's network namespace. */
function readInterfaces(): ReadonlySet<string> {
  const names = new Set<string>();
  for (const found of readText('/proc/thread-self/net/dev').matchAll(/^\s*([^\s:|]+):/gm))
    names.add(found[1] ?? '');
  return names;
}

/** IFF_MULTICAST of <net/if.h>. */
const iffMulticast = 0x1000;

/** True where sysfs does not show the interface, as when it belongs to another network namespace. */
function hasFlag(name: string, flag: number): boolean {
  const flags = Number(readText(`/sys/class/net/${name}/flags`).trimEnd() || 'NaN');
  return Number.isNaN(flags) || (flags & flag) !== 0;
}

function readTable(path: string): ReadonlyMap<string, readonly string[]> {
  const rows = new Map<string, readonly string[]>();
  for (const line of readText(path).split('\n')) {
    const row = line.split(':');
    if (row.length > 2 && row[0] !== undefined) rows.set(row[0], row);
  }
  return rows;
}

function find(
  table: ReadonlyMap<string, readonly string[]>,
  name: string,
  idColumn: number,
): readonly string[] | undefined {
  const row = table.get(name);
  if (row !== undefined || !/^\d+$/.test(name)) return row;
  for (const other of table.values()) if (other[idColumn] === name) return other;
  return [name, '', name, name];
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
