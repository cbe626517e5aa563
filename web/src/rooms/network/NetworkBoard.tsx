/** The network in five seconds: what is cut, who is concerned, what still works, what will happen. */
import { useQuery } from "@tanstack/react-query";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { bytes, duration, number } from "@/i18n/format";
import { Answer } from "@/kit/Answer";
import { IconArrowRight } from "@/kit/icons";
import { placeColour } from "@/kit/Marks";
import { StaleStrip } from "@/kit/States";
import { Table } from "@/kit/Table";
import { LinkMap } from "./LinkMap";
import { foremost, healthOf, lineKey, lineOf } from "./lines";
import css from "./network.module.css";
import { type Network, networkQuery, useLiveNetwork } from "./queries";
import { Side } from "./Side";
import { megabits, useWords } from "./useWords";

interface NetworkBoardProps {
  link: string | undefined;
  choose: (link: string) => void;
}

export function NetworkBoard(props: NetworkBoardProps) {
  const query = useQuery(networkQuery);
  const live = useLiveNetwork();
  return (
    <Answer query={query} trouble={troubleOf} columns={[3, 1]} rows={7}>
      {(network) => (
        <>
          {live.state === "stale" && <StaleStrip at={live.at} />}
          <Board {...props} network={network} />
        </>
      )}
    </Answer>
  );
}

function Board({ link, choose, network }: NetworkBoardProps & { network: Network }) {
  const { t } = useTranslation();
  const chosen = lineOf(network.links, link) ?? foremost(network.links);
  return (
    <div className={css.screen}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also where nothing in it takes the focus (WCAG 2.1.1) */}
      <section className={css.left} aria-label={t("nav.network")} tabIndex={0}>
        <h1 className="sr">{t("nav.network")}</h1>
        <Figures network={network} />
        <figure className={css.sheet}>
          <LinkMap network={network} chosen={chosen} choose={(line) => choose(lineKey(line))} />
          <figcaption className={css.legend}>
            <span>
              <i className="dot ok" aria-hidden /> {t("network.state.ok")}
            </span>
            <span>
              <i className={css.diamond} aria-hidden /> {t("network.state.degraded")}
            </span>
            <span className="c-critical">
              <b aria-hidden>×</b> {t("network.state.cut")}
            </span>
            <span>{t("network.legend_width")}</span>
            <span>{t("network.legend_scale")}</span>
          </figcaption>
        </figure>
        <Queues network={network} />
      </section>
      <Side network={network} chosen={chosen} choose={(line) => choose(lineKey(line))} />
    </div>
  );
}

function Figures({ network }: { network: Network }) {
  const { t } = useTranslation();
  const { lasting } = useWords();
  const cut = network.links.filter((line) => healthOf(line) === "cut");
  const away = network.nodes.filter((isle) => isle.state === "down" || isle.state === "refused");
  const queues = network.links.flatMap((line) => line.queues);
  const waiting = queues.reduce((sum, queue) => sum + queue.studies, 0);
  const stat = queues.filter((queue) => queue.of_class === "stat");
  const longest = cut.map((line) => line.since ?? "").sort()[0];
  return (
    <dl className={css.figures}>
      <div>
        <dt>{t("network.lines")}</dt>
        <dd>
          {network.links.length - cut.length} / {network.links.length}{" "}
          {cut.length > 0 && (
            <small className="c-critical">{t("network.cut_n", { count: cut.length })}</small>
          )}
        </dd>
      </div>
      <div>
        <dt>{t("network.islanded")}</dt>
        <dd className={away.length > 0 ? "c-urgent" : undefined}>
          {away.length} <small>{longest ? lasting(longest) : t("network.none_lost")}</small>
        </dd>
      </div>
      <div>
        <dt>{t("network.waiting")}</dt>
        <dd>
          {number(waiting)}{" "}
          {waiting > 0 && <small>{bytes(queues.reduce((sum, queue) => sum + queue.bytes, 0))}</small>}
        </dd>
      </div>
      <div>
        <dt>{t("network.rate_total")}</dt>
        <dd>{megabits(network.links.reduce((sum, line) => sum + (line.bps ?? 0), 0))}</dd>
      </div>
      <div>
        <dt>{t("network.stat_waiting")}</dt>
        <dd className={stat.length > 0 ? "c-critical" : undefined}>
          {number(stat.reduce((sum, queue) => sum + queue.studies, 0))}
        </dd>
      </div>
    </dl>
  );
}

const TONES: Record<string, string> = { stat: "solid", oncall: "urgent", control: "info" };

function Queues({ network }: { network: Network }) {
  const { t } = useTranslation();
  const { title } = useWords();
  const rows = network.links.flatMap((line) => line.queues.map((queue) => ({ line, queue })));
  const colour = (name: string) =>
    placeColour(network.nodes.find((isle) => isle.name === name)?.community ?? "");
  return (
    <section className={css.queues} aria-labelledby="network-queues">
      <h2 id="network-queues">{t("network.queues")}</h2>
      {rows.length === 0 ? (
        <p className="t2">{t("network.queues_none")}</p>
      ) : (
        <Table
          label={t("network.queues")}
          columns={[
            t("network.class"),
            t("network.way"),
            t("network.exams"),
            t("network.volume"),
            t("network.eta"),
          ]}
          rows={rows.map(({ line, queue }) => {
            const [from, to] = queue.way === "in" ? [line.b, line.a] : [line.a, line.b];
            return (
              <tr key={`${lineKey(line)} ${queue.of_class} ${queue.way}`}>
                <td>
                  <span className={`tag ${TONES[queue.of_class] ?? ""}`}>
                    {t(`network.of_class.${queue.of_class}`)}
                  </span>
                </td>
                <td>
                  <span className="reg" style={{ "--here": colour(from) } as React.CSSProperties}>
                    <span>{title(network, from)}</span>
                  </span>
                  <IconArrowRight size={13} aria-hidden className="t3" />{" "}
                  <span className="reg" style={{ "--here": colour(to) } as React.CSSProperties}>
                    <span>{title(network, to)}</span>
                  </span>
                </td>
                <td>{number(queue.studies)}</td>
                <td className="nw">{queue.bytes > 0 ? bytes(queue.bytes) : t("network.not_known")}</td>
                <td className="nw">
                  {healthOf(line) === "cut"
                    ? t("network.on_return")
                    : queue.eta_s === null
                      ? t("network.not_known")
                      : duration(queue.eta_s * 1000, t)}
                </td>
              </tr>
            );
          })}
        />
      )}
    </section>
  );
}
