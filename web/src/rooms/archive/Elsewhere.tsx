/** Exams at other nodes: named beside those that are here, fetched with their progress, and who may have more. */
import type { ReactNode } from "react";
import { type Translate, useTranslation } from "@/i18n";
import { bytes, clock, day, dayAndClock, duration, personName } from "@/i18n/format";
import { IconCloudOff, IconMapPin, IconRefresh, IconTransfer, IconX } from "@/kit/icons";
import { Modalities, Tag } from "@/kit/Marks";
import css from "./archive.module.css";
import { type ElsewhereExam, isUnderWay, type NodeReach, type Transfer, type useFetching } from "./transfers";

const nodeName = (node: string): string => node.toUpperCase();

/** Says which nodes may have exams that are not on this page. Nothing where all answered. */
export function Unreached({ nodes }: { nodes: readonly NodeReach[] }) {
  const { t } = useTranslation();
  const away = nodes.filter((node) => !node.complete);
  if (away.length === 0) return null;
  return (
    <div className="strip" role="status" data-unreached>
      <IconCloudOff size={16} aria-hidden />
      <b>{t("elsewhere.partial")}</b>
      <span>
        {away
          .map((node) => {
            const named = { node: nodeName(node.node) };
            return node.since
              ? t("elsewhere.unreached_since", { ...named, time: clock(node.since) })
              : t("elsewhere.unreached", named);
          })
          .join(" · ")}
      </span>
    </div>
  );
}

interface LineProps {
  exam: ElsewhereExam;
  isCurrent: boolean;
  choose: (exam: string) => void;
}

/** A foreign exam in the list of exams. */
export function ForeignLine({ exam, isCurrent, choose }: LineProps) {
  const { t } = useTranslation();
  return (
    <div className={css.exam} data-on={isCurrent} data-elsewhere={exam.exam}>
      <span />
      <span>
        <span className={css.when}>{exam.study_at ? day(exam.study_at) : t("common.unknown")}</span>
        <small className="nw">
          <IconMapPin size={12} aria-hidden /> {nodeName(exam.home_node)}
        </small>
      </span>
      <span style={{ minWidth: 0 }}>
        <button
          type="button"
          className={css.what}
          aria-current={isCurrent ? "true" : undefined}
          onClick={() => choose(exam.exam)}
        >
          <Modalities codes={exam.modalities} /> {exam.description || t("exam.untitled")}
        </button>
        <br />
        <small>
          {[exam.site.name, t("common.images", { count: exam.instances }), exam.accession_number]
            .filter(Boolean)
            .join(" · ")}
        </small>
      </span>
      <State exam={exam} />
    </div>
  );
}

function State({ exam }: { exam: ElsewhereExam }) {
  const { t } = useTranslation();
  if (isUnderWay(exam.transfer))
    return (
      <Tag tone="info" icon={IconTransfer}>
        {t("elsewhere.percent", { percent: exam.transfer.percent })}
      </Tag>
    );
  if (!exam.reachable)
    return (
      <Tag tone="urgent" icon={IconCloudOff}>
        {t("elsewhere.away")}
      </Tag>
    );
  return <Tag icon={IconMapPin}>{t("elsewhere.there", { node: nodeName(exam.home_node) })}</Tag>;
}

interface CardProps {
  exam: ElsewhereExam;
  mayFetch: boolean;
  fetching: ReturnType<typeof useFetching>;
  ask: (exam: string) => void;
}

/** What is known of a foreign exam, and having it fetched. */
export function ForeignCard({ exam, mayFetch, fetching, ask }: CardProps) {
  const { t } = useTranslation();
  const { transfer } = exam;
  const coming = isUnderWay(transfer) ? transfer : null;
  const facts: [string, ReactNode][] = [
    [t("elsewhere.owner"), `${exam.site.name} (${nodeName(exam.home_node)})`],
    [t("elsewhere.identifier"), `${exam.identifier} · ${exam.issuer}`],
    [t("exam.accession"), exam.accession_number || t("common.unknown")],
    [t("exam.referrer"), personName(exam.referring_physician) || t("common.unknown")],
    [t("elsewhere.size"), `${t("common.images", { count: exam.instances })} · ${bytes(exam.size_bytes)}`],
    [t("elsewhere.announced"), dayAndClock(exam.announced_at)],
  ];
  return (
    <section className="panel" data-foreign={exam.exam}>
      <header>
        <h2 className="sp">
          <Modalities codes={exam.modalities} /> {exam.description || t("exam.untitled")}
        </h2>
        <State exam={exam} />
      </header>
      <div className={css.card}>
        <p className="t2">{t("elsewhere.not_here")}</p>
        <dl className={css.facts}>
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        {coming ? (
          <Coming transfer={coming} cancel={() => fetching.cancel.mutate(coming.transfer)} />
        ) : (
          <>
            {transfer && transfer.state !== "published" && (
              <p className="strip" role="status">
                <IconX size={15} aria-hidden /> {ended(transfer, t)}
              </p>
            )}
            {mayFetch && (
              <div className={css.open}>
                <button
                  type="button"
                  className="btn primary tall"
                  disabled={fetching.fetch.isPending}
                  onClick={() => ask(exam.exam)}
                >
                  <IconTransfer size={16} aria-hidden /> {t("elsewhere.fetch")}
                </button>
                {transfer?.can_resume && (
                  <button
                    type="button"
                    className="btn tall"
                    onClick={() => fetching.resume.mutate(transfer.transfer)}
                  >
                    <IconRefresh size={16} aria-hidden /> {t("elsewhere.resume")}
                  </button>
                )}
              </div>
            )}
            {!exam.reachable && <p className="t3">{t("elsewhere.fetch_later")}</p>}
          </>
        )}
      </div>
    </section>
  );
}

/** Progress in bytes and time, said again only when a tenth has passed. */
function Coming({ transfer, cancel }: { transfer: Transfer; cancel: () => void }) {
  const { t } = useTranslation();
  const { percent, done_bytes, size_bytes, eta_s } = transfer;
  const left = eta_s === null ? "" : duration(Math.ceil(eta_s) * 1000, t);
  const word = moving(transfer, t);
  return (
    <div className={css.coming}>
      <p>
        <b>{word}</b>{" "}
        <span className="t2">
          {size_bytes ? `${bytes(done_bytes)} / ${bytes(size_bytes)}` : ""}
          {left && ` · ${t("elsewhere.left", { dur: left })}`}
          {transfer.rate_bytes_per_s ? ` · ${bytes(transfer.rate_bytes_per_s)}/s` : ""}
        </span>
      </p>
      <progress max={100} value={percent} aria-label={word} />
      <p className="sr" role="status">
        {`${word} ${String(Math.floor(percent / 10) * 10)} %`}
      </p>
      <p className="t3">{t("elsewhere.opens")}</p>
      <button type="button" className="btn" onClick={cancel}>
        <IconX size={15} aria-hidden /> {t("elsewhere.cancel")}
      </button>
    </div>
  );
}

function moving(transfer: Transfer, t: Translate): string {
  switch (transfer.state) {
    case "stalled":
      return t("elsewhere.stalled");
    case "paused":
      return t("elsewhere.paused");
    case "whole":
      return t("elsewhere.whole");
    case "fetching":
      return t("elsewhere.fetching");
    default:
      return t("elsewhere.wanted");
  }
}

function ended(transfer: Transfer, t: Translate): string {
  if (transfer.state === "quarantined") return t("elsewhere.quarantined");
  if (transfer.detail === "recalled") return t("elsewhere.recalled");
  if (transfer.detail === "opposed") return t("elsewhere.opposed");
  return t("elsewhere.cancelled");
}
