/** The draft of a request: what is typed, what is still missing, what is sent. Pure, apart from the seat that keeps it. */
import type { Asking, AwaitedAsking, Awaiting, Partners, Urgency } from "../queries";

export type ConsentKind = Asking["consent"]["kind"];

export interface Draft {
  /** Null: the prior that the node proposes. */
  priors: string[] | null;
  question: string;
  urgency: Urgency;
  reason: string;
  substitution: string;
  consent: ConsentKind | "";
  informedBy: string;
  /** As `datetime-local` writes it, in the zone of this seat. */
  informedAt: string;
  name: string;
  phone: string;
  verifiedAt: string | null;
  /** Null: whom the ladder proposes. */
  partner: string | null;
  override: string;
  /** Of an exam that is not acquired yet. */
  modality: string;
  procedure: string;
  accession: string;
  /** Who is told of the result by mail; both empty: nobody else than the exam names. */
  referrer: string;
  referrerMail: string;
}

export const MODALITIES = ["CT", "MR", "US", "DX", "CR", "MG", "XA", "NM", "PT"] as const;

export const QUESTION_MIN = 15;
export const LIMITS = {
  question: 4000,
  text: 2000,
  name: 128,
  phone: 32,
  override: 500,
  accession: 64,
  mail: 254,
} as const;
/** As the node reads a telephone number. */
const MAIL = /^[^@\s]{1,64}@[^@\s]+\.[^@\s]{2,}$/;
const PHONE = /^\+?[0-9][0-9 .()-]{2,30}$/;

/** The usual delays; an agreement may promise others, told beside its partner. */
export const USUAL_MS: Record<Urgency, number> = {
  stat: 15 * 60_000,
  urgent: 60 * 60_000,
  inpatient: 4 * 3_600_000,
  routine: 24 * 3_600_000,
};

/** The wall clock of this seat as `datetime-local` wants it. */
export function localTime(at: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${String(at.getFullYear())}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

export const blank = (urgency: Urgency, me: string, now: Date): Draft => ({
  priors: null,
  question: "",
  urgency,
  reason: "",
  substitution: "",
  consent: "",
  informedBy: me,
  informedAt: localTime(now),
  name: "",
  phone: "",
  verifiedAt: null,
  partner: null,
  override: "",
  modality: "CT",
  procedure: "",
  accession: "",
  referrer: "",
  referrerMail: "",
});

export type Field =
  | "procedure"
  | "question"
  | "reason"
  | "consent"
  | "informedBy"
  | "informedAt"
  | "name"
  | "phone"
  | "referrer"
  | "referrerMail"
  | "override";
/** The fields in the order of the page: the first one wrong takes the cursor. */
export const FIELDS: readonly Field[] = [
  "procedure",
  "question",
  "reason",
  "consent",
  "informedBy",
  "informedAt",
  "name",
  "phone",
  "referrer",
  "referrerMail",
  "override",
];

export type Missing =
  | "tele.missing.procedure"
  | "tele.missing.referrer"
  | "tele.missing.mail"
  | "tele.missing.question"
  | "tele.missing.reason"
  | "tele.missing.consent"
  | "tele.missing.emergency"
  | "tele.missing.informed_by"
  | "tele.missing.informed_at"
  | "tele.missing.name"
  | "tele.missing.phone"
  | "tele.missing.override";

export const proposed = (partners: Partners | undefined): Partners["rungs"][number] | undefined =>
  partners?.rungs.find((rung) => rung.chosen);

const isOverriding = (draft: Draft, partners: Partners | undefined): boolean =>
  draft.partner !== null && draft.partner !== proposed(partners)?.site.key;

/** Who is told by mail is named with an address, or not at all. */
function mailWrong(draft: Draft): Partial<Record<Field, Missing>> {
  const [name, mail] = [draft.referrer.trim(), draft.referrerMail.trim()];
  if (mail && !name) return { referrer: "tele.missing.referrer" };
  return name && !MAIL.test(mail) ? { referrerMail: "tele.missing.mail" } : {};
}

/** What stands against sending, field by field. */
export function missing(
  draft: Draft,
  partners: Partners | undefined,
  awaited = false,
): Partial<Record<Field, Missing>> {
  const wrong: Partial<Record<Field, Missing>> = mailWrong(draft);
  if (awaited && !draft.procedure.trim()) wrong.procedure = "tele.missing.procedure";
  if (draft.question.trim().length < QUESTION_MIN) wrong.question = "tele.missing.question";
  if (!draft.reason.trim()) wrong.reason = "tele.missing.reason";
  if (draft.consent === "") wrong.consent = "tele.missing.consent";
  if (draft.consent === "emergency" && draft.urgency !== "stat") wrong.consent = "tele.missing.emergency";
  if (draft.consent !== "" && draft.consent !== "emergency") {
    if (!draft.informedBy.trim()) wrong.informedBy = "tele.missing.informed_by";
    if (Number.isNaN(Date.parse(draft.informedAt))) wrong.informedAt = "tele.missing.informed_at";
  }
  if (!draft.name.trim()) wrong.name = "tele.missing.name";
  if (!PHONE.test(draft.phone.trim())) wrong.phone = "tele.missing.phone";
  if (isOverriding(draft, partners) && !draft.override.trim()) wrong.override = "tele.missing.override";
  return wrong;
}

/** The body of `POST /api/requests/awaited`. */
export function writtenAhead(whose: Awaiting, draft: Draft, partners: Partners | undefined): AwaitedAsking {
  const { modality, procedure, accession } = draft;
  const awaited = { ...whose, modality, procedure: procedure.trim(), accession: accession.trim() };
  return { awaited, ...said(draft, partners) };
}

/** The body of `POST /api/requests`. */
export const written = (exam: string, draft: Draft, partners: Partners | undefined): Asking => ({
  exam,
  ...said(draft, partners),
});

function said(draft: Draft, partners: Partners | undefined): Omit<Asking, "exam"> {
  const informed = draft.consent !== "emergency";
  return {
    ...(draft.priors === null ? {} : { priors: draft.priors }),
    question: draft.question.trim(),
    urgency: draft.urgency,
    justification: { reason: draft.reason.trim(), substitution: draft.substitution.trim() },
    callback: { name: draft.name.trim(), phone: draft.phone.trim(), verified_at: draft.verifiedAt },
    consent: {
      kind: draft.consent === "" ? "given" : draft.consent,
      by: informed ? draft.informedBy.trim() : "",
      at: informed ? new Date(draft.informedAt).toISOString() : null,
    },
    ...(draft.referrerMail.trim()
      ? {
          referrer: {
            name: draft.referrer.trim(),
            mail: draft.referrerMail.trim(),
            language: "fr" as const,
          },
        }
      : {}),
    ...(isOverriding(draft, partners) && draft.partner !== null
      ? { partner: draft.partner, override: draft.override.trim() }
      : { override: "" }),
  };
}

const seatKey = (login: string, exam: string): string => `archipel.request.${login}.${exam}`;

/** The draft that this seat kept for this person and exam; null where there is none that can be read. */
export function kept(login: string, exam: string): Draft | null {
  try {
    const held: unknown = JSON.parse(localStorage.getItem(seatKey(login, exam)) ?? "null");
    return held !== null && typeof held === "object" && "question" in held ? (held as Draft) : null;
  } catch {
    return null;
  }
}

export function keep(login: string, exam: string, draft: Draft): void {
  localStorage.setItem(seatKey(login, exam), JSON.stringify(draft));
}

export function forget(login: string, exam: string): void {
  localStorage.removeItem(seatKey(login, exam));
}
