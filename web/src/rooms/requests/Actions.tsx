/** What may be done about a request, as the node says; what cannot be undone asks why. */
import { useState } from "react";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { AskReason } from "@/kit/AskReason";
import { IconBan, IconChecks, IconEye, IconId } from "@/kit/icons";
import { Kbd } from "@/kit/Kbd";
import { done } from "@/kit/notify";
import { useKeys } from "@/kit/useKeys";
import { useSayFailure } from "@/kit/useSay";
import { type MayDo, type RequestPage, useAct } from "./queries";
import css from "./requests.module.css";

export interface Ways {
  /** Images and report, side by side: claims it. */
  read: (exam: string) => void;
  /** The page of the exam. */
  open: (exam: string) => void;
  /** Another request, on the board. */
  request: (request: string) => void;
}

export function Actions({ page, ways }: { page: RequestPage; ways: Ways }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const act = useAct();
  const [asked, setAsked] = useState<"cancel" | "decline" | null>(null);
  const { row } = page;
  const { exam } = row;
  const may = (what: MayDo): boolean => row.may.includes(what);
  const run = (what: "cancel" | "decline" | "acknowledge", text = ""): void =>
    act.mutate(
      { request: row.request, act: what, text },
      {
        onSuccess: () => {
          setAsked(null);
          done(t(`tele.done.${what}`));
        },
        onError: (error) => say(troubleOf(error)),
      },
    );
  const reads = may("read") && exam !== null;
  const opens = may("open") && exam !== null;
  useKeys([
    ...(reads
      ? [{ id: "tele.read", strokes: ["o"], label: t("tele.read"), run: () => ways.read(exam) }]
      : []),
    ...(may("acknowledge")
      ? [
          {
            id: "tele.acknowledge",
            strokes: ["a"],
            label: t("tele.acknowledge"),
            run: () => run("acknowledge"),
          },
        ]
      : []),
  ]);
  return (
    <footer className={css.actions}>
      {row.side === "reading" && row.images.state !== "here" && row.stage !== "cancelled" && (
        <p className="t3">{t(exam === null ? "tele.open_when_acquired" : "tele.open_when_here")}</p>
      )}
      {(["cancel", "decline"] as const).map(
        (what) =>
          may(what) && (
            <button key={what} type="button" className="btn tall" onClick={() => setAsked(what)}>
              <IconBan size={16} aria-hidden /> {t(`tele.${what}`)}
            </button>
          ),
      )}
      <i className="sp" />
      {opens && (
        <button type="button" className="btn tall" onClick={() => ways.open(exam)}>
          <IconId size={16} aria-hidden /> {t("tele.open")}
        </button>
      )}
      {reads && (
        <button type="button" className="btn primary tall" onClick={() => ways.read(exam)}>
          <IconEye size={16} aria-hidden /> {t(row.reader?.mine ? "tele.read_on" : "tele.read")}{" "}
          <Kbd stroke="o" />
        </button>
      )}
      {may("acknowledge") && (
        <button
          type="button"
          className="btn primary tall"
          disabled={act.isPending}
          onClick={() => run("acknowledge")}
        >
          <IconChecks size={16} aria-hidden /> {t("tele.acknowledge")} <Kbd stroke="a" />
        </button>
      )}
      {asked && (
        <Why
          what={asked}
          busy={act.isPending}
          close={() => setAsked(null)}
          send={(text) => run(asked, text)}
        />
      )}
    </footer>
  );
}

interface WhyProps {
  what: "cancel" | "decline";
  busy: boolean;
  close: () => void;
  send: (text: string) => void;
}

function Why({ what, busy, close, send }: WhyProps) {
  const { t } = useTranslation();
  return (
    <AskReason
      title={t(`tele.why_title.${what}`)}
      consequence={t(`tele.why_body.${what}`)}
      verb={t(`tele.${what}`)}
      longest={2000}
      busy={busy}
      close={close}
      confirm={send}
    />
  );
}
