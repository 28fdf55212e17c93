/**
 * Readers of commands, users and pipes. Quoting inside commands has rules of its own (reference: script values).
 */
import { commandText, quoted, recordFormat } from './format.js';
import { messages } from '../messages.js';
import type { OwnedPath, ScriptCommand, UserGroup } from '../model.js';
import type { Line, Reader } from './dsl.js';

const string = { type: 'string' } as const;
const owner = { user: string, group: string };

/** A user and perhaps a group, behind something else. */
function ownerText(user: string | undefined, group: string | undefined): string {
  return [user, user === undefined ? undefined : group]
    .map((word) => (word === undefined ? '' : ` ${quoted(word)}`))
    .join('');
}

const commandFormat = recordFormat<ScriptCommand>(
  { argv: { type: 'array', items: string }, isRedirection: { type: 'boolean' }, ...owner },
  ['argv', 'isRedirection'],
  ({ argv, isRedirection, user, group }) => commandText(argv, isRedirection) + ownerText(user, group),
);

const accountFormat = recordFormat<UserGroup>(owner, ['user'], ({ user, group }) =>
  ownerText(user, group).trimStart(),
);

const ownedPathFormat = recordFormat<OwnedPath>(
  { path: string, ...owner },
  ['path'],
  ({ path, user, group }) => quoted(path) + ownerText(user, group),
);

/** A command, then perhaps user and group. */
export const command: Reader<ScriptCommand> = {
  syntax: '<command> [<user> [<group>]]',
  expects: 'a command',
  minWords: 1,
  hasOwnQuotes: true,
  format: commandFormat,
  read: (line) => readCommand(line, true),
};

/** A command whose user has a keyword of its own: further words are ignored. */
export const bareCommand: Reader<ScriptCommand> = {
  syntax: '<command>',
  expects: 'a command',
  minWords: 1,
  hasOwnQuotes: true,
  format: commandFormat,
  read: (line) => readCommand(line, false),
};

function readCommand(line: Line, takesUser: boolean): ScriptCommand | undefined {
  // keepalived: twice by the same rules, so that a backslash meant for the command is to be doubled.
  const [text = '', user, group] = splitCommand(line.raw(1));
  const argv = splitCommand(text);
  const at = line.at(1);
  const [first] = argv;
  if (first === undefined || first === '') {
    const message = isOfProcess(line) ? messages.badValue : messages.silentlyIgnored;
    line.report(message, 1, `${line.keyword} has an empty command, which is ignored`);
    return undefined;
  }
  if (takesUser && user !== undefined && !accountExists(line, 2, user, group, first)) return undefined;
  const isRedirection = first.startsWith('</');
  return {
    argv: isRedirection ? [first.slice(1)] : argv,
    isRedirection,
    user: takesUser ? user : undefined,
    group: takesUser ? group : undefined,
    at,
  };
}

/** A user and perhaps a group; unknown ones are reported and the line is ignored. */
export const account: Reader<UserGroup> = {
  syntax: '<user> [<group>]',
  expects: 'a user',
  minWords: 1,
  format: accountFormat,
  read(line) {
    const user = line.word(1) ?? '';
    const group = line.word(2);
    if (line.context.isOffline) return { user, group, at: line.at(1) };
    const isKnown = knowsUser(line, user);
    if (!isKnown) line.report(messages.unknownUser, 1, user);
    const isGood = isKnown && (group === undefined || knowsGroup(line, group));
    if (isKnown && !isGood) line.report(messages.unknownGroup, 2, group ?? '');
    if (line.keyword === 'script_user')
      line.context.badScriptUser = isGood ? undefined : line.at(isKnown ? 2 : 1);
    if (!isGood) return undefined;
    return { user, group, at: line.at(1) };
  },
};

/** A path with owner and group. */
export const ownedPath: Reader<OwnedPath> = {
  syntax: '<path> [<user> [<group>]]',
  expects: 'a path',
  minWords: 1,
  format: ownedPathFormat,
  read: (line) => ({ path: line.word(1) ?? '', user: line.word(2), group: line.word(3), at: line.at(1) }),
};

/** keepalived takes names only; a number is no user. */
function knowsUser(line: Line, user: string): boolean {
  return !/^\d+$/.test(user) && line.context.machine.user(user) !== undefined;
}

function knowsGroup(line: Line, group: string): boolean {
  const name = group.replace(/^:/, '');
  if (/^\d+$/.test(name)) return false;
  return name === '' || line.context.machine.group(name) !== undefined;
}

/** keepalived counts what is wrong with these scripts, as it does not for those that notify. */
function isOfProcess({ keyword }: Line): boolean {
  return keyword === 'startup_script' || keyword === 'shutdown_script';
}

/** keepalived drops a notify script with an unknown user without counting it. */
function accountExists(
  line: Line,
  index: number,
  user: string,
  group: string | undefined,
  path: string,
): boolean {
  if (line.context.isOffline) return true;
  if (!knowsUser(line, user)) {
    if (isOfProcess(line)) {
      line.report(messages.unknownUser, index, user);
      return false;
    }
    line.reportWith(
      messages.unknownUserIgnored,
      index,
      { hint: `a command with arguments must be quoted: "${path} ${user}"` },
      user,
      path,
    );
    return false;
  }
  if (group !== undefined && !knowsGroup(line, group)) {
    line.report(messages.unknownGroup, index + 1, group);
    return false;
  }
  return true;
}

const controlEscapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  E: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** Words by shell-like rules: quotes of both kinds join with what they touch, escapes as in C are read inside of both, too. */
export function splitCommand(text: string): string[] {
  const result: string[] = [];
  let current: string | undefined;
  let quote = '';
  let i = 0;
  while (i < text.length) {
    const c = text.charAt(i);
    if (c === '\\' && i + 1 < text.length) {
      const [value, length] = escapeAt(text, i + 1);
      current = (current ?? '') + value;
      i += 1 + length;
      continue;
    }
    i++;
    if (quote !== '') {
      if (c === quote) quote = '';
      else current = (current ?? '') + c;
    } else if (c === '"' || c === "'") {
      quote = c;
      current ??= '';
    } else if (c === ' ' || c === '\t' || c === '\n') {
      if (current !== undefined) result.push(current);
      current = undefined;
    } else current = (current ?? '') + c;
  }
  if (current !== undefined) result.push(current);
  return result;
}

function escapeAt(text: string, at: number): readonly [string, number] {
  const rest = text.slice(at, at + 16);
  // keepalived: as many digits as there are, of which the last two count.
  const hex = /^x([0-9a-fA-F]+)/.exec(rest);
  if (hex !== null) {
    const code = Number.parseInt(hex[1]?.slice(-2) ?? '0', 16);
    return [String.fromCharCode(code), hex[0].length];
  }
  const octal = /^[0-7]{1,3}/.exec(rest);
  if (octal !== null) return [String.fromCharCode(Number.parseInt(octal[0], 8) & 255), octal[0].length];
  const control = /^c([A-Za-z@[\\\]^_])/.exec(rest);
  if (control !== null) return [String.fromCharCode((control[1] ?? '@').toUpperCase().charCodeAt(0) & 31), 2];
  const c = text.charAt(at);
  return [controlEscapes[c] ?? c, 1];
}
