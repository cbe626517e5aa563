/** Webhooks: where changes are sent, how it goes, and what was answered last. */
import { MultiSelect, NativeSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { api, body, troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { when } from "@/i18n/format";
import { IconAlertTriangle, IconCircleCheck, IconClock, IconPlus } from "@/kit/icons";
import { Tag } from "@/kit/Marks";
import { done, failed } from "@/kit/notify";
import { useNow } from "@/kit/time";
import { useSayFailure } from "@/kit/useSay";
import css from "./admin.module.css";
import { Deliveries } from "./Deliveries";
import { Confirm, Dialog, field, List, Secret } from "./pieces";
import { organisationsQuery, useAct, type Webhook, webhookKinds, webhooksQuery } from "./queries";

type Asked = { what: "deliveries" | "replay" | "remove"; hook: Webhook };

const named = (hook: Webhook) => ({ params: { path: { webhook: hook.webhook } } });
const hostOf = (url: string): string => new URL(url).host;

export function Webhooks() {
  const { t } = useTranslation();
  const say = useSayFailure();
  const query = useQuery(webhooksQuery);
  const [adding, setAdding] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const [asked, setAsked] = useState<Asked | null>(null);
  const close = (): void => setAsked(null);
  const onError = (error: unknown): void => say(troubleOf(error));
  const remove = useAct((hook: Webhook) => api.DELETE("/api/webhooks/{webhook}", named(hook)), "webhooks");
  const replay = useAct(
    ({ hook, since }: { hook: Webhook; since: string }) =>
      body(api.POST("/api/webhooks/{webhook}/replay", { ...named(hook), body: { since } })),
    "webhooks",
  );
  return (
    <>
      <List
        title={t("admin.webhooks")}
        note={t("admin.webhook_note")}
        query={query}
        columns={[
          t("admin.webhook_url"),
          t("admin.device_org"),
          t("admin.webhook_kinds"),
          t("admin.person_state"),
          t("admin.actions"),
        ]}
        empty={t("admin.webhook_none")}
        action={
          <button type="button" className="btn primary" onClick={() => setAdding(true)}>
            <IconPlus size={15} aria-hidden /> {t("admin.webhook_add")}
          </button>
        }
        row={(hook) => (
          <tr key={hook.webhook}>
            <td style={{ overflowWrap: "anywhere" }}>
              <b>{hostOf(hook.url)}</b>
              <br />
              <small className="t2 mono">{hook.url}</small>
            </td>
            <td>{hook.organisation}</td>
            <td>{t("admin.webhook_kinds_count", { count: hook.kinds.length })}</td>
            <td>
              <State hook={hook} />
            </td>
            <td>
              <Acts hook={hook} ask={setAsked} />
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
          title={t("admin.webhook_secret")}
          body={t("admin.webhook_secret_body")}
          secret={secret}
          close={() => setSecret(null)}
        />
      )}
      {asked?.what === "deliveries" && <Deliveries hook={asked.hook} close={close} />}
      {asked?.what === "replay" && (
        <Dialog
          title={t("admin.webhook_replay_of", { name: hostOf(asked.hook.url) })}
          close={close}
          word={t("admin.webhook_replay")}
          busy={replay.isPending}
          submit={(form) =>
            replay.mutate(
              { hook: asked.hook, since: new Date(field(form, "since")).toISOString() },
              { onSuccess: close, onError },
            )
          }
        >
          <TextInput
            name="since"
            type="datetime-local"
            label={t("admin.webhook_since")}
            description={t("admin.webhook_since_why")}
            required
            data-autofocus
          />
        </Dialog>
      )}
      {asked?.what === "remove" && (
        <Confirm
          title={t("admin.confirm_webhook", { name: hostOf(asked.hook.url) })}
          body={t("admin.confirm_webhook_body")}
          name={hostOf(asked.hook.url)}
          word={t("admin.webhook_remove")}
          close={close}
          confirm={() => remove.mutate(asked.hook, { onSuccess: close, onError })}
        />
      )}
    </>
  );
}

function State({ hook }: { hook: Webhook }): ReactNode {
  const { t } = useTranslation();
  const now = useNow(30_000);
  if (hook.state === "paused") return <Tag icon={IconClock}>{t("admin.webhook_paused")}</Tag>;
  if (hook.failing_since === null)
    return (
      <Tag tone="ok" icon={IconCircleCheck}>
        {t("admin.webhook_active")}
      </Tag>
    );
  const isOver = hook.state === "disabled";
  return (
    <>
      <Tag tone={isOver ? "critical" : "urgent"} icon={IconAlertTriangle}>
        {t(isOver ? "admin.webhook_disabled" : "admin.webhook_failing")}
      </Tag>
      <br />
      <small className="t2">
        {when(hook.failing_since, now)} · <span lang="en">{hook.reason}</span>
      </small>
    </>
  );
}

function Acts({ hook, ask }: { hook: Webhook; ask: (asked: Asked) => void }): ReactNode {
  const { t } = useTranslation();
  const say = useSayFailure();
  const onError = (error: unknown): void => say(troubleOf(error));
  const trial = useAct(() => body(api.POST("/api/webhooks/{webhook}/trial", named(hook))), "webhooks");
  const turn = useAct(
    () =>
      body(
        hook.state === "active"
          ? api.POST("/api/webhooks/{webhook}/pause", named(hook))
          : api.POST("/api/webhooks/{webhook}/resume", named(hook)),
      ),
    "webhooks",
  );
  return (
    <span className={css.actions}>
      <button
        type="button"
        className="btn small"
        disabled={trial.isPending}
        onClick={() =>
          trial.mutate(undefined, {
            onSuccess: (answer) =>
              answer.taken
                ? done(t("admin.webhook_tried", { status: answer.status, ms: answer.duration_ms }))
                : failed(t("admin.webhook_not_taken"), answer.reason),
            onError,
          })
        }
      >
        {t("admin.webhook_try")}
      </button>
      <button type="button" className="btn small" onClick={() => ask({ what: "deliveries", hook })}>
        {t("admin.webhook_deliveries")}
      </button>
      <button
        type="button"
        className="btn small"
        disabled={turn.isPending}
        onClick={() => turn.mutate(undefined, { onError })}
      >
        {t(hook.state === "active" ? "admin.webhook_pause" : "admin.webhook_resume")}
      </button>
      <button type="button" className="btn small" onClick={() => ask({ what: "replay", hook })}>
        {t("admin.webhook_replay")}
      </button>
      <button type="button" className="btn small" onClick={() => ask({ what: "remove", hook })}>
        {t("admin.webhook_remove")}
      </button>
    </span>
  );
}

function Form({ close, made }: { close: () => void; made: (secret: string) => void }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const { data: organisations = [] } = useQuery(organisationsQuery);
  const { data: known = [] } = useQuery(webhookKinds);
  const [kinds, setKinds] = useState<string[]>(["study.completed"]);
  const act = useAct(
    (form: FormData) =>
      body(
        api.POST("/api/webhooks", {
          body: { organisation: field(form, "organisation"), url: field(form, "url"), kinds },
        }),
      ),
    "webhooks",
  );
  return (
    <Dialog
      title={t("admin.webhook_add")}
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
      <TextInput
        name="url"
        type="url"
        label={t("admin.webhook_url")}
        description={t("admin.webhook_url_why")}
        required
        maxLength={512}
        data-autofocus
      />
      <NativeSelect
        key={organisations.length}
        name="organisation"
        label={t("admin.device_org")}
        required
        data={organisations.map(({ key, name }) => ({ value: key, label: name }))}
      />
      <MultiSelect
        label={t("admin.webhook_kinds")}
        description={t("admin.webhook_kinds_why")}
        data={known}
        value={kinds}
        onChange={setKinds}
        searchable
      />
    </Dialog>
  );
}
