/** The fields of a request, each with what it asks and what is still wrong with it. */
import { Checkbox, Textarea, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "@/i18n";
import { duration, when } from "@/i18n/format";
import { IconAlertTriangle, IconBoltFilled, IconBuildingHospital, IconClock } from "@/kit/icons";
import { serverNow } from "@/kit/time";
import type { Urgency } from "../queries";
import { type ConsentKind, type Draft, type Field, LIMITS, QUESTION_MIN, USUAL_MS } from "./draft";
import css from "./form.module.css";

export interface FieldsProps {
  draft: Draft;
  change: (next: Partial<Draft>) => void;
  errorOf: (field: Field) => string | undefined;
  touch: (field: Field) => void;
}

export function Question({ draft, change, errorOf, touch }: FieldsProps) {
  const { t } = useTranslation();
  const length = draft.question.trim().length;
  return (
    <div data-field="question">
      <Textarea
        label={t("tele.question")}
        description={
          length < QUESTION_MIN ? t("tele.question_hint", { min: QUESTION_MIN }) : t("tele.question_kept")
        }
        inputWrapperOrder={["label", "input", "description", "error"]}
        value={draft.question}
        required
        withAsterisk={false}
        autosize
        minRows={3}
        maxLength={LIMITS.question}
        size="lg"
        error={errorOf("question")}
        onChange={(event) => change({ question: event.currentTarget.value })}
        onBlur={() => touch("question")}
      />
    </div>
  );
}

const URGENCIES: { urgency: Urgency; icon: typeof IconClock; tone: string }[] = [
  { urgency: "stat", icon: IconBoltFilled, tone: "critical" },
  { urgency: "urgent", icon: IconAlertTriangle, tone: "urgent" },
  { urgency: "inpatient", icon: IconBuildingHospital, tone: "info" },
  { urgency: "routine", icon: IconClock, tone: "neutral" },
];

export function UrgencyChoice({ draft, change }: FieldsProps) {
  const { t } = useTranslation();
  return (
    <fieldset className={`panel ${css.panel}`}>
      <legend>{t("tele.urgency")}</legend>
      <div className={css.urgencies}>
        {URGENCIES.map(({ urgency, icon: Glyph, tone }) => (
          <label key={urgency} data-tone={tone}>
            <input
              type="radio"
              name="urgency"
              className="sr"
              checked={draft.urgency === urgency}
              onChange={() => change({ urgency })}
            />
            <b>
              <Glyph size={16} aria-hidden /> {t(`tele.urgency_long.${urgency}`)}
            </b>
            <small>{t("tele.usual", { dur: duration(USUAL_MS[urgency], t) })}</small>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

export function Justification({ draft, change, errorOf, touch }: FieldsProps) {
  const { t } = useTranslation();
  return (
    <section className={`panel ${css.panel}`}>
      <h2>{t("tele.justification")}</h2>
      <div data-field="reason">
        <Textarea
          label={t("tele.reason")}
          placeholder={t("tele.reason_hint")}
          value={draft.reason}
          required
          withAsterisk={false}
          autosize
          minRows={2}
          maxLength={LIMITS.text}
          error={errorOf("reason")}
          onChange={(event) => change({ reason: event.currentTarget.value })}
          onBlur={() => touch("reason")}
        />
      </div>
      <TextInput
        label={t("tele.substitution")}
        placeholder={t("tele.substitution_hint")}
        value={draft.substitution}
        maxLength={LIMITS.text}
        onChange={(event) => change({ substitution: event.currentTarget.value })}
      />
    </section>
  );
}

const CONSENTS: readonly ConsentKind[] = ["given", "represented", "emergency"];

export function Consent({ draft, change, errorOf, touch }: FieldsProps) {
  const { t } = useTranslation();
  const error = errorOf("consent");
  return (
    <fieldset className={`panel ${css.panel}`} data-field="consent" aria-describedby="consent-error">
      <legend>{t("tele.consent_title")}</legend>
      {CONSENTS.map((kind) => (
        <label key={kind} className={css.radio}>
          <input
            type="radio"
            name="consent"
            checked={draft.consent === kind}
            disabled={kind === "emergency" && draft.urgency !== "stat"}
            onChange={() => change({ consent: kind })}
          />
          <span>
            {t(`tele.consent.${kind}`)}
            {kind === "emergency" && draft.urgency !== "stat" && (
              <small className="t2"> {t("tele.emergency_only")}</small>
            )}
          </span>
        </label>
      ))}
      <p id="consent-error" role="alert" className="c-critical">
        {error}
      </p>
      {draft.consent !== "emergency" && draft.consent !== "" && (
        <Two>
          <div data-field="informedBy">
            <TextInput
              label={t("tele.informed_by")}
              value={draft.informedBy}
              maxLength={LIMITS.name}
              error={errorOf("informedBy")}
              onChange={(event) => change({ informedBy: event.currentTarget.value })}
              onBlur={() => touch("informedBy")}
            />
          </div>
          <div data-field="informedAt">
            <TextInput
              type="datetime-local"
              label={t("tele.informed_at")}
              value={draft.informedAt}
              error={errorOf("informedAt")}
              onChange={(event) => change({ informedAt: event.currentTarget.value })}
              onBlur={() => touch("informedAt")}
            />
          </div>
        </Two>
      )}
    </fieldset>
  );
}

export function Callback({ draft, change, errorOf, touch }: FieldsProps) {
  const { t } = useTranslation();
  return (
    <section className={`panel ${css.panel}`}>
      <h2>{t("tele.callback")}</h2>
      <Two>
        <div data-field="name">
          <TextInput
            label={t("tele.callback_name")}
            value={draft.name}
            required
            withAsterisk={false}
            maxLength={LIMITS.name}
            error={errorOf("name")}
            onChange={(event) => change({ name: event.currentTarget.value })}
            onBlur={() => touch("name")}
          />
        </div>
        <div data-field="phone">
          <TextInput
            type="tel"
            label={t("tele.callback_phone")}
            value={draft.phone}
            required
            withAsterisk={false}
            maxLength={LIMITS.phone}
            error={errorOf("phone")}
            onChange={(event) => change({ phone: event.currentTarget.value, verifiedAt: null })}
            onBlur={() => touch("phone")}
          />
        </div>
      </Two>
      <Checkbox
        label={
          draft.verifiedAt
            ? t("tele.phone_verified_at", { time: when(draft.verifiedAt, serverNow()) })
            : t("tele.phone_verified")
        }
        checked={draft.verifiedAt !== null}
        onChange={(event) =>
          change({ verifiedAt: event.currentTarget.checked ? new Date(serverNow()).toISOString() : null })
        }
      />
    </section>
  );
}

function Two({ children }: { children: ReactNode }) {
  return <div className={css.two}>{children}</div>;
}
