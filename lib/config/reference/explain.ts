/** `ka-node explain`: what the tables know of a keyword, a block or a diagnostic. */
import { nearest } from '../suggest.js';
import { directives, entryOptions } from '../schema/entry-options.js';
import { adviceOf, allMessages } from './advice.js';
import { blocks, defaultOf, exampleOf, type Block, type Keyword } from './catalogue.js';

export type Explanation =
  | { readonly kind: 'found'; readonly text: string }
  | { readonly kind: 'unknown'; readonly near: string | undefined };

/** @param topic a keyword, a block, or a code such as KA3012. */
export function explain(topic: string): Explanation {
  const code = topic.toUpperCase();
  const message = allMessages().find((item) => item.code === code);
  if (message !== undefined) {
    const [means, repair] = adviceOf(code) ?? ['', ''];
    return { kind: 'found', text: `${code} (${message.severity})\n\n${means}\nRepair: ${repair}\n` };
  }
  const all = blocks();
  const parts = [
    ...all.filter(({ name }) => name === topic).map(blockText),
    ...all.flatMap((block) =>
      block.keywords.filter(({ keyword }) => keyword === topic).map((item) => keywordText(item, block)),
    ),
    ...wordTexts(topic),
    ...directiveTexts(topic),
  ];
  if (parts.length > 0) return { kind: 'found', text: parts.join('\n') };
  const names = [
    ...all.flatMap(({ name, keywords }) => [name, ...keywords.map(({ keyword }) => keyword)]),
    ...[directives, ...Object.values(entryOptions)].flatMap((table) => Object.keys(table)),
  ];
  return { kind: 'unknown', near: nearest(topic, names) };
}

function blockText({ name, help, keywords, openedBy }: Block): string {
  const syntax = openedBy.map(({ keyword, syntax: rest }) => `  ${`${keyword} ${rest}`.trim()}\n`).join('');
  const width = Math.max(...keywords.map(({ keyword }) => keyword.length));
  const list = keywords
    .map(
      ({ keyword, row, alias }) =>
        `    ${keyword.padEnd(width)}  ${alias === undefined ? row.help : `see ${alias.target}`}\n`,
    )
    .join('');
  return `${name}: ${help}\n${syntax}  Keywords:\n${list}`;
}

function keywordText(item: Keyword, block: Block): string {
  const { keyword, row, alias, effect } = item;
  const { reader } = row;
  const isBlock = reader.block !== undefined || reader.isList === true;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['syntax', `${keyword} ${reader.syntax}`.trim()],
    ['range', reader.range],
    ['unit', reader.unit],
    ['default', defaultOf(row)],
    ['since', row.since === undefined ? undefined : `keepalived ${row.since}`],
    ['example', isBlock ? undefined : exampleOf(item)],
    ['instead', row.deprecated?.instead],
    ['state', effect === 'works' ? 'works' : 'parsed only: nothing acts on it yet'],
    ['note', row.note],
  ];
  const what = alias === undefined ? row.help : `${alias.help}; see ${alias.target}`;
  const lines = facts.flatMap(([name, value]) =>
    value === undefined ? [] : [`  ${`${name}:`.padEnd(9)} ${value}\n`],
  );
  const options = entryOptions[keyword];
  const isOpened = reader.isList === true && options !== undefined;
  return `${keyword} (in ${block.name}): ${what}\n${lines.join('')}${isOpened ? `  Options of an entry:\n${tableText(options)}` : ''}`;
}

/** Options of list entries, and words of the preprocessor. */
function wordTexts(topic: string): readonly string[] {
  const found = new Map<string, string[]>();
  for (const [keyword, table] of [
    ['the preprocessor', directives] as const,
    ...Object.entries(entryOptions),
  ]) {
    const help = Object.hasOwn(table, topic) ? table[topic] : undefined;
    if (help !== undefined) found.set(help, [...(found.get(help) ?? []), keyword]);
  }
  return [...found].map(([help, keywords]) => `${topic} (in ${keywords.join(', ')}): ${help}\n`);
}

/** What a line starts with, as it is written and not as the table has it: `@node1`, `$VIPS=10.0.0.1`, `${_ENV HOME}`. */
function directiveTexts(topic: string): readonly string[] {
  if (Object.hasOwn(directives, topic)) return [];
  const predefined = /^\$\{(_[A-Z]+)/.exec(topic)?.[1];
  const names = Object.keys(directives);
  const name =
    predefined !== undefined
      ? names.find((each) => new RegExp(`^\\$\\{${predefined}\\b`).test(each))
      : forms.find(({ pattern }) => pattern.test(topic))?.name;
  return name === undefined ? [] : wordTexts(name);
}

const forms = [
  { pattern: /^@\^/, name: '@^ID' },
  { pattern: /^@/, name: '@ID' },
  { pattern: /^\$\{/, name: '${NAME}' },
  { pattern: /^\$\w+\s*=/, name: '$NAME=' },
  { pattern: /^\$/, name: '$NAME' },
  { pattern: /^~LST/i, name: '~LST' },
  { pattern: /^~/, name: '~SEQ' },
] as const;

function tableText(table: Readonly<Record<string, string>>): string {
  const width = Math.max(...Object.keys(table).map((word) => word.length));
  return Object.entries(table)
    .map(([word, help]) => `    ${word.padEnd(width)}  ${help}\n`)
    .join('');
}
