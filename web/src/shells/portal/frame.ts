/** What surrounds every page: the bar, the strip of what is wrong, the words read aloud, the way back. */
import type { Session, Welcome } from "./api";
import { Failure, isReached } from "./api";
import { button, h, icon } from "./dom";
import { chosen, clock, isLanguage, LANGUAGES, language, say, speak } from "./words";

export interface State {
  welcome: Welcome | null;
  session: Session | null;
  /** When what is on screen was fetched. */
  fetchedAt: Date;
}

export const state: State = { welcome: null, session: null, fetchedAt: new Date() };

let again: () => void = () => undefined;
/** How the page on screen is drawn again: after a change of language. */
export const redrawBy = (draw: () => void): void => {
  again = draw;
};
export const redraw = (): void => again();

const root = (): HTMLElement => document.getElementById("root") as HTMLElement;

/** Put a page on screen. Its heading takes the focus, so that it is read aloud. */
export function show(page: HTMLElement, options: { dark?: boolean; tabs?: HTMLElement | null } = {}): void {
  document.body.classList.toggle("dark", options.dark === true);
  document.title = "Archipel";
  root().replaceChildren(skip(), bar(), strip(), page, options.tabs ?? "", demo() ?? "", aloud());
  const heading = page.querySelector("h1");
  heading?.setAttribute("tabindex", "-1");
  heading?.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

export const main = (kind: string, ...children: (Node | string | null | false | undefined)[]): HTMLElement =>
  h("main", { id: "content", class: `page ${kind}` }, ...children);

/** Say something to everybody: seen for a while, and read aloud. */
export function tell(words: string): void {
  const place = document.getElementById("aloud");
  if (place === null) return;
  place.textContent = words;
  place.classList.add("seen");
  setTimeout(() => place.classList.remove("seen"), 6000);
}

function skip(): HTMLElement {
  return h("a", { href: "#content", class: "skip" }, say("skip"));
}

function bar(): HTMLElement {
  const doctor = state.session?.audience === "referrer";
  return h(
    "header",
    { class: "bar" },
    h("img", { src: "/favicon.svg", alt: "", width: 32, height: 32 }),
    h("span", { class: "name" }, doctor ? say("resultsOf") : "Archipel"),
    state.session ? h("span", { class: "who" }, state.session.name) : null,
    languages(),
    state.session ? button(say("leave"), () => dispatchEvent(new Event("portal-leave")), "quiet") : null,
  );
}

function languages(): HTMLElement {
  const choice = h("select", { "aria-label": say("language"), class: "language" });
  for (const [code, name] of Object.entries(LANGUAGES)) {
    choice.append(h("option", { value: code, selected: code === language() }, name));
  }
  choice.addEventListener("change", () => {
    if (isLanguage(choice.value)) speak(choice.value);
    redraw();
  });
  return choice;
}

/** Speak the recipient's language, unless this seat chose its own. */
export function speakAs(session: Session): void {
  if (!chosen() && isLanguage(session.language)) speak(session.language, false);
}

function strip(): HTMLElement {
  const silent = isReached()
    ? null
    : h("p", { class: "strip", role: "status" }, say("offline", { at: clock(state.fetchedAt) }));
  return h("div", { id: "strip" }, silent);
}

/** The strip alone is drawn again: what somebody types below it stays. */
export const drawStrip = (): void => document.getElementById("strip")?.replaceWith(strip());

function demo(): HTMLElement | null {
  const told = state.session?.demo ?? state.welcome?.demo ?? false;
  return told ? h("p", { class: "demo" }, say("demo")) : null;
}

/** The same on every page: what was said while the next one loaded is still there when it comes. */
const aloud = (): HTMLElement =>
  document.getElementById("aloud") ?? h("p", { id: "aloud", role: "status", "aria-live": "polite" });

export const loading = (): HTMLElement =>
  main(
    "waiting",
    h("h1", {}, say("loading")),
    h("div", { class: "bone" }),
    h("div", { class: "bone short" }),
  );

/** Say that it did not work, what was not changed, and offer to try again. */
export function failed(failure: unknown, retry: () => void): HTMLElement {
  const known = failure instanceof Failure ? failure : null;
  return h(
    "div",
    { class: "card bad", role: "alert" },
    h("p", {}, known?.status === 0 ? say("offline", { at: clock(state.fetchedAt) }) : say("error")),
    known?.reference ? h("p", { class: "small" }, say("reference", { ref: known.reference })) : null,
    button(say("retry"), retry),
  );
}

/** Load something and draw it; what was on screen stays when the node is not reached. */
export async function load<T>(fetching: () => Promise<T>, draw: (found: T) => void): Promise<void> {
  const slow = setTimeout(() => show(loading()), 250);
  try {
    const found = await fetching();
    clearTimeout(slow);
    state.fetchedAt = new Date();
    draw(found);
  } catch (failure) {
    clearTimeout(slow);
    if (failure instanceof Failure && failure.status === 401) {
      closed();
      return;
    }
    const retry = (): void => void load(fetching, draw);
    show(main("failed", h("h1", {}, say("result")), failed(failure, retry)));
  }
}

/** The session is over: by a cut, by time, or by nobody moving. */
export function closed(): void {
  state.session = null;
  redrawBy(closed);
  history.replaceState(null, "", "/portal/");
  show(
    main(
      "narrow",
      h("div", { class: "emblem" }, icon("lock")),
      h("h1", {}, say("closed")),
      h("p", {}, say("closedWhy")),
      button(say("comeIn"), () => dispatchEvent(new Event("portal-entry")), "main"),
    ),
  );
}
