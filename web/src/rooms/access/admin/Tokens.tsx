/** Bearer tokens of machines. The secret is shown once, revoking cuts at once. */
import { NativeSelect, NumberInput, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, body, troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { day, when } from "@/i18n/format";
import { IconBan, IconCircleCheck, IconPlus } from "@/kit/icons";
import { Tag } from "@/kit/Marks";
import { useNow } from "@/kit/time";
import { useSayFailure } from "@/kit/useSay";
import css from "./admin.module.css";
import { Confirm, Dialog, field, List, Secret } from "./pieces";
import { peopleQuery, type Token, tokensQuery, useAct } from "./queries";

export function Tokens() {
  const { t } = useTranslation();
  const say = useSayFailure();
  const now = useNow(60_000);
  const query = useQuery(tokensQuery);
  const [adding, setAdding] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const [revoked, setRevoked] = useState<Token | null>(null);
  const revoke = useAct(
    (token: Token) => api.DELETE("/api/admin/tokens/{token}", { params: { path: { token: token.token } } }),
    "tokens",
  );
  return (
    <>
      <List
        title={t("admin.tokens")}
        query={query}
        columns={[
          t("admin.token_label"),
          t("admin.token_login"),
          t("admin.device_org"),
          t("admin.token_expires"),
          t("admin.token_used"),
          t("admin.person_state"),
          t("admin.actions"),
        ]}
        empty={t("admin.token_none")}
        action={
          <button type="button" className="btn primary" onClick={() => setAdding(true)}>
            <IconPlus size={15} aria-hidden /> {t("admin.token_add")}
          </button>
        }
        row={(token) => (
          <tr key={token.token}>
            <td>
              <b>{token.label}</b>
            </td>
            <td className="mono">{token.login}</td>
            <td>{token.organisation.name}</td>
            <td className="nw">{day(token.expires_at)}</td>
            <td className="nw">{token.last_used_at ? when(token.last_used_at, now) : t("common.never")}</td>
            <td>
              {token.revoked ? (
                <Tag icon={IconBan}>{t("admin.token_revoked")}</Tag>
              ) : (
                <Tag tone="ok" icon={IconCircleCheck}>
                  {t("admin.token_valid")}
                </Tag>
              )}
            </td>
            <td>
              <span className={css.actions}>
                {!token.revoked && (
                  <button type="button" className="btn small" onClick={() => setRevoked(token)}>
                    {t("admin.token_revoke")}
                  </button>
                )}
              </span>
            </td>
          </tr>
        )}
      />
      {adding && (
        <Form
          close={() => setAdding(false)}
          made={(made) => {
            setAdding(false);
            setSecret(made);
          }}
        />
      )}
      {secret && (
        <Secret
          title={t("admin.token_secret")}
          body={t("admin.token_secret_body")}
          secret={secret}
          close={() => setSecret(null)}
        />
      )}
      {revoked && (
        <Confirm
          title={t("admin.confirm_token", { name: revoked.label })}
          body={t("admin.confirm_token_body")}
          name={revoked.label}
          word={t("admin.token_revoke")}
          close={() => setRevoked(null)}
          confirm={() =>
            revoke.mutate(revoked, {
              onSuccess: () => setRevoked(null),
              onError: (error) => say(troubleOf(error)),
            })
          }
        />
      )}
    </>
  );
}

const USUAL_DAYS = 90;

function Form({ close, made }: { close: () => void; made: (secret: string) => void }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const { data: people = [] } = useQuery(peopleQuery);
  const act = useAct(
    (form: FormData) =>
      body(
        api.POST("/api/admin/tokens", {
          body: {
            label: field(form, "label"),
            login: field(form, "login"),
            days: Number(field(form, "days")),
          },
        }),
      ),
    "tokens",
  );
  return (
    <Dialog
      title={t("admin.token_add")}
      close={close}
      word={t("admin.add")}
      busy={act.isPending}
      submit={(form) =>
        act.mutate(form, {
          onSuccess: (created) => made(created.secret),
          onError: (error) => say(troubleOf(error)),
        })
      }
    >
      <TextInput name="label" label={t("admin.token_label")} required maxLength={64} data-autofocus />
      <NativeSelect
        key={people.length}
        name="login"
        label={t("admin.token_login")}
        required
        data={people
          .filter((person) => person.active)
          .map(({ login, name }) => ({ value: login, label: `${name} (${login})` }))}
      />
      <NumberInput
        name="days"
        label={t("admin.token_days")}
        min={1}
        max={730}
        defaultValue={USUAL_DAYS}
        required
      />
    </Dialog>
  );
}
