/** Who is on screen, always whole: name, sex, birth, identity; then the claim and the place in the list. */
import { Link } from "@tanstack/react-router";
import { useTranslation } from "@/i18n";
import { age, countdown, date } from "@/i18n/format";
import {
  IconChevronLeft,
  IconChevronRight,
  IconClock,
  IconExternalLink,
  IconId,
  IconLock,
} from "@/kit/icons";
import { Logo } from "@/kit/Logo";
import { IdentityMark, Modalities, Tag, UrgencyTag, urgencyTone } from "@/kit/Marks";
import { useNow } from "@/kit/time";
import { delayOf } from "./delay";
import type { Claim, ExamRow } from "./merge";
import type { ReadingSearch } from "./search";
import css from "./viewing.module.css";

export interface Place {
  index: number;
  total: number;
  previous: ExamRow | undefined;
  next: ExamRow | undefined;
}

interface PatientBarProps {
  row: ExamRow;
  search: ReadingSearch;
  place: Place;
  lost: Claim | null;
  takeOver: (claim: Claim) => void;
  go: (row: ExamRow) => void;
  viewerUrl: string;
}

export function PatientBar({ row, search, place, lost, takeOver, go, viewerUrl }: PatientBarProps) {
  const { t } = useTranslation();
  const now = useNow(1000);
  const { patient } = row;
  const delay = delayOf(row, now);
  const list = t(`worklist.list.${search.list ?? "to-read"}`);
  return (
    <section className={css.bar} aria-label={t("reading.patient_bar")}>
      <Link
        to="/reading"
        search={{ ...search, exam: row.exam }}
        className="btn ghost"
        title={t("reading.back", { list })}
      >
        <IconChevronLeft size={17} aria-hidden /> <Logo size={24} /> <span className={css.wide}>{list}</span>
        <span className="sr">{t("reading.back", { list })}</span>
      </Link>
      <h1>
        {patient.family_name} {patient.given_name}
      </h1>
      <div className={css.facts}>
        <span>
          {[
            patient.sex ? t(`exam.sex.${patient.sex}`) : t("exam.sex.none"),
            date(patient.birth_date),
            age(patient.birth_date, now, t),
          ]
            .filter(Boolean)
            .join(" · ")}
        </span>
        <IdentityMark status={patient.identity_status} />
        <span className={`${css.wide} ${css.what}`}>
          <Modalities codes={row.modalities} /> {row.description || t("exam.untitled")}
        </span>
        {delay ? (
          <Tag tone={delay.overdue ? "critical" : urgencyTone(row.urgency)} icon={IconClock}>
            {t(`exam.urgency.${row.urgency}`)} ·{" "}
            {t(delay.overdue ? "worklist.overdue" : "worklist.left", { dur: countdown(delay.leftMs, t) })}
          </Tag>
        ) : (
          <UrgencyTag urgency={row.urgency} />
        )}
      </div>
      <i className="sp" />
      <ClaimMark row={row} lost={lost} takeOver={takeOver} />
      <Link
        to="/patients/$person/exams/$exam"
        params={{ person: patient.person ?? "-", exam: row.exam }}
        className="btn ghost icon"
        title={t("worklist.open_page_long")}
      >
        <IconId size={16} aria-hidden /> <span className="sr">{t("worklist.open_page_long")}</span>
      </Link>
      {place.total > 1 && (
        <span className={css.step}>
          <button
            type="button"
            className="btn ghost icon"
            disabled={!place.previous}
            aria-label={t("keys.previous")}
            onClick={() => place.previous && go(place.previous)}
          >
            <IconChevronLeft size={16} aria-hidden />
          </button>
          <b aria-hidden>{t("reading.position", { n: place.index + 1, total: place.total })}</b>
          <span className="sr">
            {t("reading.position_label", { n: place.index + 1, total: place.total })}
          </span>
          <button
            type="button"
            className="btn ghost icon"
            disabled={!place.next}
            aria-label={t("keys.next")}
            onClick={() => place.next && go(place.next)}
          >
            <IconChevronRight size={16} aria-hidden />
          </button>
        </span>
      )}
      {place.next && (
        <span className={css.next}>
          {t("reading.next_is")} <b>{place.next.patient.family_name}</b> {place.next.modalities[0]}
        </span>
      )}
      <a
        className={`btn icon ${css.wide}`}
        href={viewerUrl}
        target="archipel-images"
        rel="noopener"
        title={t("reading.window2_long")}
      >
        <IconExternalLink size={15} aria-hidden /> <span className="sr">{t("reading.window2_long")}</span>
      </a>
    </section>
  );
}

function ClaimMark({ row, lost, takeOver }: Pick<PatientBarProps, "row" | "lost" | "takeOver">) {
  const { t } = useTranslation();
  const other = lost ?? (row.claim && !row.claim.mine ? row.claim : null);
  if (other) {
    return (
      <span className="row" title={t("reading.claim_lost_detail")}>
        <Tag tone="urgent" icon={IconLock}>
          {t("reading.claim_lost", { name: other.name })}
        </Tag>
        <button type="button" className="btn small" onClick={() => takeOver(other)}>
          {t("worklist.takeover")}
        </button>
      </span>
    );
  }
  return row.claim?.mine ? (
    <Tag tone="accent" icon={IconLock}>
      {t("reading.claimed")}
    </Tag>
  ) : (
    <Tag icon={IconLock}>{t("reading.not_claimed")}</Tag>
  );
}
