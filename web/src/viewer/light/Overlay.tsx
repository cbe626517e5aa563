/** What is written over the picture: its state, its window, where it is, and what was measured. */
import { useTranslation } from "@/i18n";
import { number } from "@/i18n/format";
import { IconAlertTriangle, IconCircleCheck, IconCircleDashed, IconHourglassHigh } from "@/kit/icons";
import css from "./light.module.css";
import type { Length } from "./measure";
import type { View } from "./session";

interface OverlayProps {
  view: View;
  name: string;
  wordOf: (length: Length) => string;
  isBehind: boolean;
}

const STATES = {
  none: { icon: IconHourglassHigh, tone: "wait" },
  coarse: { icon: IconCircleDashed, tone: "coarse" },
  full: { icon: IconCircleCheck, tone: "full" },
  failed: { icon: IconAlertTriangle, tone: "failed" },
} as const;

export function Overlay({ view, name, wordOf, isBehind }: OverlayProps) {
  const { t } = useTranslation();
  const total = view.series?.frames.length ?? 0;
  const image = view.series?.frames[view.index];
  const quality = isBehind && view.quality !== "failed" ? "none" : view.quality;
  const { icon: Icon, tone } = STATES[quality];
  const noteOf = {
    none: "light.no_spacing",
    detector: "light.at_detector",
    patient: null,
    regions: null,
  } as const;
  const measuring = view.tool === "length" && image ? noteOf[image.spacingKind] : null;
  const note = measuring ?? (view.progress?.lowTrouble ? "light.no_coarse" : null);
  return (
    <>
      <div className={css.state}>
        <span role="status" data-tone={tone}>
          <Icon size={14} aria-hidden /> {t(`light.quality.${quality}`)}
        </span>
        {view.progress && total > 1 && <Bar view={view} />}
      </div>
      {view.level && image?.form.samples !== 3 && (
        <span className={css.level}>
          {t("light.level", { center: number(view.level.center), width: number(view.level.width) })}
        </span>
      )}
      {note && <p className={css.note}>{t(note)}</p>}
      {view.lengths.length > 0 && (
        <output className="sr" aria-label={t("light.lengths")}>
          {view.lengths.map(wordOf).join(" ; ")}
        </output>
      )}
      <span className={css.mark}>{t("common.not_diagnostic")}</span>
      <span className={css.count}>
        {total > 0 && (
          <>
            <span className="sr">{t("reading.image_alt", { series: name, n: view.index + 1, total })}</span>
            <span aria-hidden>
              {view.index + 1} / {total}
            </span>
          </>
        )}
      </span>
    </>
  );
}

/** How many images are there: coarse, then full over them. */
function Bar({ view }: { view: View }) {
  const { t } = useTranslation();
  const { progress } = view;
  if (!progress || progress.full >= progress.aim) return null;
  const share = (count: number): string => `${String((100 * count) / progress.total)}%`;
  return (
    <span className={css.bar}>
      <i aria-hidden>
        <b data-of="coarse" style={{ width: share(progress.coarse) }} />
        <b data-of="full" style={{ width: share(progress.full) }} />
      </i>
      <small>{t("light.full_of", { full: progress.full, total: progress.aim })}</small>
    </span>
  );
}
