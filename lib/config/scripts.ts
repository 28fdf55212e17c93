/**
 * Whether scripts can be run, and by whom, as keepalived decides it when it reads a configuration.
 */
import type { FileAccess, FileStat } from './load.js';
import { messages } from './messages.js';
import type { GlobalDefs, ScriptCommand } from './model.js';
import type { Context } from './schema/dsl.js';
import type { Span } from './source.js';

export type ScriptFault =
  /** No such file, or nothing executable under that name in the search path. */
  | { readonly kind: 'missing'; readonly path: string }
  /** A directory, a device or the like. */
  | { readonly kind: 'no-file'; readonly path: string }
  | { readonly kind: 'not-executable'; readonly path: string }
  /** `component` can be changed by somebody who is not root. */
  | { readonly kind: 'unsafe'; readonly path: string; readonly component: string };

/** Why the command will not run, as the end of a sentence. */
export function faultText(fault: ScriptFault): string {
  switch (fault.kind) {
    case 'missing':
      return 'it is not found';
    case 'no-file':
      return 'it is not a file';
    case 'not-executable':
      return 'its user may not execute it';
    case 'unsafe':
      return `${fault.component === fault.path ? 'it' : fault.component} can be changed by others than root`;
  }
}

/** There is somebody that scripts without a user of their own can run as. */
export function hasDefaultUser(globals: GlobalDefs, context: Context): boolean {
  if (context.isOffline || globals.scriptUser !== undefined) return true;
  if (context.badScriptUser !== undefined) return false;
  if (!globals.enableScriptSecurity) return true;
  return context.machine.user('keepalived_script') !== undefined;
}

/** Says of something that it has no user to run as. */
export function reportNoUser(context: Context, at: Span, what: string): void {
  const cause = context.badScriptUser === undefined ? [] : [context.badScriptUser];
  context.diagnostics.reportOrAdd(messages.noDefaultUser, cause, at, what);
}

/**
 * What is wrong with a command, or undefined. `uid` is who runs it; safety is looked at for root alone.
 */
export function scriptFault(
  command: ScriptCommand,
  uid: number,
  gid: number,
  context: Pick<Context, 'isOffline' | 'files' | 'machine'>,
): ScriptFault | undefined {
  const name = command.argv[0] ?? '';
  if (context.isOffline) return undefined;
  if (command.isRedirection) {
    return context.files.stat(name)?.kind === 'file' ? undefined : { kind: 'missing', path: name };
  }
  const path = findCommand(name, context);
  if (path === undefined) return { kind: 'missing', path: name };
  const stat = context.files.stat(path);
  if (stat === undefined) return { kind: 'missing', path: name };
  if (stat.kind !== 'file') return { kind: 'no-file', path };
  if (!mayExecute(stat, uid, gid)) return { kind: 'not-executable', path };
  if (uid !== 0 && (stat.mode & 0o4000) === 0) return undefined;
  const component = unsafeComponent(path, context.files);
  return component === undefined ? undefined : { kind: 'unsafe', path, component };
}

function findCommand(name: string, context: Pick<Context, 'files' | 'machine'>): string | undefined {
  if (name.includes('/')) return name;
  for (const directory of context.machine.path) {
    const path = `${directory}/${name}`;
    const stat = context.files.stat(path);
    if (stat?.kind === 'file' && (stat.mode & 0o111) !== 0) return path;
  }
  return undefined;
}

function mayExecute(stat: FileStat, uid: number, gid: number): boolean {
  if (uid === 0) return (stat.mode & 0o111) !== 0;
  if (stat.uid === uid) return (stat.mode & 0o100) !== 0;
  if (stat.gid === gid) return (stat.mode & 0o010) !== 0;
  return (stat.mode & 0o001) !== 0;
}

/** The first directory or file on the way that is not root's own, or that others may write. */
export function unsafeComponent(path: string, files: FileAccess): string | undefined {
  const real = files.realPath(path) ?? path;
  const parts = real.split('/').filter((part) => part !== '');
  let current = '';
  for (const part of ['', ...parts]) {
    current = part === '' ? '/' : current === '/' ? `/${part}` : `${current}/${part}`;
    const stat = files.stat(current);
    if (stat === undefined) return current;
    const isSticky = stat.kind === 'directory' && (stat.mode & 0o1000) !== 0;
    const isGroupWritable = (stat.mode & 0o020) !== 0 && stat.gid !== 0;
    const isOtherWritable = (stat.mode & 0o002) !== 0;
    if (stat.uid !== 0 || ((isGroupWritable || isOtherWritable) && !isSticky)) return current;
  }
  return undefined;
}
