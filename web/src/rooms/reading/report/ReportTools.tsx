/** The head of the report: template, kept drafts, and always a word on whether it is saved. */
import { Menu, Modal } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, body, type Schemas } from "@/api/client";
import i18next, { isLanguage, useTranslation } from "@/i18n";
import { clockSeconds, dayAndClock } from "@/i18n/format";
import { IconCheck, IconChevronDown, IconClipboardText, IconHistory, IconPencil } from "@/kit/icons";
import { Tag } from "@/kit/Marks";
import type { Report, SaveState } from "./useDraft";

type Template = Schemas["ReportTemplate"];

/** Which draft this is. */
export function DraftTag({ report }: { report: Report | undefined }) {
  const { t } = useTranslation();
  if (!report) return null;
  const isWritten = report.version > 0;
  return (
    <Tag tone={isWritten ? "info" : "neutral"} icon={IconPencil}>
      {isWritten ? t(`report.version_${report.purpose}`, { n: report.version }) : t("report.none")}
    </Tag>
  );
}

export function Saved({ state, at, why }: { state: SaveState; at: string | null; why: string }) {
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

export function Templates({ modality, current, isBlank, apply }: TemplatesProps) {
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
        closeButtonProps={{ "aria-label": t("common.close") }}
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

export function History({ exam, version }: { exam: string; version: number }) {
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
