/** Under which traits a source was seen, one row each; what does not fit is named, never coloured alone. */
import { useTranslation } from "@/i18n";
import { date, day } from "@/i18n/format";
import { IconAlertTriangle } from "@/kit/icons";
import { Tag } from "@/kit/Marks";
import { ScrollX } from "@/kit/ScrollX";
import type { Source, SourceName } from "./queries";

export function Named({ source }: { source: SourceName }) {
  const { t } = useTranslation();
  if (!source.value) return <span className="t2">{t("identity.no_identifier")}</span>;
  return (
    <>
      <b className="mono">{source.value}</b> <small className="t2">{source.issuer}</small>
    </>
  );
}

export function Differs({ traits }: { traits: Source["differs"] }) {
  const { t } = useTranslation();
  return traits.map((trait) => (
    <Tag key={trait} tone="urgent" icon={IconAlertTriangle}>
      {t(`identity.differs.${trait}`)}
    </Tag>
  ));
}

export function SeenAs({ source, label }: { source: Source; label: string }) {
  const { t } = useTranslation();
  return (
    <ScrollX label={label}>
      <table className="list">
        <thead>
          <tr>
            <th scope="col">{t("identity.name")}</th>
            <th scope="col">{t("identity.birth")}</th>
            <th scope="col">{t("identity.sex")}</th>
            <th scope="col">{t("identity.site")}</th>
            <th scope="col">{t("identity.seen")}</th>
          </tr>
        </thead>
        <tbody>
          {source.seen.map((one) => (
            <tr key={`${one.organisation.key} ${one.name_as_sent} ${one.birth_date ?? ""} ${one.sex}`}>
              <td>
                <b>{one.family_name || t("common.unknown")}</b> {one.given_name}
              </td>
              <td className="nw">{date(one.birth_date) || t("common.unknown")}</td>
              <td>{one.sex ? t(`exam.sex.${one.sex}`) : t("common.unknown")}</td>
              <td>{one.organisation.name}</td>
              <td className="nw">
                {day(one.first_seen) === day(one.last_seen)
                  ? day(one.last_seen)
                  : `${day(one.first_seen)} – ${day(one.last_seen)}`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollX>
  );
}
