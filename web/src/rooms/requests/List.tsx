/** The board as a list: the same requests for those who work by keyboard, by ear, or on a phone. */

import { useTranslation } from "@/i18n";
import { when } from "@/i18n/format";
import { IconAlertTriangle } from "@/kit/icons";
import { UrgencyTag } from "@/kit/Marks";
import { Travel } from "@/kit/Travel";
import { serverNow } from "@/kit/time";
import { isAwaited, isClosed, isOn } from "./board";
import { Awaits, CutLine, Due, StageTag, Unclaimed } from "./Marks";
import type { RequestRow } from "./queries";
import css from "./requests.module.css";

interface TableProps {
  rows: readonly RequestRow[];
  now: number;
  chosen: string | undefined;
  choose: (request: string) => void;
}

export function RequestTable({ rows, now, chosen, choose }: TableProps) {
  const { t } = useTranslation();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section className={css.table} tabIndex={0} aria-label={t("tele.title")}>
      <table className="list">
        <thead>
          <tr>
            {(["urgency", "patient", "sides", "due", "reader", "stage"] as const).map((column) => (
              <th key={column} scope="col">
                {t(`tele.head.${column}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.request} data-request={row.request} data-on={row.request === chosen}>
              <td>
                <UrgencyTag urgency={row.urgency} tiny />
              </td>
              <td>
                <button
                  type="button"
                  className={css.name}
                  aria-current={row.request === chosen ? "true" : undefined}
                  onClick={() => choose(row.request)}
                >
                  {row.patient.family_name} {row.patient.given_name}
                </button>
                <small className={css.second}>
                  <span className="mod">{row.modality || "?"}</span> {row.procedure || t("exam.untitled")}
                </small>
              </td>
              <td>
                {row.asking.name} <span aria-hidden>→</span>
                <span className="sr">{t("tele.asks_of")}</span> {row.reading.name}
                <small className={css.second}>
                  {isOn(row, "asking") ? t("tele.side.asking") : t("tele.side.reading")}
                </small>
              </td>
              <td>
                {isClosed(row) ? when(row.changed_at, serverNow()) : <Due row={row} now={now} />}
                <small className={css.second}>
                  {isAwaited(row) ? (
                    <Awaits row={row} />
                  ) : (
                    !isClosed(row) && row.stage !== "returned" && <Travel images={row.images} />
                  )}
                </small>
              </td>
              <td>{row.reader ? (row.reader.mine ? t("tele.you") : row.reader.name) : "—"}</td>
              <td>
                <StageTag stage={row.stage} />
                {row.line?.cut && !isClosed(row) && (
                  <small className={css.second}>
                    <CutLine row={row} />
                  </small>
                )}
                {row.unclaimed && (
                  <small className={css.second}>
                    <Unclaimed />
                  </small>
                )}
                {row.conflict && (
                  <small className={`${css.second} c-critical`}>
                    <IconAlertTriangle size={13} aria-hidden /> {t("tele.conflict_short")}
                  </small>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
