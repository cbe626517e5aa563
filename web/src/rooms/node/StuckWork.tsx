/** Work that failed for good, with its error in words, and what to do about it. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { dayAndClock, when } from "@/i18n/format";
import { AskReason } from "@/kit/AskReason";
import { IconClock, IconStack2 } from "@/kit/icons";
import { Tag } from "@/kit/Marks";
import { done } from "@/kit/notify";
import { ScrollX } from "@/kit/ScrollX";
import { Failure, Loading } from "@/kit/States";
import { useNow } from "@/kit/time";
import { useSayFailure } from "@/kit/useSay";
import css from "./node.module.css";
import { type StuckWork as Stuck, stuckQuery, useDropWork, useRetryWork } from "./queries";

const LONGEST_REASON = 200;

export function StuckWork({ mayAct }: { mayAct: boolean }) {
  const { t } = useTranslation();
  const query = useQuery(stuckQuery);
  const [dropping, setDropping] = useState<Stuck | null>(null);
  return (
    <section className={`panel ${css.whole ?? ""}`}>
      <header>
        <IconStack2 size={16} aria-hidden />
        <h2>{t("node.stuck")}</h2>
      </header>
      {query.isPending && <Loading columns={[1, 2, 3, 1]} rows={2} />}
      {query.isError && !query.data && (
        <Failure trouble={troubleOf(query.error)} retry={() => void query.refetch()} />
      )}
      {query.data?.work.length === 0 && <p className={`t2 ${css.rows ?? ""}`}>{t("node.stuck_none")}</p>}
      {query.data && query.data.work.length > 0 && (
        <ScrollX label={t("node.stuck")}>
          <table className="list">
            <thead>
              <tr>
                <th scope="col">{t("node.quarantine_when")}</th>
                <th scope="col">{t("node.stuck_what")}</th>
                <th scope="col">{t("node.stuck_why")}</th>
                <th scope="col">{t("admin.actions")}</th>
              </tr>
            </thead>
            <tbody>
              {query.data.work.map((work) => (
                <Row key={work.id} work={work} mayAct={mayAct} drop={() => setDropping(work)} />
              ))}
            </tbody>
          </table>
        </ScrollX>
      )}
      {dropping && <Dropping work={dropping} close={() => setDropping(null)} />}
    </section>
  );
}

function Row({ work, mayAct, drop }: { work: Stuck; mayAct: boolean; drop: () => void }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const retry = useRetryWork();
  const now = useNow(60_000);
  return (
    <tr>
      <td className="nw" title={dayAndClock(work.at)}>
        {when(work.at, now)}
      </td>
      <td>
        <b>{work.subscriber}</b> <small className="mono">{work.kind}</small>
        <br />
        <small>
          {work.organisation}{" "}
          {work.study_instance_uid && <span className="mono">{work.study_instance_uid}</span>}
        </small>
      </td>
      <td>
        {work.reason}
        <br />
        <small className="t2">{t("node.stuck_tries", { count: work.attempts })}</small>
      </td>
      <td className="nw">
        {work.asked_at ? (
          <Tag tone="info" icon={IconClock}>
            {t("node.retry_asked")}
          </Tag>
        ) : (
          mayAct && (
            <span className="row">
              <button
                type="button"
                className="btn small"
                disabled={retry.isPending}
                onClick={() =>
                  retry.mutate(work.id, {
                    onSuccess: () => done(t("node.retry_done")),
                    onError: (error) => say(troubleOf(error)),
                  })
                }
              >
                {t("node.retry")}
              </button>
              <button type="button" className="btn small ghost" onClick={drop}>
                {t("node.drop")}
              </button>
            </span>
          )
        )}
      </td>
    </tr>
  );
}

function Dropping({ work, close }: { work: Stuck; close: () => void }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const drop = useDropWork();
  return (
    <AskReason
      title={t("node.drop_title")}
      consequence={t("node.drop_help")}
      verb={t("node.drop")}
      longest={LONGEST_REASON}
      busy={drop.isPending}
      close={close}
      confirm={(reason) =>
        drop.mutate(
          { work: work.id, reason },
          {
            onSuccess: () => {
              done(t("node.drop_done"));
              close();
            },
            onError: (error) => say(troubleOf(error)),
          },
        )
      }
    />
  );
}
