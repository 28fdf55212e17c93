/** The model as plain data: without places in the text, so that two models can be compared and shown. */
import type { Config } from './model.js';
import type { JsonSchema } from './schema/format.js';

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

/** As an indented tree, one field a line, with durations in the largest unit that is exact. */
export function treeText(value: Plain, schema: JsonSchema | undefined, indent = ''): string {
  if (value === null || typeof value !== 'object') return String(value);
  const entries: readonly (readonly [string, Plain])[] = Array.isArray(value)
    ? value.map((item: Plain, index) => [`[${String(index)}]`, item] as const)
    : Object.entries(value);
  return entries
    .map(([name, inner]) => {
      const form = innerSchema(value, schema, name);
      if (inner === null || typeof inner !== 'object')
        return `${indent}${name}: ${scalarText(inner, form)}\n`;
      const body = treeText(inner, form, `${indent}  `);
      return body === '' ? '' : `${indent}${name}:\n${body}`;
    })
    .join('');
}

/** The schema of a field or element; of several forms that of the same kind. */
function innerSchema(value: Plain, schema: JsonSchema | undefined, name: string): JsonSchema | undefined {
  if (Array.isArray(value)) return schema?.items;
  const kind = isFields(value) ? value['kind'] : undefined;
  const form =
    schema?.anyOf?.find(
      ({ properties }) => typeof kind === 'string' && properties?.['kind']?.enum?.includes(kind) === true,
    ) ?? schema;
  return form?.properties?.[name];
}

function isFields(value: Plain): value is Readonly<Record<string, Plain>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function scalarText(value: null | string | number | boolean, schema: JsonSchema | undefined): string {
  if (typeof value !== 'number' || schema?.unit !== 'us' || value === 0) return String(value);
  if (value % 1000 !== 0) return `${String(value)} us`;
  return value % 100_000 === 0 ? `${String(value / 1e6)} s` : `${String(value / 1000)} ms`;
}
