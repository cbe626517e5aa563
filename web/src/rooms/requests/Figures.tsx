/** Five figures over the board: what is under way, what is due next, what is late, how fast, what waits for a word. */
import type { ReactNode } from "react";
import { useTranslation } from "@/i18n";
import { countdown, duration, number } from "@/i18n/format";
import { IconActivity, IconAlertTriangle, IconChecks, IconClock, IconHourglassHigh } from "@/kit/icons";
import { figures } from "./board";
import type { RequestRow } from "./queries";
import css from "./requests.module.css";

interface FigureProps {
  icon: typeof IconClock;
  title: string;
  value: ReactNode;
  detail: string;
  tone?: string | undefined;
}

export function Figures({ rows, now }: { rows: readonly RequestRow[]; now: number }) {
  const { t } = useTranslation();
  const { waiting, stat, next, late, medianMs, answered, toAcknowledge } = figures(rows, now);
  const worst = late[0];
  return (
    <dl className={css.figures}>
      <Figure
        icon={IconActivity}
        title={t("tele.figure.waiting")}
        value={number(waiting)}
        detail={stat > 0 ? t("tele.figure.stat", { count: stat }) : ""}
      />
      <Figure
        icon={IconHourglassHigh}
        title={t("tele.figure.next")}
        value={next ? countdown(Date.parse(next.due_at) - now, t) : "—"}
        detail={next ? next.patient.family_name : t("tele.figure.none_due")}
        tone={next?.urgency === "stat" ? "c-critical" : undefined}
      />
      <Figure
        icon={IconAlertTriangle}
        title={t("tele.figure.late")}
        value={number(late.length)}
        detail={worst ? `+${countdown(now - Date.parse(worst.due_at), t)}` : t("tele.figure.none_late")}
        tone={worst ? "c-critical" : undefined}
      />
      <Figure
        icon={IconClock}
        title={t("tele.figure.median")}
        value={medianMs === null ? "—" : duration(medianMs, t)}
        detail={t("tele.figure.answered", { count: answered })}
      />
      <Figure
        icon={IconChecks}
        title={t("tele.figure.to_acknowledge")}
        value={number(toAcknowledge)}
        detail=""
        tone={toAcknowledge > 0 ? "c-urgent" : undefined}
      />
    </dl>
  );
}

function Figure({ icon: Glyph, title, value, detail, tone }: FigureProps) {
  return (
    <div>
      <dt>
        <Glyph size={13} aria-hidden /> {title}
      </dt>
      <dd>
        <b className={tone}>{value}</b> <span>{detail}</span>
      </dd>
    </div>
  );
}
