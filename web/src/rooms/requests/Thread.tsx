/** The words exchanged about a request between those who asked and those who read. */
import { Textarea } from "@mantine/core";
import { useState } from "react";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { when } from "@/i18n/format";
import { IconMessage, IconSend, IconShieldCheck } from "@/kit/icons";
import { serverNow } from "@/kit/time";
import { useSayFailure } from "@/kit/useSay";
import { type RequestPage, useAct } from "./queries";
import css from "./requests.module.css";

const LONGEST = 2000;

export function Thread({ page, me }: { page: RequestPage; me: string }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const act = useAct();
  const [text, setText] = useState("");
  const send = (): void => {
    const words = text.trim();
    if (!words || act.isPending) return;
    act.mutate(
      { request: page.row.request, act: "note", text: words },
      { onSuccess: () => setText(""), onError: (error) => say(troubleOf(error)) },
    );
  };
  return (
    <section className={css.part} aria-labelledby="thread">
      <h3 id="thread">
        <IconMessage size={14} aria-hidden /> {t("tele.thread")}
      </h3>
      {page.notes.length === 0 && <p className="t3">{t("tele.thread_none")}</p>}
      <ul className={css.thread}>
        {page.notes.map((note) => (
          <li key={`${note.at} ${note.by}`} data-mine={note.by === me}>
            <small>
              {note.by === me ? t("tele.you") : `${note.by} · ${note.organisation}`} ·{" "}
              {when(note.at, serverNow())}
            </small>
            {note.text}
          </li>
        ))}
      </ul>
      {page.row.may.includes("note") && (
        <form
          className={css.write}
          onSubmit={(event) => {
            event.preventDefault();
            send();
          }}
        >
          <Textarea
            aria-label={t("tele.thread_write")}
            placeholder={t("tele.thread_write")}
            value={text}
            maxLength={LONGEST}
            autosize
            minRows={1}
            maxRows={5}
            onChange={(event) => setText(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && event.ctrlKey) {
                event.preventDefault();
                send();
              }
            }}
          />
          <button type="submit" className="btn" disabled={!text.trim() || act.isPending}>
            <IconSend size={15} aria-hidden /> {t("tele.thread_send")}
          </button>
        </form>
      )}
      <p className={`t3 ${css.sealed}`}>
        <IconShieldCheck size={13} aria-hidden /> {t("tele.thread_kept")}
      </p>
    </section>
  );
}
