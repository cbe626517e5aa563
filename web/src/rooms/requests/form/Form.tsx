/** A new request for reading: the question, how urgent, why, who knows, whom to call; beside it who will read and why. */
import { type UseQueryOptions, useQuery } from "@tanstack/react-query";
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
import {
  type Asking,
  type AwaitedAsking,
  type ExamPage,
  examQuery,
  type Partners,
  type Patient,
  partnersQuery,
  type Urgency,
  useAct,
  usePlace,
} from "../queries";
import { blank, type Draft, FIELDS, forget, keep, kept, missing, written } from "./draft";
import { Callback, Consent, type FieldsProps, Justification, Question, UrgencyChoice } from "./Fields";
import css from "./form.module.css";
import { ToldByMail } from "./ToldByMail";
import { WhoReads } from "./WhoReads";

/** What every form needs, whether its exam is acquired or awaited. */
export interface FormWays {
  login: string;
  me: string;
  /** To the board, with this request open. */
  sent: (request: string) => void;
  /** Back to this form: the request was taken back. */
  reopened: () => void;
  back: () => void;
  home: ReactNode;
}

export function RequestForm({ exam, ...ways }: FormWays & { exam: string }) {
  const query = useQuery(examQuery(exam));
  return (
    <Answer query={query} trouble={troubleOf} columns={[2, 1]} rows={8} home={ways.home}>
      {(page) => (
        <Filling
          {...ways}
          seat={exam}
          patient={page.row.patient}
          urgency={page.row.urgency}
          about={() => <Exam page={page} />}
          images={page.row.images.received}
          partnersOf={(draft) => partnersQuery(exam, draft.urgency)}
          body={(draft, partners) => written(exam, draft, partners)}
        />
      )}
    </Answer>
  );
}

interface FillingProps extends FormWays {
  /** Under what the draft is kept on this seat. */
  seat: string;
  patient: Patient;
  urgency: Urgency;
  /** What is to be read: an exam, or the fields that say which is awaited. */
  about: (fields: FieldsProps) => ReactNode;
  /** How many images leave now; null: the exam is not acquired yet. */
  images: number | null;
  partnersOf: (draft: Draft) => UseQueryOptions<Partners>;
  body: (draft: Draft, partners: Partners | undefined) => Asking | AwaitedAsking;
}

export function Filling(props: FillingProps) {
  const { seat, login, me, patient, urgency, about, images, sent, reopened, back } = props;
  const { t } = useTranslation();
  const say = useSayFailure();
  const [draft, setDraft] = useState<Draft>(() => ({
    ...blank(urgency, me, new Date(serverNow())),
    ...kept(login, seat),
  }));
  const [tried, setTried] = useState(false);
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const form = useRef<HTMLFormElement>(null);
  const partners = useQuery(props.partnersOf(draft));
  const place = usePlace();
  const act = useAct();
  const wrong = missing(draft, partners.data, images === null);
  const count = Object.keys(wrong).length;
  const change = (next: Partial<Draft>): void => {
    const now = { ...draft, ...next };
    setDraft(now);
    keep(login, seat, now);
  };
  const errorOf = (field: (typeof FIELDS)[number]): string | undefined => {
    const word = wrong[field];
    return word && (tried || touched.has(field)) ? t(word) : undefined;
  };
  // By promises: this page is gone by the time the request is taken back.
  const undo = (request: string, before: Draft): Promise<void> =>
    act.mutateAsync({ request, act: "cancel", text: t("tele.undo_reason") }).then(
      () => {
        keep(login, seat, before);
        done(t("tele.undone"));
        reopened();
      },
      (error: unknown) => say(troubleOf(error)),
    );
  const near = partners.data?.near[0];
  const send = (): void => {
    setTried(true);
    const first = FIELDS.find((field) => wrong[field]);
    if (first) {
      form.current?.querySelector<HTMLElement>(`[data-field="${first}"] :is(input, textarea)`)?.focus();
      return;
    }
    if (place.isPending || near) return;
    place.mutateAsync(props.body(draft, partners.data)).then(
      ({ row }) => {
        forget(login, seat);
        sent(row.request);
        done(t("tele.sent", { name: row.reading.name }), {
          label: t("common.undo"),
          run: () => void undo(row.request, draft),
        });
      },
      (error: unknown) => say(troubleOf(error)),
    );
  };
  useKeys([
    { id: "tele.send", strokes: ["ctrl+Enter"], label: t("tele.send"), run: send },
    { id: "tele.back", strokes: ["Escape"], label: t("keys.back"), run: back, quiet: true },
  ]);
  // The first thing to say is what is asked; of an exam to come, which one.
  const start = images === null ? "procedure" : "question";
  useEffect(
    () => form.current?.querySelector<HTMLElement>(`[data-field="${start}"] :is(input, textarea)`)?.focus(),
    [start],
  );
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
          <Head patient={patient} />
          {near && <Near near={near} awaited={images === null} open={sent} />}
          <section className="panel">
            <div className={css.panel}>
              {about(fields)}
              <Question {...fields} />
            </div>
          </section>
          <UrgencyChoice {...fields} />
          <div className={css.pair}>
            <Justification {...fields} />
            <Consent {...fields} />
          </div>
          <Callback {...fields} />
          <ToldByMail {...fields} />
        </section>
        <Foot count={count} back={back} busy={place.isPending || near !== undefined} />
      </div>
      <WhoReads {...fields} query={partners} images={images} />
    </form>
  );
}

interface NearProps {
  near: Partners["near"][number];
  awaited: boolean;
  open: (request: string) => void;
}

/** That such a request is under way: asking twice helps nobody. */
function Near({ near, awaited, open }: NearProps) {
  const { t } = useTranslation();
  return (
    <p className={`strip wrap ${css.near}`} role="status">
      <IconAlertTriangle size={15} aria-hidden /> <b>{t(awaited ? "tele.near_awaited" : "tele.near")}</b>
      <span>
        {t("tele.near_detail", { name: near.reading.name, time: when(near.placed_at, serverNow()) })}
      </span>
      <i className="sp" />
      <button type="button" className="btn small" onClick={() => open(near.request)}>
        {t("tele.near_open")}
      </button>
    </p>
  );
}

function Foot({ count, busy, back }: { count: number; busy: boolean; back: () => void }) {
  const { t } = useTranslation();
  return (
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
      <button type="submit" className="btn primary tall" disabled={busy}>
        <IconSend size={16} aria-hidden /> {t("tele.send")} <Kbd stroke="ctrl+Enter" />
      </button>
    </footer>
  );
}

function Head({ patient }: { patient: Patient }) {
  const { t } = useTranslation();
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
