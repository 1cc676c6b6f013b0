/**
 * CSV files as the command line reads and writes them.
 *
 * Source: RFC 4180.
 */

interface Csv {
  /**
   * Lines without blank ones, values trimmed; `line` is the number of the first line of a record.
   */
  readonly lines: readonly { readonly line: number; readonly values: readonly string[] }[];
  /** Line whose quotes do not close, or close within a value. */
  readonly broken?: number;
}

/** Rows of a CSV file whose values are separated by commas. */
export function readCsv(text: string): Csv {
  const lines: { line: number; values: string[] }[] = [];
  // Spreadsheets begin with a byte order mark.
  const rest = text.replace(/^\ufeff/, "");
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|\r|$)/y;
  let line = 1;
  let begins = 1;
  let values: string[] = [];
  while (cell.lastIndex < rest.length) {
    const found = cell.exec(rest);
    if (!found) return { lines, broken: begins };
    const [, quoted, plain, end] = found;
    values.push((quoted?.replaceAll('""', '"') ?? plain!).trim());
    line += quoted?.match(/\r\n|\r|\n/g)?.length ?? 0;
    if (end === ",") {
      if (cell.lastIndex < rest.length) continue;
      values.push("");
    }
    if (values.some(Boolean)) lines.push({ line: begins, values });
    values = [];
    line += 1;
    begins = line;
  }
  return { lines };
}

/** Values as a line of a CSV file, quoted where that is needed. */
export function csvLine(values: readonly string[]): string {
  return values
    .map((value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value))
    .join(",");
}
