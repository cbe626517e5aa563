/** Finding a patient: what is typed stays out of the address, because it is a name. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { age, date, day } from "@/i18n/format";
import { Answer } from "@/kit/Answer";
import { IconChevronRight, IconSearch, IconUsers } from "@/kit/icons";
import { IdentityMark } from "@/kit/Marks";
import { Block } from "@/kit/States";
import { serverNow } from "@/kit/time";
import css from "./archive.module.css";
import { asked as toAsk } from "./asked";
import { type PersonHits, personsQuery, SHORTEST } from "./queries";

interface PatientsProps {
  asked: string;
  ask: (text: string) => void;
}

const PAUSE_MS = 250;

export function Patients({ asked, ask }: PatientsProps) {
  const { t } = useTranslation();
  const [text, setText] = useState(asked);
  useEffect(() => setText(asked), [asked]);
  useEffect(() => {
    if (text === asked) return;
    const timer = setTimeout(() => ask(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text, asked, ask]);
  const q = toAsk(asked);
  const query = useQuery(personsQuery(q));
  return (
    <div className="page">
      <header>
        <h1>{t("patients.title")}</h1>
      </header>
      <search>
        <form
          className={css.search}
          onSubmit={(event) => {
            event.preventDefault();
            ask(text);
          }}
        >
          <input
            type="search"
            aria-label={t("patients.search_label")}
            placeholder={t("common.search_placeholder")}
            autoComplete="off"
            // biome-ignore lint/a11y/noAutofocus: searching is all there is to do on this page
            autoFocus
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <button type="submit" className="btn primary" style={{ minHeight: 44 }}>
            <IconSearch size={16} aria-hidden /> {t("common.search")}
          </button>
        </form>
      </search>
      <section className="panel" aria-live="polite">
        {q.length < SHORTEST ? (
          <Block icon={IconUsers} title={t("patients.start_title")}>
            <p>{t("patients.search_help")}</p>
          </Block>
        ) : (
          <Answer query={query} trouble={troubleOf} columns={[3, 2, 2, 2]} rows={5}>
            {(hits) =>
              hits.persons.length === 0 ? (
                <Block icon={IconSearch} title={t("patients.none_title", { q: asked })}>
                  <p>{t("patients.none")}</p>
                </Block>
              ) : (
                <Hits hits={hits} />
              )
            }
          </Answer>
        )}
      </section>
    </div>
  );
}

function Hits({ hits }: { hits: PersonHits }) {
  const { t } = useTranslation();
  return (
    <>
      <header>
        <h2>{t(hits.more ? "patients.hits_first" : "patients.hits", { count: hits.persons.length })}</h2>
        {hits.more && <span className="c-urgent">{t("patients.more")}</span>}
      </header>
      <div className={css.hits}>
        {hits.persons.map(({ person, banner, exams, last_study_at, sites }) => (
          <Link key={person} className={css.hit} to="/patients/$person" params={{ person }}>
            <b>
              {banner.family_name} {banner.given_name}
            </b>
            <span>
              {[
                banner.sex ? t(`exam.sex.${banner.sex}`) : t("exam.sex.none"),
                date(banner.birth_date),
                age(banner.birth_date, serverNow(), t),
              ]
                .filter(Boolean)
                .join(" · ")}
            </span>
            <span>
              {banner.identifier} <IdentityMark status={banner.identity_status} short />
            </span>
            <span>
              {t("common.exams", { count: exams })}
              {last_study_at && ` · ${t("patients.last_exam", { date: day(last_study_at) })}`}
              <br />
              <small className="t3">{sites.map((site) => site.name).join(", ")}</small>
            </span>
            <IconChevronRight size={16} aria-hidden />
          </Link>
        ))}
      </div>
    </>
  );
}
