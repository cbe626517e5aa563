/** What holds an exam of another node: its line is cut, or somebody there reads it too. */
import { useTranslation } from "@/i18n";
import { clock } from "@/i18n/format";
import { IconAlertTriangle, IconCloudOff } from "@/kit/icons";
import type { ExamRow } from "./merge";
import type { Lease } from "./useLease";

export function Elsewhere({ row, waits }: { row: ExamRow; waits: Lease["waits"] }) {
  const { t } = useTranslation();
  if (waits)
    return (
      <p className="strip" role="status" data-waits={waits.node}>
        <IconCloudOff size={15} aria-hidden />
        <b>
          {t(waits.since ? "tele.claim_needs_line_since" : "tele.claim_needs_line", {
            node: waits.node.toUpperCase(),
            time: waits.since ? clock(waits.since) : "",
          })}
        </b>
        <span>{t("tele.claim_needs_line_detail")}</span>
      </p>
    );
  const other =
    row.claim?.mine && row.request?.reader && !row.request.reader.mine ? row.request.reader : null;
  if (!other) return null;
  return (
    <p className="strip critical" role="alert" data-race={other.login}>
      <IconAlertTriangle size={15} aria-hidden />
      <b>{t("tele.race", { name: other.name })}</b>
      <span>{t("tele.race_detail")}</span>
    </p>
  );
}
