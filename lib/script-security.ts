/**
 * May a configured script run, as whom, and which file is it? The rules are keepalived's (script_user, enable_script_security);
 * a refusal names the component of the path that is wrong and the command that mends it. What is found fit is that very file: a
 * command carries its identity, and a file that was replaced or changed is looked at again before it runs.
 */
import { closeSync, openSync, readSync, realpathSync, statSync, type Stats } from 'node:fs';
import type { FileIdentity } from '../bindings/launcher.js';
import type { Account, Accounts } from './accounts.js';
import type { Command } from './exec.js';

/** What the configuration says about a script. */
export interface ScriptRequest {
  readonly argv: readonly string[];
  /** `<file`: succeeds when the file can be opened. */
  readonly isRedirection: boolean;
  readonly user: string | undefined;
  readonly group: string | undefined;
}

/** What holds for all scripts of a configuration. */
export interface ScriptPolicy {
  /** enable_script_security: what is unsafe does not run. */
  readonly isEnforced: boolean;
  /** script_user. */
  readonly defaultUser: { readonly user: string; readonly group: string | undefined } | undefined;
  /** set_supplementary_groups: scripts get all groups of their user. */
  readonly givesGroups?: boolean;
  /** use_symlink_paths: execute the path as written. */
  readonly keepsSymlinks: boolean;
  readonly accounts: Accounts;
  /** Directories of PATH. */
  readonly path: readonly string[];
  /** Identity of this process. */
  readonly own: Account;
}

/** `command` is undefined when the script must not or cannot run; `messages` are for the log, in keepalived's words where it has some. */
export interface ScriptVerdict {
  readonly command: Command | undefined;
  readonly messages: readonly string[];
}

/** The user that keepalived looks for when script_user is not given. */
const defaultUserName = 'keepalived_script';

export function resolveScript(request: ScriptRequest, policy: ScriptPolicy): ScriptVerdict {
  const messages: string[] = [];
  const refuse = (message: string): ScriptVerdict => ({
    command: undefined,
    messages: [...messages, message],
  });
  const identity = identify(request, policy);
  if (typeof identity === 'string') return refuse(identity);
  const account = withIdentity(identity, policy.own);
  const groups =
    policy.givesGroups === true && 'uid' in account
      ? policy.accounts.groups?.(request.user ?? policy.defaultUser?.user ?? defaultUserName)
      : undefined;
  const command = { ...account, ...(groups === undefined ? {} : { groups }) };
  const [name = ''] = request.argv;
  if (request.isRedirection) {
    return { command: { argv: ['/bin/sh', '-c', '< "$0"', name], ...command }, messages };
  }
  const found = find(name, policy.path);
  if (found === undefined) {
    const missing = name.includes('/')
      ? ` ${firstMissing(name)} does not exist`
      : ` no directory of PATH has it`;
    return refuse(`check_script_secure could not find script '${name}' - disabling.${missing}`);
  }
  if (found !== name) {
    messages.push(
      `WARNING - script \`${name}\` resolved by path search to \`${found}\`. Please specify full path.`,
    );
  }
  const resolved = realpathSync(found);
  const looked = look(resolved, identity, policy.isEnforced);
  if ('refusal' in looked) return refuse(looked.refusal);
  messages.push(...looked.warnings);
  const file = policy.keepsSymlinks ? found : resolved;
  const renew = (): FileIdentity | string => {
    const again = look(resolved, identity, policy.isEnforced);
    return 'refusal' in again ? again.refusal : again.identity;
  };
  return { command: { argv: request.argv, file, ...command, identity: looked.identity, renew }, messages };
}

type Look =
  { readonly refusal: string } | { readonly identity: FileIdentity; readonly warnings: readonly string[] };

/** The file as it is now: its identity first, so that what changes meanwhile is noticed when it is to run. */
function look(file: string, account: Account, isEnforced: boolean): Look {
  const identity = identityOf(file);
  if (identity === undefined)
    return {
      refusal: `check_script_secure could not find script '${file}' - disabling. It does not exist any more`,
    };
  const problem = inspect(file, account);
  const warnings: string[] = [];
  if (problem !== undefined) {
    if (problem.kind !== 'unsafe') return { refusal: problem.message };
    if (isEnforced) return { refusal: `${problem.message} - disabling. ${problem.mend}` };
    warnings.push(`${problem.message}. ${problem.mend}`);
  }
  if (identity.kind === 'text')
    warnings.push(
      `Please add a #! shebang to script ${file}: it is run through /bin/sh, and keepalived may not run it at all`,
    );
  const { dev, ino, ctimeNs } = identity.stats;
  return { identity: { dev, ino, ctimeNs, isProgram: identity.kind === 'program' }, warnings };
}

/** A program, a script that names its interpreter, or some other text. What cannot be read is executed by name, like a script. */
function identityOf(file: string) {
  let stats;
  try {
    stats = statSync(file, { bigint: true });
  } catch {
    return undefined;
  }
  return { stats, kind: stats.isFile() ? kindOf(file) : 'script' } as const;
}

function kindOf(file: string): 'program' | 'script' | 'text' {
  const start = Buffer.alloc(4);
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    return 'script';
  }
  try {
    const length = readSync(fd, start, 0, start.length, 0);
    if (start.toString('latin1') === '\x7fELF') return 'program';
    return length >= 2 && start.toString('latin1', 0, 2) === '#!' ? 'script' : 'text';
  } finally {
    closeSync(fd);
  }
}

/** The first component of a path that is not there. */
function firstMissing(path: string): string {
  const parts = path.split('/');
  const ends = parts.map((_, index) => parts.slice(0, index + 1).join('/')).filter((each) => each !== '');
  return ends.find((each) => statOf(each) === undefined) ?? path;
}

/** Runs as nobody else than this process already is: nothing has to be changed, and an ordinary user may do it. */
function withIdentity(identity: Account, own: Account): { readonly uid?: number; readonly gid?: number } {
  return identity.uid === own.uid && identity.gid === own.gid ? {} : identity;
}

function identify(request: ScriptRequest, policy: ScriptPolicy): Account | string {
  const { accounts, defaultUser, own } = policy;
  const name = request.user ?? defaultUser?.user;
  const groupName = request.user === undefined ? defaultUser?.group : request.group;
  if (name === undefined) {
    const standard = accounts.user(defaultUserName);
    if (standard === undefined && policy.isEnforced) {
      return (
        `script '${request.argv[0] ?? ''}' has no user to run as: enable_script_security is set, script_user is not, and there is ` +
        `no user ${defaultUserName} - disabling. Add "script_user USER" to global_defs, or: useradd -r -s /usr/sbin/nologin ${defaultUserName}`
      );
    }
    return standard ?? own;
  }
  const user = accounts.user(name);
  if (user === undefined)
    return `script '${request.argv[0] ?? ''}': user '${name}' does not exist - disabling`;
  if (groupName === undefined) return user;
  const gid = accounts.group(groupName);
  if (gid === undefined)
    return `script '${request.argv[0] ?? ''}': group '${groupName}' does not exist - disabling`;
  return { uid: user.uid, gid };
}

function find(name: string, path: readonly string[]): string | undefined {
  if (name.includes('/')) return statOf(name) === undefined ? undefined : name;
  return path.map((directory) => `${directory}/${name}`).find((file) => statOf(file)?.isFile() === true);
}

type Problem =
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'unsafe'; readonly message: string; readonly mend: string };

/** Every directory of the path, then the file. */
function inspect(file: string, { uid, gid }: Account): Problem | undefined {
  const parts = file.split('/').slice(1);
  const components = parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`);
  let unsafe: Problem | undefined;
  for (const component of ['/', ...components]) {
    const stats = statOf(component);
    const isLast = component === file;
    if (stats === undefined)
      return { kind: 'refused', message: `Script ${file} cannot be accessed - ${component}` };
    if (isLast ? !stats.isFile() : !stats.isDirectory()) {
      return { kind: 'refused', message: `Wrong file type found in script path '${component}'.` };
    }
    if (!mayExecute(stats, uid, gid)) {
      return {
        kind: 'refused',
        message: isLast
          ? `WARNING - script '${file}' is not executable for uid:gid ${uid}:${gid} - disabling. ${describe(component, stats)}; mend it with: chmod a+rx ${component}`
          : `Script ${file} cannot be accessed - ${describe(component, stats)}; mend it with: chmod a+x ${component}`,
      };
    }
    const runsAsRoot = uid === 0 || gid === 0 || (isLast && (stats.mode & 0o6000) !== 0);
    unsafe ??= unsafeReason(file, component, stats, isLast);
    if (isLast && !runsAsRoot) return undefined;
  }
  return unsafe;
}

function unsafeReason(file: string, component: string, stats: Stats, isLast: boolean): Problem | undefined {
  const isSticky = !isLast && (stats.mode & 0o1000) !== 0;
  const ownerIsWrong = stats.uid !== 0;
  const writable =
    !isSticky && ((stats.mode & 0o002) !== 0 || ((stats.mode & 0o020) !== 0 && stats.gid !== 0));
  if (!ownerIsWrong && !writable) return undefined;
  const mends = [
    ...(ownerIsWrong ? [`chown root ${component}`] : []),
    ...(writable ? [`chmod go-w ${component}`] : []),
  ];
  return {
    kind: 'unsafe',
    message: `Unsafe permissions found for script '${file}'`,
    mend: `${describe(component, stats)}; mend it with: ${mends.join('; ')}`,
  };
}

function describe(path: string, stats: Stats): string {
  return `${path} belongs to ${stats.uid}:${stats.gid} and has mode ${(stats.mode & 0o7777).toString(8).padStart(4, '0')}`;
}

function mayExecute(stats: Stats, uid: number, gid: number): boolean {
  if (uid === 0) return stats.isDirectory() || (stats.mode & 0o111) !== 0;
  if (stats.uid === uid) return (stats.mode & 0o100) !== 0;
  if (stats.gid === gid) return (stats.mode & 0o010) !== 0;
  return (stats.mode & 0o001) !== 0;
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
