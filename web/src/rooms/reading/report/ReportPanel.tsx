/** The report beside the images: template, four sections, measurement chips, and always a word on whether it is saved. */
import { type ReactNode, type Ref, useImperativeHandle, useRef } from "react";
import { type Schemas, troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { IconFileText, IconPlus, IconRuler2 } from "@/kit/icons";
import { done, failed } from "@/kit/notify";
import { Failure, Loading } from "@/kit/States";
import { useKeys } from "@/kit/useKeys";
import type { Measurement, SeenImage } from "@/viewer/bridge";
import {
  type Block,
  isEmpty,
  type MeasurementBlock,
  REPORT_CODES,
  type SectionCode,
  withDeleted,
  withMeasurement,
  words,
} from "./blocks";
import { Checks } from "./Checks";
import { Conflict } from "./Conflict";
import { Extras } from "./Extras";
import { KeyImages } from "./KeyImages";
import { MOST, whole, withImage, withoutImage } from "./keyImages";
import { PreviewDialog } from "./PreviewDialog";
import { DraftTag, History, Saved, Templates } from "./ReportTools";
import css from "./report.module.css";
import { SectionEditor } from "./SectionEditor";
import { SignBar } from "./SignBar";
import { useDraft } from "./useDraft";
import { useSigning } from "./useSigning";

export interface ReportHandle {
  insert: (measurement: Measurement) => void;
  /** Keeps an image as key image. */
  mark: (image: SeenImage) => void;
  markDeleted: (id: string) => void;
  focus: () => void;
}

export interface ReportPanelProps {
  exam: string;
  /** Another site asks for this reading: its question stays in sight. */
  asked: Schemas["RequestMark"] | null;
  login: string;
  /** Of the lease that this reader holds; 0: of none. */
  fence: number;
  maySign: boolean;
  /** A validated report was signed: on to the next exam. */
  signed: () => void;
  /** A signature was undone: back to this exam. */
  reopened: () => void;
  /** Under the signed report: whom to tell of it. */
  told: ReactNode;
  modality: string;
  readOnly: boolean;
  measurements: Measurement[];
  jump: (block: MeasurementBlock) => void;
  show: (image: SeenImage) => void;
  /** Asks the viewer for the image in view; absent where there is none. */
  askView: (() => void) | undefined;
  ref?: Ref<ReportHandle>;
}

export function ReportPanel({
  exam,
  asked,
  login,
  fence,
  maySign,
  signed,
  reopened,
  modality,
  readOnly,
  measurements,
  jump,
  show,
  askView,
  ref,
}: ReportPanelProps) {
  const { t } = useTranslation();
  const panel = useRef<HTMLElement>(null);
  const draft = useDraft(exam, login, readOnly);
  const { sections, query } = draft;
  const shown: readonly SectionCode[] = query.data?.purpose === "addendum" ? ["addendum"] : REPORT_CODES;
  const purpose = query.data?.purpose ?? "report";
  const signing = useSigning({
    exam,
    fence,
    version: query.data?.version ?? 0,
    isSaved: draft.state === "clean" && query.data?.state === "draft",
    flush: draft.flush,
    signed,
    reopened,
  });
  const canSign = maySign && !readOnly && sections !== null;
  const held = useRef(sections);
  held.current = sections;

  const set = (code: SectionCode, blocks: Block[]): void => {
    if (held.current)
      draft.change(held.current.map((section) => (section.code === code ? { code, blocks } : section)));
  };
  const insert = (measurement: Measurement): void => {
    if (held.current && !readOnly) draft.change(withMeasurement(held.current, "findings", measurement));
  };
  const mark = (image: SeenImage): void => {
    if (readOnly) failed(t("report.key_image_not_kept"), t("report.readonly"));
    else if (draft.extras.key_images.length >= MOST)
      failed(t("report.key_image_not_kept"), t("report.key_images_full"));
    else draft.changeImages((images) => withImage(images, image));
  };
  useImperativeHandle(ref, () => ({
    insert,
    mark,
    markDeleted: (id) => {
      if (held.current) draft.change(withDeleted(held.current, id));
    },
    focus: () => panel.current?.querySelector<HTMLElement>('[data-section="findings"]')?.focus(),
  }));
  useKeys(
    canSign
      ? [
          {
            id: "report.sign",
            strokes: ["ctrl+Enter"],
            label: t("keys.sign"),
            run: () => void signing.sign(false),
          },
          {
            id: "report.preview",
            strokes: ["ctrl+p"],
            label: t("keys.preview"),
            run: () => void signing.show(),
          },
        ]
      : [],
  );
  useKeys(
    readOnly
      ? []
      : [
          { id: "report.save", strokes: ["ctrl+s"], label: t("keys.save"), run: () => void draft.save() },
          {
            id: "report.insert",
            strokes: ["shift+d"],
            label: t("keys.insert"),
            run: () => {
              const last = measurements.at(-1);
              if (last) insert(last);
            },
          },
          ...(askView
            ? [{ id: "report.key_image", strokes: ["k"], label: t("keys.key_image"), run: askView }]
            : []),
        ],
  );

  return (
    <aside className={css.panel} ref={panel} aria-label={t("report.title")}>
      <header className={css.head}>
        <IconFileText size={17} aria-hidden />
        <h2>{t("report.title")}</h2>
        <DraftTag report={query.data} />
        <i className="sp" />
        <Saved state={draft.state} at={query.data?.saved_at ?? null} why={draft.why?.detail ?? ""} />
      </header>
      {!readOnly && sections && purpose === "report" && (
        <div className={css.tools}>
          <Templates
            modality={modality}
            current={draft.template}
            isBlank={sections.every(isEmpty)}
            apply={(template) => {
              const before = { sections, template: draft.template };
              draft.change(template.sections, template.key);
              done(t("report.template_applied", { name: template.title }), {
                label: t("common.undo"),
                run: () => draft.change(before.sections, before.template),
              });
            }}
          />
          <History exam={exam} version={query.data?.version ?? 0} />
        </div>
      )}
      <div className={css.body}>
        <Question asked={asked} />
        {query.isPending && <Loading columns={[1]} rows={8} />}
        {query.isError && <Failure trouble={troubleOf(query.error)} retry={() => void query.refetch()} />}
        {sections
          ?.filter((section) => shown.includes(section.code))
          .map((section) => (
            <SectionEditor
              key={section.code}
              code={section.code}
              blocks={section.blocks}
              readOnly={readOnly}
              change={(blocks) => set(section.code, blocks)}
              jump={jump}
            />
          ))}
        {sections && (
          <KeyImages
            images={draft.extras.key_images}
            study={exam.slice(exam.indexOf("~") + 1)}
            readOnly={readOnly}
            show={(image) => show(whole(image))}
            remove={(image) => draft.changeImages((images) => withoutImage(images, image))}
            mark={askView}
          />
        )}
        {sections && !readOnly && <Measures measurements={measurements} insert={insert} />}
        {sections && <Beside draft={draft} purpose={purpose} readOnly={readOnly} />}
        {canSign && (
          <Checks
            checks={signing.checks}
            accepted={signing.accepted}
            accept={signing.accept}
            asked={signing.asked}
          />
        )}
      </div>
      <Foot exam={exam} canSign={canSign} readOnly={readOnly} purpose={purpose} signing={signing} />
      {draft.conflict && sections && (
        <Conflict conflict={draft.conflict} mine={sections} settle={draft.settle} />
      )}
    </aside>
  );
}

function Question({ asked }: { asked: ReportPanelProps["asked"] }) {
  const { t } = useTranslation();
  if (asked === null) return null;
  return (
    <section className={css.asked} aria-label={t("tele.question")}>
      <h3>
        {t("tele.question")} <em>{asked.asking.name}</em>
      </h3>
      <p>{asked.question}</p>
    </section>
  );
}

type Purpose = Schemas["ReportView"]["purpose"];

interface BesideProps {
  draft: ReturnType<typeof useDraft>;
  purpose: Purpose;
  readOnly: boolean;
}

function Beside({ draft, purpose, readOnly }: BesideProps) {
  if (purpose === "addendum") return null;
  return (
    <Extras
      extras={draft.extras}
      corrects={purpose === "correction"}
      readOnly={readOnly}
      change={draft.changeExtras}
    />
  );
}

interface FootProps {
  exam: string;
  canSign: boolean;
  readOnly: boolean;
  purpose: Purpose;
  signing: ReturnType<typeof useSigning>;
}

function Foot({ exam, canSign, readOnly, purpose, signing }: FootProps) {
  const { t } = useTranslation();
  if (!canSign)
    return <footer className={css.foot}>{t(readOnly ? "report.readonly" : "report.draft_note")}</footer>;
  return (
    <>
      <SignBar
        busy={signing.busy}
        mayTell={purpose === "report"}
        show={() => void signing.show()}
        sign={(preliminary) => void signing.sign(preliminary)}
      />
      {signing.preview && (
        <PreviewDialog
          exam={exam}
          preview={signing.preview}
          close={signing.closePreview}
          sign={() => void signing.sign(false)}
          busy={signing.busy}
        />
      )}
    </>
  );
}

function Measures({
  measurements,
  insert,
}: {
  measurements: Measurement[];
  insert: (measurement: Measurement) => void;
}) {
  const { t } = useTranslation();
  return (
    <section className={css.measures}>
      <h3>{t("report.measures")}</h3>
      {measurements.length === 0 ? (
        <p className="t3">
          <IconRuler2 size={14} aria-hidden /> {t("report.measures_none")}
        </p>
      ) : (
        <ul>
          {measurements.map((measurement) => (
            <li key={measurement.id}>
              <button
                type="button"
                title={t("report.insert", { what: words(measurement) })}
                onClick={() => insert(measurement)}
              >
                <IconPlus size={13} aria-hidden /> {words(measurement)}
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
