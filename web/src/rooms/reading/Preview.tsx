/** The exam under the cursor, enough to decide: who, what, series, priors; and the three actions. */
import { Menu } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { CSSProperties } from "react";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { age, date, dayAndClock, monthYear, number, personName } from "@/i18n/format";
import {
  IconChevronDown,
  IconClipboardText,
  IconHistory,
  IconLock,
  IconPlayerPlayFilled,
  IconRadar2,
  IconStack2,
} from "@/kit/icons";
import { Kbd } from "@/kit/Kbd";
import { IdentityMark, placeCode, placeColour, UrgencyTag } from "@/kit/Marks";
import { Failure, Loading } from "@/kit/States";
import { Thumb } from "@/kit/Thumb";
import { serverNow } from "@/kit/time";
import type { ExamRow } from "./merge";
import { examQuery } from "./queries";
import css from "./reading.module.css";
import { URGENCIES } from "./search";

export interface PreviewProps {
  row: ExamRow | undefined;
  mayRead: boolean;
  open: (row: ExamRow) => void;
  toggleClaim: (row: ExamRow) => void;
  setUrgency: (row: ExamRow, urgency: ExamRow["urgency"]) => void;
}

export function Preview(props: PreviewProps) {
  const { row } = props;
  const { t } = useTranslation();
  return (
    <aside className={css.preview} aria-label={t("worklist.preview")}>
      {row ? (
        <Chosen key={row.exam} {...props} row={row} />
      ) : (
        <p className={`t3 ${css.part}`}>{t("worklist.preview_none")}</p>
      )}
    </aside>
  );
}

function Chosen({ row, mayRead, open, toggleClaim, setUrgency }: PreviewProps & { row: ExamRow }) {
  const { t } = useTranslation();
  const query = useQuery(examQuery(row.exam));
  return (
    <>
      <div className={css.scroll}>
        <Who row={row} setUrgency={setUrgency} />
        <What row={row} />
        {query.isPending && <Loading columns={[1, 1, 1, 1]} rows={2} />}
        {query.isError && <Failure trouble={troubleOf(query.error)} retry={() => void query.refetch()} />}
        {query.data && (
          <>
            <section className={css.part}>
              <h3>
                <IconStack2 size={14} aria-hidden />{" "}
                {t("worklist.series_head", { count: row.images.received })}
                <em>{row.images.complete ? t("exam.complete") : t("worklist.receiving")}</em>
              </h3>
              <div className={css.thumbs}>
                {query.data.series.slice(0, 8).map((series) => {
                  const caption = series.description || series.modality;
                  return (
                    <Thumb
                      key={series.series_instance_uid}
                      url={series.thumbnail_url}
                      caption={caption}
                      alt={`${caption}, ${t("common.images", { count: series.images })}`}
                    />
                  );
                })}
              </div>
            </section>
            <Priors priors={query.data.priors} />
          </>
        )}
      </div>
      <div className={css.actions}>
        <button type="button" className="btn primary tall" disabled={!mayRead} onClick={() => open(row)}>
          <IconPlayerPlayFilled size={15} aria-hidden /> {t("worklist.read")} <Kbd stroke="Enter" />
        </button>
        <div className="row">
          <button type="button" className="btn small sp" disabled={!mayRead} onClick={() => toggleClaim(row)}>
            <IconLock size={14} aria-hidden />
            {t(row.claim?.mine ? "worklist.release" : row.claim ? "worklist.takeover" : "worklist.claim")}{" "}
            <Kbd stroke="r" />
          </button>
          <Link
            className="btn small sp"
            to="/patients/$person/exams/$exam"
            params={{ person: row.patient.person ?? "-", exam: row.exam }}
            title={t("worklist.open_page_long")}
          >
            {t("worklist.open_page")} <Kbd stroke="i" />
          </Link>
        </div>
      </div>
    </>
  );
}

function Who({ row, setUrgency }: { row: ExamRow; setUrgency: PreviewProps["setUrgency"] }) {
  const { t } = useTranslation();
  const { patient } = row;
  return (
    <section className={css.part}>
      <div className="row" style={{ alignItems: "flex-start" }}>
        <h2 style={{ fontSize: 15, overflowWrap: "anywhere" }}>
          {patient.family_name} {patient.given_name}
        </h2>
        <i className="sp" />
        <Menu position="bottom-end" shadow="md">
          <Menu.Target>
            <button type="button" className="btn ghost small" style={{ padding: 0, gap: 2 }}>
              <span className="sr">{t("worklist.set_urgency")} :</span>
              <UrgencyTag urgency={row.urgency} />
              <IconChevronDown size={12} aria-hidden />
            </button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Label>{t("worklist.set_urgency")}</Menu.Label>
            {URGENCIES.map((urgency) => (
              <Menu.Item
                key={urgency}
                disabled={urgency === row.urgency}
                onClick={() => setUrgency(row, urgency)}
              >
                <UrgencyTag urgency={urgency} />
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      </div>
      <div className="row wrap t2" style={{ marginTop: 4, fontSize: 12, gap: "2px 10px" }}>
        <span>{patient.sex ? t(`exam.sex.${patient.sex}`) : t("exam.sex.none")}</span>
        {patient.birth_date && (
          <span>
            {date(patient.birth_date)} · {age(patient.birth_date, serverNow(), t)}
          </span>
        )}
        <IdentityMark status={patient.identity_status} />
      </div>
      <p className="t3" style={{ fontSize: 11.5, marginTop: 3 }}>
        {patient.identifier} · {patient.issuer}
      </p>
    </section>
  );
}

function What({ row }: { row: ExamRow }) {
  const { t } = useTranslation();
  return (
    <section className={css.part}>
      <h3>
        <IconClipboardText size={14} aria-hidden /> {t("patients.exam")}
        <em>{row.study_at ? dayAndClock(row.study_at) : ""}</em>
      </h3>
      <p style={{ fontSize: 13, marginBottom: 6 }}>{row.description || t("exam.untitled")}</p>
      {row.request && (
        <p className={css.question}>
          <small className="c-accent">
            <IconRadar2 size={13} aria-hidden /> {t("worklist.asked_by", { name: row.request.asking.name })}
          </small>
          {row.request.question}
        </p>
      )}
      <dl className={css.facts}>
        <dt>{t("exam.referrer")}</dt>
        <dd>{personName(row.referring_physician) || t("common.unknown")}</dd>
        <dt>{t("exam.accession")}</dt>
        <dd>{row.accession_number || t("common.unknown")}</dd>
        <dt>{t("worklist.filter_site")}</dt>
        <dd>{row.site.name}</dd>
      </dl>
    </section>
  );
}

function Priors({ priors }: { priors: ExamRow[] }) {
  const { t } = useTranslation();
  return (
    <section className={css.part}>
      <h3>
        <IconHistory size={14} aria-hidden /> {t("worklist.priors")}{" "}
        <em>{priors.length > 0 && number(priors.length)}</em>
      </h3>
      {priors.length === 0 ? (
        <p className="t3">{t("worklist.priors_none")}</p>
      ) : (
        <ul className={css.timeline}>
          {priors.slice(0, 8).map((prior) => (
            <li key={prior.exam}>
              <small>{prior.study_at ? monthYear(prior.study_at) : "?"}</small>
              <i
                className={css.point}
                style={{ "--here": placeColour(prior.community) } as CSSProperties}
                aria-hidden
              />
              <b>
                {prior.modalities.join("/")} {prior.body_part || prior.description}
              </b>
              <small>{placeCode(prior.community) || prior.site.name}</small>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
