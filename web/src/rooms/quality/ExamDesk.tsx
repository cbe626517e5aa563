/** One exam under correction: choose series, say what is wrong, see what would change, decide. */
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { Answer } from "@/kit/Answer";
import { AskReason } from "@/kit/AskReason";
import { Desk } from "@/kit/Desk";
import { done } from "@/kit/notify";
import { Thumb } from "@/kit/Thumb";
import { useSayFailure } from "@/kit/useSay";
import { Change } from "./Change";
import css from "./quality.module.css";
import { type ExamQuality, examQualityQuery, REASONS, type Reason, useReject } from "./queries";

const LONGEST_REASON = 200;

interface ExamDeskProps {
  exam: string;
  /** What follows a decision: where the bin is. */
  decided: () => void;
  back: ReactNode;
}

export function ExamDesk({ exam, decided, back }: ExamDeskProps) {
  const { t } = useTranslation();
  const query = useQuery(examQualityQuery(exam));
  return (
    <Desk title={t("quality.exam_title")} lead={t("quality.exam_lead")}>
      <p>{back}</p>
      <Answer query={query} trouble={troubleOf} columns={[1, 1]} rows={5}>
        {(one) => <Work one={one} decided={decided} />}
      </Answer>
    </Desk>
  );
}

function Work({ one, decided }: { one: ExamQuality; decided: () => void }) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const turn = (uid: string) =>
    setChosen(chosen.includes(uid) ? chosen.filter((each) => each !== uid) : [...chosen, uid]);
  return (
    <>
      <section className="panel">
        <header>
          <h2 className="sp">
            {one.patient || t("common.unknown")} · {one.description || t("exam.untitled")}
          </h2>
        </header>
        <fieldset className={css.series}>
          <legend className="t2">{t("quality.which")}</legend>
          {one.series.map((each) => {
            const caption = each.description || each.modality;
            return (
              <label key={each.series_instance_uid} className={css.one}>
                <Thumb url={each.thumbnail_url} caption="" alt="" />
                <span>
                  <input
                    type="checkbox"
                    checked={chosen.includes(each.series_instance_uid)}
                    onChange={() => turn(each.series_instance_uid)}
                  />{" "}
                  {caption} · {t("common.images", { count: each.images })}
                </span>
              </label>
            );
          })}
        </fieldset>
        <p className={css.hint}>
          {chosen.length === 0 ? t("quality.all_chosen") : t("quality.some_chosen", { count: chosen.length })}
        </p>
      </section>
      <Rejection one={one} chosen={chosen} decided={decided} />
      {one.signed ? (
        <section className="panel">
          <header>
            <h2>{t("quality.correct")}</h2>
          </header>
          <p className={css.hint}>{t("quality.signed")}</p>
        </section>
      ) : (
        <Change one={one} chosen={chosen} decided={decided} />
      )}
    </>
  );
}

interface RejectionProps {
  one: ExamQuality;
  chosen: readonly string[];
  decided: () => void;
}

function Rejection({ one, chosen, decided }: RejectionProps) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const reject = useReject();
  const [reason, setReason] = useState<Reason | null>(null);
  return (
    <section className="panel">
      <header>
        <h2>{t("quality.reject")}</h2>
      </header>
      <ul className={css.verbs}>
        {REASONS.map((each) => (
          <li key={each}>
            <button type="button" className="btn" onClick={() => setReason(each)}>
              {t(`quality.reason_${each}`)}
            </button>
            <small className="t2">{t(`quality.means_${each}`)}</small>
          </li>
        ))}
      </ul>
      {reason !== null && (
        <AskReason
          title={t(`quality.reason_${reason}`)}
          consequence={t("quality.reject_help", {
            what:
              chosen.length === 0
                ? t("quality.all_chosen")
                : t("quality.some_chosen", { count: chosen.length }),
          })}
          verb={t("quality.reject")}
          longest={LONGEST_REASON}
          busy={reject.isPending}
          close={() => setReason(null)}
          confirm={(why) =>
            void reject.mutateAsync({ exam: one.exam, reason, why, series: [...chosen] }).then(
              () => {
                setReason(null);
                done(t("quality.rejected"));
                decided();
              },
              (error: unknown) => say(troubleOf(error)),
            )
          }
        />
      )}
    </section>
  );
}
