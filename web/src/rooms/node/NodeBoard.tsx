/** The node in five seconds: what is open, what is full, what waits, what is wrong. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { troubleOf } from "@/api/client";
import { type Translate, useTranslation } from "@/i18n";
import { bytes, dayAndClock, duration, number, when } from "@/i18n/format";
import { Answer } from "@/kit/Answer";
import {
  IconAlertTriangle,
  IconBan,
  IconCircleCheck,
  IconDoorEnter,
  IconGauge,
  IconServer2,
  IconStack2,
} from "@/kit/icons";
import { Tag } from "@/kit/Marks";
import { done } from "@/kit/notify";
import { Table } from "@/kit/Table";
import { useNow } from "@/kit/time";
import { useSayFailure } from "@/kit/useSay";
import css from "./node.module.css";
import { type NodeStatus, nodeQuery, quarantineQuery, useKeepFirst } from "./queries";
import { StuckWork } from "./StuckWork";

const TIGHT = 0.9;

export function NodeBoard({ mayAct }: { mayAct: boolean }) {
  const { t } = useTranslation();
  const query = useQuery(nodeQuery);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the board has nothing else to focus, and it scrolls (WCAG 2.1.1)
    <section className={css.screen} aria-label={t("nav.node")} tabIndex={0}>
      <Answer query={query} trouble={troubleOf} columns={[1, 1, 1]} rows={7}>
        {(status) => (
          <>
            <Figures status={status} />
            <div className={css.grid}>
              <Alarms status={status} />
              <Doors status={status} />
              <Queues status={status} />
              <Disk status={status} />
              <StuckWork mayAct={mayAct} />
              <Quarantine mayAct={mayAct} />
            </div>
          </>
        )}
      </Answer>
    </section>
  );
}

function Figures({ status }: { status: NodeStatus }) {
  const { t } = useTranslation();
  const now = useNow(10_000);
  const { holdings, alarms, read_only, scrub } = status;
  return (
    <header>
      <h1 className="sr">{t("node.title", { name: status.node.name })}</h1>
      <dl className={css.figures}>
        <div>
          <dt>{t("node.title", { name: status.node.name })}</dt>
          <dd>
            {read_only ? (
              <Tag tone="critical" icon={IconBan} className="big">
                {t("node.read_only")}
              </Tag>
            ) : alarms.length > 0 ? (
              <Tag tone="urgent" icon={IconAlertTriangle} className="big">
                {t("node.alarms_n", { count: alarms.length })}
              </Tag>
            ) : (
              <Tag tone="ok" icon={IconCircleCheck} className="big">
                {t("node.healthy")}
              </Tag>
            )}
            <small className={css.since}>
              {t("node.running_since", { dur: duration(now - Date.parse(status.started_at), t) })} ·{" "}
              {t("node.version", { v: status.node.version })}
            </small>
          </dd>
        </div>
        <div>
          <dt>{t("node.studies")}</dt>
          <dd>{number(holdings.studies)}</dd>
        </div>
        <div>
          <dt>{t("node.series")}</dt>
          <dd>{number(holdings.series)}</dd>
        </div>
        <div>
          <dt>{t("node.instances")}</dt>
          <dd>{number(holdings.instances)}</dd>
        </div>
        <div>
          <dt>{t("node.volume")}</dt>
          <dd>{bytes(holdings.bytes)}</dd>
        </div>
        <div>
          <dt>{t("node.scrub")}</dt>
          <dd>
            {scrubWord(status, now, t)}
            <small className={css.since}>
              {scrub.open_damage > 0
                ? t("node.scrub_open", { count: scrub.open_damage })
                : scrub.ended_at && t("node.scrub_whole")}
            </small>
          </dd>
        </div>
      </dl>
    </header>
  );
}

function scrubWord({ scrub }: NodeStatus, now: number, t: Translate): string {
  if (scrub.ended_at) return when(scrub.ended_at, now);
  return t(scrub.began_at ? "node.scrub_running" : "node.scrub_never");
}

function Panel({
  icon,
  title,
  side,
  className,
  children,
}: {
  icon: ReactNode;
  title: string;
  side?: ReactNode;
  className: string | undefined;
  children: ReactNode;
}) {
  return (
    <section className={`panel ${className ?? ""}`}>
      <header>
        {icon}
        <h2>{title}</h2>
        <i className="sp" />
        {side}
      </header>
      {children}
    </section>
  );
}

const ALARMS = [
  "disk_low",
  "read_only",
  "quarantine",
  "unknown_callers",
  "dead_letters",
  "damage",
  "cold_away",
  "index_waiting",
  "facts_not_believed",
  "home_not_stated",
  "log_forked",
  "states_differ",
] as const;

export function alarmWord(code: string, t: Translate): string {
  const known = ALARMS.find((each) => each === code.replaceAll("-", "_"));
  return known ? t(`node.alarm.${known}`) : t("node.alarm.other", { code });
}

function Alarms({ status }: { status: NodeStatus }) {
  const { t } = useTranslation();
  const now = useNow(30_000);
  return (
    <Panel icon={<IconAlertTriangle size={16} aria-hidden />} title={t("node.alarms")} className={css.whole}>
      {status.read_only && (
        <div className={css.alarm} role="alert">
          <span className="c-critical">
            <IconBan size={18} aria-hidden />
          </span>
          <span>
            <b>{t("state.readonly")}</b>
            <br />
            <span className="t2">{status.read_only_reason}</span>
          </span>
        </div>
      )}
      {status.alarms.map((alarm) => (
        <div className={css.alarm} key={`${alarm.code} ${alarm.detail}`}>
          <span className="c-urgent">
            <IconAlertTriangle size={18} aria-hidden />
          </span>
          <span>
            <b>{alarmWord(alarm.code, t)}</b>
            <br />
            <span className="t2">{alarm.detail}</span>
          </span>
          <i className="sp" />
          {alarm.since && (
            <span className="t3 nw">
              {t("common.since", { dur: duration(now - Date.parse(alarm.since), t) })}
            </span>
          )}
        </div>
      ))}
      {status.alarms.length === 0 && !status.read_only && (
        <p className={`row c-ok ${css.rows}`}>
          <IconCircleCheck size={16} aria-hidden /> {t("node.alarms_none")}
        </p>
      )}
    </Panel>
  );
}

function Doors({ status }: { status: NodeStatus }) {
  const { t } = useTranslation();
  return (
    <Panel icon={<IconDoorEnter size={16} aria-hidden />} title={t("node.doors")} className={css.third}>
      <ul className={css.rows}>
        {status.doors.map((door) => (
          <li key={door.name}>
            <i className={door.open ? "dot ok" : "dot critical"} aria-hidden />
            <b>{door.name.toUpperCase()}</b>
            <span className="mono t2">{door.address}</span>
            <span className={door.open ? "c-ok" : "c-critical"}>
              {t(door.open ? "node.open" : "node.closed")}
            </span>
          </li>
        ))}
      </ul>
      <header>
        <IconServer2 size={16} aria-hidden />
        <h2>{t("node.processes")}</h2>
      </header>
      <ul className={css.rows}>
        {status.processes.map((process) => (
          <li key={process.name}>
            <i className={process.alive ? "dot ok" : "dot critical"} aria-hidden />
            <b>{process.name}</b>
            {process.restarts > 0 && (
              <span className="c-urgent">{t("node.restarts", { count: process.restarts })}</span>
            )}
            <span className={process.alive ? "c-ok" : "c-critical"}>
              {t(process.alive ? "node.alive" : "node.dead")}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

const LANES = ["facts", "sealing", "mail"] as const;

function laneWord(name: string, t: Translate): string {
  const known = LANES.find((lane) => lane === name);
  return known ? t(`node.lane.${known}`) : name;
}

function Queues({ status }: { status: NodeStatus }) {
  const { t } = useTranslation();
  const { lag } = status;
  const rows: [string, string][] = [
    [t("node.q_index"), bytes(lag.unindexed_bytes)],
    [t("node.q_lag"), `${number(lag.index_lag_s, 1)} s`],
    [t("node.q_seal"), number(lag.series_to_seal)],
    [t("node.q_journal"), bytes(lag.journal_bytes)],
    [t("node.q_outbox"), number(lag.outbox_waiting)],
    ...status.lanes.map((lane): [string, string] => [
      t("node.q_lane", { lane: laneWord(lane.name, t) }),
      number(lane.waiting),
    ]),
  ];
  return (
    <Panel icon={<IconStack2 size={16} aria-hidden />} title={t("node.queues")} className={css.third}>
      <ul className={css.rows}>
        {rows.map(([word, value]) => (
          <li key={word}>
            <span>{word}</span>
            <b>{value}</b>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Disk({ status }: { status: NodeStatus }) {
  const { t } = useTranslation();
  const { total_bytes, free_bytes } = status.disk;
  const used = total_bytes > 0 ? 1 - free_bytes / total_bytes : 0;
  return (
    <Panel icon={<IconGauge size={16} aria-hidden />} title={t("node.disk")} className={css.third}>
      <div className={css.rows}>
        <div className={css.gauge} data-tight={used > TIGHT} aria-hidden>
          <i style={{ width: `${String(used * 100)}%` }} />
        </div>
        <p className={used > TIGHT ? "c-critical" : "t2"}>
          {t("node.disk_free", { free: bytes(free_bytes), total: bytes(total_bytes) })}
        </p>
      </div>
    </Panel>
  );
}

function Quarantine({ mayAct }: { mayAct: boolean }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const query = useQuery(quarantineQuery);
  const keep = useKeepFirst();
  const now = useNow(60_000);
  return (
    <Panel icon={<IconBan size={16} aria-hidden />} title={t("node.quarantine")} className={css.whole}>
      {!query.data && (
        <Answer query={query} trouble={troubleOf} columns={[1, 2, 2, 1]} rows={2}>
          {() => null}
        </Answer>
      )}
      {query.data?.instances.length === 0 && <p className={`t2 ${css.rows}`}>{t("node.quarantine_none")}</p>}
      {query.data && query.data.instances.length > 0 && (
        <Table
          label={t("node.quarantine")}
          columns={[
            t("node.quarantine_when"),
            t("node.quarantine_from"),
            t("node.quarantine_what"),
            t("node.quarantine_reason"),
            t("admin.actions"),
          ]}
          rows={query.data.instances.map((instance) => (
            <tr key={instance.id}>
              <td className="nw" title={dayAndClock(instance.received_at)}>
                {when(instance.received_at, now)}
              </td>
              <td>
                <b>{instance.source}</b>
                <br />
                <small>{instance.organisation.name}</small>
              </td>
              <td className="mono">{instance.sop_instance_uid}</td>
              <td>{t(instance.reason === "other-bytes" ? "settle.other_bytes" : "settle.unplaceable")}</td>
              <td className="nw">
                {instance.state !== "open" ? (
                  <Tag tone="ok" icon={IconCircleCheck}>
                    {t(instance.state === "discarded" ? "node.discarded" : "node.resolved")}
                  </Tag>
                ) : (
                  mayAct && (
                    <button
                      type="button"
                      className="btn small"
                      onClick={() =>
                        keep.mutate(instance.id, {
                          onSuccess: () => done(t("node.keep_first_done")),
                          onError: (error) => say(troubleOf(error)),
                        })
                      }
                    >
                      {t("node.keep_first")}
                    </button>
                  )
                )}
              </td>
            </tr>
          ))}
        />
      )}
    </Panel>
  );
}
