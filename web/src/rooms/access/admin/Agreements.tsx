/** Who reads for whom: the agreements under which an organisation may ask another for a reading. */
import { NativeSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, body, type Schemas, troubleOf } from "@/api/client";
import { type Translate, useTranslation } from "@/i18n";
import { day } from "@/i18n/format";
import { IconPencil, IconPlus } from "@/kit/icons";
import { Tag } from "@/kit/Marks";
import { done } from "@/kit/notify";
import { serverNow } from "@/kit/time";
import { useSayFailure } from "@/kit/useSay";
import css from "./admin.module.css";
import { Dialog, field, List } from "./pieces";
import { agreementsQuery, organisationsQuery, useAct } from "./queries";

type Agreement = Schemas["AgreementView"];
type Wanted = Schemas["AgreementWrite"];
const LEVELS: readonly Agreement["level"][] = ["on-site", "region", "sister-region", "mainland"];
const URGENCIES = ["stat", "urgent", "inpatient", "routine"] as const;
/** What is promised where an agreement says nothing else. */
const USUAL_S = { stat: 900, urgent: 3600, inpatient: 14_400, routine: 86_400 } as const;
const DAYS = [0, 1, 2, 3, 4, 5, 6] as const;
const NAMES = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

const codes = (text: string): string[] =>
  text
    .toUpperCase()
    .split(/[\s,;]+/)
    .filter(Boolean);

/** The body of `PUT /api/admin/agreements` for an agreement as it stands. */
const standing = (one: Agreement): Wanted => ({
  key: one.key,
  asking: one.asking,
  partner: one.partner,
  level: one.level,
  modalities: one.modalities,
  hours: one.hours,
  time_zone: one.time_zone,
  delays_s: one.delays_s,
  phone: one.phone,
  relief: one.relief,
  ends: one.ends,
});

export function Agreements() {
  const { t } = useTranslation();
  const query = useQuery(agreementsQuery);
  const organisations = useQuery(organisationsQuery).data ?? [];
  const [edited, setEdited] = useState<Agreement | "new" | null>(null);
  const nameOf = (key: string): string => organisations.find((each) => each.key === key)?.name ?? key;
  return (
    <>
      <List
        title={t("admin.agreements")}
        note={t("admin.agreements_note")}
        query={query}
        columns={[
          t("admin.agreement_asking"),
          t("admin.agreement_partner"),
          t("admin.agreement_level"),
          t("admin.agreement_modalities"),
          t("admin.agreement_hours"),
          t("admin.agreement_phone"),
          t("admin.actions"),
        ]}
        empty={t("admin.agreements_none")}
        action={
          <button type="button" className="btn primary" onClick={() => setEdited("new")}>
            <IconPlus size={15} aria-hidden /> {t("admin.agreement_add")}
          </button>
        }
        row={(one) => (
          <tr key={`${one.asking} ${one.key}`}>
            <td>
              <b>{nameOf(one.asking)}</b>
            </td>
            <td>
              <b>{one.partner.name}</b> <small className="mono">{one.partner.node}</small>
            </td>
            <td>{t(`tele.level.${one.level}`)}</td>
            <td>{one.modalities.join(", ") || t("admin.agreement_all")}</td>
            <td>
              <Hours hours={one.hours} zone={one.time_zone} />
            </td>
            <td className="nw">{one.phone || "—"}</td>
            <td>
              {one.ended && one.ends ? (
                <Tag>{t("admin.agreement_ended", { date: day(one.ends) })}</Tag>
              ) : (
                <span className={css.actions}>
                  <button type="button" className="btn small" onClick={() => setEdited(one)}>
                    <IconPencil size={14} aria-hidden /> {t("admin.edit")}
                  </button>
                  <End agreement={one} />
                </span>
              )}
            </td>
          </tr>
        )}
      />
      {edited && <Form agreement={edited === "new" ? null : edited} close={() => setEdited(null)} />}
    </>
  );
}

function Hours({ hours, zone }: { hours: Agreement["hours"]; zone: string }) {
  const { t } = useTranslation();
  const always = hours.since === hours.until;
  const days = hours.days.length === DAYS.length ? "" : hours.days.map((each) => weekday(each, t)).join(" ");
  return (
    <>
      {[days, always ? t("admin.agreement_always") : `${hours.since}–${hours.until}`]
        .filter(Boolean)
        .join(" ")}{" "}
      <small className="t3">{zone}</small>
    </>
  );
}

const weekday = (each: number, t: Translate): string => t(`admin.weekday.${NAMES[each] ?? "mon"}`);

function useKeep() {
  return useAct(
    (wanted: Wanted): Promise<Agreement> => body(api.PUT("/api/admin/agreements", { body: wanted })),
    "agreements",
  );
}

/** Ended, not deleted: requests made under it go on, and it can be undone. */
function End({ agreement }: { agreement: Agreement }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const keep = useKeep();
  return (
    <button
      type="button"
      className="btn small"
      disabled={keep.isPending}
      onClick={() =>
        keep.mutate(
          { ...standing(agreement), ends: new Date(serverNow()).toISOString() },
          {
            onSuccess: () =>
              done(t("admin.agreement_ended_done", { name: agreement.partner.name }), {
                label: t("common.undo"),
                run: () => keep.mutate(standing(agreement)),
              }),
            onError: (error) => say(troubleOf(error)),
          },
        )
      }
    >
      {t("admin.agreement_end")}
    </button>
  );
}

function Form({ agreement, close }: { agreement: Agreement | null; close: () => void }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const keep = useKeep();
  const organisations = useQuery(organisationsQuery).data ?? [];
  const written = (form: FormData): Wanted => {
    const node = field(form, "node");
    return {
      ...(agreement ? standing(agreement) : { relief: [] }),
      delays_s: Object.fromEntries(
        URGENCIES.map((urgency) => [urgency, Math.round(Number(field(form, `delay_${urgency}`)) * 60)]),
      ),
      key: agreement?.key ?? field(form, "key"),
      asking: agreement?.asking ?? field(form, "asking"),
      partner: {
        key: field(form, "partner"),
        ...(node ? { node, name: field(form, "name") } : {}),
      },
      level: LEVELS.find((each) => each === field(form, "level")) ?? "region",
      modalities: codes(field(form, "modalities")),
      hours: {
        days: DAYS.filter((each) => form.get(`day${String(each)}`) !== null),
        since: field(form, "since") || "00:00",
        until: field(form, "until") || "00:00",
      },
      time_zone: field(form, "time_zone"),
      phone: field(form, "phone"),
    };
  };
  return (
    <Dialog
      title={t(agreement ? "admin.agreement_edit" : "admin.agreement_add")}
      close={close}
      word={t("admin.save")}
      busy={keep.isPending}
      submit={(form) =>
        keep.mutate(written(form), {
          onSuccess: (saved) => {
            done(t("admin.agreement_saved", { name: saved.partner.name }));
            close();
          },
          onError: (error) => say(troubleOf(error)),
        })
      }
    >
      {!agreement && (
        <>
          <NativeSelect
            name="asking"
            label={t("admin.agreement_asking")}
            data={organisations.map((each) => ({ value: each.key, label: each.name }))}
          />
          <TextInput
            name="key"
            label={t("admin.agreement_key")}
            required
            pattern="[a-z0-9][a-z0-9\-]{0,62}"
            maxLength={63}
          />
        </>
      )}
      <div className={css.halves}>
        <TextInput
          name="partner"
          label={t("admin.agreement_partner_key")}
          required
          maxLength={48}
          defaultValue={agreement?.partner.key}
        />
        <NativeSelect
          name="level"
          label={t("admin.agreement_level")}
          defaultValue={agreement?.level ?? "region"}
          data={LEVELS.map((each) => ({ value: each, label: t(`tele.level.${each}`) }))}
        />
        <TextInput
          name="node"
          label={t("admin.agreement_node")}
          description={t("admin.agreement_node_help")}
          inputWrapperOrder={["label", "input", "description", "error"]}
          maxLength={32}
          defaultValue={agreement?.partner.node}
        />
        <TextInput
          name="name"
          label={t("admin.agreement_name")}
          description={t("admin.agreement_name_help")}
          inputWrapperOrder={["label", "input", "description", "error"]}
          maxLength={128}
          defaultValue={agreement?.partner.name}
        />
      </div>
      <TextInput
        name="modalities"
        label={t("admin.agreement_modalities")}
        description={t("admin.agreement_modalities_help")}
        defaultValue={agreement?.modalities.join(" ")}
      />
      <Delays agreement={agreement} />
      <Days agreement={agreement} />
      <div className={css.halves}>
        <TextInput
          name="since"
          type="time"
          label={t("admin.agreement_since")}
          defaultValue={agreement?.hours.since ?? "00:00"}
        />
        <TextInput
          name="until"
          type="time"
          label={t("admin.agreement_until")}
          description={t("admin.agreement_until_help")}
          inputWrapperOrder={["label", "input", "description", "error"]}
          defaultValue={agreement?.hours.until ?? "00:00"}
        />
        <TextInput
          name="time_zone"
          label={t("admin.agreement_zone")}
          required
          defaultValue={agreement?.time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone}
        />
        <TextInput
          name="phone"
          type="tel"
          label={t("admin.agreement_phone")}
          maxLength={32}
          defaultValue={agreement?.phone}
        />
      </div>
    </Dialog>
  );
}

/** Within how long an answer is promised, in minutes: what the contract says. */
function Delays({ agreement }: { agreement: Agreement | null }) {
  const { t } = useTranslation();
  return (
    <fieldset className={css.delays}>
      <legend>{t("admin.agreement_delays")}</legend>
      {URGENCIES.map((urgency) => (
        <TextInput
          key={urgency}
          name={`delay_${urgency}`}
          type="number"
          min={1}
          max={43_200}
          required
          withAsterisk={false}
          label={t(`tele.urgency_long.${urgency}`)}
          defaultValue={(agreement?.delays_s[urgency] ?? USUAL_S[urgency]) / 60}
        />
      ))}
    </fieldset>
  );
}

function Days({ agreement }: { agreement: Agreement | null }) {
  const { t } = useTranslation();
  return (
    <fieldset className={css.days}>
      <legend>{t("admin.agreement_days")}</legend>
      {DAYS.map((each) => (
        <label key={each}>
          <input
            type="checkbox"
            name={`day${String(each)}`}
            defaultChecked={agreement?.hours.days.includes(each) ?? true}
          />{" "}
          {weekday(each, t)}
        </label>
      ))}
    </fieldset>
  );
}
