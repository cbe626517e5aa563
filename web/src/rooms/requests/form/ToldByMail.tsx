/** Who is told by mail once the result is released: somebody whose address is known, or another. */
import { NativeSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "@/i18n";
import { referrersQuery } from "../queries";
import { LIMITS } from "./draft";
import type { FieldsProps } from "./Fields";
import css from "./form.module.css";

export function ToldByMail({ draft, change, errorOf, touch }: FieldsProps) {
  const { t } = useTranslation();
  const known = useQuery(referrersQuery).data ?? [];
  const chosen = known.findIndex((one) => one.name === draft.referrer && one.mail === draft.referrerMail);
  return (
    <section className={`panel ${css.panel}`}>
      <h2>{t("tele.mail_title")}</h2>
      <p className="t2">{t("tele.mail_why")}</p>
      {known.length > 0 && (
        <NativeSelect
          label={t("tele.mail_known")}
          value={chosen < 0 ? "" : String(chosen)}
          data={[
            { value: "", label: t("tele.mail_other") },
            ...known.map((one, index) => ({
              value: String(index),
              label: `${one.name} · ${one.mail}`,
            })),
          ]}
          onChange={(event) => {
            const one = known[Number(event.currentTarget.value || "-1")];
            change({ referrer: one?.name ?? "", referrerMail: one?.mail ?? "" });
          }}
        />
      )}
      <div className={css.two}>
        <div data-field="referrer">
          <TextInput
            label={t("tele.mail_name")}
            value={draft.referrer}
            maxLength={LIMITS.name}
            autoComplete="off"
            error={errorOf("referrer")}
            onChange={(event) => change({ referrer: event.currentTarget.value })}
            onBlur={() => touch("referrer")}
          />
        </div>
        <div data-field="referrerMail">
          <TextInput
            type="email"
            label={t("tele.mail_address")}
            value={draft.referrerMail}
            maxLength={LIMITS.mail}
            autoComplete="off"
            error={errorOf("referrerMail")}
            onChange={(event) => change({ referrerMail: event.currentTarget.value })}
            onBlur={() => touch("referrerMail")}
          />
        </div>
      </div>
    </section>
  );
}
