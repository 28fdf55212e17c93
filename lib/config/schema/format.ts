/**
 * The form of the values in the model, as data: the printer writes them back by it, the JSON Schema and the readable tree describe
 * them by it.
 */

/** A JSON Schema (2020-12) of one value. `unit` is an annotation of its own: `us` marks durations. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly unit?: 'us';
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly (string | number | boolean)[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly description?: string;
  readonly $ref?: string;
}

export interface Format {
  readonly json: JsonSchema;
  /** The words behind the keyword, quoted where they must be; undefined: the keyword is left out. */
  readonly print: (value: unknown) => string | undefined;
}

/** `print` gets what the readers of the model made, which the table knows better than the type of a field. */
function format<T>(json: JsonSchema, print: (value: T) => string | undefined): Format {
  return { json, print: (value) => print(value as T) };
}

const text = { type: 'string' } as const;
const flagOf = { type: 'boolean' } as const;

/** A whole number. */
export function numberFormat(min: number, max: number): Format {
  return format<number>({ type: 'integer', minimum: min, maximum: max }, String);
}

/** A duration, written in units of `unitUs` microseconds. */
export function timeFormat(unitUs: number): Format {
  return format<number>({ type: 'integer', minimum: 0, unit: 'us' }, (value) => decimal(value, unitUs));
}

/** A quotient without exponent and without trailing zeros. */
export function decimal(value: number, unit: number): string {
  const whole = Math.floor(value / unit);
  const rest = value - whole * unit;
  if (rest === 0) return String(BigInt(whole));
  const digits = String(rest).padStart(String(unit).length - 1, '0');
  return `${String(BigInt(whole))}.${digits}`.replace(/0+$/, '');
}

export const wordFormat = format<string | { readonly text: string }>(text, (value) =>
  quoted(typeof value === 'string' ? value : value.text),
);

export const placedWordFormat: Format = {
  json: { type: 'object', properties: { text }, required: ['text'], additionalProperties: false },
  print: wordFormat.print,
};

export const wordsFormat = format<readonly string[]>({ type: 'array', items: text }, (value) =>
  value.length === 0 ? undefined : value.map(quoted).join(' '),
);

/** A keyword without value, which is there or not. */
export const presentFormat = format<boolean>(flagOf, (value) => (value ? '' : undefined));

export const booleanFormat = format<boolean>(flagOf, (value) => (value ? 'on' : 'off'));

export function choiceFormat(choices: readonly string[]): Format {
  return format<string>({ type: 'string', enum: choices }, (value) => value);
}

/** A record of which the table says how it is written. */
export function recordFormat<T>(
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[],
  print: (value: T) => string | undefined,
): Format {
  return format<T>(record(properties, required), print);
}

/** One of several forms. */
export function formOf<T>(json: JsonSchema, print: (value: T) => string | undefined): Format {
  return format<T>(json, print);
}

export function record(
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[] = [],
): JsonSchema {
  return { type: 'object', properties, required, additionalProperties: false };
}

/** A word as it must be written: in quotes where a character would mean something else. */
export function quoted(word: string): string {
  return /^[^\s"{}#!$@~\\\u0000-\u0020]+$/.test(word) ? word : `"${word}"`;
}

/** A command as one quoted word: what a shell would take apart is escaped, for both times that it is read. */
export function commandText(argv: readonly string[], isRedirection: boolean): string {
  const escape = (argument: string): string =>
    argument === ''
      ? "''"
      : argument.replace(
          /[^A-Za-z0-9_./:=@%+,\u0080-\uffff-]/g,
          (c) => `\\\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`,
        );
  return `"${isRedirection ? '<' : ''}${argv.map(escape).join(' ')}"`;
}
