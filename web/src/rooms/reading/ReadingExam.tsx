/** Look, compare, measure and write without leaving: images in the centre, report beside them, priors below. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { troubleOf } from "@/api/client";
import { may, type Session } from "@/api/session";
import { useLiveTopics } from "@/api/useLive";
import { useTranslation } from "@/i18n";
import { day } from "@/i18n/format";
import { Answer } from "@/kit/Answer";
import { IconColumns2, IconPhoto } from "@/kit/icons";
import { Modalities, Place as PlaceMark } from "@/kit/Marks";
import { failed } from "@/kit/notify";
import { Block } from "@/kit/States";
import { Timeline } from "@/kit/Timeline";
import { PHONE, serverNow, useMedia } from "@/kit/time";
import type { TimelineItem } from "@/kit/timeline";
import { pressed, useKeys } from "@/kit/useKeys";
import type { FromViewer, Measurement, SeenImage } from "@/viewer/bridge";
import { LaterViewer } from "@/viewer/LaterViewer";
import { OhifFrame, type ViewerHandle } from "@/viewer/OhifFrame";
import { Elsewhere } from "./Elsewhere";
import type { ExamRow } from "./merge";
import { PatientBar, type Place } from "./PatientBar";
import { type ExamPage, examQuery, worklistQuery } from "./queries";
import type { MeasurementBlock } from "./report/blocks";
import type { ReportHandle } from "./report/ReportPanel";
import { ReportSide } from "./report/ReportSide";
import type { ReadingSearch } from "./search";
import { useClaiming } from "./useClaiming";
import { useLease } from "./useLease";
import css from "./viewing.module.css";

type Tab = "images" | "report" | "priors";
const TABS: readonly Tab[] = ["images", "report", "priors"];

interface ReadingExamProps {
  session: Session;
  exam: string;
  search: ReadingSearch;
  compare: string | undefined;
  setCompare: (study: string | undefined) => void;
  go: (row: ExamRow) => void;
  back: () => void;
  /** What another room offers under a signed report: whom to tell of it. */
  told: (row: ExamRow) => ReactNode;
  home: ReactNode;
}

export function ReadingExam(props: ReadingExamProps) {
  const query = useQuery(examQuery(props.exam));
  useLiveTopics(["list", `exam:${props.exam}`, `claim:${props.exam}`]);
  return (
    <Answer query={query} trouble={troubleOf} columns={[3, 1]} rows={7} home={props.home}>
      {(page) => <Opened key={props.exam} {...props} page={page} />}
    </Answer>
  );
}

/** Where the exam stands in the list it was opened from. */
function usePlace(exam: string, search: ReadingSearch): Place {
  const { data } = useInfiniteQuery(worklistQuery(search));
  return useMemo(() => {
    const rows = data?.pages.flatMap((page) => page.rows) ?? [];
    const index = rows.findIndex((row) => row.exam === exam);
    const total = index < 0 ? 0 : (data?.pages.at(-1)?.total ?? rows.length);
    return { index, total, previous: rows[index - 1], next: index < 0 ? rows[0] : rows[index + 1] };
  }, [data, exam]);
}

function Opened({
  session,
  exam,
  search,
  compare,
  setCompare,
  go,
  back,
  told,
  page,
}: ReadingExamProps & { page: ExamPage }) {
  const { t } = useTranslation();
  const phone = useMedia(PHONE);
  const mayWrite = may(session, "write-reports");
  const { row } = page;
  // A signed exam is nobody's to read again: who adds to it claims it then.
  const lease = useLease(row, mayWrite && row.status !== "signed");
  const claiming = useClaiming(lease.hold);
  const place = usePlace(exam, search);
  const viewer = useRef<ViewerHandle>(null);
  const report = useRef<ReportHandle>(null);
  const images = useRef<HTMLElement>(null);
  const [measurements, setMeasurements] = useState<Measurement[]>([]);
  const [tab, setTab] = useState<Tab>("images");
  const [isOpen, setOpen] = useState(false);

  // Only a prior of this person is ever put beside the exam, whatever the address says.
  const compared = page.priors.find((prior) => prior.study_instance_uid === compare);
  const beside = useRef<string | null>(null);
  const putBeside = (prior: ExamRow | undefined): void => {
    beside.current = prior?.study_instance_uid ?? null;
    const words = prior && [t("report.key_image_prior"), day(studyTime(prior)), prior.site.name].join(" · ");
    viewer.current?.tell({
      type: "archipel:compare",
      prior: prior && words ? { study: prior.study_instance_uid, words } : null,
    });
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: told again only when another prior is chosen
  useEffect(() => {
    if (isOpen && beside.current !== (compared?.study_instance_uid ?? null)) putBeside(compared);
  }, [isOpen, compared?.study_instance_uid]);

  const hear = (message: FromViewer): void => {
    switch (message.type) {
      case "archipel:ready":
        beside.current = null;
        setOpen(true);
        break;
      case "archipel:measurement": {
        const { measurement } = message;
        setMeasurements((held) => [...held.filter((other) => other.id !== measurement.id), measurement]);
        if (message.insert) report.current?.insert(measurement);
        break;
      }
      case "archipel:measurement-removed":
        setMeasurements((held) => held.filter((other) => other.id !== message.id));
        report.current?.markDeleted(message.id);
        break;
      case "archipel:key-image":
        report.current?.mark(message.image);
        break;
      case "archipel:no-key-image":
        failed(t("report.key_image_not_kept"), t("report.key_image_none"));
        break;
      case "archipel:key":
        pressed(new KeyboardEvent("keydown", { ...message, bubbles: true, cancelable: true }));
        break;
      default:
    }
  };
  const jump = (block: MeasurementBlock): void => {
    setTab("images");
    const { study_instance_uid, series_instance_uid, sop_instance_uid, frame = 1 } = block;
    const image = { study_instance_uid, series_instance_uid, sop_instance_uid, frame };
    viewer.current?.tell({ type: "archipel:jump", uid: block.id, image });
  };
  const show = (image: SeenImage): void => {
    setTab("images");
    viewer.current?.tell({ type: "archipel:show", image });
  };
  const regions = (): void => {
    const inImages = images.current?.contains(document.activeElement) ?? false;
    setTab(inImages ? "report" : "images");
    if (inImages) report.current?.focus();
    else if (viewer.current) viewer.current.focus();
    else images.current?.focus();
  };
  const nextPrior = (): void => {
    const studies = page.priors.map((prior) => prior.study_instance_uid);
    const at = compared ? studies.indexOf(compared.study_instance_uid) : -1;
    setCompare(studies[at + 1]);
  };
  useKeys([
    { id: "viewer.back", strokes: ["Escape"], label: t("keys.back"), run: back },
    { id: "viewer.regions", strokes: ["F6"], label: t("keys.regions"), run: regions, quiet: true },
    { id: "viewer.next", strokes: ["n"], label: t("keys.next"), run: () => place.next && go(place.next) },
    {
      id: "viewer.previous",
      strokes: ["p"],
      label: t("keys.previous"),
      run: () => place.previous && go(place.previous),
    },
    { id: "viewer.prior", strokes: ["h"], label: t("keys.next_prior"), run: nextPrior },
    {
      id: "viewer.compare",
      strokes: ["v"],
      label: t("reading.compare"),
      run: () => setCompare(compared ? undefined : page.priors[0]?.study_instance_uid),
    },
  ]);

  const light = <LaterViewer studyInstanceUid={row.study_instance_uid} series={page.series} />;
  const isShown = (part: Tab): boolean => !phone || tab === part;
  return (
    <div className={css.page}>
      <PatientBar
        row={row}
        search={search}
        place={place}
        lost={lease.lost}
        takeOver={claiming.askTakeOver}
        go={go}
        viewerUrl={compared ? `${page.viewer_url},${compared.study_instance_uid}` : page.viewer_url}
      />
      <Elsewhere row={row} waits={lease.waits} />
      {phone && (
        <div className={css.tabs} role="tablist">
          {TABS.filter((each) => mayWrite || each !== "report").map((each) => (
            <button
              key={each}
              type="button"
              role="tab"
              id={`tab-${each}`}
              aria-selected={tab === each}
              onClick={() => setTab(each)}
            >
              {t(`reading.tab_${each}`)}
            </button>
          ))}
        </div>
      )}
      <div className={css.work}>
        {isShown("images") && (
          <section className={css.images} ref={images} tabIndex={-1} aria-label={t("reading.images_region")}>
            {phone ? (
              <>
                <p className={css.note}>{t("reading.phone_note")}</p>
                {light}
              </>
            ) : (
              <OhifFrame
                ref={viewer}
                url={page.viewer_url}
                hear={hear}
                otherwise={<NotInstalled>{light}</NotInstalled>}
              />
            )}
            {!phone && page.priors.length > 0 && (
              <PriorsStrip page={page} compare={compare} setCompare={setCompare} />
            )}
          </section>
        )}
        {phone && tab === "priors" && <PriorsList priors={page.priors} go={go} />}
        {/* Kept mounted on a phone: the draft must go on saving while the images are in front. */}
        {mayWrite && (
          <div
            hidden={!isShown("report")}
            style={{ display: "flex", minHeight: 0, flex: phone ? 1 : "none" }}
          >
            <ReportSide
              ref={report}
              exam={exam}
              asked={row.request ?? null}
              login={session.person.login}
              fence={row.claim?.mine ? (row.claim.fence ?? 0) : 0}
              maySign={may(session, "sign-reports")}
              signed={() => (place.next ? go(place.next) : back())}
              reopened={() => go(row)}
              told={told(row)}
              modality={row.modalities[0] ?? ""}
              readOnly={lease.lost !== null || lease.waits !== null}
              measurements={measurements}
              jump={jump}
              show={show}
              askView={phone ? undefined : () => viewer.current?.tell({ type: "archipel:mark" })}
            />
          </div>
        )}
      </div>
      {claiming.dialog}
    </div>
  );
}

function NotInstalled({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <div className={css.missing}>
      <div className="strip" role="status">
        <IconPhoto size={16} aria-hidden />
        <b>{t("reading.images_missing")}</b>
        <span>{t("reading.images_missing_detail")}</span>
      </div>
      {children}
    </div>
  );
}

interface PriorsStripProps {
  page: ExamPage;
  compare: string | undefined;
  setCompare: (study: string | undefined) => void;
}

const studyTime = (row: ExamRow): string => row.study_at ?? row.arrived_at;

export const timelineItem = (row: ExamRow): TimelineItem => ({
  id: row.exam,
  at: Date.parse(studyTime(row)),
  word: row.modalities[0] ?? "?",
  title: `${day(studyTime(row))}, ${row.description || row.body_part}, ${row.site.name}`,
  laneKey: row.site.key,
  laneName: row.site.name,
  community: row.community,
});

function PriorsStrip({ page, compare, setCompare }: PriorsStripProps) {
  const { t } = useTranslation();
  const rows = [page.row, ...page.priors];
  const compared = rows.find((row) => row.study_instance_uid === compare);
  return (
    <section className={css.priors} aria-label={t("reading.priors")}>
      <header>
        <b>{t("reading.priors")}</b> {t("common.exams", { count: rows.length })}
        <i className="sp" />
        {compared && (
          <button type="button" className="btn small" onClick={() => setCompare(undefined)}>
            <IconColumns2 size={14} aria-hidden /> {t("reading.compare_stop")}
          </button>
        )}
      </header>
      <Timeline
        compact
        items={rows.map(timelineItem)}
        now={serverNow()}
        label={t("reading.priors")}
        current={page.row.exam}
        compared={compared?.exam}
        choose={(id) => {
          const chosen = page.priors.find((prior) => prior.exam === id);
          if (chosen) setCompare(chosen.study_instance_uid);
        }}
      />
    </section>
  );
}

function PriorsList({ priors, go }: { priors: ExamRow[]; go: (row: ExamRow) => void }) {
  const { t } = useTranslation();
  if (priors.length === 0) return <Block icon={IconColumns2} title={t("worklist.priors_none")} />;
  return (
    <ul className={css.priorlist}>
      {priors.map((prior) => (
        <li key={prior.exam}>
          <span>
            <b>{day(prior.study_at ?? prior.arrived_at)}</b> <Modalities codes={prior.modalities} />{" "}
            {prior.description || prior.body_part}
            <br />
            <PlaceMark community={prior.community} name={prior.site.name} />
          </span>
          <i className="sp" />
          <button type="button" className="btn" onClick={() => go(prior)}>
            {t("patients.open_images")}
          </button>
        </li>
      ))}
    </ul>
  );
}
