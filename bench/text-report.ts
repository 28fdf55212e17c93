/** Tables as aligned text, with the ratio that the bench is about: ka-node to keepalived. */
import { columnNames, type Findings, type Row, type Table } from './result.js';

export function renderFindings(findings: Findings): string {
  return findings.tables.map(renderTable).join('\n');
}

function renderTable(table: Table): string {
  const names = columnNames.filter((name) => table.rows.some((row) => row.values[name] !== undefined));
  const header = ['', ...names, 'ka-node/keepalived'];
  const lines = [header, ...table.rows.map((row) => renderRow(row, names))];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const text = lines.map((line) =>
    line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
  );
  const note = table.note === undefined ? [] : [`(${table.note})`];
  return [table.title, ...note, ...text, ''].join('\n');
}

function renderRow(row: Row, names: readonly (typeof columnNames)[number][]): string[] {
  const cells = names.map((name) => renderNumber(row.values[name]));
  const { keepalived, 'ka-node': kaNode } = row.values;
  const comparable = keepalived !== undefined && kaNode !== undefined && keepalived > 0 && kaNode >= 0;
  return [
    row.unit === '' ? row.label : `${row.label} [${row.unit}]`,
    ...cells,
    comparable ? renderNumber(kaNode / keepalived) : '-',
  ];
}

/** Three significant digits, no exponent. */
function renderNumber(value: number | undefined): string {
  if (value === undefined) return '-';
  const size = Math.abs(value);
  if (Number.isInteger(value) || size >= 100) return String(Math.round(value));
  return value.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : 3);
}
