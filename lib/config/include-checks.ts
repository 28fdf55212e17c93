/**
 * Which faults of an include end the reading: by the keyword, and by `include_check` before it.
 */
import type { IncludeCheck } from './model.js';

const includeChecks: ReadonlyMap<string, readonly IncludeCheck[]> = new Map<string, readonly IncludeCheck[]>([
  ['include', []],
  ['includer', ['read']],
  ['includem', ['read', 'match']],
  ['includew', ['read', 'match', 'wildcard_match']],
  ['includeb', ['read', 'match', 'wildcard_match', 'brace_match']],
  ['includea', ['read', 'match', 'wildcard_match', 'brace_match']],
]);

export const allChecks: readonly IncludeCheck[] = ['read', 'match', 'wildcard_match', 'brace_match'];

export function isIncludeWord(words: readonly string[]): boolean {
  const word = words[0];
  // Almost no line starts with an i, and looking that up costs.
  return word?.charCodeAt(0) === 105 && includeChecks.has(word);
}

/** The faults that are fatal for a line that starts with `keyword`; `set`: what `include_check` said. */
export function fatalChecks(keyword: string, set: ReadonlySet<IncludeCheck>): ReadonlySet<IncludeCheck> {
  return new Set([...(includeChecks.get(keyword) ?? []), ...(keyword === 'include' ? set : [])]);
}

/** What counts behind a line `include_check`; `before`: what counted so far. */
export function checksAfter(
  words: readonly string[],
  before: ReadonlySet<IncludeCheck>,
): ReadonlySet<IncludeCheck> {
  const set = new Set(words.length === 1 ? allChecks : before);
  let isReplaced = false;
  for (const word of words.slice(1)) {
    const check = allChecks.find((name) => name === word.replace(/^[+-]/, ''));
    if (check === undefined) continue;
    if (!/^[+-]/.test(word) && !isReplaced) {
      set.clear();
      isReplaced = true;
    }
    if (word.startsWith('-')) set.delete(check);
    else set.add(check);
  }
  return set;
}
