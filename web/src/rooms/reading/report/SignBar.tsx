/** The foot of the report: who will read it when, and three buttons. */
import { useTranslation } from "@/i18n";
import { IconBuildingHospital, IconEye, IconSignature } from "@/kit/icons";
import { Kbd } from "@/kit/Kbd";
import { Tag } from "@/kit/Marks";
import css from "./report.module.css";

interface SignBarProps {
  busy: boolean;
  mayTell: boolean;
  show: () => void;
  sign: (preliminary: boolean) => void;
}

export function SignBar({ busy, mayTell, show, sign }: SignBarProps) {
  const { t } = useTranslation();
  return (
    <footer className={css.signbar}>
      <p className={css.release}>
        {t("sign.release")} <Tag icon={IconBuildingHospital}>{t("sign.release_organisation")}</Tag>
      </p>
      <div>
        <button type="button" className="btn tall" disabled={busy} onClick={show}>
          <IconEye size={16} aria-hidden /> {t("sign.preview")}
        </button>
        {mayTell && (
          <button type="button" className="btn tall" disabled={busy} onClick={() => sign(true)}>
            {t("sign.preliminary")}
          </button>
        )}
        <i className="sp" />
        <button type="button" className="btn primary tall" disabled={busy} onClick={() => sign(false)}>
          <IconSignature size={16} aria-hidden /> {t("sign.sign")} <Kbd stroke="ctrl+Enter" />
        </button>
      </div>
    </footer>
  );
}
