/** The imaging life of one person, and the life of one exam. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { day } from "@/i18n/format";
import { Answer } from "@/kit/Answer";
import { IconColumns2, IconHistory } from "@/kit/icons";
import { Modalities, Place, StatusTag } from "@/kit/Marks";
import { Block } from "@/kit/States";
import { Timeline } from "@/kit/Timeline";
import { serverNow } from "@/kit/time";
import { useKeys } from "@/kit/useKeys";
import css from "./archive.module.css";
import { ForeignCard, ForeignLine, Unreached } from "./Elsewhere";
import { ExamCard } from "./ExamCard";
import { ExamImages } from "./ExamImages";
import { IdentityBanner } from "./IdentityBanner";
import { Oppositions } from "./Opposition";
import { type ExamRow, examQuery, type PersonPage, personQuery } from "./queries";
import { type ElsewhereExam, isUnderWay, useFetching, useTransfers } from "./transfers";

interface PersonProps {
  person: string;
  exam: string | undefined;
  mayRead: boolean;
  mayReadReports: boolean;
  /** What another room says of the exam in view: its request for reading. */
  request: (row: ExamRow) => ReactNode;
  /** What another room says of who this is. */
  identity: ReactNode;
  /** The way to ask for an exam that is still to come. */
  ahead: ReactNode;
  choose: (exam: string) => void;
  open: (exam: string) => void;
  compare: (one: ExamRow, other: ExamRow) => void;
  home: ReactNode;
}

export function Person(props: PersonProps) {
  const { person, exam, home } = props;
  const query = useQuery(personQuery(person));
  // A study still being attached to a person is shown alone.
  const alone = useQuery({ ...examQuery(exam ?? ""), enabled: person === "-" && exam !== undefined });
  const shown = { trouble: troubleOf, columns: [2, 3, 1], rows: 7, home };
  if (person === "-")
    return (
      <Answer query={alone} {...shown}>
        {({ row }) => (
          <Found
            {...props}
            page={{
              person: "-",
              banner: row.patient,
              identifiers: [],
              oppositions: [],
              exams: [row],
              elsewhere: [],
              nodes: [],
            }}
          />
        )}
      </Answer>
    );
  return (
    <Answer query={query} {...shown}>
      {(page) => <Found {...props} page={page} />}
    </Answer>
  );
}

const timeOf = (row: ExamRow): number => Date.parse(row.study_at ?? row.arrived_at);

/** Exams elsewhere with what the node tells of their transfers; opens the one that was asked for when it is here. */
function useElsewhere(page: PersonPage, open: (exam: string) => void) {
  const client = useQueryClient();
  const [asked, setAsked] = useState<string | null>(null);
  const follow = page.elsewhere.some((one) => isUnderWay(one.transfer)) || asked !== null;
  const told = useTransfers(follow);
  const fetching = useFetching(page.person);
  const elsewhere = page.elsewhere.map((one) => ({ ...one, transfer: told.get(one.exam) ?? one.transfer }));
  const arrived = elsewhere.some((one) => one.transfer?.state === "published");
  useEffect(() => {
    if (arrived) void client.invalidateQueries({ queryKey: ["person", page.person] });
  }, [arrived, client, page.person]);
  const isHere = asked !== null && page.exams.some((row) => row.exam === asked);
  useEffect(() => {
    if (!isHere || asked === null) return;
    setAsked(null);
    open(asked);
  }, [isHere, asked, open]);
  const ask = (exam: string): void => {
    setAsked(exam);
    fetching.fetch.mutate(exam, { onError: () => setAsked(null) });
  };
  return { elsewhere, fetching, ask };
}

/** Both kinds in one order, the latest first. */
function inOrder(rows: readonly ExamRow[], foreign: readonly ElsewhereExam[]) {
  const all = [
    ...rows.map((row) => ({ at: timeOf(row), row, exam: null })),
    ...foreign.map((exam) => ({ at: Date.parse(exam.study_at ?? exam.announced_at), row: null, exam })),
  ];
  return all.sort((one, other) => other.at - one.at);
}

function Found({
  page,
  exam,
  mayRead,
  mayReadReports,
  request,
  identity,
  ahead,
  choose,
  open,
  compare,
}: PersonProps & { page: PersonPage }) {
  const { t } = useTranslation();
  const [only, setOnly] = useState<string | null>(null);
  const [picked, setPicked] = useState<string[]>([]);
  const parts = [...new Set(page.exams.map((row) => row.body_part).filter(Boolean))].slice(0, 6);
  const exams = only === null ? page.exams : page.exams.filter((row) => row.body_part === only);
  const { elsewhere, fetching, ask } = useElsewhere(page, open);
  const foreign = elsewhere.find((one) => one.exam === exam);
  const current = foreign ? undefined : (page.exams.find((row) => row.exam === exam) ?? page.exams[0]);
  const sites = new Set([...page.exams, ...elsewhere].map((row) => row.site.key)).size;
  const listed = inOrder(exams, only === null ? elsewhere : []);
  const identifierOf = (site: string): string =>
    page.identifiers.find((identifier) => identifier.organisation?.key === site)?.value ?? "";
  const comparePicked = (): void => {
    const [one, other] = picked.map((id) => page.exams.find((row) => row.exam === id));
    if (one && other)
      compare(...(timeOf(one) > timeOf(other) ? ([one, other] as const) : ([other, one] as const)));
  };
  const move = (by: 1 | -1): void => {
    const ids = listed.map(({ row, exam: other }) => row?.exam ?? other?.exam ?? "");
    const at = ids.indexOf(current?.exam ?? foreign?.exam ?? "");
    const next = ids[Math.max(0, Math.min(ids.length - 1, at + by))];
    if (next) choose(next);
  };
  useKeys([
    {
      id: "person.next",
      strokes: ["j", "ArrowDown"],
      label: t("keys.timeline"),
      run: () => move(1),
      quiet: true,
    },
    {
      id: "person.previous",
      strokes: ["k", "ArrowUp"],
      label: t("keys.timeline"),
      run: () => move(-1),
      quiet: true,
    },
    {
      id: "person.open",
      strokes: ["Enter"],
      label: t("patients.open_images"),
      run: () => current && mayRead && open(current.exam),
    },
    { id: "person.compare", strokes: ["v"], label: t("patients.compare"), run: comparePicked },
  ]);
  return (
    <div className={css.page}>
      <IdentityBanner banner={page.banner} identifiers={page.identifiers} />
      <div className={css.columns}>
        <div className={css.left}>
          <section className="panel">
            <header>
              <h2>{t("patients.journey")}</h2>
              <span className="t2">
                {t("patients.journey_sum", {
                  exams: t("common.exams", { count: page.exams.length + elsewhere.length }),
                  sites: t("patients.sites", { count: sites }),
                })}
              </span>
              {parts.length > 1 && (
                <div className={css.filters}>
                  {[null, ...parts].map((part) => (
                    <button
                      key={part ?? ""}
                      type="button"
                      aria-pressed={only === part}
                      onClick={() => setOnly(part)}
                    >
                      {part ?? t("patients.all")}
                    </button>
                  ))}
                </div>
              )}
            </header>
            <Unreached nodes={page.nodes} />
            {listed.length === 0 ? (
              <Block icon={IconHistory} title={t("patients.no_exams")} />
            ) : (
              <Timeline
                items={[
                  ...exams.map((row) => ({
                    id: row.exam,
                    at: timeOf(row),
                    word: row.modalities[0] ?? "?",
                    title: `${day(row.study_at ?? row.arrived_at)}, ${row.description || row.body_part}, ${row.site.name}`,
                    laneKey: row.site.key,
                    laneName: row.site.name,
                    laneDetail: identifierOf(row.site.key),
                    community: row.community,
                  })),
                  ...(only === null ? elsewhere : []).map((one) => ({
                    id: one.exam,
                    at: Date.parse(one.study_at ?? one.announced_at),
                    word: one.modalities[0] ?? "?",
                    title: `${day(one.study_at ?? one.announced_at)}, ${one.description}, ${one.site.name}`,
                    laneKey: one.site.key,
                    laneName: one.site.name,
                    laneDetail: one.identifier,
                    community: one.home_node,
                  })),
                ]}
                now={serverNow()}
                label={t("patients.journey")}
                current={current?.exam ?? foreign?.exam}
                choose={choose}
              />
            )}
          </section>
          <section className="panel">
            <header>
              <h2>{t("patients.exams")}</h2>
              <i className="sp" />
              {mayRead && page.exams.length > 1 && (
                <button
                  type="button"
                  className="btn"
                  disabled={picked.length !== 2}
                  title={t("patients.compare_help")}
                  onClick={comparePicked}
                >
                  <IconColumns2 size={15} aria-hidden /> {t("patients.compare")}
                </button>
              )}
            </header>
            <div className={css.list}>
              {listed.map(({ row, exam: other }) =>
                row ? (
                  <Line
                    key={row.exam}
                    row={row}
                    isCurrent={row.exam === current?.exam}
                    isPicked={picked.includes(row.exam)}
                    mayPick={mayRead && page.exams.length > 1}
                    choose={choose}
                    pick={(on) =>
                      setPicked(on ? [...picked, row.exam].slice(-2) : picked.filter((id) => id !== row.exam))
                    }
                  />
                ) : (
                  <ForeignLine key={other.exam} exam={other} isCurrent={other === foreign} choose={choose} />
                ),
              )}
            </div>
          </section>
          {current && mayRead && <ExamImages exam={current.exam} />}
        </div>
        <div className={css.right}>
          {page.person !== "-" && identity}
          <Oppositions page={page} />
          {page.person !== "-" && ahead}
          {foreign && <ForeignCard exam={foreign} mayFetch={mayRead} fetching={fetching} ask={ask} />}
          {current && (
            <ExamCard
              key={current.exam}
              exam={current.exam}
              mayRead={mayRead}
              mayReadReports={mayReadReports}
              request={request}
            />
          )}
        </div>
      </div>
    </div>
  );
}

interface LineProps {
  row: ExamRow;
  isCurrent: boolean;
  isPicked: boolean;
  mayPick: boolean;
  choose: (exam: string) => void;
  pick: (on: boolean) => void;
}

function Line({ row, isCurrent, isPicked, mayPick, choose, pick }: LineProps) {
  const { t } = useTranslation();
  const title = row.description || t("exam.untitled");
  return (
    <div className={css.exam} data-on={isCurrent} data-exam={row.exam}>
      {mayPick ? (
        <input
          type="checkbox"
          checked={isPicked}
          aria-label={t("patients.select", { what: `${title}, ${day(row.study_at ?? row.arrived_at)}` })}
          onChange={(event) => pick(event.currentTarget.checked)}
        />
      ) : (
        <span />
      )}
      <span>
        <span className={css.when}>{day(row.study_at ?? row.arrived_at)}</span>
        <Place community={row.community} name="" />
      </span>
      <span style={{ minWidth: 0 }}>
        <button
          type="button"
          className={css.what}
          aria-current={isCurrent ? "true" : undefined}
          onClick={() => choose(row.exam)}
        >
          <Modalities codes={row.modalities} /> {title}
        </button>
        <br />
        <small>
          {[
            row.site.name,
            row.home_node ? t("elsewhere.guest", { node: row.home_node.toUpperCase() }) : "",
            t("common.images", { count: row.images.received }),
            row.accession_number,
          ]
            .filter(Boolean)
            .join(" · ")}
        </small>
      </span>
      <StatusTag status={row.status} />
    </div>
  );
}
