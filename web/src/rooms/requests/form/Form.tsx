/** A new request for reading: the question, how urgent, why, who knows, whom to call; beside it who will read and why. */
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { age, date, dayAndClock, when } from "@/i18n/format";
import { Answer } from "@/kit/Answer";
import { IconAlertTriangle, IconCheck, IconSend } from "@/kit/icons";
import { Kbd } from "@/kit/Kbd";
import { IdentityMark, Modalities, Tag } from "@/kit/Marks";
import { done } from "@/kit/notify";
import { serverNow } from "@/kit/time";
import { useKeys } from "@/kit/useKeys";
import { useSayFailure } from "@/kit/useSay";
import { type ExamPage, examQuery, type Partners, partnersQuery, useAct, usePlace } from "../queries";
import { blank, type Draft, FIELDS, forget, keep, kept, missing, written } from "./draft";
import { Callback, Consent, Justification, Question, UrgencyChoice } from "./Fields";
import css from "./form.module.css";
import { WhoReads } from "./WhoReads";

export interface FormProps {
  exam: string;
  login: string;
  me: string;
  /** To the board, with this request open. */
  sent: (request: string) => void;
  /** Back to this form: the request was taken back. */
  reopened: (exam: string) => void;
  back: () => void;
  home: ReactNode;
}

export function RequestForm(props: FormProps) {
  const query = useQuery(examQuery(props.exam));
  return (
    <Answer query={query} trouble={troubleOf} columns={[2, 1]} rows={8} home={props.home}>
      {(page) => <Filling {...props} page={page} />}
    </Answer>
  );
}

function Filling({ exam, login, me, sent, reopened, back, page }: FormProps & { page: ExamPage }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const [draft, setDraft] = useState<Draft>(
    () => kept(login, exam) ?? blank(page.row.urgency, me, new Date(serverNow())),
  );
  const [tried, setTried] = useState(false);
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const form = useRef<HTMLFormElement>(null);
  const partners = useQuery(partnersQuery(exam, draft.urgency));
  const place = usePlace();
  const act = useAct();
  const wrong = missing(draft, partners.data);
  const count = Object.keys(wrong).length;
  const change = (next: Partial<Draft>): void => {
    const now = { ...draft, ...next };
    setDraft(now);
    keep(login, exam, now);
  };
  const errorOf = (field: (typeof FIELDS)[number]): string | undefined => {
    const word = wrong[field];
    return word && (tried || touched.has(field)) ? t(word) : undefined;
  };
  // By promises: this page is gone by the time the request is taken back.
  const undo = (request: string, before: Draft): Promise<void> =>
    act.mutateAsync({ request, act: "cancel", text: t("tele.undo_reason") }).then(
      () => {
        keep(login, exam, before);
        done(t("tele.undone"));
        reopened(exam);
      },
      (error: unknown) => say(troubleOf(error)),
    );
  const send = (): void => {
    setTried(true);
    const first = FIELDS.find((field) => wrong[field]);
    if (first) {
      form.current?.querySelector<HTMLElement>(`[data-field="${first}"] :is(input, textarea)`)?.focus();
      return;
    }
    if (place.isPending || near) return;
    place.mutateAsync(written(exam, draft, partners.data)).then(
      ({ row }) => {
        forget(login, exam);
        sent(row.request);
        done(t("tele.sent", { name: row.reading.name }), {
          label: t("common.undo"),
          run: () => void undo(row.request, draft),
        });
      },
      (error: unknown) => say(troubleOf(error)),
    );
  };
  const near = partners.data?.near[0];
  useKeys([
    { id: "tele.send", strokes: ["ctrl+Enter"], label: t("tele.send"), run: send },
    { id: "tele.back", strokes: ["Escape"], label: t("keys.back"), run: back, quiet: true },
  ]);
  // The first thing to say is the question.
  useEffect(() => form.current?.querySelector<HTMLElement>('[data-field="question"] textarea')?.focus(), []);
  const fields = {
    draft,
    change,
    errorOf,
    touch: (field: string) => setTouched(new Set([...touched, field])),
  };
  return (
    <form
      className={css.form}
      ref={form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div className={css.left}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
        <section className={css.scroll} tabIndex={0} aria-label={t("tele.new")}>
          <Head page={page} />
          {near && (
            <p className={`strip wrap ${css.near}`} role="status">
              <IconAlertTriangle size={15} aria-hidden /> <b>{t("tele.near")}</b>
              <span>
                {t("tele.near_detail", { name: near.reading.name, time: when(near.placed_at, serverNow()) })}
              </span>
              <i className="sp" />
              <button type="button" className="btn small" onClick={() => sent(near.request)}>
                {t("tele.near_open")}
              </button>
            </p>
          )}
          <section className="panel">
            <div className={css.panel}>
              <Exam page={page} />
              <Question {...fields} />
            </div>
          </section>
          <UrgencyChoice {...fields} />
          <div className={css.pair}>
            <Justification {...fields} />
            <Consent {...fields} />
          </div>
          <Callback {...fields} />
        </section>
        <footer className={css.foot}>
          {count > 0 ? (
            <Tag tone="urgent" icon={IconAlertTriangle} className="big">
              {t("tele.missing_count", { count })}
            </Tag>
          ) : (
            <Tag tone="ok" icon={IconCheck} className="big">
              {t("tele.ready_to_send")}
            </Tag>
          )}
          <i className="sp" />
          <button type="button" className="btn tall" onClick={back}>
            {t("tele.keep_draft")}
          </button>
          <button type="submit" className="btn primary tall" disabled={place.isPending || near !== undefined}>
            <IconSend size={16} aria-hidden /> {t("tele.send")} <Kbd stroke="ctrl+Enter" />
          </button>
        </footer>
      </div>
      <WhoReads {...fields} query={partners} images={page.row.images.received} />
    </form>
  );
}

function Head({ page }: { page: ExamPage }) {
  const { t } = useTranslation();
  const { patient } = page.row;
  return (
    <header className={css.head}>
      <h1>{t("tele.new")}</h1>
      <span className={css.person}>
        <b>
          {patient.family_name} {patient.given_name}
        </b>
        <span>
          {[
            patient.sex ? t(`exam.sex.${patient.sex}`) : t("exam.sex.none"),
            date(patient.birth_date),
            age(patient.birth_date, serverNow(), t),
          ]
            .filter(Boolean)
            .join(" · ")}
        </span>
        <IdentityMark status={patient.identity_status} />
      </span>
      <i className="sp" />
      <small className="t2">
        <IconCheck size={14} aria-hidden /> {t("tele.draft_kept")}
      </small>
    </header>
  );
}

function Exam({ page }: { page: ExamPage }) {
  const { t } = useTranslation();
  const { row } = page;
  return (
    <p className={css.exam}>
      <Modalities codes={row.modalities} /> <b>{row.description || t("exam.untitled")}</b>
      <span className="t2">
        {row.site.name} · {dayAndClock(row.study_at ?? row.arrived_at)} ·{" "}
        {t("common.images", { count: row.images.received })}
      </span>
    </p>
  );
}

export type { Partners };
