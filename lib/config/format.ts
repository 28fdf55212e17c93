/**
 * Canonical layout of a file: indentation by braces, one blank between words, one blank line at most, no blanks at line ends.
 * Comments, quotes and the order of lines stay as they are; what the preprocessor repeats or joins is only indented.
 */
import { commentStart } from './scanner.js';

const step = '    ';

export function formatText(text: string): string {
  const lines = text.replace(/^\ufeff/, '').split('\n');
  const result: string[] = [];
  let depth = 0;
  let isContinued = false;
  for (const raw of lines) {
    const line = raw.replace(/[ \t\r]+$/, '');
    if (isContinued) {
      // A line of a parameter's value: blanks may count there.
      result.push(line);
      isContinued = line.endsWith('\\');
      depth += braces(line).sum;
      continue;
    }
    // Blanks as the language has them: others are letters.
    const trimmed = line.replace(/^[ \t\r\v\f]+/, '');
    if (trimmed === '') {
      if (result.length > 0 && result.at(-1) !== '') result.push('');
      continue;
    }
    const { sum, closing } = braces(trimmed);
    const level = Math.max(0, depth - closing);
    result.push(step.repeat(level) + tidy(trimmed));
    depth = Math.max(0, depth + sum);
    isContinued = trimmed.endsWith('\\');
  }
  while (result.at(-1) === '') result.pop();
  return result.length === 0 ? '' : `${result.join('\n')}\n`;
}

/** What a line adds to the depth, and how many `}` it begins with. */
function braces(line: string): { readonly sum: number; readonly closing: number } {
  const end = commentStart(line, 0, line.length);
  let sum = 0;
  let isQuoted = false;
  for (let i = 0; i < end; i++) {
    const c = line[i];
    if (c === '"') isQuoted = !isQuoted;
    else if (!isQuoted && c === '{' && line[i - 1] !== '$') sum++;
    else if (!isQuoted && c === '}' && !isParameterEnd(line, i)) sum--;
  }
  return {
    sum,
    closing: line.startsWith('}') ? (/^[} \t]*/.exec(line)?.[0] ?? '').replace(/[ \t]/g, '').length : 0,
  };
}

/** The `}` of `${NAME}`. */
function isParameterEnd(line: string, at: number): boolean {
  const open = line.lastIndexOf('{', at);
  return open > 0 && line[open - 1] === '$' && !line.slice(open + 1, at).includes('}');
}

/** One blank between the words of a plain line. Lines with quotes, parameters or repetitions stay as they are. */
function tidy(line: string): string {
  if (/["$~\\]/.test(line) || /^[#!@]/.test(line)) return line;
  const end = commentStart(line, 0, line.length);
  const words = line
    .slice(0, end)
    .replace(/[ \t]+/g, ' ')
    .replace(/^ | $/g, '')
    .replace(/([^ ])\{$/, '$1 {');
  const comment = line.slice(end);
  return comment === '' ? words : `${words}${words === '' ? '' : ' '}${comment}`;
}
