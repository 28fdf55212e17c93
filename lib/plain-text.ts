/** Text of others, made fit for a terminal. */

/** Every run of control characters (escapes, line ends, marks that turn the direction of writing) becomes one blank. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}
