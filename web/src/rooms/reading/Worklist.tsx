/** The reading worklist: choose nothing, read the right exam next. */

import { useDebouncedValue } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";
import { troubleOf } from "@/api/client";
import { may, type Session } from "@/api/session";
import { useLiveStatus } from "@/api/useLive";
import { useTranslation } from "@/i18n";
import { number } from "@/i18n/format";
import { Answer } from "@/kit/Answer";
import {
  IconBoltFilled,
  IconHourglassHigh,
  IconLayoutList,
  IconLayoutSidebarRight,
  IconScan,
} from "@/kit/icons";
import { Kbd } from "@/kit/Kbd";
import { done } from "@/kit/notify";
import { Block, LiveLight, PartialStrip } from "@/kit/States";
import { NARROW, serverNow, useMedia } from "@/kit/time";
import { useKeys } from "@/kit/useKeys";
import { useSayFailure } from "@/kit/useSay";
import { Arriving } from "./Arriving";
import { delayOf } from "./delay";
import { COLUMN_SHARES, ExamTable } from "./ExamTable";
import { Filters } from "./Filters";
import { ListRail } from "./ListRail";
import { type ExamRow, suggested } from "./merge";
import { Preview } from "./Preview";
import { useSetUrgency } from "./queries";
import css from "./reading.module.css";
import { isByUrgency, LISTS, type ReadingSearch, withoutFilters } from "./search";
import { useClaiming } from "./useClaiming";
import { useWorklist } from "./useWorklist";

const ADDRESS_FOLLOWS_MS = 250;
const PREVIEW_FOLLOWS_MS = 120;

interface WorklistProps {
  session: Session;
  search: ReadingSearch;
  change: (search: ReadingSearch) => void;
  open: (row: ExamRow) => void;
  openRecord: (row: ExamRow) => void;
}

/** The selected row; on a wide screen the first one until somebody chooses, so that the preview is never empty. */
const chosen = (rows: readonly ExamRow[], exam: string | undefined, narrow: boolean): ExamRow | undefined =>
  rows.find((row) => row.exam === exam) ?? (narrow ? undefined : rows[0]);

/** The selection moves at once; the address follows when the keys rest, so that a held key costs no navigation. */
function useSelection(search: ReadingSearch, change: (search: ReadingSearch) => void) {
  const [exam, setExam] = useState(search.exam);
  const written = useRef(search.exam);
  const leaving = useRef(false);
  useEffect(() => {
    // Back, Forward or a link changed it; what this list wrote itself may be behind the keys already.
    if (search.exam !== written.current) setExam(search.exam);
    written.current = search.exam;
  }, [search.exam]);
  const latest = useRef({ search, change });
  latest.current = { search, change };
  useEffect(() => {
    if (exam === latest.current.search.exam) return;
    const timer = setTimeout(() => {
      // An exam is being opened: an address of the list written now would call the reader back.
      if (leaving.current) return;
      written.current = exam;
      latest.current.change({ ...latest.current.search, exam });
    }, ADDRESS_FOLLOWS_MS);
    return () => clearTimeout(timer);
  }, [exam]);
  const choose = (next: string): void => {
    leaving.current = false;
    setExam(next);
  };
  const leaveBy =
    (go: (row: ExamRow) => void) =>
    (row: ExamRow): void => {
      leaving.current = true;
      go(row);
    };
  return [exam, choose, leaveBy] as const;
}

export function Worklist({ session, search, change, ...doors }: WorklistProps) {
  const { t } = useTranslation();
  const narrow = useMedia(NARROW);
  const firstFilter = useRef<HTMLInputElement>(null);
  const [exam, setExam, leaveBy] = useSelection(search, change);
  const open = leaveBy(doors.open);
  const openRecord = leaveBy(doors.openRecord);
  const { shown, query, counts, countsFailed, refetchCounts, page, showWaiting } = useWorklist({
    ...search,
    exam,
  });
  const claiming = useClaiming();
  const urgency = useChangeUrgency();
  const list = search.list ?? "to-read";
  const listName = t(`worklist.list.${list}`);
  const compact = session.preferences.density === "compact";
  const previewOpen = search.preview === undefined ? !narrow : search.preview === "1";
  const selected = chosen(shown.rows, exam, narrow);

  const [rested] = useDebouncedValue(selected?.exam, PREVIEW_FOLLOWS_MS);
  const previewed = shown.rows.find((row) => row.exam === rested) ?? selected;

  const select = (row: ExamRow | undefined): void => {
    if (row) setExam(row.exam);
  };
  const move = (by: 1 | -1): void => {
    const at = shown.rows.findIndex((row) => row.exam === selected?.exam);
    select(shown.rows[Math.max(0, Math.min(shown.rows.length - 1, at + by))]);
  };
  const withSelected = (run: (row: ExamRow) => void) => () => {
    if (selected) run(selected);
  };
  const togglePreview = (): void => change({ ...search, preview: previewOpen ? "0" : "1" });
  const openSuggested = (): void => {
    const next = suggested(shown.rows, undefined);
    if (next) open(next);
    else done(t("worklist.no_suggestion"));
  };

  useKeys([
    { id: "list.next", strokes: ["j", "ArrowDown"], label: t("keys.next"), run: () => move(1), quiet: true },
    {
      id: "list.previous",
      strokes: ["k", "ArrowUp"],
      label: t("keys.previous"),
      run: () => move(-1),
      quiet: true,
    },
    { id: "list.read", strokes: ["Enter"], label: t("keys.read"), run: withSelected(open) },
    { id: "list.claim", strokes: ["r"], label: t("keys.claim"), run: withSelected(claiming.toggle) },
    { id: "list.preview", strokes: ["Space"], label: t("worklist.preview"), run: togglePreview },
    { id: "list.record", strokes: ["i"], label: t("keys.record"), run: withSelected(openRecord) },
    { id: "list.suggested", strokes: ["n"], label: t("keys.suggested"), run: openSuggested },
    { id: "list.new", strokes: ["u"], label: t("keys.show_new"), run: showWaiting },
    { id: "list.filters", strokes: ["f"], label: t("keys.filters"), run: () => firstFilter.current?.focus() },
    ...LISTS.map((name, index) => ({
      id: `list.${String(index + 1)}`,
      strokes: [String(index + 1)],
      label: t("keys.list_n", { n: index + 1, name: t(`worklist.list.${name}`) }),
      run: () => change(name === "to-read" ? {} : { list: name }),
    })),
  ]);

  return (
    <div className={css.screen}>
      <ListRail current={list} counts={counts} waiting={shown.waiting.length} />
      <section className={css.centre} aria-label={listName}>
        {countsFailed && (
          <PartialStrip what={t("worklist.counts")} everyS={15} retry={() => void refetchCounts()} />
        )}
        <Head
          title={listName}
          total={page?.total}
          overdue={shown.rows.filter((row) => delayOf(row, serverNow())?.overdue).length}
          stat={counts?.stat ?? 0}
          acquiring={page?.acquiring ?? 0}
          previewOpen={previewOpen}
          togglePreview={togglePreview}
        />
        <Filters search={search} sites={session.organisations} change={change} first={firstFilter} />
        {shown.waiting.length > 0 && (
          <button
            type="button"
            className={`btn primary small ${css.pill}`}
            onClick={showWaiting}
            aria-live="polite"
          >
            +{number(shown.waiting.length)} · {t("worklist.new_rows", { count: shown.waiting.length })}{" "}
            <Kbd stroke="u" />
          </button>
        )}
        <Arriving exams={query.data?.pages[0]?.arriving ?? []} />
        <Answer query={query} trouble={troubleOf} columns={COLUMN_SHARES} rows={9}>
          {() =>
            shown.rows.length === 0 ? (
              <Empty
                hidden={page?.hidden ?? 0}
                acquiring={page?.acquiring ?? 0}
                search={search}
                change={change}
              />
            ) : (
              <ExamTable
                shown={shown}
                total={page?.total ?? shown.rows.length}
                more={query.hasNextPage}
                selected={selected?.exam}
                compact={compact}
                byUrgency={isByUrgency(search.list)}
                label={t("worklist.table", { list: listName })}
                select={select}
                open={open}
                reachEnd={() => void query.fetchNextPage()}
              />
            )
          }
        </Answer>
        <Hints demo={session.node.demo} />
      </section>
      {previewOpen && (
        <Preview
          row={previewed}
          mayRead={may(session, "write-reports")}
          open={open}
          toggleClaim={claiming.toggle}
          setUrgency={urgency}
        />
      )}
      {claiming.dialog}
    </div>
  );
}

function useChangeUrgency(): (row: ExamRow, urgency: ExamRow["urgency"]) => void {
  const { t } = useTranslation();
  const say = useSayFailure();
  const set = useSetUrgency();
  return (row, urgency) =>
    set.mutate(
      { exam: row.exam, urgency },
      {
        onSuccess: () =>
          done(t("worklist.urgency_set", { name: t(`exam.urgency.${urgency}`) }), {
            label: t("common.undo"),
            run: () => set.mutate({ exam: row.exam, urgency: row.urgency }),
          }),
        onError: (error) => say(troubleOf(error)),
      },
    );
}

interface HeadProps {
  title: string;
  total: number | undefined;
  stat: number;
  overdue: number;
  acquiring: number;
  previewOpen: boolean;
  togglePreview: () => void;
}

function Head({ title, total, stat, overdue, acquiring, previewOpen, togglePreview }: HeadProps) {
  const { t } = useTranslation();
  const live = useLiveStatus();
  return (
    <header className={css.head}>
      <h1>{title}</h1>
      <div className={css.figures} aria-live="polite">
        {total !== undefined && <span>{t("worklist.unread", { count: total })}</span>}
        {stat > 0 && (
          <span className="c-critical">
            <IconBoltFilled size={14} aria-hidden /> <b className="c-critical">{number(stat)}</b> STAT
          </span>
        )}
        {overdue > 0 && (
          <span className="c-critical">
            <IconHourglassHigh size={14} aria-hidden /> {t("worklist.overdue_n", { count: overdue })}
          </span>
        )}
        {acquiring > 0 && (
          <span>
            <IconScan size={14} aria-hidden /> {t("worklist.acquiring_n", { count: acquiring })}
          </span>
        )}
      </div>
      <i className="sp" />
      <span className={css.live}>
        <LiveLight state={live.state} at={live.at} />
      </span>
      <button
        type="button"
        className="btn icon"
        aria-pressed={previewOpen}
        aria-label={t(previewOpen ? "worklist.preview_hide" : "worklist.preview_show")}
        title={t(previewOpen ? "worklist.preview_hide" : "worklist.preview_show")}
        onClick={togglePreview}
      >
        <IconLayoutSidebarRight size={16} aria-hidden />
      </button>
    </header>
  );
}

interface EmptyProps {
  hidden: number;
  acquiring: number;
  search: ReadingSearch;
  change: (search: ReadingSearch) => void;
}

/** Why nothing is here, and the one action that helps most. */
function Empty({ hidden, acquiring, search, change }: EmptyProps) {
  const { t } = useTranslation();
  const reasons = [
    hidden > 0 ? t("worklist.empty_hidden", { count: hidden }) : "",
    acquiring > 0 ? t("worklist.empty_acquiring", { count: acquiring }) : "",
  ].filter(Boolean);
  return (
    <Block
      icon={IconLayoutList}
      title={t("worklist.empty")}
      actions={
        <>
          {hidden > 0 && (
            <button type="button" className="btn primary" onClick={() => change(withoutFilters(search))}>
              {t("worklist.clear_filters")}
            </button>
          )}
          {acquiring > 0 && search.list !== "acquiring" && (
            <button type="button" className="btn" onClick={() => change({ list: "acquiring" })}>
              {t("worklist.see_acquiring")}
            </button>
          )}
          {search.list !== "all" && (
            <button type="button" className="btn" onClick={() => change({ list: "all" })}>
              {t("worklist.see_all")}
            </button>
          )}
        </>
      }
    >
      <p>{reasons.length > 0 ? reasons.join(" ") : t("worklist.empty_none")}</p>
    </Block>
  );
}

function Hints({ demo }: { demo: boolean }) {
  const { t } = useTranslation();
  return (
    <div className="hint">
      <div>
        <span>
          <Kbd stroke="j" />
          <Kbd stroke="k" /> {t("keys.browse")}
        </span>
        <span>
          <Kbd stroke="Enter" /> {t("keys.read")}
        </span>
        <span>
          <Kbd stroke="r" /> {t("keys.claim")}
        </span>
        <span>
          <Kbd stroke="Space" /> {t("worklist.preview")}
        </span>
        <span>
          <Kbd stroke="n" /> {t("keys.suggested")}
        </span>
        <span>
          <Kbd stroke="1" />–<Kbd stroke="7" /> {t("keys.lists")}
        </span>
        <span>
          <Kbd stroke="ctrl+k" /> {t("keys.palette")}
        </span>
        <span>
          <Kbd stroke="?" /> {t("keys.help")}
        </span>
      </div>
      <span>{t(demo ? "app.demo_note" : "app.notdevice")}</span>
    </div>
  );
}
