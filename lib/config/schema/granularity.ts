/** persistence_granularity: which clients count as one. What a number means depends on the family, which is known later. */
import type { Family } from '../../units.js';
import { formatIpv4, parseIpv4, parseLooseIpv4 } from '../address.js';
import type { Diagnostics } from '../diagnostic.js';
import { messages } from '../messages.js';
import type { Reader } from './dsl.js';
import { wordFormat } from './format.js';
import { placed, type Placed } from './values.js';

/** As written: something that may be an IPv4 mask or an IPv6 prefix length. */
export const granularity: Reader<Placed<string>> = placed({
  syntax: '<mask>|<prefix length>',
  expects: 'an IPv4 mask or IPv6 prefix length',
  minWords: 1,
  format: wordFormat,
  read(line) {
    const text = line.word(1) ?? '';
    if (parseLooseIpv4(text) !== undefined) return text;
    line.report(messages.badValue, 1, `'${text}' is neither an IPv4 mask nor an IPv6 prefix length`);
    return undefined;
  },
});

/** The mask (IPv4, dotted) or prefix length (IPv6) that it is for a family; undefined: none was given, or none of its family. */
export function granularityFor(
  family: Family,
  given: Placed<string> | undefined,
  diagnostics: Diagnostics,
): string | undefined {
  if (given === undefined) return undefined;
  const { value, at } = given;
  if (family === 6) {
    const length = /^\d+$/.test(value) ? Number(value) : 0;
    if (length >= 1 && length <= 128) return String(length);
    diagnostics.report(messages.badValue, at, `'${value}' is no IPv6 prefix length (1 to 128)`);
    return undefined;
  }
  if (parseIpv4(value) !== undefined) return value;
  const mask = formatIpv4(parseLooseIpv4(value) ?? 0);
  diagnostics.report(
    messages.silentlyIgnored,
    at,
    `'${value}' is taken for the mask ${mask}: an IPv4 mask has four numbers`,
  );
  return mask;
}
