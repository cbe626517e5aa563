/** The cells of one exam: what a reader needs to choose, two lines or one. */
import type { CSSProperties } from "react";
import { useTranslation } from "@/i18n";
import { age, clock, countdown, duration, number, personName, when } from "@/i18n/format";
import {
  IconCircleCheck,
  IconClock,
  IconCloudOff,
  IconHourglassHigh,
  IconLock,
  IconRadar2,
  IconScan,
} from "@/kit/icons";
import {
  Avatar,
  IdentityMark,
  Modalities,
  Place,
  PlainStatus,
  placeColour,
  UrgencyTag,
  urgencyTone,
} from "@/kit/Marks";
import { delayOf } from "./delay";
import type { ExamRow } from "./merge";
import css from "./reading.module.css";

interface CellProps {
  row: ExamRow;
  now: number;
  compact: boolean;
}

export function UrgencyCell({ row, now }: CellProps) {
  const { t } = useTranslation();
  const delay = delayOf(row, now);
  return (
    <td className={css.urgency}>
      <UrgencyTag urgency={row.urgency} tiny />
      {delay && (
        <span
          className={`${css.delay} c-${delay.overdue ? "critical" : urgencyTone(row.urgency)}`}
          title={t("worklist.delay_why", { time: clock(delay.startedAt) })}
        >
          {delay.overdue ? <IconHourglassHigh size={14} aria-hidden /> : <IconClock size={14} aria-hidden />}
          <span className="sr">
            {t(delay.overdue ? "worklist.overdue" : "worklist.left", {
              dur: duration(Math.abs(delay.leftMs), t),
            })}
          </span>
          <span aria-hidden style={{ minWidth: 47 }}>
            {delay.overdue ? "+" : ""}
            {countdown(delay.leftMs, t)}
          </span>
          <span className={`bar ${css.bar}`} aria-hidden>
            <i style={{ width: `${String(delay.overdue ? 100 : delay.share * 100)}%` }} />
          </span>
        </span>
      )}
    </td>
  );
}

export function PatientCell({ row, now, compact }: CellProps) {
  const { t } = useTranslation();
  const { patient } = row;
  const sex = patient.sex === "" ? "" : t(`exam.sex.${patient.sex}`);
  const facts = [sex, age(patient.birth_date, now, t)].filter(Boolean).join(" · ");
  return (
    <td>
      <span className={compact ? css.one : ""}>
        <span className={css.name}>
          {patient.family_name} {patient.given_name}
        </span>
        <span className={compact ? css.one : css.second}>
          <small>{facts}</small>
          <IdentityMark status={patient.identity_status} short />
        </span>
      </span>
    </td>
  );
}

export function ExamCell({ row, compact }: CellProps) {
  const { t } = useTranslation();
  const second = [row.body_part, row.accession_number, personName(row.referring_physician)]
    .filter(Boolean)
    .join(" · ");
  return (
    <td title={row.description}>
      <span className={css.one}>
        <Modalities codes={row.modalities} />
        <span className={css.title}>{row.description || t("exam.untitled")}</span>
      </span>
      {!compact &&
        (row.request?.waits_for_line ? (
          <small className={`c-urgent ${css.asked}`} title={t("tele.waits_for_line")}>
            <IconCloudOff size={13} aria-hidden /> <b>{row.request.asking.name}</b> · {t("tele.waits_short")}
          </small>
        ) : row.request ? (
          <small className={`c-accent ${css.asked}`} title={row.request.question}>
            <IconRadar2 size={13} aria-hidden /> <b>{row.request.asking.name}</b> · {row.request.question}
          </small>
        ) : (
          <small>{second || t("exam.no_referrer")}</small>
        ))}
    </td>
  );
}

export function SiteCell({ row, now, compact }: CellProps) {
  const { t } = useTranslation();
  return (
    <td>
      <Place community={row.community} name={row.site.name} />
      {!compact && (
        <span className={css.second}>
          <small>{t("exam.arrived", { time: when(row.arrived_at, now) })}</small>
        </span>
      )}
    </td>
  );
}

export function ImagesCell({ row }: CellProps) {
  const { t } = useTranslation();
  const coming = !row.images.complete;
  return (
    <td>
      <span className={css.one} title={coming ? t("worklist.receiving") : t("exam.complete")}>
        <span className={coming ? "c-info" : "c-ok"}>
          {coming ? <IconScan size={14} aria-hidden /> : <IconCircleCheck size={14} aria-hidden />}
        </span>
        <span className="sr">{coming ? t("worklist.receiving") : t("exam.complete")}</span>
        {number(row.images.received)}
        {coming && <span aria-hidden>…</span>}
      </span>
    </td>
  );
}

export function PriorsCell({ row }: CellProps) {
  const { t } = useTranslation();
  if (row.priors.count === 0) {
    return (
      <td className="t3">
        <span className="sr">{t("worklist.priors_none")}</span>
        <span aria-hidden>—</span>
      </td>
    );
  }
  return (
    <td>
      <span className={css.priors}>
        {row.priors.marks.slice(0, 6).map((prior) => (
          <i
            key={prior.exam}
            aria-hidden
            style={{ "--here": placeColour(prior.community) } as CSSProperties}
          />
        ))}
        <b>{number(row.priors.count)}</b>
      </span>
    </td>
  );
}

export function StatusCell({ row, now }: CellProps) {
  const { t } = useTranslation();
  const { claim } = row;
  if (claim === null) {
    const author = row.report.state === "draft" ? row.report.author : null;
    return (
      <td title={author ? t("worklist.draft_by", { name: author }) : undefined}>
        <PlainStatus status={row.status} />
      </td>
    );
  }
  const since = duration(now - Date.parse(claim.since), t);
  if (claim.mine) {
    return (
      <td>
        <span className="plain-status c-accent">
          <IconLock size={14} aria-hidden /> <b>{t("worklist.you")}</b> <small>{since}</small>
        </span>
      </td>
    );
  }
  return (
    <td title={t("worklist.claimed_by", { name: claim.name, dur: since })}>
      <span className="plain-status c-neutral">
        <Avatar name={claim.name} size={18} /> <IconLock size={13} aria-hidden /> {claim.name}
      </span>
    </td>
  );
}
