/** The list as a real table, of which only the rows in sight are drawn. */
import { useElementSize, useMergedRef } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "@/i18n";
import { number } from "@/i18n/format";
import { PHONE, useMedia, useNow } from "@/kit/time";
import { delayOf, SOON_MS } from "./delay";
import {
  ExamCell,
  ImagesCell,
  PatientCell,
  PriorsCell,
  SiteCell,
  StatusCell,
  UrgencyCell,
} from "./ExamCells";
import { type ExamRow, grouped, type Shown } from "./merge";
import css from "./reading.module.css";

interface ExamTableProps {
  shown: Shown;
  total: number;
  more: boolean;
  selected: string | undefined;
  compact: boolean;
  /** The rows come in the order of urgency. */
  byUrgency: boolean;
  label: string;
  select: (row: ExamRow) => void;
  open: (row: ExamRow) => void;
  reachEnd: () => void;
}

/** `from`: the width of the list from which the column has room. */
const COLUMNS = [
  { key: "urgency", width: 112, from: 0, Cell: UrgencyCell },
  { key: "patient", width: 196, from: 0, Cell: PatientCell },
  { key: "exam", width: undefined, from: 0, Cell: ExamCell },
  { key: "site", width: 176, from: 860, Cell: SiteCell },
  { key: "images", width: 78, from: 660, Cell: ImagesCell },
  { key: "priors", width: 92, from: 940, Cell: PriorsCell },
  { key: "status", width: 148, from: 0, Cell: StatusCell },
] as const;
export const COLUMN_SHARES = [116, 208, 300, 158, 82, 92, 142] as const;
const GROUP_HEIGHT = 26;
const ROW_HEIGHT = { phone: 97, compact: 30, comfortable: 44 };

/** Seconds matter below five minutes only. */
function useListClock(rows: readonly ExamRow[]): number {
  const slow = useNow(30_000);
  const soon = rows.some((row) => {
    const delay = delayOf(row, slow);
    return delay !== null && Math.abs(delay.leftMs) < SOON_MS + 30_000;
  });
  const fast = useNow(soon ? 1000 : 30_000);
  return soon ? fast : slow;
}

export function ExamTable(props: ExamTableProps) {
  const { shown, total, more, selected, compact, byUrgency, label, select, open, reachEnd } = props;
  const { t } = useTranslation();
  const phone = useMedia(PHONE);
  const window_ = useRef<HTMLDivElement>(null);
  const lines = useMemo(() => grouped(shown.rows, byUrgency), [shown.rows, byUrgency]);
  const now = useListClock(shown.rows);
  const { ref: measured, width: room } = useElementSize();
  const columns = useMemo(
    () => COLUMNS.filter(({ from }) => phone || room === 0 || from <= room),
    [phone, room],
  );
  // The same functions from one drawing to the next, so that rows which did not change are left alone.
  const latest = useRef({ select, open });
  latest.current = { select, open };
  const [acts] = useState(() => ({
    select: (row: ExamRow) => latest.current.select(row),
    open: (row: ExamRow) => latest.current.open(row),
  }));
  const height = ROW_HEIGHT[phone ? "phone" : compact ? "compact" : "comfortable"];
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => window_.current,
    estimateSize: (index) => (lines[index]?.kind === "group" ? GROUP_HEIGHT : height),
    overscan: 14,
    getItemKey: (index) => {
      const line = lines[index];
      return line?.kind === "exam" ? line.row.exam : `group ${line?.urgency ?? ""} ${String(index)}`;
    },
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: sizes are measured anew when the density changes
  useEffect(() => virtual.measure(), [height]);

  const at = lines.findIndex((line) => line.kind === "exam" && line.row.exam === selected);
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const nearEnd = more && last >= lines.length - 20;
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked once each time the end comes near
  useEffect(() => {
    if (nearEnd) reachEnd();
  }, [nearEnd, lines.length]);

  // The selected row stays where it is on the screen, whatever enters above it.
  const place = useRef<{ exam: string | undefined; top: number } | null>(null);
  const top = at < 0 ? 0 : (virtual.measurementsCache[at]?.start ?? 0);
  useLayoutEffect(() => {
    const held = place.current;
    if (held && held.exam === selected && at >= 0 && held.top !== top && window_.current) {
      window_.current.scrollTop += top - held.top;
    }
    place.current = { exam: selected, top };
  }, [selected, top, at]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: follow the selection, not every change of the list
  useEffect(() => {
    if (at < 0) return;
    virtual.scrollToIndex(at, { align: "auto" });
    const grid = window_.current;
    if (grid?.contains(document.activeElement) && document.activeElement !== grid) {
      requestAnimationFrame(() =>
        grid.querySelector<HTMLElement>('[aria-selected="true"]')?.focus({ preventScroll: true }),
      );
    }
  }, [selected]);

  const before = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <div
      ref={useMergedRef(window_, measured)}
      className={`${css.window} ${compact && !phone ? css["density-compact"] : ""}`}
    >
      <table className={css.table} role="grid" aria-label={label} aria-rowcount={total + 1}>
        <colgroup>
          {columns.map(({ key, width }) => (
            <col key={key} style={width && !phone ? { width } : undefined} />
          ))}
        </colgroup>
        <thead role="rowgroup">
          <tr role="row" aria-rowindex={1}>
            {columns.map(({ key }) => (
              <th key={key} scope="col" role="columnheader">
                {t(`worklist.col_${key}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          <Spacer height={before} columns={columns.length} />
          {items.map((item) => {
            const line = lines[item.index];
            if (line === undefined) return null;
            if (line.kind === "group") {
              return (
                <tr key={item.key} className={css.group} role="row">
                  <td colSpan={columns.length} role="gridcell">
                    {t(`worklist.group.${line.urgency}`)}
                    {!more && ` · ${number(line.count)}`}
                  </td>
                </tr>
              );
            }
            const { row, index } = line;
            return (
              <ExamLine
                key={item.key}
                row={row}
                index={index}
                now={now}
                compact={compact && !phone}
                columns={columns}
                isSelected={row.exam === selected}
                isStop={row.exam === selected || (at < 0 && index === 0)}
                isGone={shown.gone.has(row.exam)}
                click={phone ? acts.open : acts.select}
                open={acts.open}
                focus={phone ? undefined : acts.select}
              />
            );
          })}
          <Spacer height={after} columns={columns.length} />
        </tbody>
      </table>
      <p className={css.foot}>
        {more
          ? t("worklist.loading_more")
          : t("worklist.end", { shown: number(shown.rows.length), total: number(total) })}
      </p>
    </div>
  );
}

interface ExamLineProps {
  row: ExamRow;
  index: number;
  now: number;
  compact: boolean;
  columns: readonly (typeof COLUMNS)[number][];
  isSelected: boolean;
  isStop: boolean;
  isGone: boolean;
  click: (row: ExamRow) => void;
  open: (row: ExamRow) => void;
  focus: ((row: ExamRow) => void) | undefined;
}

/** One row; drawn anew only when something of it changes, so that a key moves two rows and not thirty. */
const ExamLine = memo(function ExamLine(props: ExamLineProps) {
  const { row, index, now, compact, columns, isSelected, isStop, isGone, click, open, focus } = props;
  return (
    <tr
      className={css.exam}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      data-exam={row.exam}
      data-gone={isGone}
      tabIndex={isStop ? 0 : -1}
      onClick={() => click(row)}
      onDoubleClick={() => open(row)}
      onFocus={() => !isSelected && focus?.(row)}
    >
      {columns.map(({ key, Cell }) => (
        <Cell key={key} row={row} now={now} compact={compact} />
      ))}
    </tr>
  );
});

/** Stands for the rows that are not drawn. */
function Spacer({ height, columns }: { height: number; columns: number }) {
  if (height <= 0) return null;
  return (
    <tr aria-hidden className={css.spacer} style={{ height }}>
      <td colSpan={columns} style={{ height, padding: 0, border: 0 }} />
    </tr>
  );
}
