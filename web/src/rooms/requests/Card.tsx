/** One request on the board: who, what, for whom, until when, who reads. */
import type { CSSProperties } from "react";
import { useTranslation } from "@/i18n";
import { IconAlertTriangle, IconArrowLeft, IconArrowRight, IconEye, IconLock } from "@/kit/icons";
import { UrgencyTag, urgencyTone } from "@/kit/Marks";
import { Travel } from "@/kit/Travel";
import { isAwaited, isClosed, isOn } from "./board";
import { Awaits, CutLine, Due, Unclaimed } from "./Marks";
import type { RequestRow } from "./queries";
import css from "./requests.module.css";

interface CardProps {
  row: RequestRow;
  now: number;
  chosen: boolean;
  choose: (request: string) => void;
}

export function Card({ row, now, chosen, choose }: CardProps) {
  const { t } = useTranslation();
  const asks = isOn(row, "asking");
  return (
    <li
      className={css.card}
      data-request={row.request}
      data-on={chosen}
      style={{ "--edge": `var(--${urgencyTone(row.urgency)})` } as CSSProperties}
    >
      <span className={css.top}>
        <button
          type="button"
          className={css.name}
          aria-current={chosen ? "true" : undefined}
          onClick={() => choose(row.request)}
        >
          {row.patient.family_name} {row.patient.given_name}
        </button>
        <UrgencyTag urgency={row.urgency} tiny />
      </span>
      <span className={css.what}>
        <span className="mod">{row.modality || "?"}</span> {row.procedure || t("exam.untitled")}
      </span>
      <span className={css.line}>
        {asks ? <IconArrowRight size={13} aria-hidden /> : <IconArrowLeft size={13} aria-hidden />}
        <span className={css.cut}>
          {t(asks ? "tele.to" : "tele.from", { name: asks ? row.reading.name : row.asking.name })}
        </span>
        <i className="sp" />
        <Due row={row} now={now} />
      </span>
      <Foot row={row} />
      {row.line?.cut && !isClosed(row) && (
        <span className={css.line}>
          <CutLine row={row} />
        </span>
      )}
      {row.waits_for_line && (
        <span className={`${css.line} t3`}>
          <IconLock size={13} aria-hidden /> {t("tele.waits_short")}
        </span>
      )}
    </li>
  );
}

function Foot({ row }: { row: RequestRow }) {
  const { t } = useTranslation();
  if (row.conflict)
    return (
      <span className={`${css.line} c-critical`}>
        <IconAlertTriangle size={13} aria-hidden /> {t("tele.conflict_short")}
      </span>
    );
  if (row.stage === "declined")
    return (
      <span className={`${css.line} c-critical`}>
        <IconAlertTriangle size={13} aria-hidden /> {t("tele.declined_short", { name: row.reading.name })}
      </span>
    );
  if (row.reader)
    return (
      <span className={css.line}>
        <IconEye size={13} aria-hidden />
        <span className={css.cut}>
          {row.stage === "reading"
            ? row.reader.mine
              ? t("tele.reader_you")
              : t("tele.reader", { name: row.reader.name })
            : row.reader.mine
              ? t("tele.read_by_you")
              : t("tele.read_by", { name: row.reader.name })}
        </span>
        {row.reader.alone && <span className="c-urgent nw">{t("tele.alone_short")}</span>}
      </span>
    );
  if (isAwaited(row))
    return (
      <span className={css.line} style={{ whiteSpace: "normal" }}>
        <Awaits row={row} />
      </span>
    );
  return (
    <>
      <span className={css.line}>
        <Travel images={row.images} />
      </span>
      {row.unclaimed && (
        <span className={css.line}>
          <Unclaimed />
        </span>
      )}
    </>
  );
}
