/** A table of rows: it scrolls by itself where it is wide; on a phone each row is a card that names its own cells. */
import { Children, cloneElement, isValidElement, type ReactElement, type ReactNode } from "react";
import { ScrollX } from "./ScrollX";

interface CellProps {
  "data-label"?: string;
  role?: string;
}
export type Row = ReactElement<{ children?: ReactNode; role?: string }>;

interface TableProps {
  label: string;
  columns: readonly string[];
  /** Each a `tr` with one `td` for each column. */
  rows: readonly Row[];
}

/** The cells of a row with the name of their column; the roles stay where CSS takes the table's own layout away. */
const named = (row: Row, columns: readonly string[]): Row =>
  cloneElement(row, {
    role: "row",
    children: Children.map(row.props.children, (cell, at) =>
      isValidElement<CellProps>(cell)
        ? cloneElement(cell, { "data-label": columns[at] ?? "", role: "cell" })
        : cell,
    ),
  });

export function Table({ label, columns, rows }: TableProps) {
  return (
    <ScrollX label={label}>
      {/* biome-ignore-start lint/a11y/noRedundantRoles: as cards the elements lose their own roles (CSS display) */}
      <table className="list" role="table">
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <th key={column} scope="col" role="columnheader">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">{rows.map((row) => named(row, columns))}</tbody>
      </table>
      {/* biome-ignore-end lint/a11y/noRedundantRoles: see above */}
    </ScrollX>
  );
}
