/**
 * A table that becomes a list of cards on phones, where each value carries its column's name.
 *
 * One of many columns scrolls within a region of its own where the window is too narrow for it.
 *
 * Its parts name their roles, because browsers drop them when a style changes how they are laid out.
 */

import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

/** Number of columns from which a table may be too wide. */
const MANY = 5;

export interface Column<Row> {
  readonly title: string;
  /** What its head shows instead, in a table of many columns. */
  readonly short?: string;
  /** Whether its values are numbers, which are aligned at their last digit. */
  readonly numbers?: boolean;
  readonly value: (row: Row) => ComponentChildren;
}

/** A table; the first column names its rows. */
export function Table<Row>({
  caption,
  columns,
  rows,
  keyOf,
  classOf = () => undefined,
}: {
  caption: ComponentChildren;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string | number;
  classOf?: (row: Row) => string | undefined;
}) {
  const id = useId();
  const wide = columns.length >= MANY;
  // Columns with short heads are narrow.
  const texts = wide && !columns.some(({ short }) => short !== undefined);
  const table = (
    <table class={texts ? "as-cards wide" : "as-cards"} role="table">
      <caption id={id}>{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ title, short, numbers }) => (
            <th key={title} scope="col" role="columnheader" class={numbers ? "numbers" : undefined}>
              {short === undefined ? (
                title
              ) : (
                <>
                  <span aria-hidden="true">{short}</span>
                  <span class="heard">{title}</span>
                </>
              )}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr key={keyOf(row)} role="row" class={classOf(row)}>
            {columns.map(({ title, numbers, value }, place) =>
              place === 0 ? (
                <th key={title} scope="row" role="rowheader">
                  {value(row)}
                </th>
              ) : (
                <td key={title} role="cell" class={numbers ? "numbers" : undefined}>
                  <span class="cell-label" aria-hidden="true">
                    {title}
                  </span>
                  <span>{value(row)}</span>
                </td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
  if (!wide) return table;
  return (
    <div class="scroll" tabIndex={0} role="group" aria-labelledby={id}>
      {table}
    </div>
  );
}
