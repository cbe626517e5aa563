/** Hospitals and practices of this node, with the issuer of their patients' identifiers. */
import { TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, body, troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { IconPencil, IconPlus } from "@/kit/icons";
import { done } from "@/kit/notify";
import { useSayFailure } from "@/kit/useSay";
import css from "./admin.module.css";
import { Dialog, field, List } from "./pieces";
import { type Organisation, organisationsQuery, useAct } from "./queries";

const titles = (text: string): string[] =>
  text
    .split(/[,;\n]/)
    .map((title) => title.trim())
    .filter(Boolean);

export function Organisations({ mayAdd }: { mayAdd: boolean }) {
  const { t } = useTranslation();
  const query = useQuery(organisationsQuery);
  const [edited, setEdited] = useState<Organisation | "new" | null>(null);
  return (
    <>
      <List
        title={t("admin.organisations")}
        query={query}
        columns={[
          t("admin.org_name"),
          t("admin.org_key"),
          t("admin.org_issuer"),
          t("admin.org_finess"),
          t("admin.org_aes"),
          t("admin.actions"),
        ]}
        empty={t("admin.org_none")}
        action={
          mayAdd && (
            <button type="button" className="btn primary" onClick={() => setEdited("new")}>
              <IconPlus size={15} aria-hidden /> {t("admin.org_add")}
            </button>
          )
        }
        row={(organisation) => (
          <tr key={organisation.key}>
            <td>
              <b>{organisation.name}</b>
            </td>
            <td className="mono">{organisation.key}</td>
            <td className="mono">{organisation.issuer}</td>
            <td>{organisation.finess ?? "—"}</td>
            <td className="mono">{organisation.ae_titles.join(", ") || "—"}</td>
            <td>
              <span className={css.actions}>
                <button type="button" className="btn small" onClick={() => setEdited(organisation)}>
                  <IconPencil size={14} aria-hidden /> {t("admin.edit")}
                </button>
              </span>
            </td>
          </tr>
        )}
      />
      {edited && <Form organisation={edited === "new" ? null : edited} close={() => setEdited(null)} />}
    </>
  );
}

function Form({ organisation, close }: { organisation: Organisation | null; close: () => void }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const act = useAct((form: FormData) => {
    const common = {
      name: field(form, "name"),
      finess: field(form, "finess") || null,
      ae_titles: titles(field(form, "ae_titles")),
    };
    return organisation
      ? body(
          api.PATCH("/api/admin/organisations/{organisation}", {
            params: { path: { organisation: organisation.key } },
            body: common,
          }),
        )
      : body(
          api.POST("/api/admin/organisations", {
            body: { key: field(form, "key"), issuer: field(form, "issuer") || null, ...common },
          }),
        );
  }, "organisations");
  return (
    <Dialog
      title={organisation ? t("admin.org_edit", { name: organisation.name }) : t("admin.org_add")}
      close={close}
      word={t("admin.save")}
      busy={act.isPending}
      submit={(form) =>
        act.mutate(form, {
          onSuccess: (saved) => {
            if (!organisation) done(t("admin.org_created", { name: saved.name }));
            close();
          },
          onError: (error) => say(troubleOf(error)),
        })
      }
    >
      <TextInput
        name="name"
        label={t("admin.org_name")}
        required
        maxLength={128}
        defaultValue={organisation?.name}
        data-autofocus
      />
      {!organisation && (
        <>
          <TextInput
            name="key"
            label={t("admin.org_key")}
            description={t("admin.org_key_help")}
            required
            pattern="[a-z0-9]([a-z0-9\-]{0,46}[a-z0-9])?"
            maxLength={48}
          />
          <TextInput
            name="issuer"
            label={t("admin.org_issuer")}
            description={t("admin.org_issuer_help")}
            maxLength={64}
          />
        </>
      )}
      <TextInput
        name="finess"
        label={t("admin.org_finess")}
        maxLength={16}
        defaultValue={organisation?.finess ?? ""}
      />
      <TextInput
        name="ae_titles"
        label={t("admin.org_aes")}
        description={t("admin.org_aes_help")}
        defaultValue={organisation?.ae_titles.join(", ")}
      />
    </Dialog>
  );
}
