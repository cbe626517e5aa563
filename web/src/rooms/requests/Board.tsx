/** Every remote request from its question to its acknowledgement: asked by us and asked of us, live. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { troubleOf } from "@/api/client";
import { useLiveEvent, useLiveStatus, useLiveTopics } from "@/api/useLive";
import { useTranslation } from "@/i18n";
import { Answer } from "@/kit/Answer";
import { IconChevronLeft, IconLayoutColumns, IconLayoutList, IconPlus, IconRadar2 } from "@/kit/icons";
import { Block, LiveLight, StaleStrip } from "@/kit/States";
import { NARROW, PHONE, useMedia, useNow } from "@/kit/time";
import { useKeys } from "@/kit/useKeys";
import type { Ways } from "./Actions";
import { COLUMNS, isOn, listed, neighbour, type Side, type Sorted, sorted } from "./board";
import { Card } from "./Card";
import { Detail } from "./Detail";
import { Figures } from "./Figures";
import { RequestTable } from "./List";
import { STAGE } from "./Marks";
import { boardQuery, type RequestRow } from "./queries";
import css from "./requests.module.css";
import type { BoardSearch } from "./search";

interface BoardProps {
  me: string;
  mayAsk: boolean;
  mayReadReports: boolean;
  search: BoardSearch;
  change: (search: BoardSearch) => void;
  ways: Omit<Ways, "request">;
  /** The way to a new request: it starts from an exam. */
  ask: () => void;
}

export function Board({ me, mayAsk, mayReadReports, search, change, ways, ask }: BoardProps) {
  const { t } = useTranslation();
  const now = useNow(1000);
  const phone = useMedia(PHONE);
  const narrow = useMedia(NARROW);
  const query = useQuery(boardQuery);
  useLiveTopics(["requests"]);
  const refresh = (): void => void query.refetch();
  useLiveEvent("request", refresh);
  useLiveEvent("reset", refresh);
  const every = query.data?.rows ?? [];
  const { side } = search;
  const rows = side ? every.filter((row) => isOn(row, side)) : every;
  const lanes = sorted(rows);
  const choose = (request: string | undefined): void => {
    const { request: _, ...rest } = search;
    change(request ? { ...rest, request } : rest);
  };
  const go = (way: "up" | "down" | "left" | "right") => () => {
    const next = neighbour(lanes.columns, search.request, way);
    if (next) choose(next.request);
  };
  useKeys([
    { id: "tele.up", strokes: ["ArrowUp", "k"], label: t("tele.key_move"), run: go("up"), quiet: true },
    { id: "tele.down", strokes: ["ArrowDown", "j"], label: t("tele.key_move"), run: go("down"), quiet: true },
    { id: "tele.left", strokes: ["ArrowLeft"], label: t("tele.key_move"), run: go("left"), quiet: true },
    { id: "tele.right", strokes: ["ArrowRight"], label: t("tele.key_move"), run: go("right"), quiet: true },
    {
      id: "tele.close",
      strokes: ["Escape"],
      label: t("tele.close"),
      run: () => choose(undefined),
      quiet: true,
    },
    ...(mayAsk ? [{ id: "tele.new", strokes: ["alt+n"], label: t("tele.new"), run: ask }] : []),
  ]);
  const live = useLiveStatus();
  const alone = search.request !== undefined && (phone || narrow);
  return (
    <div className={css.board}>
      {!alone && (
        <div className={css.centre}>
          <BoardHead search={search} change={change} rows={every} ask={mayAsk ? ask : undefined} />
          <Answer query={query} trouble={troubleOf} columns={[1, 1, 1, 1, 1]} rows={5}>
            {() => (
              <>
                <Figures rows={rows} now={now} />
                {rows.length === 0 ? (
                  <Empty hidden={every.length} showAll={() => change({})} ask={mayAsk ? ask : undefined} />
                ) : search.view === "list" || phone ? (
                  <RequestTable rows={listed(lanes)} now={now} chosen={search.request} choose={choose} />
                ) : (
                  <Columns lanes={lanes} now={now} chosen={search.request} choose={choose} />
                )}
              </>
            )}
          </Answer>
        </div>
      )}
      {search.request && (
        <Detail
          key={search.request}
          request={search.request}
          me={me}
          mayReadReports={mayReadReports}
          now={now}
          ways={{ ...ways, request: choose }}
          back={
            <>
              {alone && !phone && live.state === "stale" && <StaleStrip at={live.at} />}
              <button type="button" className={`btn ghost ${css.back}`} onClick={() => choose(undefined)}>
                <IconChevronLeft size={16} aria-hidden /> {t("tele.back")}
              </button>
            </>
          }
        />
      )}
    </div>
  );
}

interface HeadProps {
  search: BoardSearch;
  change: (search: BoardSearch) => void;
  rows: readonly RequestRow[];
  ask: (() => void) | undefined;
}

function BoardHead({ search, change, rows, ask }: HeadProps) {
  const { t } = useTranslation();
  const live = useLiveStatus();
  const { side, view, ...rest } = search;
  const sides: (Side | undefined)[] = [undefined, "asking", "reading"];
  return (
    <header className={css.head}>
      <h1>{t("tele.title")}</h1>
      <span className={css.live}>
        <LiveLight state={live.state} at={live.at} />
      </span>
      <fieldset className={css.sides} aria-label={t("tele.sides")}>
        {sides.map((each) => (
          <button
            key={each ?? ""}
            type="button"
            aria-pressed={side === each}
            onClick={() => change({ ...rest, ...(view ? { view } : {}), ...(each ? { side: each } : {}) })}
          >
            {t(`tele.side.${each ?? "all"}`)}{" "}
            <b>{each ? rows.filter((row) => isOn(row, each)).length : rows.length}</b>
          </button>
        ))}
      </fieldset>
      <i className="sp" />
      <button
        type="button"
        className={`btn ${css.desk}`}
        onClick={() =>
          change({ ...rest, ...(side ? { side } : {}), ...(view ? {} : { view: "list" as const }) })
        }
      >
        {view ? <IconLayoutColumns size={15} aria-hidden /> : <IconLayoutList size={15} aria-hidden />}
        {t(view ? "tele.as_board" : "tele.as_list")}
      </button>
      {ask && (
        <button type="button" className="btn primary" onClick={ask}>
          <IconPlus size={15} aria-hidden /> {t("tele.new")}
        </button>
      )}
    </header>
  );
}

interface ColumnsProps {
  lanes: Sorted;
  now: number;
  chosen: string | undefined;
  choose: (request: string) => void;
}

function Columns({ lanes, now, chosen, choose }: ColumnsProps) {
  const { t } = useTranslation();
  return (
    <div className={css.lanes}>
      <div className={css.columns}>
        {COLUMNS.map((column) => {
          const { icon: Glyph } = STAGE[column];
          const cards = lanes.columns[column];
          return (
            <section key={column} aria-label={t(`tele.column.${column}`)} data-column={column}>
              <h2>
                <Glyph size={15} aria-hidden /> {t(`tele.column.${column}`)} <em>{cards.length}</em>
              </h2>
              <ul>
                {cards.map((row) => (
                  <Card
                    key={row.request}
                    row={row}
                    now={now}
                    chosen={row.request === chosen}
                    choose={choose}
                  />
                ))}
              </ul>
            </section>
          );
        })}
      </div>
      {lanes.closed.length > 0 && (
        <details className={css.closed}>
          <summary>{t("tele.closed", { count: lanes.closed.length })}</summary>
          <ul>
            {lanes.closed.map((row) => (
              <Card key={row.request} row={row} now={now} chosen={row.request === chosen} choose={choose} />
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

interface EmptyProps {
  hidden: number;
  showAll: () => void;
  ask: (() => void) | undefined;
}

function Empty({ hidden, showAll, ask }: EmptyProps): ReactNode {
  const { t } = useTranslation();
  if (hidden > 0)
    return (
      <Block
        icon={IconRadar2}
        title={t("tele.none_side")}
        actions={
          <button type="button" className="btn" onClick={showAll}>
            {t("tele.show_all", { count: hidden })}
          </button>
        }
      />
    );
  return (
    <Block
      icon={IconRadar2}
      title={t("tele.none")}
      actions={
        ask && (
          <button type="button" className="btn primary" onClick={ask}>
            <IconPlus size={15} aria-hidden /> {t("tele.new")}
          </button>
        )
      }
    >
      <p>{t("tele.none_detail")}</p>
    </Block>
  );
}
