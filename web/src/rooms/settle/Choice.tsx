/** Two values of one attribute side by side: one of them stands, and the choice can be undone. */
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { IconCircleCheck } from "@/kit/icons";
import { Tag } from "@/kit/Marks";
import { done } from "@/kit/notify";
import { useSayFailure } from "@/kit/useSay";
import { type Difference, useSettleDifference } from "./queries";
import css from "./settle.module.css";

export function Choice({ difference, mayAct }: { difference: Difference; mayAct: boolean }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const settle = useSettleDifference();
  const decide = (decision: "held" | "offered" | "undo") =>
    settle.mutate(
      { difference, decision },
      {
        onSuccess: () =>
          decision === "undo"
            ? done(t("settle.undone"))
            : done(t("settle.settled"), { label: t("common.undo"), run: () => decide("undo") }),
        onError: (error) => say(troubleOf(error)),
      },
    );
  const sides = [
    { of: "held" as const, value: difference.held, word: t("settle.first") },
    { of: "offered" as const, value: difference.offered, word: t("settle.second") },
  ];
  return (
    <div className={css.choice}>
      {sides.map(({ of, value, word }) => (
        <div key={of} data-kept={difference.kept === of}>
          <small className="t2">{word}</small>
          <b>{value}</b>
          {difference.kept === of && (
            <Tag tone="ok" icon={IconCircleCheck}>
              {t("settle.kept")}
            </Tag>
          )}
          {mayAct && difference.kept === null && (of === "held" || difference.choosable) && (
            <button
              type="button"
              className="btn small"
              disabled={settle.isPending}
              aria-label={t("settle.keep_this", { value })}
              onClick={() => decide(of)}
            >
              {t("settle.keep")}
            </button>
          )}
        </div>
      ))}
      {mayAct && difference.kept !== null && (
        <button
          type="button"
          className="btn small ghost"
          disabled={settle.isPending}
          onClick={() => decide("undo")}
        >
          {t("common.undo")}
        </button>
      )}
      {!difference.choosable && difference.kept === null && (
        <small className="t2">{t("settle.by_identity_desk")}</small>
      )}
    </div>
  );
}
