/** On a request that nobody claims: since when, and who can be asked next, with the reason. */
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { duration } from "@/i18n/format";
import { IconAlertTriangle, IconArrowRight, IconPhone } from "@/kit/icons";
import { done } from "@/kit/notify";
import { useSayFailure } from "@/kit/useSay";
import { Ladder } from "./Ladder";
import { type RequestPage, useAct } from "./queries";
import css from "./requests.module.css";

interface PassOnProps {
  page: RequestPage;
  /** To the request that takes its place. */
  placed: (request: string) => void;
}

export function PassOn({ page, placed }: PassOnProps) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const act = useAct();
  const { row, next } = page;
  if (!row.may.includes("pass-on")) return null;
  const ask = (name: string): void =>
    void act
      .mutateAsync({
        request: row.request,
        act: "pass-on",
        text: t("tele.pass_on_reason", { name: row.reading.name }),
      })
      .then(
        (made) => {
          placed(made.row.request);
          done(t("tele.sent", { name }));
        },
        (error: unknown) => say(troubleOf(error)),
      );
  return (
    <section className={`${css.part} ${css.passing}`} aria-labelledby="unclaimed">
      <h3 id="unclaimed" className="c-critical">
        <IconAlertTriangle size={14} aria-hidden /> {t("tele.unclaimed", { name: row.reading.name })}
      </h3>
      <p className="t2">{t("tele.unclaimed_detail", { dur: duration(row.promised_s * 1000, t) })}</p>
      {next ? (
        <>
          <Ladder rungs={[next]} lit={next.site.key} />
          <button
            type="button"
            className="btn primary"
            disabled={act.isPending}
            onClick={() => ask(next.site.name)}
          >
            <IconArrowRight size={15} aria-hidden /> {t("tele.pass_on", { name: next.site.name })}
          </button>
        </>
      ) : (
        <p>
          <IconPhone size={14} aria-hidden /> {t("tele.nobody_next")}
        </p>
      )}
    </section>
  );
}
