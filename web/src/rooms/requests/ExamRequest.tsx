/** On the page of an exam: where its request stands, or the means to ask for a reading. */

import { Link } from "@tanstack/react-router";
import { useTranslation } from "@/i18n";
import { when } from "@/i18n/format";
import { IconAlertTriangle, IconRadar2 } from "@/kit/icons";
import { Travel } from "@/kit/Travel";
import { serverNow } from "@/kit/time";
import { StageTag } from "./Marks";
import type { Mark } from "./queries";
import css from "./requests.module.css";

interface ExamRequestProps {
  exam: string;
  mark: Mark | null;
  /** Whether this person may ask for the reading of this exam. */
  mayAsk: boolean;
}

const ENDED = new Set(["declined", "cancelled", "acknowledged"]);

export function ExamRequest({ exam, mark, mayAsk }: ExamRequestProps) {
  const { t } = useTranslation();
  const asks = mayAsk && (mark === null || ENDED.has(mark.stage));
  if (mark === null && !asks) return null;
  return (
    <section className="panel">
      <header>
        <h2 className="sp">{t("tele.standing")}</h2>
        {mark && <StageTag stage={mark.stage} />}
      </header>
      <div className={css.standing}>
        {mark && (
          <>
            <p className={css.question}>{mark.question}</p>
            <p className="row wrap t2">
              <span>{t("tele.from", { name: mark.asking.name })}</span>
              {!ENDED.has(mark.stage) && mark.stage !== "returned" && (
                <>
                  <span>· {t("tele.standing_due", { time: when(mark.due_at, serverNow()) })}</span>
                  <Travel images={mark.images} />
                </>
              )}
            </p>
            {mark.conflict && (
              <p className="c-critical">
                <IconAlertTriangle size={14} aria-hidden /> {t("tele.conflict_short")}
              </p>
            )}
          </>
        )}
        <p className="row wrap">
          {mark && (
            <Link to="/tele" search={{ request: mark.request }} className="btn">
              {t("tele.standing_open")}
            </Link>
          )}
          {asks && (
            <Link to="/tele/new" search={{ exam }} className="btn">
              <IconRadar2 size={15} aria-hidden /> {t("tele.ask")}
            </Link>
          )}
        </p>
      </div>
    </section>
  );
}
