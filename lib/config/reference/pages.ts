/** The generated pages of the documentation that come from the keyword tables alone. Markdown; `npm run docs` writes them. */
import { directives, entryOptions } from '../schema/entry-options.js';
import { blocks, defaultOf, exampleOf, type Block, type Keyword } from './catalogue.js';
import { differences } from './differences.js';

const notice = '<!-- Written by `npm run docs` from lib/config/schema. Do not edit. -->';

/** `docs/compat.md`: every keyword and its state, and what differs from keepalived on purpose. */
export function compatPage(): string {
  const all = blocks();
  const keywords = all.flatMap((block) => block.keywords).filter(({ alias }) => alias === undefined);
  const working = keywords.filter(({ effect }) => effect === 'works').length;
  return [
    '# Compatibility',
    '',
    notice,
    '',
    'ka-node reads every keyword of keepalived 2.2.7 and of the versions after it, up to 2.4. What becomes of each is said here:',
    '',
    '- **works**: it does what it does in keepalived;',
    '- **parsed only**: it is read and checked, and nothing acts on it yet. Its use is told once, as `KA2015`;',
    '- **alias**: another spelling of a keyword; _deprecated_ when keepalived would rather not see it.',
    '',
    `${String(working)} of ${String(keywords.length)} keywords work.`,
    '',
    '## Differences from keepalived, on purpose',
    '',
    ...differences.map(({ what, why }) => `- **${what}** ${why}`),
    '',
    '## The preprocessor',
    '',
    'Everything works: ' +
      Object.keys(directives)
        .map((word) => `\`${word}\``)
        .join(', ') +
      '.',
    '',
    ...all.flatMap(compatBlock),
  ].join('\n');
}

function compatBlock(block: Block): readonly string[] {
  return [
    `## ${title(block)}`,
    '',
    '| keyword | state | remarks |',
    '|---|---|---|',
    ...block.keywords.map(
      (item) => `| \`${item.keyword}\` | ${stateOf(item)} | ${cell(remarks(item, block.name).join('; '))} |`,
    ),
    '',
  ];
}

function stateOf({ effect, alias, row }: Keyword): string {
  const own = effect === 'works' ? 'works' : 'parsed only';
  if (alias !== undefined) {
    const kind = alias.deprecated === undefined ? 'alias' : 'deprecated alias';
    return `${kind} of \`${alias.target}\`, ${own}`;
  }
  return row.deprecated === undefined ? own : `${own}, deprecated`;
}

function remarks({ row, alias, keyword }: Keyword, block: string): readonly string[] {
  if (alias !== undefined) return [];
  const options = entryOptions[keyword];
  return [
    ...(row.note === undefined ? [] : [row.note]),
    ...(row.since === undefined ? [] : [`keepalived has it from ${row.since} on`]),
    ...(row.build === undefined ? [] : [`Debian's keepalived is built without it (${row.build})`]),
    ...(row.deprecated === undefined ? [] : [`write ${row.deprecated.instead}`]),
    ...(options === undefined || (block === 'real_server' && keyword === 'track_file')
      ? []
      : [
          `entries take ${Object.keys(options)
            .map((word) => `\`${word}\``)
            .join(' ')}`,
        ]),
  ];
}

/** `docs/config-reference.md`: syntax, range, default and meaning of every keyword. */
export function referencePage(): string {
  return [
    '# The configuration language',
    '',
    notice,
    '',
    'One table a block. `ka-node explain KEYWORD` shows the same in a terminal; [compat.md](compat.md) says which keywords work.',
    'A comment begins with `#` or `!`. Values with blanks stand in double quotes. Braces may stand on the line of their keyword or on',
    'lines of their own.',
    '',
    '## The preprocessor',
    '',
    'These words are looked at before any keyword, and may stand in every block.',
    '',
    '| word | meaning |',
    '|---|---|',
    ...Object.entries(directives).map(([word, help]) => `| \`${word}\` | ${cell(help)} |`),
    '',
    ...blocks().flatMap(referenceBlock),
    ...entryTables(),
  ].join('\n');
}

function referenceBlock(block: Block): readonly string[] {
  const opened = block.openedBy.map(
    ({ keyword, syntax, inside }) => `\`${`${keyword} ${syntax}`.trim()}\` in ${inside}`,
  );
  return [
    `## ${title(block)}`,
    '',
    block.help + (opened.length === 0 ? '' : ` Opened by ${opened.join(', ')}.`),
    '',
    '| syntax | meaning | range | default | example |',
    '|---|---|---|---|---|',
    ...block.keywords.map(referenceRow),
    '',
  ];
}

function referenceRow(item: Keyword): string {
  const { keyword, row, alias } = item;
  const { reader } = row;
  if (alias !== undefined) return `| \`${keyword}\` | ${cell(alias.help)}: see \`${alias.target}\` | | | |`;
  const isWordy =
    reader.syntax.includes(reader.range ?? '-') || reader.range?.replace(/, /g, '|') === reader.syntax;
  const unit = reader.unit === undefined || reader.range === undefined ? '' : ` ${reader.unit}`;
  const range = reader.range === undefined || isWordy ? '' : `${reader.range}${unit}`;
  const syntax = code(`${keyword} ${reader.syntax}`.trim());
  const isBlock = reader.block !== undefined || reader.isList === true;
  const example = isBlock ? '' : code(exampleOf(item));
  return `| ${syntax} | ${cell(row.help)} | ${cell(range)} | ${cell(defaultOf(row) ?? '')} | ${example} |`;
}

/** Options of list entries, each different table once. */
function entryTables(): readonly string[] {
  const tables = new Map<Readonly<Record<string, string>>, string[]>();
  for (const [keyword, table] of Object.entries(entryOptions))
    tables.set(table, [...(tables.get(table) ?? []), keyword]);
  return [...tables].flatMap(([table, keywords]) => [
    `## Entries of ${keywords.join(', ')}`,
    '',
    '| option | meaning |',
    '|---|---|',
    ...Object.entries(table).map(([word, help]) => `| ${code(word)} | ${cell(help)} |`),
    '',
  ]);
}

function title({ name }: Block): string {
  return name.startsWith('the ') ? name.charAt(0).toUpperCase() + name.slice(1) : name;
}

/** A text as it may stand in a table; what is in backticks stays as it is. */
function cell(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith('`') ? part : part.replaceAll('<', '\\<')).replaceAll('|', '\\|'))
    .join('');
}

function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``;
}
