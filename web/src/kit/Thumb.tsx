/** A small picture of a series: never for diagnosis, and it says so to screen readers. */
import { useState } from "react";
import { useTranslation } from "@/i18n";
import { IconPhoto } from "./icons";

export function Thumb({ url, caption, alt }: { url: string; caption: string; alt: string }) {
  const { t } = useTranslation();
  const [failed, setFailed] = useState(false);
  return (
    <figure className="thumb" title={`${caption} — ${t("common.not_diagnostic")}`}>
      {failed ? (
        <span className="none">
          <IconPhoto size={18} stroke={1.4} aria-hidden />
          <span className="sr">{alt}</span>
        </span>
      ) : (
        <img src={url} alt={alt} loading="lazy" decoding="async" onError={() => setFailed(true)} />
      )}
      <figcaption>{caption}</figcaption>
    </figure>
  );
}
