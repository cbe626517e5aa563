/** When images are where they are read: here, on their way with their time, or held up. */
import { useTranslation } from "@/i18n";
import { duration } from "@/i18n/format";
import { IconCircleCheck, IconCloudOff, IconLock, IconTransfer } from "./icons";

/** The API's `RequestImages`, as far as it is shown. */
export interface Travelling {
  state: "waiting" | "travelling" | "stalled" | "here" | "withdrawn";
  percent: number | null;
  eta_s: number | null;
  estimated: boolean;
}

export function Travel({ images }: { images: Travelling }) {
  const { t } = useTranslation();
  if (images.state === "here")
    return (
      <span className="c-ok nw">
        <IconCircleCheck size={13} aria-hidden /> {t("tele.images_here")}
      </span>
    );
  if (images.state === "withdrawn")
    return (
      <span className="t2 nw">
        <IconLock size={13} aria-hidden /> {t("tele.images_withdrawn")}
      </span>
    );
  if (images.state === "stalled")
    return (
      <span className="c-urgent nw">
        <IconCloudOff size={13} aria-hidden /> {t("tele.images_stalled")}
      </span>
    );
  const dur = images.eta_s === null ? "" : duration(images.eta_s * 1000, t);
  return (
    <span className="c-info nw" title={images.estimated && dur ? t("tele.images_estimated") : undefined}>
      <IconTransfer size={13} aria-hidden />{" "}
      {dur
        ? t("tele.images_in", { dur: images.estimated ? `≈ ${dur}` : dur })
        : t(images.state === "waiting" ? "tele.images_waiting" : "tele.images_coming")}
      {images.percent !== null && images.percent > 0 && ` · ${String(images.percent)} %`}
    </span>
  );
}
