/** The identity desk: identifiers under which two people may be hidden, and exams that name nobody. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { dayAndClock, when } from "@/i18n/format";
import { Answer } from "@/kit/Answer";
import { IconCircleCheck, IconGitCompare, IconId } from "@/kit/icons";
import { Modalities } from "@/kit/Marks";
import { done } from "@/kit/notify";
import { useNow } from "@/kit/time";
import { useSayFailure } from "@/kit/useSay";
import css from "./identity.module.css";
import { LinkDialog } from "./LinkDialog";
import { type Desk, deskQuery, type ExamRow, nameKey, type Source, useDecide } from "./queries";
import { Differs, Named, SeenAs } from "./SeenAs";

export function IdentityDesk({ openPerson }: { openPerson: (person: string) => void }) {
  const { t } = useTranslation();
  const query = useQuery(deskQuery);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the desk scrolls, also where nothing in it takes the focus (WCAG 2.1.1)
    <section className={css.screen} aria-label={t("identity.title")} tabIndex={0}>
      <header className={css.head}>
        <h1>{t("identity.title")}</h1>
        <p className="t2">{t("identity.lead")}</p>
      </header>
      <Answer query={query} trouble={troubleOf} columns={[1, 2, 1]} rows={6}>
        {(desk) => <Waiting desk={desk} openPerson={openPerson} />}
      </Answer>
    </section>
  );
}

function Waiting({ desk, openPerson }: { desk: Desk; openPerson: (person: string) => void }) {
  const { t } = useTranslation();
  return (
    <>
      {desk.more && <p className="t2">{t("identity.more")}</p>}
      <section className="panel">
        <header>
          <IconGitCompare size={16} aria-hidden />
          <h2>{t("identity.doubted")}</h2>
          <span className="t2">{desk.doubted.length}</span>
        </header>
        {desk.doubted.length === 0 ? (
          <Calm word={t("identity.doubted_none")} />
        ) : (
          <ul className={css.cards}>
            {desk.doubted.map((one) => (
              <li key={nameKey(one.source)}>
                <Doubted source={one} />
              </li>
            ))}
          </ul>
        )}
      </section>
      <section className="panel">
        <header>
          <IconId size={16} aria-hidden />
          <h2>{t("identity.nameless")}</h2>
          <span className="t2">{desk.unidentified.length}</span>
        </header>
        {desk.unidentified.length === 0 ? (
          <Calm word={t("identity.nameless_none")} />
        ) : (
          <ul className={css.cards}>
            {desk.unidentified.map((row) => (
              <li key={row.exam}>
                <Nameless row={row} openPerson={openPerson} />
              </li>
            ))}
          </ul>
        )}
      </section>
    </>
  );
}

function Calm({ word }: { word: string }) {
  return (
    <p className={`row ${css.calm ?? ""}`}>
      <span className="c-ok">
        <IconCircleCheck size={16} aria-hidden />
      </span>
      <span className="t2">{word}</span>
    </p>
  );
}

function Doubted({ source }: { source: Source }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const decide = useDecide();
  const undo = () =>
    void decide.mutateAsync({ source: source.source, decision: "undo" }).then(
      () => done(t("identity.doubted_again")),
      (error: unknown) => say(troubleOf(error)),
    );
  return (
    <article className={css.card}>
      <div className={css.line}>
        <Named source={source.source} />
        <Differs traits={source.differs} />
      </div>
      <SeenAs source={source} label={t("identity.seen_as", { what: source.source.value })} />
      <p className="t2">{t("identity.doubted_help")}</p>
      <div className={css.line}>
        <button
          type="button"
          className="btn small primary"
          disabled={decide.isPending}
          onClick={() =>
            decide.mutate(
              { source: source.source, decision: "vouch" },
              {
                onSuccess: () => done(t("identity.vouched"), { label: t("common.undo"), run: undo }),
                onError: (error) => say(troubleOf(error)),
              },
            )
          }
        >
          {t("identity.vouch")}
        </button>
        <Link className="btn small" to="/patients/$person" params={{ person: source.person }}>
          {t("identity.open_person")}
        </Link>
      </div>
    </article>
  );
}

function Nameless({ row, openPerson }: { row: ExamRow; openPerson: (person: string) => void }) {
  const { t } = useTranslation();
  const now = useNow(60_000);
  const [linking, setLinking] = useState(false);
  const person = row.patient.person ?? "-";
  const name = `${row.patient.family_name} ${row.patient.given_name}`.trim() || t("common.unknown");
  return (
    <article className={css.card}>
      <div className={css.line}>
        <span>
          <Link to="/patients/$person/exams/$exam" params={{ person, exam: row.exam }}>
            <b>{name}</b>
          </Link>
          <br />
          <Modalities codes={row.modalities} /> <small>{row.description || t("exam.untitled")}</small>{" "}
          <small className="t2" title={dayAndClock(row.arrived_at)}>
            {row.site.name} · {when(row.arrived_at, now)}
          </small>
        </span>
        <i className="sp" />
        <button
          type="button"
          className="btn small primary"
          disabled={person === "-"}
          onClick={() => setLinking(true)}
        >
          {t("identity.link_with")}
        </button>
      </div>
      {linking && <LinkDialog person={person} close={() => setLinking(false)} linked={openPerson} />}
    </article>
  );
}
