/** Who this is: never the name alone. */
import { useTranslation } from "@/i18n";
import { age, date } from "@/i18n/format";
import { IdentityTag } from "@/kit/Marks";
import { serverNow } from "@/kit/time";
import css from "./archive.module.css";
import type { Banner, PersonPage } from "./queries";

interface IdentityBannerProps {
  banner: Banner;
  identifiers: PersonPage["identifiers"];
}

export function IdentityBanner({ banner, identifiers }: IdentityBannerProps) {
  const { t } = useTranslation();
  const known =
    identifiers.length > 0
      ? identifiers
      : [{ value: banner.identifier, issuer: banner.issuer, organisation: null }];
  return (
    <section className={css.banner} aria-label={t("patients.banner")}>
      <div>
        <h1>
          {banner.family_name} <span>{banner.given_name}</span>
        </h1>
        <small className="t3">
          {t("patients.as_sent")} <span className="mono">{banner.name_as_sent}</span>
        </small>
      </div>
      <dl>
        <div>
          <dt>{t("patients.sex")}</dt>
          <dd>{banner.sex ? t(`exam.sex.${banner.sex}`) : t("common.unknown")}</dd>
        </div>
        <div>
          <dt>{t("patients.birth")}</dt>
          <dd>
            {banner.birth_date
              ? `${date(banner.birth_date)} · ${age(banner.birth_date, serverNow(), t)}`
              : t("common.unknown")}
          </dd>
        </div>
        {known.slice(0, 4).map(({ value, issuer, organisation }) => (
          <div key={`${issuer} ${value}`}>
            <dt>{organisation?.name ?? issuer}</dt>
            <dd>{value || t("common.unknown")}</dd>
          </div>
        ))}
      </dl>
      <IdentityTag status={banner.identity_status} />
    </section>
  );
}
