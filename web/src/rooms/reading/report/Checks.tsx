/** What is looked at before a signature: each rule with its outcome; a warning can be accepted by name. */
import { useTranslation } from "@/i18n";
import { IconAlertTriangle, IconBan, IconCircleCheck, IconShieldCheck } from "@/kit/icons";
import type { Check, RuleName } from "./queries";
import css from "./report.module.css";

interface ChecksProps {
  checks: Check[];
  accepted: RuleName[];
  accept: (rule: RuleName, on: boolean) => void;
  /** A signature was tried: what stands against it is told at once. */
  asked: boolean;
}

const TONE = { met: "c-ok", warns: "c-urgent", blocks: "c-critical" } as const;
const ICON = { met: IconCircleCheck, warns: IconAlertTriangle, blocks: IconBan } as const;

export function Checks({ checks, accepted, accept, asked }: ChecksProps) {
  const { t } = useTranslation();
  if (checks.length === 0) return null;
  return (
    <section className={css.checks} aria-labelledby="checks" aria-live={asked ? "polite" : "off"}>
      <h3 id="checks">
        <IconShieldCheck size={13} aria-hidden /> {t("sign.checks")}
      </h3>
      <ul>
        {checks.map((check) => {
          const Glyph = ICON[check.outcome];
          const words = t(check.outcome === "met" ? `sign.met.${check.rule}` : `sign.open.${check.rule}`, {
            about: check.about
              .map((one) => (check.rule === "laterality" ? t(`sign.side.${one as "left" | "right"}`) : one))
              .join(", "),
          });
          return (
            <li key={check.rule} data-rule={check.rule} data-outcome={check.outcome}>
              <span className={TONE[check.outcome]}>
                <Glyph size={15} aria-hidden />
              </span>
              <span>
                <span className="sr">{t(`sign.outcome.${check.outcome}`)} : </span>
                {words}
              </span>
              {check.outcome === "warns" && (
                <label>
                  <input
                    type="checkbox"
                    checked={accepted.includes(check.rule)}
                    aria-label={t("sign.accept_what", { what: words })}
                    onChange={(event) => accept(check.rule, event.currentTarget.checked)}
                  />
                  {t("sign.accept")}
                </label>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
