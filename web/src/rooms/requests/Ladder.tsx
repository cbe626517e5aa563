/** Why this reader: every partner of the agreements, nearest first, each with its reason in words. */
import type { ReactNode } from "react";
import { type Translate, useTranslation } from "@/i18n";
import { duration } from "@/i18n/format";
import { IconCircleCheck, IconClock, IconCloudOff, IconMinus, IconX } from "@/kit/icons";
import type { Rung } from "./queries";
import css from "./requests.module.css";

const ICON = {
  chosen: { icon: IconCircleCheck, tone: "c-ok" },
  fits: { icon: IconMinus, tone: "t3" },
  closed: { icon: IconClock, tone: "t3" },
  "not-covered": { icon: IconX, tone: "t3" },
  unreachable: { icon: IconCloudOff, tone: "c-urgent" },
  overloaded: { icon: IconX, tone: "c-urgent" },
  ended: { icon: IconX, tone: "t3" },
  overridden: { icon: IconMinus, tone: "t3" },
  unclaimed: { icon: IconClock, tone: "c-urgent" },
} as const;

/** Whether somebody may be asked in place of the proposed one. */
export const mayBeAsked = (rung: Rung): boolean => rung.reason !== "ended" && rung.reason !== "not-covered";

const said = (rung: Rung, name: string): string => String(rung.parameters[name] ?? "");

/** The reason of one rung, with its hours or its modalities where the agreement is at hand. */
function why(rung: Rung, t: Translate): string {
  if (rung.reason === "closed" && rung.parameters.since)
    return t("tele.closed_hours", { since: said(rung, "since"), until: said(rung, "until") });
  if (rung.reason === "not-covered" && rung.parameters.modalities)
    return t("tele.not_covered_only", { modalities: said(rung, "modalities") });
  return t(`tele.verdict.${rung.reason}`);
}

interface LadderProps {
  rungs: readonly Rung[];
  /** Whose rung is lit: the partner asked, or about to be. */
  lit: string | undefined;
  /** Beside each rung that may be asked: the means to choose it. */
  pick?: (rung: Rung) => ReactNode;
}

export function Ladder({ rungs, lit, pick }: LadderProps) {
  const { t } = useTranslation();
  return (
    <ol className={css.ladder}>
      {rungs.map((rung) => {
        const { icon: Glyph, tone } = ICON[rung.reason];
        const on = rung.site.key === lit;
        return (
          <li key={`${rung.level} ${rung.site.key}`} data-on={on} data-reason={rung.reason}>
            <span className={on ? "c-ok" : tone}>
              {on ? <IconCircleCheck size={17} aria-hidden /> : <Glyph size={17} aria-hidden />}
            </span>
            <span className={css.rung}>
              <small className="t3">{t(`tele.level.${rung.level}`)}</small>
              <b>{rung.site.name}</b>
              <small>
                {why(rung, t)}
                {rung.waiting > 0 && ` · ${t("tele.waiting", { count: rung.waiting })}`}
              </small>
            </span>
            <span className={css.promise}>
              {rung.promised_s !== null && <b>{duration(rung.promised_s * 1000, t)}</b>}
              {rung.images_in_s !== null && (
                <small>
                  {rung.images_in_s === 0
                    ? t("tele.images_here")
                    : t("tele.images_in", { dur: duration(rung.images_in_s * 1000, t) })}
                </small>
              )}
            </span>
            {pick && mayBeAsked(rung) && <span className={css.pick}>{pick(rung)}</span>}
          </li>
        );
      })}
    </ol>
  );
}
