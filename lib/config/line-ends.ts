/** Where lines of text begin and end: blanks, carriage returns, backslashes. Pure. */

/** The range without the blanks at its ends. */
export function trimmed(text: string, start: number, end: number): [number, number] {
  let from = start;
  let to = end;
  while (from < to && text.charCodeAt(from) <= 32) from++;
  while (to > from && text.charCodeAt(to - 1) <= 32) to--;
  return [from, to];
}

/** End of a line without the carriage return of CRLF. */
export function lastOf(text: string, end: number): number {
  return text.charCodeAt(end - 1) === 13 ? end - 1 : end;
}

/** An odd number of backslashes stands before `end`. */
export function isContinued(text: string, end: number): boolean {
  let count = 0;
  while (text.charCodeAt(end - 1 - count) === 92) count++;
  return count % 2 === 1;
}
