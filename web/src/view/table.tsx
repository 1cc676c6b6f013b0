/**
 * A table that becomes a list of cards on phones, where each value carries its column's name.
 *
 * Its parts name their roles, because browsers drop them when a style changes how they are laid out.
 */

import type { ComponentChildren } from "preact";

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
  return (
    <table class="as-cards" role="table">
      <caption>{caption}</caption>
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
}
