/** Accounts and their roles. A person is invited by a one-time token and chooses the password alone. */
import { NativeSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, body, type Schemas, troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { dayAndClock, when } from "@/i18n/format";
import { IconBan, IconCircleCheck, IconClock, IconKey, IconPencil, IconPlus } from "@/kit/icons";
import { Avatar, Tag } from "@/kit/Marks";
import { done } from "@/kit/notify";
import { useNow } from "@/kit/time";
import { useSayFailure } from "@/kit/useSay";
import css from "./admin.module.css";
import { Dialog, field, List, Secret } from "./pieces";
import { type Account, organisationsQuery, peopleQuery, ROLES, type Role, useAct } from "./queries";

type Invitation = Schemas["Invitation"];

const isNetworkRole = (role: Role): boolean => role === "network-admin" || role === "governance";

export function People({ mayAppointNetwork }: { mayAppointNetwork: boolean }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const now = useNow(60_000);
  const query = useQuery(peopleQuery);
  const [edited, setEdited] = useState<Account | "new" | null>(null);
  const [invitation, setInvitation] = useState<Invitation | null>(null);
  const roles = ROLES.filter((role) => mayAppointNetwork || !isNetworkRole(role));
  const change = useAct(
    ({ login, active }: { login: string; active: boolean }) =>
      body(api.PATCH("/api/admin/people/{login}", { params: { path: { login } }, body: { active } })),
    "people",
  );
  const invite = useAct(
    (login: string) =>
      body(api.POST("/api/admin/people/{login}/invitation", { params: { path: { login } } })),
    "people",
  );
  const setActive = (account: Account, active: boolean): void =>
    change.mutate(
      { login: account.login, active },
      {
        onSuccess: () =>
          done(t(active ? "admin.enabled_done" : "admin.disabled_done", { name: account.name }), {
            label: t("common.undo"),
            run: () => change.mutate({ login: account.login, active: !active }),
          }),
        onError: (error) => say(troubleOf(error)),
      },
    );
  return (
    <>
      <List
        title={t("admin.people")}
        query={query}
        columns={[
          t("admin.person_name"),
          t("admin.person_role"),
          t("admin.device_org"),
          t("admin.person_state"),
          t("admin.person_last"),
          t("admin.actions"),
        ]}
        empty={t("admin.person_none")}
        action={
          <button type="button" className="btn primary" onClick={() => setEdited("new")}>
            <IconPlus size={15} aria-hidden /> {t("admin.person_add")}
          </button>
        }
        row={(account) => (
          <tr key={account.login}>
            <td>
              <span className="row">
                <Avatar name={account.name} />
                <span>
                  <b>{account.name}</b>
                  <br />
                  <small className="mono">{account.login}</small>
                </span>
              </span>
            </td>
            <td>{t(`role.${account.role}`)}</td>
            <td>{account.organisation.name}</td>
            <td>
              <State account={account} />
            </td>
            <td className="nw">
              {account.last_sign_in_at ? when(account.last_sign_in_at, now) : t("common.never")}
            </td>
            <td>
              <span className={css.actions}>
                <button type="button" className="btn small" onClick={() => setEdited(account)}>
                  <IconPencil size={14} aria-hidden /> {t("admin.edit")}
                </button>
                <button
                  type="button"
                  className="btn small"
                  onClick={() =>
                    invite.mutate(account.login, {
                      onSuccess: setInvitation,
                      onError: (error) => say(troubleOf(error)),
                    })
                  }
                >
                  <IconKey size={14} aria-hidden /> {t("admin.reinvite")}
                </button>
                <button
                  type="button"
                  className="btn small"
                  onClick={() => setActive(account, !account.active)}
                >
                  {t(account.active ? "admin.disable" : "admin.enable")}
                </button>
              </span>
            </td>
          </tr>
        )}
      />
      {edited && (
        <Form
          account={edited === "new" ? null : edited}
          roles={roles}
          close={() => setEdited(null)}
          invited={(made) => {
            setEdited(null);
            setInvitation(made);
          }}
        />
      )}
      {invitation && (
        <Secret
          title={t("admin.invite_title", { name: invitation.account.name })}
          body={t("admin.invite_body", { date: dayAndClock(invitation.expires_at) })}
          secret={invitation.token}
          close={() => setInvitation(null)}
        />
      )}
    </>
  );
}

function State({ account }: { account: Account }) {
  const { t } = useTranslation();
  if (!account.active) return <Tag icon={IconBan}>{t("admin.inactive")}</Tag>;
  if (account.invited) {
    return (
      <Tag tone="info" icon={IconClock}>
        {t("admin.invited")}
      </Tag>
    );
  }
  return (
    <Tag tone="ok" icon={IconCircleCheck}>
      {t("admin.active")}
    </Tag>
  );
}

interface FormProps {
  account: Account | null;
  roles: readonly Role[];
  close: () => void;
  invited: (invitation: Invitation) => void;
}

function Form({ account, roles, close, invited }: FormProps) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const { data: organisations = [] } = useQuery(organisationsQuery);
  const options = roles.map((role) => ({ value: role, label: t(`role.${role}`) }));
  const create = useAct(
    (form: FormData) =>
      body(
        api.POST("/api/admin/people", {
          body: {
            login: field(form, "login"),
            name: field(form, "name"),
            organisation: field(form, "organisation"),
            role: field(form, "role") as Role,
          },
        }),
      ),
    "people",
  );
  const change = useAct(
    (form: FormData) =>
      body(
        api.PATCH("/api/admin/people/{login}", {
          params: { path: { login: account?.login ?? "" } },
          body: { name: field(form, "name"), role: field(form, "role") as Role },
        }),
      ),
    "people",
  );
  const onError = (error: unknown): void => say(troubleOf(error));
  return (
    <Dialog
      title={account ? t("admin.person_edit", { name: account.name }) : t("admin.person_add")}
      close={close}
      word={t(account ? "admin.save" : "admin.invite")}
      busy={create.isPending || change.isPending}
      submit={(form) =>
        account
          ? change.mutate(form, { onSuccess: close, onError })
          : create.mutate(form, { onSuccess: invited, onError })
      }
    >
      <TextInput
        name="name"
        label={t("admin.person_name")}
        required
        maxLength={128}
        defaultValue={account?.name}
        data-autofocus
      />
      {!account && (
        <>
          <TextInput
            name="login"
            label={t("admin.person_login")}
            required
            maxLength={64}
            autoCapitalize="none"
            autoComplete="off"
          />
          <NativeSelect
            key={organisations.length}
            name="organisation"
            label={t("admin.device_org")}
            required
            data={organisations.map(({ key, name }) => ({ value: key, label: name }))}
          />
        </>
      )}
      <NativeSelect
        name="role"
        label={t("admin.person_role")}
        required
        defaultValue={account?.role}
        data={options}
      />
    </Dialog>
  );
}
