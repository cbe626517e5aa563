/** Who looked, and which links stand: to cut, to extend, to ask about. */
import { Failure, get, type Look, type PatientLink, send } from "./api";
import { button, h, icon } from "./dom";
import { closed, failed, load, main, redrawBy, show, tell } from "./frame";
import { tabs } from "./result";
import { day, type Key, moment, say } from "./words";

interface Found {
  looks: Look[];
  links: PatientLink[];
}

export function lookPage(): void {
  const fetching = async (): Promise<Found> => ({
    looks: await get<Look[]>("/looks"),
    links: await get<PatientLink[]>("/links"),
  });
  void load(fetching, (found) => {
    const draw = (): void => page(found);
    redrawBy(draw);
    draw();
  });
}

function page({ looks, links }: Found): void {
  const rows = looks.map(look);
  show(
    main(
      "patient",
      h("h1", {}, say("whoTitle")),
      h("ul", { class: "card looks" }, ...(rows.length > 0 ? rows : [h("li", {}, say("nobody"))])),
      h(
        "section",
        { class: "card" },
        h("h2", {}, say("links"), h("span", { class: "pill" }, say("active", { n: links.length }))),
        ...links.map(link),
      ),
    ),
    { tabs: tabs("who") },
  );
}

const ROLES = [
  "referrer",
  "radiologist",
  "technologist",
  "secretary",
  "device",
  "node",
  "person",
  "guest",
  "patient",
];

function role(what: string): string {
  return say((ROLES.includes(what) ? what : "other") as Key);
}

function look(one: Look): HTMLElement {
  const more = one.mine ? say("thisLink") : [role(one.what), one.organisation].filter(Boolean).join(", ");
  const row = h(
    "li",
    {},
    h("span", { class: "emblem" }, icon("person")),
    h(
      "div",
      {},
      h("strong", {}, one.mine ? say("you") : one.who || role(one.what)),
      h("p", { class: "small" }, more),
    ),
    h("time", { datetime: one.at, class: "small" }, moment(one.at)),
  );
  if (!one.mine) row.append(question(one));
  return row;
}

function question(one: Look): HTMLElement {
  const words = h("textarea", { maxlength: 1000, rows: 3, id: `odd-${one.sequence}` });
  const place = h("details", { class: "odd" }, h("summary", {}, say("odd")));
  const press = button(say("oddSend"), () => void ask(), "plain");
  const ask = async (): Promise<void> => {
    press.disabled = true;
    try {
      await send("POST", `/looks/${one.sequence}/question`, { words: words.value });
      place.replaceChildren(h("summary", {}, say("oddDone")));
      tell(say("oddDone"));
    } catch (failure) {
      press.disabled = false;
      wrong(failure);
    }
  };
  place.append(h("label", { for: `odd-${one.sequence}` }, say("oddWhat")), words, press);
  return place;
}

function link(one: PatientLink): HTMLElement {
  const content = one.content === "report" ? "report" : (`report+${one.content}` as Key);
  return h(
    "div",
    { class: "shared" },
    h(
      "p",
      {},
      icon("link"),
      h("strong", {}, one.mine ? say("you") : one.name),
      one.mine ? "" : `, ${role(one.audience)}`,
    ),
    h("p", { class: "small" }, `${say(content)} · ${say("until", { day: day(one.expires_at) })}`),
    h(
      "div",
      { class: "pair" },
      button(say("extend"), () => void extend(one), "plain"),
      cutter(one),
    ),
  );
}

async function extend(one: PatientLink): Promise<void> {
  try {
    const longer = await send<PatientLink>("POST", `/links/${one.link}/extension`);
    lookPage();
    tell(say("extended", { day: day(longer.expires_at) }));
  } catch (failure) {
    wrong(failure);
  }
}

/** Cutting asks once: what it does, in one sentence, before it does it. */
function cutter(one: PatientLink): HTMLElement {
  const dialog = h(
    "dialog",
    { class: "sure", "aria-label": say("cut") },
    h("p", { class: "large" }, say("cutSure")),
    one.mine ? h("p", {}, say("cutOwn")) : null,
  );
  const cut = async (): Promise<void> => {
    dialog.close();
    try {
      await send("DELETE", `/links/${one.link}`);
      if (one.mine) closed();
      else lookPage();
      tell(say("cutDone"));
    } catch (failure) {
      wrong(failure);
    }
  };
  dialog.append(
    h(
      "div",
      { class: "pair" },
      button(say("cutNo"), () => dialog.close(), "plain"),
      button(say("cutYes"), () => void cut(), "danger solid"),
    ),
  );
  return h(
    "div",
    {},
    button(say("cut"), () => dialog.showModal(), "danger"),
    dialog,
  );
}

function wrong(failure: unknown): void {
  if (failure instanceof Failure && failure.status === 401) closed();
  else if (failure instanceof Failure && (failure.status === 409 || failure.status === 404)) {
    lookPage();
    tell(say("already"));
  } else {
    show(main("patient", h("h1", {}, say("whoTitle")), failed(failure, lookPage)), { tabs: tabs("who") });
  }
}
