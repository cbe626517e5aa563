/** The identity desk: identifiers under which two people may be hidden, and exams that name nobody. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { dayAndClock, when } from "@/i18n/format";
import { Answer } from "@/kit/Answer";
import { DeskCards, DeskPanel, Desk as Frame } from "@/kit/Desk";
import { IconGitCompare, IconId } from "@/kit/icons";
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
    <Frame title={t("identity.title")} lead={t("identity.lead")}>
      <Answer query={query} trouble={troubleOf} columns={[1, 2, 1]} rows={6}>
        {(desk) => <Waiting desk={desk} openPerson={openPerson} />}
      </Answer>
    </Frame>
  );
}

function Waiting({ desk, openPerson }: { desk: Desk; openPerson: (person: string) => void }) {
  const { t } = useTranslation();
  return (
    <>
      {desk.more && <p className="t2">{t("identity.more")}</p>}
      <DeskPanel
        icon={<IconGitCompare size={16} aria-hidden />}
        title={t("identity.doubted")}
        count={desk.doubted.length}
        empty={t("identity.doubted_none")}
      >
        <DeskCards of={desk.doubted} nameOf={(one) => nameKey(one.source)}>
          {(one) => <Doubted source={one} />}
        </DeskCards>
      </DeskPanel>
      <DeskPanel
        icon={<IconId size={16} aria-hidden />}
        title={t("identity.nameless")}
        count={desk.unidentified.length}
        empty={t("identity.nameless_none")}
      >
        <DeskCards of={desk.unidentified} nameOf={(row) => row.exam}>
          {(row) => <Nameless row={row} openPerson={openPerson} />}
        </DeskCards>
      </DeskPanel>
    </>
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
