/** What is odd about a text that was refused, whatever it was refused for: characters that look like others, habits of other languages. */

/** A hint, or undefined. `message`: what is said of it; `text`: what stands at the place. */
export function peculiarity(message: string, text: string): string | undefined {
  const shown = text.slice(0, 200);
  if (/[\u2018-\u201f\u0091-\u0094\u00ab\u00bb\uff02]/.test(shown))
    return 'typographic quotation marks are ordinary letters here; write " "';
  const blank = /[\u00a0\u2000-\u200b\u202f\u3000\ufeff]/.exec(shown)?.[0];
  if (blank !== undefined) {
    const code = blank.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
    return `it holds the character U+${code}, which looks like a blank and is none`;
  }
  if (shown.startsWith('=')) return "keyword and value stand beside each other, without '='";
  if (/^[^"]*;$/.test(shown)) return "lines end without ';'";
  if (/^\/\d+$/.test(shown)) return 'there is no blank between an address and its prefix length';
  if (/^[\w-]+(\.[\w-]+)+:\d+$/.test(shown)) return 'address and port are two words';
  const name = /\$\{?([A-Za-z_]\w*)/.exec(message);
  const isThere = name !== null && shown.includes(name[0]);
  return isThere ? `there is no definition $${name[1] ?? ''} before this line` : undefined;
}
