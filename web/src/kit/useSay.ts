/** Failures of an action, said with what to do next. */
import { useTranslation } from "@/i18n";
import { failed } from "./notify";
import type { Trouble } from "./States";

const ADVICE = {
  denied: "state.denied_detail",
  missing: "state.missing_detail",
  network: "state.error_network",
  malformed: "state.error_malformed",
  busy: "state.error_busy",
  unavailable: "state.error_unavailable",
  conflict: "state.error_conflict",
  session: "state.session_over",
  other: "state.error_generic",
} as const;

export function useSayFailure(): (trouble: Trouble) => void {
  const { t } = useTranslation();
  return (trouble) => {
    const reference = trouble.reference ? ` ${t("state.error_reference", { ref: trouble.reference })}` : "";
    failed(t("state.error"), `${t("state.error_nothing_changed")} ${t(ADVICE[trouble.kind])}${reference}`);
  };
}
