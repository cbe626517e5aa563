/** The node takes in nothing more: everybody who may see the node must know, on every page. */
import { Link } from "@tanstack/react-router";
import { useTranslation } from "@/i18n";
import { IconAlertTriangle } from "@/kit/icons";

export function ReadOnlyStrip({ reason }: { reason: string }) {
  const { t } = useTranslation();
  return (
    <div className="strip critical" role="alert">
      <IconAlertTriangle size={16} aria-hidden />
      <b>{t("state.readonly")}</b>
      <span>{reason}</span>
      <i className="sp" />
      <Link to="/node" className="btn small">
        {t("state.readonly_see")}
      </Link>
    </div>
  );
}
