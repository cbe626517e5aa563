/** DICOM peers: who knocks and is refused, who is known, and what each may do. */
import { Checkbox, NativeSelect, NumberInput, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, body, troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { number, when } from "@/i18n/format";
import { IconCheck, IconPencil, IconPlugConnected, IconPlus, IconTrash } from "@/kit/icons";
import { Tag } from "@/kit/Marks";
import { done, failed } from "@/kit/notify";
import { useNow } from "@/kit/time";
import { useSayFailure } from "@/kit/useSay";
import css from "./admin.module.css";
import { Confirm, Dialog, field, List } from "./pieces";
import {
  type Caller,
  callersQuery,
  type Device,
  devicesQuery,
  organisationsQuery,
  SERVICES,
  type Service,
  useAct,
} from "./queries";

export function Devices() {
  return (
    <>
      <Callers />
      <Known />
    </>
  );
}

function Callers() {
  const { t } = useTranslation();
  const say = useSayFailure();
  const now = useNow(30_000);
  const query = useQuery(callersQuery);
  const [approved, setApproved] = useState<Caller | null>(null);
  const dismiss = useAct(
    (caller: Caller) =>
      api.DELETE("/api/admin/unknown-callers/{caller}", { params: { path: { caller: caller.caller } } }),
    "callers",
  );
  return (
    <>
      <List
        title={t("admin.callers")}
        note={t("admin.callers_help")}
        query={query}
        columns={[
          t("admin.caller_calling"),
          t("admin.caller_called"),
          t("admin.caller_host"),
          t("admin.caller_knocks"),
          t("admin.caller_last"),
          t("admin.actions"),
        ]}
        empty={t("admin.callers_none")}
        row={(caller) => (
          <tr key={caller.caller}>
            <td className="mono">
              <b>{caller.calling}</b>
            </td>
            <td>
              <span className="mono">{caller.called}</span>
              <br />
              <small>{caller.organisation?.name ?? ""}</small>
            </td>
            <td className="mono">{caller.host}</td>
            <td>{number(caller.knocks)}</td>
            <td className="nw">{when(caller.last_seen, now)}</td>
            <td>
              <span className={css.actions}>
                <button type="button" className="btn small primary" onClick={() => setApproved(caller)}>
                  <IconCheck size={14} aria-hidden /> {t("admin.approve")}
                </button>
                <button
                  type="button"
                  className="btn small"
                  onClick={() =>
                    dismiss.mutate(caller, {
                      onSuccess: () => done(t("admin.dismissed", { name: caller.calling })),
                      onError: (error) => say(troubleOf(error)),
                    })
                  }
                >
                  {t("admin.dismiss")}
                </button>
              </span>
            </td>
          </tr>
        )}
      />
      {approved && <Approve caller={approved} close={() => setApproved(null)} />}
    </>
  );
}

const servicesOf = (form: FormData): Service[] =>
  SERVICES.filter((service) => form.get(`may.${service}`) !== null);
const portOf = (form: FormData): number | null =>
  field(form, "port") ? Number(field(form, "port").replaceAll(/\D/g, "")) : null;

function May({ checked }: { checked: readonly Service[] }) {
  const { t } = useTranslation();
  return (
    <fieldset style={{ border: 0, padding: 0, margin: 0 }}>
      <legend style={{ fontWeight: 500, marginBottom: 6 }}>{t("admin.device_may")}</legend>
      <div className="row wrap" style={{ gap: 16 }}>
        {SERVICES.map((service) => (
          <Checkbox
            key={service}
            name={`may.${service}`}
            label={t(`admin.may.${service}`)}
            defaultChecked={checked.includes(service)}
          />
        ))}
      </div>
    </fieldset>
  );
}

function OrganisationSelect({ chosen }: { chosen: string | undefined }) {
  const { t } = useTranslation();
  const { data = [] } = useQuery(organisationsQuery);
  return (
    <NativeSelect
      key={data.length}
      name="organisation"
      label={t("admin.device_org")}
      required
      defaultValue={chosen}
      data={data.map(({ key, name }) => ({ value: key, label: name }))}
    />
  );
}

function Approve({ caller, close }: { caller: Caller; close: () => void }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const act = useAct(
    (form: FormData) =>
      body(
        api.POST("/api/admin/unknown-callers/{caller}/approve", {
          params: { path: { caller: caller.caller } },
          body: { organisation: field(form, "organisation"), may: servicesOf(form), port: portOf(form) },
        }),
      ),
    "callers",
    "devices",
  );
  return (
    <Dialog
      title={t("admin.approve_title", { name: caller.calling })}
      close={close}
      word={t("admin.approve")}
      busy={act.isPending}
      submit={(form) =>
        act.mutate(form, {
          onSuccess: (device) => {
            done(t("admin.approved", { name: device.ae_title }));
            close();
          },
          onError: (error) => say(troubleOf(error)),
        })
      }
    >
      <div className={css.two}>
        <TextInput label={t("admin.device_host")} value={caller.host} readOnly />
        <NumberInput
          name="port"
          label={t("admin.device_port")}
          min={1}
          max={65535}
          hideControls
          thousandSeparator=""
        />
      </div>
      <OrganisationSelect chosen={caller.organisation?.key} />
      <May checked={["store"]} />
    </Dialog>
  );
}

function Known() {
  const { t } = useTranslation();
  const query = useQuery(devicesQuery);
  const [edited, setEdited] = useState<Device | "new" | null>(null);
  const [removed, setRemoved] = useState<Device | null>(null);
  return (
    <>
      <List
        title={t("admin.devices")}
        query={query}
        columns={[
          t("admin.device_ae"),
          t("admin.device_org"),
          t("admin.device_host"),
          t("admin.device_may"),
          t("admin.actions"),
        ]}
        empty={t("admin.device_none")}
        action={
          <button type="button" className="btn primary" onClick={() => setEdited("new")}>
            <IconPlus size={15} aria-hidden /> {t("admin.device_add")}
          </button>
        }
        row={(device) => (
          <tr key={device.device}>
            <td className="mono">
              <b>{device.ae_title}</b>
            </td>
            <td>{device.organisation.name}</td>
            <td className="mono">
              {device.host ? `${device.host}${device.port ? `:${String(device.port)}` : ""}` : "—"}
            </td>
            <td>
              <span className="row wrap" style={{ gap: 4 }}>
                {device.may.map((service) => (
                  <Tag key={service}>{t(`admin.may.${service}`)}</Tag>
                ))}
              </span>
            </td>
            <td>
              <span className={css.actions}>
                <Echo device={device} />
                <button type="button" className="btn small" onClick={() => setEdited(device)}>
                  <IconPencil size={14} aria-hidden /> {t("admin.edit")}
                </button>
                <button
                  type="button"
                  className="btn small"
                  aria-label={`${t("admin.remove")} ${device.ae_title}`}
                  onClick={() => setRemoved(device)}
                >
                  <IconTrash size={14} aria-hidden />
                </button>
              </span>
            </td>
          </tr>
        )}
      />
      {edited && <Form device={edited === "new" ? null : edited} close={() => setEdited(null)} />}
      {removed && <Remove device={removed} close={() => setRemoved(null)} />}
    </>
  );
}

function Echo({ device }: { device: Device }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const echo = useAct(() =>
    body(api.POST("/api/admin/devices/{device}/echo", { params: { path: { device: device.device } } })),
  );
  const reachable = device.host !== null && device.port !== null;
  return (
    <button
      type="button"
      className="btn small"
      disabled={!reachable || echo.isPending}
      title={reachable ? undefined : t("admin.echo_impossible")}
      onClick={() =>
        echo.mutate(undefined, {
          onSuccess: ({ ok, duration_ms, detail }) =>
            ok
              ? done(t("admin.echo_ok", { name: device.ae_title, ms: duration_ms }))
              : failed(t("admin.echo_ko", { name: device.ae_title, detail }), ""),
          onError: (error) => say(troubleOf(error)),
        })
      }
    >
      <IconPlugConnected size={14} aria-hidden /> {t("admin.echo")}
    </button>
  );
}

function Form({ device, close }: { device: Device | null; close: () => void }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const act = useAct((form: FormData) => {
    const common = { host: field(form, "host") || null, port: portOf(form), may: servicesOf(form) };
    return device
      ? body(
          api.PATCH("/api/admin/devices/{device}", {
            params: { path: { device: device.device } },
            body: common,
          }),
        )
      : body(
          api.POST("/api/admin/devices", {
            body: { ae_title: field(form, "ae_title"), organisation: field(form, "organisation"), ...common },
          }),
        );
  }, "devices");
  return (
    <Dialog
      title={device ? t("admin.device_edit", { name: device.ae_title }) : t("admin.device_add")}
      close={close}
      word={t("admin.save")}
      busy={act.isPending}
      submit={(form) => act.mutate(form, { onSuccess: close, onError: (error) => say(troubleOf(error)) })}
    >
      {!device && (
        <>
          <TextInput name="ae_title" label={t("admin.device_ae")} required maxLength={16} data-autofocus />
          <OrganisationSelect chosen={undefined} />
        </>
      )}
      <div className={css.two}>
        <TextInput
          name="host"
          label={t("admin.device_host")}
          maxLength={255}
          defaultValue={device?.host ?? ""}
        />
        <NumberInput
          name="port"
          label={t("admin.device_port")}
          min={1}
          max={65535}
          hideControls
          thousandSeparator=""
          {...(device?.port ? { defaultValue: device.port } : {})}
        />
      </div>
      <May checked={device?.may ?? ["store"]} />
    </Dialog>
  );
}

function Remove({ device, close }: { device: Device; close: () => void }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const act = useAct(
    () => api.DELETE("/api/admin/devices/{device}", { params: { path: { device: device.device } } }),
    "devices",
  );
  return (
    <Confirm
      title={t("admin.confirm_device", { name: device.ae_title })}
      body={t("admin.confirm_device_body")}
      name={device.ae_title}
      word={t("admin.remove")}
      close={close}
      confirm={() =>
        act.mutate(undefined, {
          onSuccess: () => {
            done(t("admin.device_removed", { name: device.ae_title }));
            close();
          },
          onError: (error) => say(troubleOf(error)),
        })
      }
    />
  );
}
