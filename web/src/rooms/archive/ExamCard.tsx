/** One exam: its series, its life, and who looked at it. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { bytes, dayAndClock, personName, when } from "@/i18n/format";
import { Answer } from "@/kit/Answer";
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconCircleDashed,
  IconDeviceDesktop,
  IconEye,
  IconFileText,
  IconUser,
} from "@/kit/icons";
import { Modalities, Place, StatusTag, UrgencyTag } from "@/kit/Marks";
import { ReportFiles, ReportText } from "@/kit/ReportText";
import { Thumb } from "@/kit/Thumb";
import { serverNow } from "@/kit/time";
import css from "./archive.module.css";
import { whoLooked } from "./looks";
import { documentQuery, type ExamPage, examQuery, standingQuery } from "./queries";

interface ExamCardProps {
  exam: string;
  mayRead: boolean;
  mayReadReports: boolean;
  /** What another room says of this exam. */
  request: (row: ExamPage["row"]) => ReactNode;
}

export function ExamCard({ exam, mayRead, mayReadReports, request }: ExamCardProps) {
  const query = useQuery(examQuery(exam));
  if (!query.data)
    return (
      <section className="panel">
        <Answer query={query} trouble={troubleOf} columns={[1, 1, 1]} rows={4}>
          {() => null}
        </Answer>
      </section>
    );
  return (
    <Answer query={query} trouble={troubleOf} columns={[1]}>
      {(page) => (
        <>
          <Series page={page} mayRead={mayRead} />
          <Differences page={page} />
          {request(page.row)}
          {mayReadReports && <Report page={page} />}
          <Cycle page={page} />
          <Origin page={page} />
          <Looks page={page} />
        </>
      )}
    </Answer>
  );
}

function Series({ page, mayRead }: { page: ExamPage; mayRead: boolean }) {
  const { t } = useTranslation();
  const { row, series } = page;
  return (
    <section className="panel">
      <header>
        <h2 className="sp">
          <Modalities codes={row.modalities} /> {row.description || t("exam.untitled")}
        </h2>
        <UrgencyTag urgency={row.urgency} />
        <StatusTag status={row.status} />
      </header>
      <div className={css.card}>
        <p className="t2" style={{ marginBottom: 9 }}>
          {dayAndClock(row.study_at ?? row.arrived_at)} ·{" "}
          <Place community={row.community} name={row.site.name} />
          <br />
          {t("exam.accession")} {row.accession_number || t("common.unknown")} · {t("exam.referrer")}{" "}
          {personName(row.referring_physician) || t("common.unknown")}
        </p>
        {series.length === 0 ? (
          <p className="t3">{t("patients.series_none")}</p>
        ) : (
          <div className={css.thumbs}>
            {series.slice(0, 9).map((each) => {
              const caption = each.description || each.modality;
              const count = t("common.images", { count: each.images });
              return (
                <Thumb
                  key={each.series_instance_uid}
                  url={each.thumbnail_url}
                  caption={`${caption} · ${String(each.images)}`}
                  alt={`${caption}, ${count}`}
                />
              );
            })}
          </div>
        )}
        {mayRead && (
          <div className={css.open}>
            <Link to="/reading/$exam" params={{ exam: row.exam }} className="btn primary tall">
              <IconEye size={16} aria-hidden /> {t("patients.open_images")}
            </Link>
            <Link to="/reading/$exam" params={{ exam: row.exam }} className="btn tall">
              <IconFileText size={16} aria-hidden /> {t("patients.report")}
            </Link>
          </div>
        )}
      </div>
    </section>
  );
}

/** What instances of the exam say differently; which value stands is decided at the desk of things to settle. */
function Differences({ page }: { page: ExamPage }) {
  const { t } = useTranslation();
  if (page.differences.length === 0) return null;
  return (
    <section className="panel">
      <header>
        <IconAlertTriangle size={16} aria-hidden />
        <h2 className="sp">{t("settle.on_exam")}</h2>
      </header>
      <ul className={css.card}>
        {page.differences.map((one) => (
          <li key={`${one.tag} ${one.offered}`}>
            <b>{one.keyword || one.tag}</b>
            <br />
            {t("settle.first")} <b>{one.held}</b> {one.kept === "held" && `(${t("settle.kept")})`} ·{" "}
            {t("settle.second")} <b>{one.offered}</b> {one.kept === "offered" && `(${t("settle.kept")})`}
            <br />
            <small className="t2">{t("settle.from", { who: one.source })}</small>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The report that stands, as HTML, with its forms; the page tells that there is none by saying nothing. */
function Report({ page }: { page: ExamPage }) {
  const { t } = useTranslation();
  const { exam } = page.row;
  const standing = useQuery(standingQuery(exam));
  const digest = standing.data?.principal ?? null;
  const query = useQuery({ ...documentQuery(exam, digest ?? ""), enabled: digest !== null });
  if (digest === null && !standing.isError) return null;
  return (
    <section className="panel">
      <header>
        <h2 className="sp">{t("patients.report")}</h2>
        {query.data && <small className="t3">{t(`signed.state.${query.data.version.state}`)}</small>}
      </header>
      <div className={css.card}>
        {standing.data?.contested && (
          <p className="strip" role="status">
            <IconAlertTriangle size={15} aria-hidden /> <b>{t("signed.contested")}</b>
            <span>{t("signed.contested_detail")}</span>
          </p>
        )}
        <Answer query={standing} trouble={troubleOf} columns={[1]} rows={6}>
          {() => (
            <Answer query={query} trouble={troubleOf} columns={[1]} rows={6}>
              {(document) => (
                <>
                  <ReportText exam={exam} document={document} />
                  <ReportFiles exam={exam} document={document} />
                </>
              )}
            </Answer>
          )}
        </Answer>
      </div>
    </section>
  );
}

function Cycle({ page }: { page: ExamPage }) {
  const { t } = useTranslation();
  const done = new Set(page.cycle.map((step) => step.step));
  const coming = (["completed", "claimed", "signed"] as const).filter(
    (step) => !done.has(step) && !(step === "claimed" && done.has("signed")),
  );
  return (
    <section className="panel">
      <header>
        <h2>{t("patients.cycle_title")}</h2>
      </header>
      <ol className={`${css.card} ${css.steps}`}>
        {page.cycle.map((step) => (
          <li key={`${step.step} ${step.at}`}>
            <span className="c-ok">
              <IconCircleCheck size={16} aria-hidden />
            </span>
            <span>
              {t(`patients.cycle.${step.step}`)}
              {step.by && <span className="t2"> · {step.by}</span>}
            </span>
            <small>{when(step.at, serverNow())}</small>
          </li>
        ))}
        {coming.map((step) => (
          <li key={step} className="t3">
            <IconCircleDashed size={16} aria-hidden /> {t(`patients.cycle.${step}`)}
            <small>—</small>
          </li>
        ))}
      </ol>
    </section>
  );
}

const ACTIONS = [
  "sign-in",
  "query",
  "read",
  "send",
  "receive",
  "change",
  "refuse",
  "report",
  "share",
] as const;
/** Where an exam of another node came from, and what it was checked against. */
function Origin({ page }: { page: ExamPage }) {
  const { t } = useTranslation();
  const origin = page.provenance;
  if (!origin) return null;
  const node = origin.node.toUpperCase();
  return (
    <section className="panel" data-provenance>
      <header>
        <h2>{t("elsewhere.provenance")}</h2>
      </header>
      <div className={css.card}>
        <p>{t("elsewhere.came", { node, when: dayAndClock(origin.at) })}</p>
        <p className="t2">
          {t("elsewhere.checked")} · {bytes(origin.size_bytes)}
        </p>
        <code className={css.digest}>{origin.manifest}</code>
      </div>
    </section>
  );
}

function Looks({ page }: { page: ExamPage }) {
  const { t } = useTranslation();
  const verb = (action: string): string => {
    const known = ACTIONS.find((each) => each === action);
    return known ? t(`look.action.${known}`) : action;
  };
  return (
    <section className="panel">
      <header>
        <h2>{t("patients.looks")}</h2>
        <i className="sp" />
        <small className="t3">
          {page.shared_with.length > 0
            ? `${t("patients.shared")} ${page.shared_with.map((each) => each.name).join(", ")}`
            : t("patients.shared_none")}
        </small>
      </header>
      {page.looks.length === 0 ? (
        <p className={`t3 ${css.card}`}>{t("patients.looks_none")}</p>
      ) : (
        <ul className={`${css.card} ${css.steps}`}>
          {whoLooked(page.looks).map((look) => (
            <li key={`${look.at} ${look.actor} ${look.action}`}>
              {look.kind === "person" ? (
                <IconUser size={16} aria-hidden />
              ) : (
                <IconDeviceDesktop size={16} aria-hidden />
              )}
              <span>
                <b>{look.name}</b> <span className="t2">{verb(look.action)}</span>
                {look.times > 1 && (
                  <span className="t3"> · {t("patients.looks_times", { n: look.times })}</span>
                )}
                {look.organisation && <span className="t3"> · {look.organisation}</span>}
              </span>
              <small title={look.first === look.at ? undefined : dayAndClock(look.first)}>
                {when(look.at, serverNow())}
              </small>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
