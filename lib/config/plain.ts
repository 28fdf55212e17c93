/** The model as plain data: without places in the text, so that two models can be compared and shown. */
import type { Config } from './model.js';

export type Plain = null | string | number | boolean | readonly Plain[] | { readonly [field: string]: Plain };

/** Places are left out, what is not given too; Infinity is the text `infinity`. */
export function plainModel(model: Config): Plain {
  return plain(model);
}

function plain(value: unknown): Plain {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : 'infinity';
  if (Array.isArray(value)) return value.map(plain);
  // Nothing else is in a model.
  if (typeof value !== 'object') return null;
  const fields = Object.entries(value).filter(([, inner]) => inner !== undefined && !isPlace(inner));
  return Object.fromEntries(fields.map(([name, inner]) => [name, plain(inner)]));
}

function isPlace(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && 'source' in value && 'start' in value && 'end' in value
  );
}

/** As an indented tree, one field a line. */
export function treeText(value: Plain, indent = ''): string {
  if (value === null || typeof value !== 'object') return String(value);
  const entries: readonly (readonly [string, Plain])[] = Array.isArray(value)
    ? value.map((item: Plain, index) => [`[${String(index)}]`, item] as const)
    : Object.entries(value);
  return entries
    .map(([name, inner]) => {
      if (inner === null || typeof inner !== 'object') return `${indent}${name}: ${String(inner)}\n`;
      const body = treeText(inner, `${indent}  `);
      return body === '' ? '' : `${indent}${name}:\n${body}`;
    })
    .join('');
}
