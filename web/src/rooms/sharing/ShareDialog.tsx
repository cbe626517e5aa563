/** To whom, how much of the exam, how long. What follows is said before it is done. */
import { Modal, NativeSelect, Radio, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { dayAndClock } from "@/i18n/format";
import { IconSend } from "@/kit/icons";
import { useSayFailure } from "@/kit/useSay";
import { type ShareMade, type ShareRequest, type Shares, useSharing } from "./queries";
import css from "./sharing.module.css";

interface ShareDialogProps {
  exam: string;
  patient: string;
  shares: Shares;
  made: (made: ShareMade) => void;
  close: () => void;
}

type Audience = ShareRequest["audience"];
const CONTENTS = ["report", "key-images", "images"] as const;
const DAYS = [7, 30, 90] as const;
const LANGUAGES = { fr: "Français", en: "English", es: "Español" } as const;

export function ShareDialog({ exam, patient, shares, made, close }: ShareDialogProps) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const { make } = useSharing(exam);
  const [audience, setAudience] = useState<Audience>("referrer");
  const known = audience === "referrer" ? shares.referrer : null;
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const said = new FormData(event.currentTarget);
    const text = (name: string): string => String(said.get(name) ?? "").trim();
    make.mutate(
      {
        audience,
        name: text("name"),
        mail: text("mail"),
        language: text("language") as ShareRequest["language"],
        content: text("content") as ShareRequest["content"],
        days: Number(text("days")),
      },
      { onSuccess: made, onError: (error) => say(troubleOf(error)) },
    );
  };
  return (
    <Modal
      opened
      onClose={close}
      size={560}
      title={t("share.open")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form className={css.form} onSubmit={submit}>
        <Radio.Group
          label={t("share.to")}
          value={audience}
          onChange={(value) => setAudience(value as Audience)}
        >
          <div className="row wrap">
            <Radio value="referrer" label={t("share.to_referrer")} data-autofocus />
            <Radio value="patient" label={t("share.to_patient")} />
          </div>
        </Radio.Group>
        {/* Another audience begins with other words: the fields are new ones. */}
        <div key={audience} className={css.form}>
          <TextInput
            name="name"
            label={t("share.name")}
            required
            maxLength={128}
            autoComplete="off"
            defaultValue={audience === "patient" ? patient : (known?.name ?? "")}
          />
          <TextInput
            name="mail"
            type="email"
            label={t("share.mail")}
            description={t("share.mail_why")}
            required
            maxLength={254}
            autoComplete="off"
            defaultValue={known?.mail ?? ""}
          />
          <NativeSelect
            name="language"
            label={t("share.language")}
            defaultValue={known?.language ?? "fr"}
            data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
          />
        </div>
        <NativeSelect
          name="content"
          label={t("share.content_label")}
          defaultValue="key-images"
          data={CONTENTS.map((value) => ({ value, label: t(`share.content.${value}`) }))}
        />
        <NativeSelect
          name="days"
          label={t("share.lasts")}
          defaultValue="30"
          data={DAYS.map((days) => ({ value: String(days), label: t("share.days", { n: days }) }))}
        />
        <p className="strip" role="status">
          <span>
            {t(follows(shares, audience), {
              time: dayAndClock(told(shares, audience) ?? shares.server_time),
            })}
          </span>
        </p>
        <footer className={css.foot}>
          <button type="button" className="btn ghost" onClick={close}>
            {t("common.cancel")}
          </button>
          <button type="submit" className="btn primary" disabled={make.isPending}>
            <IconSend size={15} aria-hidden /> {t(`share.make.${audience}`)}
          </button>
        </footer>
      </form>
    </Modal>
  );
}

const told = (shares: Shares, audience: Audience): string | null =>
  audience === "patient" ? shares.patient_at : shares.released_at;

/** What happens next: a mail now, a mail later, or none, because this node sends none. */
function follows(shares: Shares, audience: Audience) {
  if (!shares.mailed) return "share.follows.no_mail" as const;
  const at = told(shares, audience);
  if (at === null) return "share.follows.after_release" as const;
  return Date.parse(at) > Date.parse(shares.server_time)
    ? ("share.follows.later" as const)
    : ("share.follows.now" as const);
}
