/** Where the physician whom an exam names is told of results: kept once, for this exam and those to come. */
import { TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { IconCheck } from "@/kit/icons";
import { done } from "@/kit/notify";
import { useSayFailure } from "@/kit/useSay";
import { type Shares, useSharing } from "./queries";
import css from "./sharing.module.css";

interface ReferrerAddressProps {
  exam: string;
  /** Whom the exam names; empty: nobody. */
  name: string;
  known: Shares["referrer"];
}

export function ReferrerAddress({ exam, name, known }: ReferrerAddressProps) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const { know } = useSharing(exam);
  const [editing, setEditing] = useState(false);
  if (!name) return <p className={`t3 ${css.card}`}>{t("share.names_nobody")}</p>;
  if (known && !editing)
    return (
      <p className={`row wrap ${css.card}`}>
        <span className="t2">{t("share.told_at", { name: known.name, mail: known.mail })}</span>
        <i className="sp" />
        <button type="button" className="btn small" onClick={() => setEditing(true)}>
          {t("share.change_address")}
        </button>
      </p>
    );
  const save = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const mail = String(new FormData(event.currentTarget).get("referrer-mail") ?? "").trim();
    know.mutate(mail, {
      onSuccess: (kept) => {
        setEditing(false);
        done(t("share.address_kept", { name: kept.name }));
      },
      onError: (error) => say(troubleOf(error)),
    });
  };
  return (
    <form className={`${css.card} ${css.address}`} onSubmit={save}>
      <TextInput
        name="referrer-mail"
        type="email"
        required
        withAsterisk={false}
        maxLength={254}
        autoComplete="off"
        label={t("share.address_of", { name })}
        description={t("share.address_why")}
        inputWrapperOrder={["label", "input", "description", "error"]}
        defaultValue={known?.mail ?? ""}
      />
      <button type="submit" className="btn" disabled={know.isPending}>
        <IconCheck size={15} aria-hidden /> {t("share.keep_address")}
      </button>
    </form>
  );
}
