/** All of one request: its road, its question, why this reader, the thread, the log, the answer. */

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { age, date, dayAndClock, duration, when } from "@/i18n/format";
import { Answer } from "@/kit/Answer";
import {
  IconAlertTriangle,
  IconClipboardText,
  IconCloudOff,
  IconLock,
  IconPhone,
  IconRoute,
  IconShieldCheck,
} from "@/kit/icons";
import { Tag, UrgencyTag } from "@/kit/Marks";
import { done } from "@/kit/notify";
import { Travel } from "@/kit/Travel";
import { serverNow } from "@/kit/time";
import { useSayFailure } from "@/kit/useSay";
import { Actions, type Ways } from "./Actions";
import { Answers } from "./Answers";
import { AwaitedExam } from "./AwaitedExam";
import { isAwaited, isClosed } from "./board";
import { Ladder } from "./Ladder";
import { Log } from "./Log";
import { Awaits, Due, StageTag } from "./Marks";
import { PassOn } from "./PassOn";
import { type RequestPage, requestQuery, useAct } from "./queries";
import { Road } from "./Road";
import css from "./requests.module.css";
import { Thread } from "./Thread";

const ON_THE_WAY = new Set(["placed", "travelling", "ready", "reading"]);

interface DetailProps {
  request: string;
  /** The name of who looks. */
  me: string;
  mayReadReports: boolean;
  now: number;
  ways: Ways;
  back: ReactNode;
}

export function Detail({ request, me, mayReadReports, now, ways, back }: DetailProps) {
  const { t } = useTranslation();
  const query = useQuery(requestQuery(request));
  const say = useSayFailure();
  const act = useAct();
  return (
    <aside className={css.detail} aria-label={t("tele.detail")}>
      {back}
      <Answer query={query} trouble={troubleOf} columns={[2, 1]} rows={8}>
        {(page) => (
          <>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard (axe scrollable-region-focusable) */}
            <section className={css.scroll} tabIndex={0} aria-label={t("tele.detail_text")}>
              <Head page={page} now={now} />
              <Strips page={page} />
              <PassOn page={page} placed={ways.request} />
              <AwaitedExam page={page} />
              <section className={css.part}>
                <Road page={page} />
              </section>
              <Answers
                page={page}
                mayRead={mayReadReports}
                reconcile={(digest) =>
                  act.mutate(
                    { request, act: "reconcile", text: digest },
                    {
                      onSuccess: () => done(t("tele.reconciled")),
                      onError: (error) => say(troubleOf(error)),
                    },
                  )
                }
              />
              <Asked page={page} />
              <section className={css.part} aria-labelledby="why">
                <h3 id="why">
                  <IconRoute size={14} aria-hidden /> {t("tele.why_reader")}
                </h3>
                <Ladder rungs={page.ladder} lit={page.ladder.find((rung) => rung.chosen)?.site.key} />
                {page.override && (
                  <p className="t2" style={{ marginTop: 6 }}>
                    {t("tele.override_said", { reason: page.override })}
                  </p>
                )}
              </section>
              <Thread page={page} me={me} />
              <Log page={page} />
            </section>
            <Actions page={page} ways={ways} />
          </>
        )}
      </Answer>
    </aside>
  );
}

function Head({ page, now }: { page: RequestPage; now: number }) {
  const { t } = useTranslation();
  const { row } = page;
  const { patient } = row;
  const sex = (["F", "M", "O"] as const).find((each) => each === patient.sex) ?? "none";
  return (
    <header className={css.part}>
      <div className="row" style={{ alignItems: "flex-start" }}>
        <h2 className={css.who}>
          {patient.family_name} {patient.given_name}
        </h2>
        <i className="sp" />
        <UrgencyTag urgency={row.urgency} />
      </div>
      <p className="row wrap t2" style={{ gap: "2px 10px", marginTop: 4 }}>
        <span>
          {[t(`exam.sex.${sex}`), date(patient.birth_date), age(patient.birth_date, now, t)]
            .filter(Boolean)
            .join(" · ")}
        </span>
        <span>
          {patient.identifier} · {patient.issuer}
        </span>
      </p>
      <p className="row wrap" style={{ marginTop: 7, gap: "4px 10px" }}>
        <span className="mod">{row.modality || "?"}</span>
        <b>{row.procedure || t("exam.untitled")}</b>
        <StageTag stage={row.stage} />
        <Due row={row} now={now} />
        {isAwaited(row) ? <Awaits row={row} /> : ON_THE_WAY.has(row.stage) && <Travel images={row.images} />}
      </p>
    </header>
  );
}

/** What must be known before anything else: a refusal, a cut link, a claim that another one beat. */
function Strips({ page }: { page: RequestPage }) {
  const { t } = useTranslation();
  const { row } = page;
  return (
    <>
      {(row.stage === "declined" || row.stage === "cancelled") && (
        <p className={`strip ${row.stage === "declined" ? "critical" : ""}`} role="status">
          <IconAlertTriangle size={15} aria-hidden /> <b>{t(`tele.stage.${row.stage}`)}</b>
          <span>{page.reason}</span>
        </p>
      )}
      {row.images.state === "withdrawn" && (
        <p className="strip" role="status">
          <IconLock size={15} aria-hidden />
          <span>{t(row.side === "reading" ? "tele.withdrawn_ours" : "tele.withdrawn")}</span>
        </p>
      )}
      <Cut row={row} />
      {row.images.state === "stalled" && (
        <p className="strip" role="status">
          <IconCloudOff size={15} aria-hidden />
          <b>{t("tele.stalled", { name: row.asking.name })}</b>
          <span>{t("tele.stalled_detail")}</span>
        </p>
      )}
      {page.superseded.map((claim) => (
        <p key={`${claim.node} ${claim.since}`} className="strip" role="status">
          <IconLock size={15} aria-hidden />
          <span>
            {t("tele.superseded", {
              other: claim.name,
              time: when(claim.since, serverNow()),
              name: row.reader?.name ?? "",
            })}
          </span>
        </p>
      ))}
      {row.reader?.alone && (
        <p className="strip" role="status">
          <IconCloudOff size={15} aria-hidden />
          <span>{t("tele.alone", { name: row.reader.name, site: row.asking.name })}</span>
        </p>
      )}
      {row.reader && !row.reader.confirmed && (
        <p className="strip" role="status">
          <IconLock size={15} aria-hidden />
          <span>{t("tele.claim_unconfirmed", { name: row.asking.name, reader: row.reader.name })}</span>
        </p>
      )}
    </>
  );
}

/** That the line to the other side is cut, since when, and what waits for it. */
function Cut({ row }: { row: RequestPage["row"] }) {
  const { t } = useTranslation();
  if (!row.line?.cut || isClosed(row)) return null;
  const { node, since } = row.line;
  const follows = row.side === "reading" ? "tele.line_cut_reading" : "tele.line_cut_asking";
  return (
    <p className="strip" role="status" data-cut={node}>
      <IconCloudOff size={15} aria-hidden />
      <b>
        {t(since ? "tele.line_cut_since" : "tele.line_cut", {
          name: node.toUpperCase(),
          time: since ? when(since, serverNow()) : "",
        })}
      </b>
      <span>{t(row.waits_for_line ? "tele.waits_for_line" : follows)}</span>
    </p>
  );
}

function Asked({ page }: { page: RequestPage }) {
  const { t } = useTranslation();
  const { row, callback, justification, consent } = page;
  return (
    <section className={css.part} aria-labelledby="question">
      <h3 id="question">
        <IconClipboardText size={14} aria-hidden /> {t("tele.question")}
        <em>
          {row.asked_by} · {row.asking.name}
        </em>
      </h3>
      <p className={css.question}>{row.question}</p>
      <p className="row wrap" style={{ marginTop: 8, gap: 6 }}>
        <Tag tone={consent.kind === "emergency" ? "urgent" : "ok"} icon={IconShieldCheck}>
          {t(`tele.consent.${consent.kind}`)}
        </Tag>
      </p>
      <dl className={css.facts}>
        <dt>{t("tele.justification")}</dt>
        <dd>{justification.reason}</dd>
        {justification.substitution && (
          <>
            <dt>{t("tele.substitution")}</dt>
            <dd>{justification.substitution}</dd>
          </>
        )}
        {consent.by && (
          <>
            <dt>{t("tele.informed")}</dt>
            <dd>
              {consent.by}
              {consent.at && ` · ${dayAndClock(consent.at)}`}
            </dd>
          </>
        )}
        <dt>{t("tele.contact")}</dt>
        <dd>
          {callback.name} ·{" "}
          <a href={`tel:${callback.phone.replaceAll(/[^+\d]/g, "")}`} className="nw">
            <IconPhone size={13} aria-hidden /> {callback.phone}
          </a>
          {callback.verified_at && (
            <small className="t3">
              {" "}
              · {t("tele.verified", { time: when(callback.verified_at, serverNow()) })}
            </small>
          )}
        </dd>
        {page.referrer && (
          <>
            <dt>{t("tele.mail_told")}</dt>
            <dd>{page.referrer}</dd>
          </>
        )}
        <dt>{t("tele.asked_at")}</dt>
        <dd>
          {dayAndClock(row.placed_at)} ·{" "}
          {isAwaited(row)
            ? t("tele.due_after", { dur: duration(row.promised_s * 1000, t) })
            : t("tele.due_at", { time: dayAndClock(row.due_at) })}
        </dd>
        {page.priors.length > 0 && (
          <>
            <dt>{t("tele.priors")}</dt>
            <dd>{t("common.exams", { count: page.priors.length })}</dd>
          </>
        )}
      </dl>
    </section>
  );
}
