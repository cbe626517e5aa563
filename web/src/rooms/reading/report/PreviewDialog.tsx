/** The report as its PDF will be, page by page, before it is signed. */
import { Modal } from "@mantine/core";
import { useTranslation } from "@/i18n";
import { IconExternalLink, IconSignature } from "@/kit/icons";
import { Kbd } from "@/kit/Kbd";
import css from "./report.module.css";
import type { Preview } from "./useSigning";

interface PreviewDialogProps {
  exam: string;
  preview: Preview;
  close: () => void;
  sign: () => void;
  busy: boolean;
}

export function PreviewDialog({ exam, preview, close, sign, busy }: PreviewDialogProps) {
  const { t } = useTranslation();
  const at = `/api/exams/${encodeURIComponent(exam)}/report/preview`;
  const pages = Array.from({ length: preview.pages }, (_, index) => index + 1);
  return (
    <Modal
      opened
      onClose={close}
      size={820}
      title={t("sign.preview_title")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
      <section className={css.pages} tabIndex={0} aria-label={t("sign.preview_title")}>
        {pages.map((page) => (
          <img
            key={page}
            src={`${at}/pages/${String(page)}?v=${String(preview.version)}`}
            alt={t("sign.page", { n: page, total: preview.pages })}
            width={910}
            height={1287}
          />
        ))}
      </section>
      <div className={css.previewfoot}>
        <a className="btn" href={`${at}/pdf`} target="_blank" rel="noopener">
          <IconExternalLink size={15} aria-hidden /> {t("sign.preview_pdf")}
        </a>
        <i className="sp" />
        <button type="button" className="btn ghost" onClick={close}>
          {t("sign.back_to_text")}
        </button>
        <button
          type="button"
          className="btn primary"
          disabled={busy}
          data-autofocus
          onClick={sign}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || !event.ctrlKey) return;
            event.preventDefault();
            sign();
          }}
        >
          <IconSignature size={16} aria-hidden /> {t("sign.sign")} <Kbd stroke="Enter" />
        </button>
      </div>
    </Modal>
  );
}
