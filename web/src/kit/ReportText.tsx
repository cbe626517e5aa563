/** A signed report to be read: the words of the document itself, as HTML, for every reader and screen reader. */
import { useTranslation } from "@/i18n";
import { dayAndClock, number } from "@/i18n/format";
import { IconAlertTriangle } from "./icons";
import css from "./reportText.module.css";
import { Thumb } from "./Thumb";

type Block =
  | { kind: "text"; text: string }
  | { kind: "measurement"; label: string; value: number; unit: string };
type Code = "indication" | "technique" | "comparison" | "findings" | "conclusion" | "addendum";

/** What is read of a signed document: the API's `DocumentView`, as far as it is shown. */
export interface SignedDocument {
  version: {
    digest: string;
    state: "preliminary" | "final" | "addendum" | "corrected";
    signed_at: string;
    stale: boolean;
  };
  reason: string;
  important: boolean;
  sections: { code: Code; blocks: Block[] }[];
  addenda: { text: string; signed_at: string; signer: { name: string } }[];
  plain_words: string;
  key_images: { sop_instance_uid: string; frame: number; caption: string }[];
  signer: { name: string; rpps: string | null; organisation: { name: string } };
  formats: string[];
}

const words = (block: Block): string =>
  block.kind === "text"
    ? block.text
    : [block.label, number(block.value, Math.abs(block.value) < 100 ? 1 : 0), block.unit]
        .filter(Boolean)
        .join(" ");

export const documentPath = (exam: string, digest: string): string =>
  `/api/exams/${encodeURIComponent(exam)}/report/documents/${digest}`;

export function ReportText({ exam, document }: { exam: string; document: SignedDocument }) {
  const { t } = useTranslation();
  const at = documentPath(exam, document.version.digest);
  return (
    <article className={css.report} aria-label={t("signed.title")}>
      {document.version.state !== "final" && (
        <p className="strip">
          <b>{t(`signed.state.${document.version.state}`)}</b>
          {document.reason && <span>{document.reason}</span>}
        </p>
      )}
      {document.version.stale && (
        <p className="strip" role="note">
          <IconAlertTriangle size={15} aria-hidden /> <span>{t("signed.stale")}</span>
        </p>
      )}
      {document.important && (
        <p className="strip critical">
          <IconAlertTriangle size={15} aria-hidden /> <b>{t("signed.important")}</b>
        </p>
      )}
      {document.sections.map((section) => (
        <section key={section.code} data-section={section.code}>
          <h3>{t(`report.section.${section.code}`)}</h3>
          <p>{section.blocks.map(words).join("").trim()}</p>
        </section>
      ))}
      {document.addenda.map((addendum) => (
        <section key={addendum.signed_at} data-section="addendum">
          <h3>{t("report.section.addendum")}</h3>
          <p>{addendum.text}</p>
          <small className="t3">
            {addendum.signer.name} · {dayAndClock(addendum.signed_at)}
          </small>
        </section>
      ))}
      {document.plain_words && (
        <section className={css.plain}>
          <h3>{t("signed.plain")}</h3>
          <p>{document.plain_words}</p>
        </section>
      )}
      {document.key_images.length > 0 && (
        <section>
          <h3>{t("report.key_images")}</h3>
          <div className={css.images}>
            {document.key_images.map((image, index) => (
              <Thumb
                key={`${image.sop_instance_uid}/${String(image.frame)}`}
                url={`${at}/key-images/${String(index + 1)}`}
                caption={[String(index + 1), image.caption].filter(Boolean).join(" · ")}
                alt={t("signed.key_image", { n: index + 1, what: image.caption })}
              />
            ))}
          </div>
        </section>
      )}
      <p className={css.signature}>
        {t("signed.by", { time: dayAndClock(document.version.signed_at) })}
        <br />
        <b>{document.signer.name}</b>
        <br />
        <small className="t3">
          {[document.signer.rpps && `RPPS ${document.signer.rpps}`, document.signer.organisation.name]
            .filter(Boolean)
            .join(" · ")}
        </small>
      </p>
    </article>
  );
}

const FILES = ["pdf", "fhir", "cda", "dicom", "kos"] as const;

/** The forms a signed version can be had as. */
export function ReportFiles({ exam, document }: { exam: string; document: SignedDocument }) {
  const { t } = useTranslation();
  const at = documentPath(exam, document.version.digest);
  return (
    <ul className={css.files} aria-label={t("signed.files")}>
      {FILES.filter((kind) => document.formats.includes(kind)).map((kind) => (
        <li key={kind}>
          <a className="btn small" href={`${at}/files/${kind}`} target="_blank" rel="noopener">
            {t(`signed.file.${kind}`)}
          </a>
        </li>
      ))}
    </ul>
  );
}
