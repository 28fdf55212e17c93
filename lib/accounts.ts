/** Users and groups of this machine by name, without asking a directory service more than once. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Account {
  readonly uid: number;
  /** The user's own group. */
  readonly gid: number;
}

/** Looks accounts up; numbers as text are taken as they are. Undefined: there is no such one. */
export interface Accounts {
  user(name: string): Account | undefined;
  group(name: string): number | undefined;
  /** All groups of a user by number, as id(1) lists them. Undefined: they are not known. */
  groups?(user: string): readonly number[] | undefined;
}

export const systemAccounts: Accounts = {
  user(name) {
    const fields = entry('passwd', name);
    if (fields !== undefined) return { uid: Number(fields[2]), gid: Number(fields[3]) };
    return isNumber(name) ? { uid: Number(name), gid: Number(name) } : undefined;
  },
  group(name) {
    const fields = entry('group', name);
    if (fields !== undefined) return Number(fields[2]);
    return isNumber(name) ? Number(name) : undefined;
  },
  groups(user) {
    try {
      const line = execFileSync('id', ['-G', '--', user], {
        stdio: ['ignore', 'pipe', 'ignore'],
        encoding: 'utf8',
      });
      return line.trim().split(' ').map(Number);
    } catch {
      return undefined;
    }
  },
};

/** Asks only once: a name that no file has costs a process of its own, and hundreds of scripts may have the same user. */
export function remembering(accounts: Accounts): Accounts {
  const users = new Map<string, Account | undefined>();
  const groups = new Map<string, number | undefined>();
  const memberships = new Map<string, readonly number[] | undefined>();
  return {
    user: (name) => remembered(users, name, () => accounts.user(name)),
    group: (name) => remembered(groups, name, () => accounts.group(name)),
    groups: (name) => remembered(memberships, name, () => accounts.groups?.(name)),
  };
}

function remembered<T>(
  known: Map<string, T | undefined>,
  name: string,
  ask: () => T | undefined,
): T | undefined {
  if (!known.has(name)) known.set(name, ask());
  return known.get(name);
}

function isNumber(name: string): boolean {
  return /^\d+$/.test(name);
}

/** The line of a name or number in passwd or group: from the file, else from whatever else the system asks (LDAP ...). */
function entry(database: 'passwd' | 'group', name: string): readonly string[] | undefined {
  try {
    for (const line of readFileSync(`/etc/${database}`, 'utf8').split('\n')) {
      const fields = line.split(':');
      if (fields[0] === name || (isNumber(name) && fields[2] === name)) return fields;
    }
    const line = execFileSync('getent', [database, name], {
      stdio: ['ignore', 'pipe', 'ignore'],
      encoding: 'utf8',
    });
    return line.trim() === '' ? undefined : line.trim().split(':');
  } catch {
    return undefined;
  }
}
