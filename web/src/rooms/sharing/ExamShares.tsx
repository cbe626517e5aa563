/** On the page of an exam: who was given its result, who looked, and how to cut that. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { day, dayAndClock, when } from "@/i18n/format";
import { Answer } from "@/kit/Answer";
import { IconSend } from "@/kit/icons";
import { Tag } from "@/kit/Marks";
import { done } from "@/kit/notify";
import { serverNow } from "@/kit/time";
import { useSayFailure } from "@/kit/useSay";
import { CodeSheet } from "./CodeSheet";
import { type Share, type ShareMade, sharesQuery, useSharing } from "./queries";
import { ReferrerAddress } from "./ReferrerAddress";
import { ShareDialog } from "./ShareDialog";
import css from "./sharing.module.css";

interface ExamSharesProps {
  exam: string;
  patient: string;
}

export function ExamShares({ exam, patient }: ExamSharesProps) {
  const { t } = useTranslation();
  const query = useQuery(sharesQuery(exam));
  const [asking, setAsking] = useState(false);
  const [made, setMade] = useState<ShareMade | null>(null);
  const found = query.data;
  const taken = (share: ShareMade): void => {
    setAsking(false);
    if (share.code) setMade(share);
    else done(t("share.made", { name: share.share.name }));
  };
  return (
    <section className="panel" aria-labelledby="shares">
      <header>
        <h2 id="shares" className="sp">
          {t("share.title")}
        </h2>
        {found && (
          <button type="button" className="btn" onClick={() => setAsking(true)}>
            <IconSend size={15} aria-hidden /> {t("share.open")}
          </button>
        )}
      </header>
      <Answer query={query} trouble={troubleOf} columns={[2, 1]} rows={2}>
        {({ shares, referrer, referring_physician }) => (
          <>
            {shares.length === 0 ? (
              <p className={`t2 ${css.card}`}>
                {t(referrer ? "share.none_known" : "share.none", { name: referrer?.name ?? "" })}
              </p>
            ) : (
              <ul className={css.list}>
                {shares.map((share) => (
                  <Row key={share.link} exam={exam} share={share} renewed={taken} />
                ))}
              </ul>
            )}
            <ReferrerAddress exam={exam} name={referring_physician} known={referrer} />
          </>
        )}
      </Answer>
      {found && asking && (
        <ShareDialog
          exam={exam}
          patient={patient}
          shares={found}
          made={taken}
          close={() => setAsking(false)}
        />
      )}
      {made && <CodeSheet made={made} patient={patient} close={() => setMade(null)} />}
    </section>
  );
}

interface RowProps {
  exam: string;
  share: Share;
  renewed: (made: ShareMade) => void;
}

function Row({ exam, share, renewed }: RowProps) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const { cut, restore, renew } = useSharing(exam);
  const busy = cut.isPending || restore.isPending || renew.isPending;
  const undo = (): void =>
    restore.mutate(share.link, {
      onSuccess: () => done(t("share.restored", { name: share.name })),
      onError: (error) => say(troubleOf(error)),
    });
  const end = (): void =>
    cut.mutate(share.link, {
      onSuccess: () =>
        done(t("share.cut_done", { name: share.name }), { label: t("common.undo"), run: undo }),
      onError: (error) => say(troubleOf(error)),
    });
  const again = (): void =>
    renew.mutate(share.link, { onSuccess: renewed, onError: (error) => say(troubleOf(error)) });
  return (
    <li>
      <div className={css.who}>
        <b>{share.name}</b> <span className="t2">{t(`share.audience.${share.audience}`)}</span>
        <State share={share} />
        <p className="t2">
          {share.mail} · {t(`share.content.${share.content}`)} ·{" "}
          {t("share.until", { day: day(share.expires_at) })}
        </p>
        <Looked share={share} />
      </div>
      <div className={css.acts}>
        {share.state === "stands" && (
          <>
            <button type="button" className="btn small" disabled={busy} onClick={again}>
              {t(`share.again.${share.audience}`)}
            </button>
            <button type="button" className="btn small danger" disabled={busy} onClick={end}>
              {t("share.cut")}
            </button>
          </>
        )}
        {share.undo_until && Date.parse(share.undo_until) > serverNow() && (
          <button type="button" className="btn small" disabled={busy} onClick={undo}>
            {t("share.restore")}
          </button>
        )}
      </div>
    </li>
  );
}

function State({ share }: { share: Share }) {
  const { t } = useTranslation();
  if (share.state === "cut") {
    return (
      <Tag tone="critical">{t(share.cut_by_patient ? "share.state.cut_by_patient" : "share.state.cut")}</Tag>
    );
  }
  if (share.state === "expired") return <Tag>{t("share.state.expired")}</Tag>;
  return <Tag tone="ok">{t("share.state.stands")}</Tag>;
}

/** Whether it was mailed, taken note of, and looked at; each with its time. */
function Looked({ share }: { share: Share }) {
  const { t } = useTranslation();
  const sent = share.mails.find((mail) => mail.sent_at !== null)?.sent_at;
  const [latest] = share.visits;
  const words = [
    sent ? t("share.mailed", { time: dayAndClock(sent) }) : share.state === "stands" && t("share.not_mailed"),
    latest
      ? t("share.visits", { count: share.visits.length, time: when(latest, serverNow()) })
      : t("share.never_opened"),
    share.acknowledged_at && t("share.acknowledged", { time: dayAndClock(share.acknowledged_at) }),
  ];
  return <p className="t2">{words.filter(Boolean).join(" · ")}</p>;
}
