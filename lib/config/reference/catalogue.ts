/**
 * The keyword tables as a list: what can be written where, and what becomes of it. The reference, the list of compatibility, the
 * explanations and the JSON Schema are made from it.
 */
import { root } from '../schema/root.js';
import type { Alias, AnyBlock, Effect, Reader, Row } from '../schema/dsl.js';

export interface Keyword {
  readonly keyword: string;
  /** Of the model. */
  readonly field: string;
  readonly row: Row<unknown>;
  readonly alias: Alias | undefined;
  /** `parsed` also for everything inside a block that has no effect. */
  readonly effect: Effect;
}

export interface Block {
  /** As messages call it. */
  readonly name: string;
  readonly help: string;
  /** Keywords that open it, with what stands behind them. */
  readonly openedBy: readonly {
    readonly keyword: string;
    readonly syntax: string;
    readonly inside: string;
  }[];
  readonly keywords: readonly Keyword[];
}

/** Every block, from the outside in, each once. */
export function blocks(): readonly Block[] {
  const found = new Map<AnyBlock, { effect: Effect; openedBy: Block['openedBy'][number][] }>();
  const visit = (schema: AnyBlock, effect: Effect): void => {
    for (const { keyword, row } of schema.byKeyword.values()) {
      const inner = row.reader.block;
      if (inner === undefined) continue;
      const innerEffect = effect === 'works' && row.effect === 'works' ? 'works' : 'parsed';
      const before = found.get(inner);
      const opened = { keyword, syntax: row.reader.syntax, inside: schema.name };
      if (before !== undefined) {
        before.openedBy.push(opened);
        if (innerEffect === 'works') before.effect = 'works';
        continue;
      }
      found.set(inner, { effect: innerEffect, openedBy: [opened] });
      visit(inner, innerEffect);
    }
  };
  found.set(root, { effect: 'works', openedBy: [] });
  visit(root, 'works');
  return [...found].map(([schema, { effect, openedBy }]) => ({
    name: schema.name,
    help: schema.help,
    openedBy,
    keywords: [...schema.byKeyword.values()].map(({ keyword, field, row, alias }) => ({
      keyword,
      field,
      row,
      alias,
      effect: effect === 'works' ? (row.effect ?? 'parsed') : 'parsed',
    })),
  }));
}

/** Default in the form in which it would be written; undefined: there is none. */
export function defaultOf({ reader, initial, defaultText }: Row<unknown>): string | undefined {
  if (defaultText !== undefined) return defaultText;
  if (typeof initial === 'boolean') return initial ? 'on' : 'off';
  if (typeof initial === 'number') return String(initial / usPerUnit(reader));
  return typeof initial === 'string' && initial !== '' ? initial : undefined;
}

/** Durations are held in microseconds. */
function usPerUnit({ unit, syntax }: Reader<unknown>): number {
  if (!/^<(seconds|milliseconds|microseconds)>$/.test(syntax)) return 1;
  return unit === 's' ? 1_000_000 : unit === 'ms' ? 1000 : 1;
}

/** A line as it could stand in a file. */
export function exampleOf({ keyword, row }: Keyword): string {
  if (row.example !== undefined) return `${keyword} ${row.example}`;
  const { reader } = row;
  if (reader.block !== undefined || reader.isList === true) return `${keyword} ${sampleText(row)}`.trim();
  const value = sampleText(row);
  return value === '' ? keyword : `${keyword} ${value}`;
}

function sampleText(row: Row<unknown>): string {
  const { reader } = row;
  const usual =
    typeof row.initial === 'number' || typeof row.initial === 'string' ? defaultOf(row) : undefined;
  if (usual !== undefined && row.defaultText === undefined) return usual;
  const spoken = /^[1-9]\d*(?=;|$)|(?<=\()[1-9]\d*(?=\)$)/.exec(row.defaultText ?? '')?.[0];
  const low = /^(-?[\d.]+)\.\.(-?[\d.]+)/.exec(reader.range ?? '');
  if (low !== null && /^<(?!name)/.test(reader.syntax)) return spoken ?? String(sampleNumber(Number(low[1])));
  const [choice] = reader.syntax.split('|');
  if (choice !== undefined && reader.syntax.includes('|') && /^[A-Za-z0-9.-]+$/.test(choice)) return choice;
  return reader.syntax
    .replace(/\[[^[\]]*\]\s*/g, '')
    .replace(/<([^<>]+)>/g, (_, what: string) => sample(what))
    .trim();
}

/** Of those from `low` on one that somebody might write. */
function sampleNumber(low: number): number {
  return low < 0 ? 10 : Math.max(1, low);
}

const samples: Readonly<Record<string, string>> = {
  address: '192.0.2.1',
  interface: 'eth0',
  command: '/usr/local/bin/notify.sh',
  path: '/run/example',
  directory: '/run/example',
  user: 'nobody',
  group: 'nogroup',
  seconds: '5',
  number: '1',
  name: 'example',
  string: 'example',
  pattern: '^OK',
  domain: 'example.org.',
  destination: '203.0.113.0/24',
  host: 'mail.example.org',
  port: '80',
  cpu: '0',
  file: '/etc/ssl/example.pem',
  hex: '00ff',
};

function sample(what: string): string {
  return samples[what] ?? what;
}
