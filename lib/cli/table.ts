/** Plain tables and colours for a terminal. */

export type Colour = 'red' | 'green' | 'yellow' | 'dim' | 'bold';

const codes: Readonly<Record<Colour, string>> = { red: '31', green: '32', yellow: '33', dim: '2', bold: '1' };

export interface Style {
  readonly isColoured: boolean;
}

/** Colour for a stream: on a terminal, unless NO_COLOR or TERM=dumb says otherwise. */
export function styleFor(stream: { readonly isTTY?: boolean }): Style {
  const { NO_COLOR: none, TERM: term } = process.env;
  return { isColoured: stream.isTTY === true && (none ?? '') === '' && term !== 'dumb' };
}

export function paint(text: string, colour: Colour | undefined, { isColoured }: Style): string {
  return isColoured && colour !== undefined && text !== ''
    ? `\u001B[${codes[colour]}m${text}\u001B[0m`
    : text;
}

export interface Cell {
  readonly text: string;
  readonly colour?: Colour;
  /** Numbers stand at the right. */
  readonly isRight?: boolean;
}

/** Rows under a head, columns as wide as their widest cell, two blanks between them. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[], style: Style): string {
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => (row[i]?.text ?? '').length)),
  );
  const line = (cells: readonly Cell[]): string =>
    cells
      .map(({ text, colour, isRight }, i) => {
        const blanks = ' '.repeat(Math.max(0, (widths[i] ?? 0) - text.length));
        const painted = paint(text, colour, style);
        return isRight === true ? blanks + painted : painted + blanks;
      })
      .join('  ')
      .trimEnd();
  const titles = head.map((text, i): Cell => {
    const isRight = rows[0]?.[i]?.isRight;
    return { text, colour: 'dim', ...(isRight === undefined ? {} : { isRight }) };
  });
  return [line(titles), ...rows.map(line)].map((each) => `${each}\n`).join('');
}

/** A length of time: `12 s`, `3 min`, `4 h 5 min`, `2 d 3 h`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `30m`, `2h`, `90s`, `1d`, `45` (seconds) as milliseconds; undefined when it is nothing of that. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(s|m|min|h|d)?$/.exec(text);
  if (match === null) return undefined;
  const unit = { s: 1, m: 60, min: 60, h: 3600, d: 86_400 }[match[2] ?? 's'] ?? 1;
  const ms = Number(match[1]) * unit * 1000;
  return ms > 0 ? ms : undefined;
}
