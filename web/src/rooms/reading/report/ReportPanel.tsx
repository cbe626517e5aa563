/** The report beside the images: template, four sections, measurement chips, and always a word on whether it is saved. */
import { Menu, Modal } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type Ref, useImperativeHandle, useRef, useState } from "react";
import { api, body, type Schemas, troubleOf } from "@/api/client";
import i18next, { isLanguage, useTranslation } from "@/i18n";
import { clockSeconds, dayAndClock } from "@/i18n/format";
import {
  IconCheck,
  IconChevronDown,
  IconClipboardText,
  IconFileText,
  IconHistory,
  IconPencil,
  IconPlus,
  IconRuler2,
} from "@/kit/icons";
import { Tag } from "@/kit/Marks";
import { done } from "@/kit/notify";
import { Failure, Loading } from "@/kit/States";
import { useKeys } from "@/kit/useKeys";
import type { Measurement } from "@/viewer/bridge";
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
import { Conflict } from "./Conflict";
import css from "./report.module.css";
import { SectionEditor } from "./SectionEditor";
import { type SaveState, useDraft } from "./useDraft";

type Template = Schemas["ReportTemplate"];

export interface ReportHandle {
  insert: (measurement: Measurement) => void;
  markDeleted: (id: string) => void;
  focus: () => void;
}

interface ReportPanelProps {
  exam: string;
  login: string;
  modality: string;
  readOnly: boolean;
  measurements: Measurement[];
  jump: (block: MeasurementBlock) => void;
  ref?: Ref<ReportHandle>;
}

export function ReportPanel({ exam, login, modality, readOnly, measurements, jump, ref }: ReportPanelProps) {
  const { t } = useTranslation();
  const panel = useRef<HTMLElement>(null);
  const draft = useDraft(exam, login, readOnly);
  const { sections, query } = draft;
  const shown: readonly SectionCode[] = query.data?.purpose === "addendum" ? ["addendum"] : REPORT_CODES;
  const held = useRef(sections);
  held.current = sections;

  const set = (code: SectionCode, blocks: Block[]): void => {
    if (held.current)
      draft.change(held.current.map((section) => (section.code === code ? { code, blocks } : section)));
  };
  const insert = (measurement: Measurement): void => {
    if (held.current && !readOnly) draft.change(withMeasurement(held.current, "findings", measurement));
  };
  useImperativeHandle(ref, () => ({
    insert,
    markDeleted: (id) => {
      if (held.current) draft.change(withDeleted(held.current, id));
    },
    focus: () => panel.current?.querySelector<HTMLElement>('[data-section="findings"]')?.focus(),
  }));
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
        ],
  );

  return (
    <aside className={css.panel} ref={panel} aria-label={t("report.title")}>
      <header className={css.head}>
        <IconFileText size={17} aria-hidden />
        <h2>{t("report.title")}</h2>
        {query.data && (
          <Tag tone={query.data.version > 0 ? "info" : "neutral"} icon={IconPencil}>
            {query.data.version > 0 ? t("report.version", { n: query.data.version }) : t("report.none")}
          </Tag>
        )}
        <i className="sp" />
        <Saved state={draft.state} at={query.data?.saved_at ?? null} why={draft.why?.detail ?? ""} />
      </header>
      {!readOnly && sections && (
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
        {sections && !readOnly && <Measures measurements={measurements} insert={insert} />}
      </div>
      <footer className={css.foot}>{t(readOnly ? "report.readonly" : "report.draft_note")}</footer>
      {draft.conflict && sections && (
        <Conflict conflict={draft.conflict} mine={sections} settle={draft.settle} />
      )}
    </aside>
  );
}

function Saved({ state, at, why }: { state: SaveState; at: string | null; why: string }) {
  const { t } = useTranslation();
  const tone = {
    clean: "c-ok",
    dirty: "t3",
    saving: "t3",
    local: "c-urgent",
    failed: "c-critical",
    conflict: "c-critical",
  }[state];
  const word = {
    clean: at ? t("common.saved_at", { time: clockSeconds(at) }) : "",
    dirty: t("report.dirty"),
    saving: t("report.saving"),
    local: t("report.saved_local"),
    failed: t("report.save_failed", { why }),
    conflict: t("state.conflict"),
  }[state];
  return (
    <span
      className={`row ${tone}`}
      style={{ gap: 4, fontSize: 12, whiteSpace: "normal", textAlign: "right" }}
      role="status"
    >
      {state === "clean" && at && <IconCheck size={14} aria-hidden />}
      {word}
    </span>
  );
}

interface TemplatesProps {
  modality: string;
  current: string | null;
  isBlank: boolean;
  apply: (template: Template) => void;
}

function Templates({ modality, current, isBlank, apply }: TemplatesProps) {
  const { t } = useTranslation();
  const language = isLanguage(i18next.language) ? i18next.language : "fr";
  const [asked, setAsked] = useState<Template | null>(null);
  const { data } = useQuery({
    queryKey: ["templates", modality, language],
    queryFn: ({ signal }) =>
      body(api.GET("/api/report-templates", { params: { query: { modality, language } }, signal })),
    staleTime: 5 * 60_000,
  });
  if (!data || data.length === 0) return null;
  const title = data.find((template) => template.key === current)?.title ?? t("report.template_choose");
  return (
    <>
      <Menu position="bottom-start" shadow="md">
        <Menu.Target>
          <button type="button" className="btn">
            <IconClipboardText size={15} aria-hidden />
            <span className="sr">{t("report.template")} :</span> {title}
            <IconChevronDown size={14} aria-hidden />
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          {data.map((template) => (
            <Menu.Item key={template.key} onClick={() => (isBlank ? apply(template) : setAsked(template))}>
              {template.title}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Modal
        opened={asked !== null}
        onClose={() => setAsked(null)}
        title={t("report.template_replace", { name: asked?.title ?? "" })}
      >
        <p>{t("report.template_replace_body")}</p>
        <div className="row" style={{ justifyContent: "flex-end", marginTop: 16 }}>
          <button type="button" className="btn ghost" onClick={() => setAsked(null)}>
            {t("common.cancel")}
          </button>
          <button
            type="button"
            className="btn primary"
            onClick={() => {
              if (asked) apply(asked);
              setAsked(null);
            }}
          >
            {t("report.template_apply")}
          </button>
        </div>
      </Modal>
    </>
  );
}

function History({ exam, version }: { exam: string; version: number }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const { data } = useQuery({
    queryKey: ["versions", exam, version],
    queryFn: ({ signal }) =>
      body(api.GET("/api/exams/{exam}/report/versions", { params: { path: { exam } }, signal })),
    enabled: open,
  });
  return (
    <Menu position="bottom-start" shadow="md" opened={open} onChange={setOpen}>
      <Menu.Target>
        <button type="button" className="btn ghost">
          <IconHistory size={15} aria-hidden /> {t("report.history")}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {data?.length === 0 && <Menu.Label>{t("report.history_none")}</Menu.Label>}
        {data?.map((saved) => (
          <Menu.Label key={saved.version}>
            {t("report.history_row", {
              n: saved.version,
              name: saved.author_name,
              time: dayAndClock(saved.saved_at),
            })}
          </Menu.Label>
        ))}
      </Menu.Dropdown>
    </Menu>
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
