/** The results portal: who came in decides which pages there are. Every page has its own address. */
import "./portal.css";
import "./wide.css";
import { brand, light, properties } from "@/kit/tokens";
import { Failure, get, isReached, onReached, type Session, send, type Welcome } from "./api";
import { doctorPage } from "./doctor";
import { begin, heldChallenge, linkEntry, oneTime, patientEntry, takeLink } from "./entry";
import { closed, drawStrip, loading, show, state, tell } from "./frame";
import { imagesPage } from "./images";
import { lookPage } from "./looks";
import { go, onGo } from "./paths";
import { resultPage } from "./result";
import { firstLanguage, say, setTimeZone, speak } from "./words";

/** How often a page that is looked at asks whether its link still stands. */
const ASK_MS = 10_000;

for (const [name, colour] of Object.entries(properties({ ...light, ...brand }))) {
  document.documentElement.style.setProperty(name, colour);
}
speak(firstLanguage(), false);

function route(): void {
  const session = state.session;
  if (session === null) {
    patientEntry(enter);
    return;
  }
  const [page = "", link = ""] = location.pathname.replace(/^\/portal\/?/, "").split("/");
  if (page === "images") imagesPage(link || session.link);
  else if (page === "who" && session.audience === "patient") lookPage();
  else if (session.audience === "referrer") doctorPage(page === "result" ? link : "");
  else resultPage(session.link, page === "report");
}

function enter(): void {
  go("");
}

async function start(): Promise<void> {
  const link = takeLink();
  show(loading());
  state.welcome = await get<Welcome>("/welcome").catch(() => null);
  setTimeZone(state.welcome?.time_zone ?? "");
  if (link !== null) {
    linkEntry(link, enter);
    return;
  }
  try {
    begin(await get<Session>("/session"));
    route();
  } catch {
    const asked = heldChallenge();
    if (asked !== null) oneTime(asked, enter, () => patientEntry(enter));
    else patientEntry(enter);
  }
}

async function stillOpen(): Promise<void> {
  if (state.session === null || document.hidden) return;
  try {
    await get<Session>("/session");
  } catch (failure) {
    if (failure instanceof Failure && failure.status === 401) closed();
  }
}

onGo(route);
addEventListener("popstate", route);
addEventListener("hashchange", () => {
  const link = takeLink();
  if (link !== null) linkEntry(link, enter);
});
addEventListener("portal-entry", () => patientEntry(enter));
addEventListener("portal-leave", () => {
  void send("DELETE", "/session").catch(() => undefined);
  closed();
});
onReached(() => {
  drawStrip();
  if (isReached()) tell(say("online"));
});
addEventListener("offline", () => void stillOpen());
addEventListener("online", () => void stillOpen());
addEventListener("visibilitychange", () => void stillOpen());
setInterval(() => void stillOpen(), ASK_MS);
void start();
