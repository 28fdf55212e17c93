/** What a measure finds: tables with one column a subject, and samples whose distribution is worth a picture. */

export const subjectNames = ['bare loop', 'keepalived', 'ka-node'] as const;
export type SubjectName = (typeof subjectNames)[number];

/** What a table may have a column for: `ipvsadm` is the least that a table of IPVS can cost. */
export const columnNames = ['bare loop', 'ipvsadm', 'keepalived', 'ka-node'] as const;
export type ColumnName = (typeof columnNames)[number];

export type Unit = 'us' | 'ms' | 's' | 'MB' | '';

/** One line of a table; a subject without a value was not measured. Less is better in all of them. */
export interface Row {
  readonly label: string;
  readonly unit: Unit;
  readonly values: Partial<Record<ColumnName, number>>;
}

export interface Table {
  readonly title: string;
  readonly rows: readonly Row[];
  /** What the reader must know to read it. */
  readonly note?: string;
}

export interface Series {
  readonly name: string;
  readonly values: readonly number[];
}

/** Samples of the same thing, drawn as cumulative distributions over a logarithmic axis. */
export interface Distribution {
  /** File name without ending. */
  readonly file: string;
  readonly title: string;
  readonly unit: Unit;
  readonly series: readonly Series[];
}

export interface Findings {
  readonly tables: readonly Table[];
  readonly distributions?: readonly Distribution[];
}

/** Gathers rows subject by subject, in the order in which labels first come. */
export class TableBuilder {
  readonly #rows = new Map<string, { unit: Unit; values: Partial<Record<ColumnName, number>> }>();

  constructor(
    readonly title: string,
    readonly note?: string,
  ) {}

  set(label: string, unit: Unit, subject: ColumnName, value: number | undefined): void {
    const row = this.#rows.get(label) ?? { unit, values: {} };
    this.#rows.set(label, row);
    if (value !== undefined) row.values[subject] = value;
  }

  build(): Table {
    const rows = [...this.#rows].map(([label, row]) => ({ label, ...row }));
    return { title: this.title, rows, ...(this.note === undefined ? {} : { note: this.note }) };
  }
}
