/**
 * Which files an include names: shell-style patterns with brace alternatives, matches in byte order. It does not read them.
 */
import { join, isAbsolute } from 'node:path';
import type { FileAccess } from './load.js';

/** What became of one alternative of a pattern. */
export interface Match {
  /** The pattern after its braces were expanded, as written. */
  readonly pattern: string;
  readonly hasWildcard: boolean;
  /** Came from `{a,b}`. */
  readonly isAlternative: boolean;
  readonly paths: readonly string[];
  /** More was to be looked at than `maxLookedAt`; there are no paths then. */
  readonly isTooWide: boolean;
}

/** Names that one pattern may look at, so that one like that of the whole file system ends. */
export const maxLookedAt = 100_000;

const maxAlternatives = 1024;
/** Braces that nest deeper are text. */
const maxBraceDepth = 64;

/** Expands `pattern`, relative to `directory`. */
export function matchFiles(pattern: string, directory: string, files: FileAccess): readonly Match[] {
  const alternatives = expandBraces(pattern);
  return alternatives.map((alternative) => {
    const hasWildcard = /[*?[]/.test(alternative);
    const found = hasWildcard
      ? glob(alternative, directory, files)
      : files.stat(resolve(directory, alternative)) !== undefined
        ? [alternative]
        : [];
    return {
      pattern: alternative,
      hasWildcard,
      isAlternative: alternatives.length > 1,
      paths: found ?? [],
      isTooWide: found === undefined,
    };
  });
}

/** `path` seen from `directory`; the result is what can be opened. */
export function resolve(directory: string, path: string): string {
  return isAbsolute(path) || directory === '' || directory === '.' ? path : join(directory, path);
}

/** `a{b,c}d` gives `abd`, `acd`; nested braces too. A group that is not closed, or holds no comma, is text. */
export function expandBraces(pattern: string, depth = 0): readonly string[] {
  let results = [''];
  let rest = pattern;
  for (;;) {
    const open = rest.indexOf('{');
    const group = open < 0 || depth > maxBraceDepth ? undefined : splitGroup(rest, open);
    if (group === undefined) return results.map((result) => result + rest);
    const inner = group.parts.flatMap((part) => expandBraces(part, depth + 1));
    const before = rest.slice(0, open);
    results = results
      .flatMap((result) => inner.map((part) => result + before + part))
      .slice(0, maxAlternatives);
    rest = rest.slice(group.end);
  }
}

function splitGroup(
  text: string,
  open: number,
): { readonly parts: string[]; readonly end: number } | undefined {
  const parts: string[] = [];
  let depth = 0;
  let start = open + 1;
  for (let i = open; i < text.length; i++) {
    const c = text[i];
    if (c === '{') depth++;
    else if (c === ',' && depth === 1) {
      parts.push(text.slice(start, i));
      start = i + 1;
    } else if (c === '}' && --depth === 0) {
      parts.push(text.slice(start, i));
      return { parts, end: i + 1 };
    }
  }
  return undefined;
}

/** Undefined: there is too much to look at. */
function glob(pattern: string, directory: string, files: FileAccess): readonly string[] | undefined {
  const isRooted = pattern.startsWith('/');
  const parts = pattern.split('/').filter((part) => part !== '');
  let found: string[] = [isRooted ? '/' : ''];
  let lookedAt = 0;
  for (const part of parts) {
    const next: string[] = [];
    const matcher = /[*?[]/.test(part) ? wildcard(part) : undefined;
    for (const base of found) {
      const prefix = base === '' || base.endsWith('/') ? base : `${base}/`;
      if (++lookedAt > maxLookedAt) return undefined;
      if (matcher === undefined) {
        if (files.stat(resolve(directory, prefix + part)) !== undefined) next.push(prefix + part);
        continue;
      }
      const names = files.list(resolve(directory, base === '' ? '.' : base));
      lookedAt += names.length;
      for (const name of names) {
        if (matcher.test(name) && (part.startsWith('.') || !name.startsWith('.'))) next.push(prefix + name);
      }
    }
    found = next;
  }
  return found.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/**
 * Each piece between two stars is taken at its first place and not tried elsewhere, which is enough, and keeps a pattern of many
 * stars from taking for ever (a lookahead is never gone back into).
 */
function wildcard(part: string): RegExp {
  const pieces = [''];
  const add = (source: string): void => {
    pieces.push((pieces.pop() ?? '') + source);
  };
  for (let i = 0; i < part.length; i++) {
    const c = part.charAt(i);
    if (c === '*') pieces.push('');
    else if (c === '?') add('.');
    else if (c === '[') {
      const close = part.indexOf(']', i + 2);
      if (close < 0) {
        add('\\[');
        continue;
      }
      const set = part.slice(i + 1, close).replace(/[\\\]^]/g, '\\$&');
      add(set.startsWith('!') ? `[^${set.slice(1)}]` : `[${set.replace(/^\\\^/, '^')}]`);
      i = close;
    } else add(c.replace(/[\\^$.|+(){}\]]/g, '\\$&'));
  }
  const [first = '', ...middle] = pieces;
  const last = middle.pop();
  const found = middle.map((piece, index) => `(?=(.*?${piece}))\\${index + 1}`).join('');
  const source = last === undefined ? first : `${first}${found}.*${last}`;
  try {
    return new RegExp(`^${source}$`, 's');
  } catch {
    return /^(?!)/; // a set that is no set, like [z-a], matches nothing
  }
}
