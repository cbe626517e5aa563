/** What the patient said of sharing: told where exams are, written down and taken back with a reason. */
import { useState } from "react";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { dayAndClock } from "@/i18n/format";
import { AskReason } from "@/kit/AskReason";
import { IconBan, IconShieldCheck } from "@/kit/icons";
import { done } from "@/kit/notify";
import { useSayFailure } from "@/kit/useSay";
import css from "./archive.module.css";
import { type PersonPage, useOpposition } from "./queries";

type Said = PersonPage["oppositions"][number];

export function Oppositions({ page }: { page: PersonPage }) {
  const shown = page.oppositions.filter((one) => one.opposed || one.may_change);
  return shown.map((one) => <One key={`${one.issuer} ${one.value}`} person={page.person} said={one} />);
}

function One({ person, said }: { person: string; said: Said }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const keep = useOpposition(person);
  const [asked, setAsked] = useState(false);
  const verb = t(said.opposed ? "opposition.lift" : "opposition.record");
  const confirm = (reason: string): void =>
    keep.mutate(
      { value: said.value, issuer: said.issuer, opposed: !said.opposed, reason },
      {
        onSuccess: () => {
          setAsked(false);
          done(t(said.opposed ? "opposition.lifted" : "opposition.recorded"));
        },
        onError: (error) => say(troubleOf(error)),
      },
    );
  return (
    <section className="panel" data-opposed={said.opposed}>
      <header>
        <h2 className="sp">{t("opposition.title")}</h2>
        {said.may_change && (
          <button type="button" className="btn small" onClick={() => setAsked(true)}>
            {verb}
          </button>
        )}
      </header>
      <div className={css.card}>
        {said.opposed ? (
          <p className="strip critical" role="status">
            <IconBan size={15} aria-hidden />
            <b>{t("opposition.opposed")}</b>
            <span>{t("opposition.opposed_detail")}</span>
          </p>
        ) : (
          <p className="t2">
            <IconShieldCheck size={14} aria-hidden /> {t("opposition.none")}
          </p>
        )}
        {said.at && (
          <p className="t3">
            {t("opposition.written", { by: said.by, time: dayAndClock(said.at) })} {said.reason}
          </p>
        )}
      </div>
      {asked && (
        <AskReason
          title={verb}
          consequence={t(said.opposed ? "opposition.lift_follows" : "opposition.record_follows")}
          verb={verb}
          longest={200}
          busy={keep.isPending}
          tone={said.opposed ? "primary" : "danger"}
          close={() => setAsked(false)}
          confirm={confirm}
        />
      )}
    </section>
  );
}
