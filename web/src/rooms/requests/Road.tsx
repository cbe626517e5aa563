/** The road of one request: five steps with their moments, as both sides see it. */
import { useTranslation } from "@/i18n";
import { clock } from "@/i18n/format";
import { IconCheck, IconClipboardText, IconEye, IconFileText, IconTransfer } from "@/kit/icons";
import { type StepName, stepsOf } from "./board";
import type { RequestPage } from "./queries";
import css from "./requests.module.css";

const ICON: Record<StepName, typeof IconCheck> = {
  placed: IconClipboardText,
  images: IconTransfer,
  reading: IconEye,
  returned: IconFileText,
  acknowledged: IconCheck,
};

export function Road({ page }: { page: RequestPage }) {
  const { t } = useTranslation();
  return (
    <ol className={css.road} aria-label={t("tele.road")}>
      {stepsOf(page.row, page.log).map(({ name, state, at }) => {
        const Glyph = state === "done" ? IconCheck : ICON[name];
        const share = name === "images" && state === "now" ? page.row.images.percent : null;
        return (
          <li key={name} data-state={state} aria-current={state === "now" ? "step" : undefined}>
            <i aria-hidden>
              <Glyph size={12} />
            </i>
            {t(`tele.step.${name}`)}
            <small>{share !== null ? `${String(share)} %` : at && state === "done" ? clock(at) : "—"}</small>
          </li>
        );
      })}
    </ol>
  );
}
