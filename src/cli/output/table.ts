import { plain } from '../../model/plain.ts';

export interface Column<T> {
  header: string;
  /** Shown with `-o wide` only. */
  wide?: boolean;
  value(row: T): string | number | undefined;
}

export interface TableOptions {
  wide: boolean;
  headers: boolean;
  /** Lines are cut to so many characters. */
  width?: number | undefined;
}

/** kubectl's table: upper-case headers, columns three spaces apart, `<none>` for what is not there. Ends in a newline unless empty. */
export function renderTable<T>(rows: readonly T[], columns: readonly Column<T>[], options: TableOptions): string {
  const shown = columns.filter((column) => options.wide || column.wide !== true);
  const cells = rows.map((row) => shown.map((column) => cell(column.value(row))));
  if (options.headers) cells.unshift(shown.map((column) => column.header));
  const widths = shown.map((_, index) => Math.max(0, ...cells.map((line) => (line[index] as string).length)));
  return cells.map((line) => `${cut(pad(line, widths), options.width)}\n`).join('');
}

/** One line of a table whose columns have known widths; for tables that grow while one watches. */
export function pad(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((text, index) => text.padEnd(widths[index] as number))
    .join('   ')
    .trimEnd();
}

function cut(line: string, width = Number.POSITIVE_INFINITY): string {
  return line.length > width ? `${line.slice(0, width - 1)}…` : line;
}

export function cell(value: string | number | undefined): string {
  const text = value === undefined ? '' : plain(String(value)).trim();
  return text === '' ? '<none>' : text;
}
