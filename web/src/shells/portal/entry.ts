/** Come in: a patient's code and birth date, or the link a doctor received; then the one-time code. */
import { type Asked, Failure, holdToken, type Session, send } from "./api";
import { button, h, icon } from "./dom";
import { main, redrawBy, show, speakAs, state } from "./frame";
import { say } from "./words";

type Enter = () => void;
const HELD = "archipel.portal.challenge";

/** Take the secret of a link out of the address before anything else can see it. */
export function takeLink(): { link: string; secret: string } | null {
  const found = /^#([0-9a-f]{16})\.([\w-]{20,80})$/.exec(location.hash);
  if (location.hash !== "") history.replaceState(null, "", location.pathname);
  return found?.[1] && found[2] ? { link: found[1], secret: found[2] } : null;
}

export function patientEntry(enter: Enter): void {
  redrawBy(() => patientEntry(enter));
  const code = field("code", say("code"), {
    autocomplete: "off",
    autocapitalize: "characters",
    maxlength: 16,
  });
  const born = field(
    "born",
    say("born"),
    { autocomplete: "bday", inputmode: "numeric", maxlength: 10 },
    say("bornHint"),
  );
  born.input.addEventListener("input", () => slashes(born.input));
  const problem = h("p", { class: "problem", role: "alert" });
  const form = h(
    "form",
    { novalidate: true },
    code.row,
    born.row,
    problem,
    h("button", { type: "submit", class: "button main" }, say("see")),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const date = isoDate(born.input.value);
    if (date === null) {
      problem.textContent = say("badDate");
      born.input.focus();
      return;
    }
    void attempt(form, problem, say("wrong"), async () => {
      const asked = await send<Asked>("POST", "/entry/code", { code: code.input.value, birth_date: date });
      oneTime(asked, enter, () => patientEntry(enter));
    });
  });
  show(
    main(
      "narrow",
      h("h1", {}, say("title")),
      h("p", {}, say("where")),
      form,
      h("p", { class: "small" }, say("lost")),
      h("p", { class: "small" }, say("professional")),
    ),
  );
}

/** A link is opened by a press, not by itself: a mail scanner that follows links sends no code. */
export function linkEntry(found: { link: string; secret: string }, enter: Enter): void {
  redrawBy(() => linkEntry(found, enter));
  const problem = h("p", { class: "problem", role: "alert" });
  const form = h(
    "form",
    {},
    problem,
    h("button", { type: "submit", class: "button main" }, icon("mail"), say("sendCode")),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void attempt(form, problem, say("wrongLink"), async () => {
      oneTime(await send<Asked>("POST", "/entry/link", found), enter, () => linkEntry(found, enter));
    });
  });
  show(main("narrow", h("h1", {}, say("openLink")), h("p", {}, say("openLinkWhy")), form));
}

/** Go on with a code that was sent before the phone forgot this page. */
export function heldChallenge(): Asked | null {
  const held = sessionStorage.getItem(HELD);
  if (held === null) return null;
  const asked = JSON.parse(held) as Asked;
  return new Date(asked.expires_at) > new Date() ? asked : null;
}

export function oneTime(asked: Asked, enter: Enter, restart: () => void): void {
  redrawBy(() => oneTime(asked, enter, restart));
  sessionStorage.setItem(HELD, JSON.stringify(asked));
  const code = field("one-time", say("oneTime"), {
    autocomplete: "one-time-code",
    inputmode: "numeric",
    maxlength: 9,
  });
  const problem = h("p", { class: "problem", role: "alert" });
  const form = h(
    "form",
    {},
    code.row,
    problem,
    h("button", { type: "submit", class: "button main" }, say("confirm")),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void attempt(form, problem, say("wrongOneTime"), async () => {
      const session = await send<Session>("POST", "/entry/confirm", {
        challenge: asked.challenge,
        one_time_code: code.input.value,
      });
      sessionStorage.removeItem(HELD);
      begin(session);
      enter();
    });
  });
  const back = (): void => {
    sessionStorage.removeItem(HELD);
    restart();
  };
  show(
    main(
      "narrow",
      h("h1", {}, say("oneTime")),
      h("p", {}, say("sentTo", { to: asked.sent_to })),
      form,
      button(say("again"), back, "quiet"),
    ),
  );
  code.input.focus();
}

export function begin(session: Session): void {
  state.session = session;
  holdToken(session.csrf_token);
  speakAs(session);
}

async function attempt(
  form: HTMLFormElement,
  problem: HTMLElement,
  wrong: string,
  act: () => Promise<void>,
): Promise<void> {
  const press = form.querySelector("button[type=submit]") as HTMLButtonElement;
  press.disabled = true;
  problem.textContent = "";
  try {
    await act();
  } catch (failure) {
    problem.textContent = told(failure, wrong);
    form.querySelector("input")?.focus();
  } finally {
    press.disabled = false;
  }
}

function told(failure: unknown, wrong: string): string {
  if (!(failure instanceof Failure)) return say("error");
  if (failure.status === 429) {
    return say("delayed", { n: Math.max(1, Math.ceil(failure.retryAfterS / 60)) });
  }
  if (failure.status === 401 || failure.status === 422) {
    const left = failure.triesLeft === null ? "" : ` ${say("tries", { n: failure.triesLeft })}`;
    return wrong + left;
  }
  return `${say("error")} ${failure.reference && say("reference", { ref: failure.reference })}`;
}

function field(
  name: string,
  label: string,
  more: Record<string, string | number>,
  hint?: string,
): { row: HTMLElement; input: HTMLInputElement } {
  const id = `field-${name}`;
  const input = h("input", {
    id,
    name,
    required: true,
    spellcheck: "false",
    "aria-describedby": hint ? `${id}-hint` : undefined,
    ...more,
  });
  const row = h("div", { class: "field" }, h("label", { for: id }, label), input);
  if (hint) row.append(h("p", { class: "small", id: `${id}-hint` }, hint));
  return { row, input };
}

/** Put the strokes of a date in as it is typed, and never in the way of correcting it. */
function slashes(input: HTMLInputElement): void {
  if (input.selectionStart !== input.value.length) return;
  const digits = input.value.replace(/\D/g, "").slice(0, 8);
  if (/^\d{8}$/.test(digits) || /^\d+$/.test(input.value)) {
    input.value = [digits.slice(0, 2), digits.slice(2, 4), digits.slice(4)].filter((part) => part).join("/");
  }
}

export function isoDate(text: string): string | null {
  const found = /^\s*(\d{1,2})\D?(\d{1,2})\D?(\d{4})\s*$/.exec(text);
  if (!found) return null;
  const [d, m, y] = [Number(found[1]), Number(found[2]), Number(found[3])];
  const date = new Date(Date.UTC(y, m - 1, d));
  const real = date.getUTCFullYear() === y && date.getUTCMonth() === m - 1 && date.getUTCDate() === d;
  return real ? date.toISOString().slice(0, 10) : null;
}
