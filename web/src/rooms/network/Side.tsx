/** Beside the map: the line that is looked at, what works here, all lines and nodes in words, the journal. */
import type { ReactNode } from "react";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { bytes, dayAndClock, duration, number, when } from "@/i18n/format";
import {
  IconAlertTriangle,
  IconBuildingHospital,
  IconCheck,
  IconCircleCheck,
  IconClock,
  IconCloudOff,
  IconGauge,
  IconHistory,
  IconPlugConnected,
  IconServer2,
} from "@/kit/icons";
import { Tag, type Tone } from "@/kit/Marks";
import { done } from "@/kit/notify";
import { ScrollX } from "@/kit/ScrollX";
import { useNow } from "@/kit/time";
import { useSayFailure } from "@/kit/useSay";
import { Detail } from "./Detail";
import { type Health, healthOf, lineKey, spark } from "./lines";
import css from "./network.module.css";
import { type Line, type Network, useSwitch } from "./queries";
import { megabits, useWords } from "./useWords";

interface SideProps {
  network: Network;
  chosen: Line | undefined;
  choose: (line: Line) => void;
}

export function Side({ network, chosen, choose }: SideProps) {
  const { t } = useTranslation();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also where nothing in it takes the focus (WCAG 2.1.1)
    <aside className={css.side} aria-label={t("network.side")} tabIndex={0}>
      {chosen && <Chosen network={network} line={chosen} />}
      <Works network={network} />
      <Lines network={network} chosen={chosen} choose={choose} />
      <Nodes network={network} />
      <Journal network={network} />
    </aside>
  );
}

function Part({
  icon,
  title,
  side,
  children,
}: {
  icon: ReactNode;
  title: string;
  side?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className={css.part}>
      <header>
        {icon}
        <h2>{title}</h2>
        <i className="sp" />
        {side && <span className="t3">{side}</span>}
      </header>
      {children}
    </section>
  );
}

const TONE: Record<Health, Tone> = { ok: "ok", degraded: "urgent", cut: "critical", unknown: "neutral" };
const ICON = {
  ok: IconCircleCheck,
  degraded: IconAlertTriangle,
  cut: IconCloudOff,
  unknown: IconClock,
} as const;

function Chosen({ network, line }: { network: Network; line: Line }) {
  const { t } = useTranslation();
  const { state, lasting, title } = useWords();
  const health = healthOf(line);
  const far = title(network, line.b);
  const most = Math.max(1, ...line.queues.map((queue) => queue.bytes));
  return (
    <section className={css.part}>
      <div className="row wrap">
        <h2 className={css.ends}>
          {title(network, line.a)} – {far}
        </h2>
        <i className="sp" />
        <Tag tone={TONE[health]} icon={ICON[health]}>
          {state(line)} {line.since && lasting(line.since)}
        </Tag>
      </div>
      <p className="t2" aria-live="polite">
        {health === "cut"
          ? t(line.state === "refused" ? "network.why_refused" : "network.why_cut", { far })
          : health === "unknown"
            ? t("network.why_unknown", { far })
            : t("network.why_ok", { far })}
        {line.told_by !== network.here && ` ${t("network.told_by", { who: title(network, line.told_by) })}`}
      </p>
      {line.switch && <Switch line={line} names={`${title(network, line.a)} – ${far}`} />}
      {line.queues.length > 0 && (
        <ul className={css.shares}>
          {line.queues.map((queue) => (
            <li key={`${queue.of_class} ${queue.way}`}>
              <span>
                {t(`network.of_class.${queue.of_class}`)} {t(`network.way_${queue.way}`)}
              </span>
              <span className={css.bar} aria-hidden>
                <i style={{ width: `${(queue.bytes / most) * 100}%` }} data-class={queue.of_class} />
              </span>
              <span>{queue.bytes > 0 ? bytes(queue.bytes) : t("network.not_known")}</span>
            </li>
          ))}
        </ul>
      )}
      <Detail line={line} far={far} />
    </section>
  );
}

/** Only in a demonstration: real lines are cut by others. */
function Switch({ line, names }: { line: Line; names: string }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const turn = useSwitch();
  const isCut = line.switch === "cut";
  const set = (cut: boolean, undoable: boolean): void =>
    turn.mutate(
      { a: line.a, b: line.b, cut },
      {
        onSuccess: () =>
          done(
            t(cut ? "network.switch_cut_done" : "network.switch_healed_done", { names }),
            undoable ? { label: t("common.undo"), run: () => set(!cut, false) } : undefined,
          ),
        onError: (error) => say(troubleOf(error)),
      },
    );
  return (
    <div className={`row wrap ${css.switch}`}>
      <button
        type="button"
        className={isCut ? "btn primary" : "btn danger"}
        disabled={turn.isPending}
        onClick={() => set(!isCut, true)}
      >
        {isCut ? <IconPlugConnected size={15} aria-hidden /> : <IconCloudOff size={15} aria-hidden />}
        {t(isCut ? "network.switch_heal" : "network.switch_cut")}
      </button>
      <small className="t3">{t("network.switch_note")}</small>
    </div>
  );
}

function Works({ network }: { network: Network }) {
  const { t } = useTranslation();
  const { title } = useWords();
  return (
    <Part
      icon={<IconBuildingHospital size={15} aria-hidden />}
      title={t("network.works", { here: title(network, network.here) })}
    >
      <ul className={css.works}>
        {network.works.map((one) => (
          <li key={one.what} className={one.state === "ok" ? "t2" : undefined}>
            <span
              className={one.state === "ok" ? "c-ok" : one.state === "partial" ? "c-urgent" : "c-critical"}
            >
              {one.state === "ok" ? (
                <IconCheck size={15} aria-hidden />
              ) : one.state === "partial" ? (
                <IconClock size={15} aria-hidden />
              ) : (
                <IconCloudOff size={15} aria-hidden />
              )}
            </span>
            <span>
              {t(`network.work.${one.what}`)}
              {one.state !== "ok" && (
                <small className="t3">
                  {" — "}
                  {one.nodes.length > 0
                    ? t("network.lacks", { nodes: one.nodes.map((name) => title(network, name)).join(", ") })
                    : t("network.stopped")}
                </small>
              )}
            </span>
          </li>
        ))}
      </ul>
    </Part>
  );
}

function Lines({ network, chosen, choose }: SideProps) {
  const { t } = useTranslation();
  const { state, title } = useWords();
  return (
    <Part icon={<IconGauge size={15} aria-hidden />} title={t("network.all_lines")}>
      {network.links.length === 0 ? (
        <p className="t2">{t("network.alone")}</p>
      ) : (
        <ScrollX label={t("network.all_lines")}>
          <table className={css.table}>
            <thead>
              <tr>
                <th scope="col">{t("network.line")}</th>
                <th scope="col">{t("network.rtt")}</th>
                <th scope="col">{t("network.loss")}</th>
                <th scope="col">{t("network.rate")}</th>
                <th scope="col">{t("network.hour")}</th>
              </tr>
            </thead>
            <tbody>
              {network.links.map((line) => (
                <tr key={lineKey(line)} data-on={line === chosen}>
                  <th scope="row">
                    <button type="button" className={css.pick} onClick={() => choose(line)}>
                      <Mark health={healthOf(line)} />
                      <span>
                        {title(network, line.a)} – {title(network, line.b)}
                        <span className="sr">, {state(line)}</span>
                      </span>
                    </button>
                  </th>
                  <td>{line.rtt_ms === null ? "—" : `${number(line.rtt_ms)} ms`}</td>
                  <td>{line.loss_pct === null ? "—" : `${number(line.loss_pct, 1)} %`}</td>
                  <td>{line.bps === null ? "—" : megabits(line.bps)}</td>
                  <td>
                    <Spark line={line} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollX>
      )}
    </Part>
  );
}

function Mark({ health }: { health: Health }) {
  return health === "cut" ? (
    <b className="c-critical" aria-hidden>
      ×
    </b>
  ) : (
    <i className={health === "ok" ? "dot ok" : health === "degraded" ? css.diamond : "dot"} aria-hidden />
  );
}

function Spark({ line }: { line: Line }) {
  const path = spark(
    line.samples.map((sample) => sample.rtt_ms),
    64,
    16,
  );
  return path ? (
    <svg
      className={css.spark}
      data-health={healthOf(line)}
      viewBox="0 0 64 16"
      width={64}
      height={16}
      aria-hidden
    >
      <path d={path} />
    </svg>
  ) : (
    <span className="t3">—</span>
  );
}

const NODE_TONE: Record<string, Tone> = {
  here: "accent",
  up: "ok",
  down: "critical",
  refused: "critical",
  revoked: "neutral",
  unreached: "neutral",
};

function Nodes({ network }: { network: Network }) {
  const { t } = useTranslation();
  const { lasting } = useWords();
  const differing = new Set(
    network.links.filter((line) => line.detail?.states.state === "differs").map((line) => line.b),
  );
  return (
    <Part icon={<IconServer2 size={15} aria-hidden />} title={t("network.nodes")}>
      <ul className={css.nodes}>
        {network.nodes.map((isle) => (
          <li key={isle.name}>
            <span>
              <b>{isle.title}</b>
              <small className="t3">{isle.sites.join(", ")}</small>
            </span>
            <span className={css.standing}>
              <Tag tone={NODE_TONE[isle.state] ?? "neutral"}>{t(`network.node_state.${isle.state}`)}</Tag>
              {differing.has(isle.name) && (
                <Tag tone="critical" icon={IconAlertTriangle}>
                  {t("network.states_tag")}
                </Tag>
              )}
              {!isle.here && isle.last_heard && (
                <small className="t3">{t("network.heard", { dur: lasting(isle.last_heard) })}</small>
              )}
            </span>
          </li>
        ))}
      </ul>
    </Part>
  );
}

function Journal({ network }: { network: Network }) {
  const { t } = useTranslation();
  const { title } = useWords();
  const now = useNow(30_000);
  return (
    <Part icon={<IconHistory size={15} aria-hidden />} title={t("network.journal")}>
      {network.journal.length === 0 ? (
        <p className="t2">{t("network.journal_none")}</p>
      ) : (
        <ol className={css.journal}>
          {network.journal.slice(0, 20).map((one) => (
            <li key={`${one.at} ${one.peer} ${one.state}`}>
              <time className="t3 nw" dateTime={one.at} title={dayAndClock(one.at)}>
                {when(one.at, now)}
              </time>
              <span className={one.state === "up" ? "c-ok" : "c-critical"}>
                {one.state === "up" ? (
                  <IconCircleCheck size={15} aria-hidden />
                ) : (
                  <IconCloudOff size={15} aria-hidden />
                )}
              </span>
              <span>
                {t(`network.happened.${one.state}`, { far: title(network, one.peer) })}
                {one.state === "up" && one.lasted_s !== null && (
                  <span className="t3">
                    {" "}
                    {t("network.lasted", { dur: duration(one.lasted_s * 1000, t) })}
                  </span>
                )}
              </span>
            </li>
          ))}
        </ol>
      )}
    </Part>
  );
}
