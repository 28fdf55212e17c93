/**
 * Regular expressions of HTTP_GET and SSL_GET on a linear-time engine, so that no pattern and no reply can hang the
 * process. The syntax is RE2's: of PCRE's, look-around, back-references, possessive and atomic groups are missing.
 */
import { RE2JS } from 're2js';
import type { HttpUrl } from '../config/model-lvs.js';

/** Searches a body of bytes; true when the expectation of the url is met. */
export type BodyTest = (body: Buffer) => boolean;

export type CompiledRegex =
  | {
      readonly kind: 'ok';
      readonly test: BodyTest;
      /** Options without effect here. */ readonly ignored: readonly string[];
    }
  | { readonly kind: 'error'; readonly message: string };

/** The options of PCRE2 that exist here, and those that change nothing in this engine. Names: the engine is large, and few need it. */
const flags = new Map<string, 'CASE_INSENSITIVE' | 'DOTALL' | 'MULTILINE'>([
  ['caseless', 'CASE_INSENSITIVE'],
  ['dotall', 'DOTALL'],
  ['multiline', 'MULTILINE'],
]);
const withoutMeaning = new Set([
  'auto_callout',
  'dupnames',
  'never_backslash_c',
  'never_ucp',
  'never_utf',
  'no_auto_capture',
  'no_auto_possess',
  'no_dotstar_anchor',
  'no_start_optimize',
  'use_offset_limit',
  'utf',
]);

/** Compiles the regex of a url, which has one. */
export function compileRegex(pattern: string, url: HttpUrl): CompiledRegex {
  let bits = 0;
  let prefix = '';
  const ignored: string[] = [];
  for (const option of url.regexOptions) {
    const flag = flags.get(option);
    if (flag !== undefined) bits |= RE2JS[flag];
    else if (option === 'ungreedy') prefix = '(?U)';
    else if (option === 'extended') continue;
    else if (!withoutMeaning.has(option)) ignored.push(option);
  }
  const text = url.regexOptions.includes('extended') ? withoutBlanks(pattern) : pattern;
  let regex: RE2JS;
  try {
    regex = RE2JS.compile(prefix + text, bits);
  } catch (error) {
    return { kind: 'error', message: error instanceof Error ? error.message : String(error) };
  }
  const encoding = url.regexOptions.includes('utf') ? 'utf8' : 'latin1';
  return { kind: 'ok', ignored, test: (body) => search(regex, body, encoding, url) !== url.regexNoMatch };
}

/** Offsets count bytes and limit where a match may start. */
function search(regex: RE2JS, body: Buffer, encoding: 'utf8' | 'latin1', url: HttpUrl): boolean {
  const { regexMinOffset: min, regexMaxOffset: max } = url;
  if (min > body.length) return false;
  const text = body.toString(encoding);
  const start = encoding === 'latin1' ? min : body.toString('utf8', 0, min).length;
  const matcher = regex.matcher(text);
  if (!matcher.find(start)) return false;
  if (max === undefined) return true;
  const at = matcher.start();
  return (encoding === 'latin1' ? at : Buffer.byteLength(text.slice(0, at))) <= max;
}

/** PCRE2_EXTENDED: blanks and `#` comments outside of classes and escapes mean nothing. */
function withoutBlanks(pattern: string): string {
  return pattern.replace(
    /(\\[^]|\[(?:\^?\]?)(?:\\[^]|[^\]\\])*\])|\s+|#[^\n]*/g,
    (_all, kept: string | undefined) => kept ?? '',
  );
}
