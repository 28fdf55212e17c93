/** Editor support from the keyword tables: a syntax file for Vim. */
import { directives, entryOptions } from '../schema/entry-options.js';
import { blocks } from './catalogue.js';

const perLine = 8;

/** `syn keyword` lines, a few words each. */
function keywords(group: string, words: readonly string[]): readonly string[] {
  const sorted = [...new Set(words)].sort();
  const lines: string[] = [];
  for (let at = 0; at < sorted.length; at += perLine)
    lines.push(`syn keyword ${group} ${sorted.slice(at, at + perLine).join(' ')}`);
  return lines;
}

/** Text of `syntax/keepalived.vim`. */
export function vimSyntax(): string {
  const all = blocks().flatMap((block) => block.keywords);
  const openers = all.filter(({ row }) => row.reader.block !== undefined || row.reader.isList === true);
  const plain = all.filter((keyword) => !openers.includes(keyword));
  const deprecated = plain.filter(
    ({ alias, row }) => alias?.deprecated !== undefined || row.deprecated !== undefined,
  );
  const names = (list: typeof all): readonly string[] => list.map(({ keyword }) => keyword);
  const options = Object.values(entryOptions)
    .flatMap((table) => Object.keys(table))
    .filter((word) => /^[a-z_][a-z0-9_-]*$/.test(word));
  const includes = Object.keys(directives).filter((word) => word.startsWith('include'));
  const current = plain.filter((keyword) => !deprecated.includes(keyword));
  const taken = new Set([...names(openers), ...names(plain)]);
  return `${[
    '" Vim syntax file of keepalived.conf.',
    '" Written by `npm run docs` from the keyword tables of ka-node. Do not edit.',
    "if exists('b:current_syntax')",
    '  finish',
    'endif',
    'syn case match',
    'setlocal iskeyword+=-',
    ...keywords('keepalivedBlock', names(openers)),
    ...keywords('keepalivedKeyword', names(current)),
    ...keywords('keepalivedDeprecated', names(deprecated)),
    ...keywords(
      'keepalivedOption',
      options.filter((word) => !taken.has(word)),
    ),
    ...keywords('keepalivedInclude', includes),
    'syn match keepalivedComment /[#!].*$/',
    'syn match keepalivedDefinition /\\$\\({[^}]*}\\|\\w\\+\\)/',
    'syn match keepalivedCondition /^\\s*@^\\?\\S\\+/',
    'syn match keepalivedRepeat /\\~\\(SEQx\\?\\|LST\\)/',
    'syn match keepalivedNumber /\\<\\d\\+\\(\\.\\d\\+\\)*\\(\\/\\d\\+\\)\\?\\>/',
    'syn region keepalivedString start=/"/ end=/"/ oneline',
    ...Object.entries({
      ...{ Block: 'Structure', Keyword: 'Keyword', Deprecated: 'Todo', Option: 'Type', Include: 'Include' },
      ...{ Comment: 'Comment', Definition: 'Identifier', Condition: 'PreProc', Repeat: 'PreProc' },
      ...{ Number: 'Number', String: 'String' },
    }).map(([from, to]) => `hi def link keepalived${from} ${to}`),
    "let b:current_syntax = 'keepalived'",
  ].join('\n')}\n`;
}
