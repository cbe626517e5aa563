/** On a request that awaits its exam: the exams that came since, each attached by one click, taken back by one. */
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { when } from "@/i18n/format";
import { IconHourglassHigh, IconLink, IconUnlink } from "@/kit/icons";
import { Modalities } from "@/kit/Marks";
import { done } from "@/kit/notify";
import { serverNow } from "@/kit/time";
import { useSayFailure } from "@/kit/useSay";
import { type RequestPage, useAct } from "./queries";
import css from "./requests.module.css";

export function AwaitedExam({ page }: { page: RequestPage }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const act = useAct();
  const { row, candidates } = page;
  const { request } = row;
  const failed = (error: unknown): void => say(troubleOf(error));
  // By promises: the pieces change as soon as the answer is there.
  const detach = (): void =>
    void act.mutateAsync({ request, act: "detach" }).then(() => done(t("tele.detached")), failed);
  const attach = (exam: string): void =>
    void act
      .mutateAsync({ request, act: "attach", text: exam })
      .then(() => done(t("tele.attached"), { label: t("common.undo"), run: detach }), failed);
  if (row.may.includes("detach"))
    return (
      <section className={css.part}>
        <p className="row wrap t2">
          <IconLink size={14} aria-hidden /> {t("tele.attached_note")}
          <i className="sp" />
          <button type="button" className="btn small" disabled={act.isPending} onClick={detach}>
            <IconUnlink size={14} aria-hidden /> {t("tele.detach")}
          </button>
        </p>
      </section>
    );
  if (!row.may.includes("attach")) return null;
  return (
    <section className={css.part} aria-labelledby="awaited">
      <h3 id="awaited">
        <IconHourglassHigh size={14} aria-hidden /> {t("tele.awaited_exam")}
      </h3>
      <p className="t2">
        {row.accession ? t("tele.awaited_by_itself", { number: row.accession }) : t("tele.awaited_by_hand")}
      </p>
      {candidates.length > 0 && (
        <ul className={css.candidates}>
          {candidates.map((one) => (
            <li key={one.exam} data-candidate={one.exam}>
              <span>
                <Modalities codes={one.modalities} /> <b>{one.description || t("exam.untitled")}</b>
                <small className="t2">
                  {[
                    t("tele.came", { time: when(one.arrived_at, serverNow()) }),
                    t("common.images", { count: one.images }),
                    one.accession,
                  ]
                    .filter(Boolean)
                    .join(" · ")}
                </small>
              </span>
              <button
                type="button"
                className="btn primary"
                disabled={act.isPending}
                onClick={() => attach(one.exam)}
              >
                <IconLink size={15} aria-hidden /> {t("tele.attach")}
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
