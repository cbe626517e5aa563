/** Work that failed for good, with its error in words, and what to do about it. */
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { troubleOf } from "@/api/client";
import { type Translate, useTranslation } from "@/i18n";
import { dayAndClock, when } from "@/i18n/format";
import { Answer } from "@/kit/Answer";
import { AskReason } from "@/kit/AskReason";
import { IconClock, IconStack2 } from "@/kit/icons";
import { Tag } from "@/kit/Marks";
import { done } from "@/kit/notify";
import { type Row, Table } from "@/kit/Table";
import { useNow } from "@/kit/time";
import { useSayFailure } from "@/kit/useSay";
import css from "./node.module.css";
import { type StuckWork as Stuck, stuckQuery, useDropWork, useRetryWork } from "./queries";

const LONGEST_REASON = 200;

export function StuckWork({ mayAct }: { mayAct: boolean }) {
  const { t } = useTranslation();
  const query = useQuery(stuckQuery);
  const [dropping, setDropping] = useState<Stuck | null>(null);
  const now = useNow(60_000);
  const ago = (at: string): string => when(at, now);
  return (
    <section className={`panel ${css.whole ?? ""}`} aria-labelledby="stuck">
      <header>
        <IconStack2 size={16} aria-hidden />
        <h2 id="stuck">{t("node.stuck")}</h2>
      </header>
      <Answer query={query} trouble={troubleOf} columns={[1, 2, 3, 1]} rows={2}>
        {({ work: stuck }) =>
          stuck.length === 0 ? (
            <p className={`t2 ${css.rows ?? ""}`}>{t("node.stuck_none")}</p>
          ) : (
            <Table
              label={t("node.stuck")}
              columns={[
                t("node.quarantine_when"),
                t("node.stuck_what"),
                t("node.stuck_why"),
                t("admin.actions"),
              ]}
              rows={stuck.map((work) =>
                rowOf(work, <Acts work={work} mayAct={mayAct} drop={() => setDropping(work)} />, ago, t),
              )}
            />
          )
        }
      </Answer>
      {dropping && <Dropping work={dropping} close={() => setDropping(null)} />}
    </section>
  );
}

function rowOf(work: Stuck, acts: ReactNode, ago: (at: string) => string, t: Translate): Row {
  return (
    <tr key={work.id}>
      <td className="nw" title={dayAndClock(work.at)}>
        {ago(work.at)}
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
      <td className="nw">{acts}</td>
    </tr>
  );
}

function Acts({ work, mayAct, drop }: { work: Stuck; mayAct: boolean; drop: () => void }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const retry = useRetryWork();
  if (work.asked_at)
    return (
      <Tag tone="info" icon={IconClock}>
        {t("node.retry_asked")}
      </Tag>
    );
  if (!mayAct) return null;
  return (
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
