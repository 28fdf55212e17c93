/** What is odd about a text that was refused, whatever it was refused for: characters that look like others, habits of other languages. */

import { textOf, type Span } from './source.js';

/** A hint, or undefined. `message`: what is said of what stands at the place. */
export function peculiarity(message: string, span: Span): string | undefined {
  const shown = textOf(span).slice(0, 200);
  if (/[\u2018-\u201f\u0091-\u0094\u00ab\u00bb\uff02]/.test(shown))
    return 'typographic quotation marks are ordinary letters here; write " "';
  const blank = /[\u00a0\u2000-\u200b\u202f\u3000\ufeff]/.exec(shown)?.[0];
  if (blank !== undefined) {
    const code = blank.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
    return `it holds the character U+${code}, which looks like a blank and is none`;
  }
  if (shown.startsWith('=')) return "keyword and value stand beside each other, without '='";
  if (/^[^"]*;$/.test(shown)) return "lines end without ';'";
  if (/\S\s*\\$/.test(shown))
    return "a '\\' at the end of a line is part of it; only definitions continue on the next line";
  if (/^\/\d+$/.test(shown)) return 'there is no blank between an address and its prefix length';
  if (/^[\w-]+(\.[\w-]+)+:\d+$/.test(shown)) return 'address and port are two words';
  const name = /\$\{?([A-Za-z_]\w*)/.exec(message);
  return name !== null && shown.includes(name[0]) ? undefinedHint(name[1] ?? '', span) : undefined;
}

function undefinedHint(name: string, { source: { text }, start }: Span): string {
  const at = text.lastIndexOf(`$${name}=`, start);
  const line = text.slice(text.lastIndexOf('\n', at) + 1, Math.max(at, 0));
  const condition = /^\s*(@\^?[^\s]+)/.exec(line)?.[1];
  return condition === undefined
    ? `there is no definition $${name} before this line`
    : `$${name} is defined for ${condition} alone, which this configuration is not; -i NAME says which one it is`;
}
