/** The referring doctor's pages: the list, and one result with its conclusion first. */
import { type Brief, Failure, get, type Result, send } from "./api";
import { button, h, icon } from "./dom";
import { closed, load, main, redrawBy, show, tell } from "./frame";
import { go } from "./paths";
import { download, pictures, sections } from "./result";
import { day, moment, say } from "./words";

interface Found {
  list: Brief[];
  open: Result | null;
}

export function doctorPage(link: string): void {
  const fetching = async (): Promise<Found> => {
    const list = await get<Brief[]>("/results");
    const wanted =
      link || (list.length === 1 || matchMedia("(min-width: 60rem)").matches ? list[0]?.link : "");
    return { list, open: wanted ? await get<Result>(`/results/${wanted}`) : null };
  };
  void load(fetching, (found) => {
    const draw = (): void => page(found);
    redrawBy(draw);
    draw();
  });
}

function page(found: Found): void {
  const { open } = found;
  // The list was asked for before the result was opened.
  const list = found.list.map((one) => (one.link === open?.link ? { ...one, ...open, opened: true } : one));
  const replace = (result: Result): void => page({ list, open: result });
  show(
    main(
      open ? "doctor opened" : "doctor",
      h(
        "nav",
        { class: "results", "aria-label": say("results") },
        open ? h("h2", {}, say("results")) : h("h1", {}, say("results")),
        list.length > 0
          ? h("ul", {}, ...list.map((one) => row(one, open?.link === one.link)))
          : h("p", { class: "empty" }, say("none")),
      ),
      open ? detail(open, list.length > 1, replace) : null,
      open ? aside(open, replace) : null,
    ),
  );
}

function row(one: Brief, here: boolean): HTMLElement {
  const mark =
    one.state === "waiting"
      ? say("waiting")
      : one.acknowledged_at
        ? say("taken")
        : say(one.opened ? "read" : "unread");
  const press = h(
    "button",
    {
      type: "button",
      class: one.opened || one.state === "waiting" ? "line" : "line new",
      click: () => go(`result/${one.link}`),
    },
    h("strong", {}, name(one)),
    h("span", {}, one.description || one.modalities.join(" ")),
    h("span", { class: "small" }, one.organisation),
    h("span", { class: "pill" }, mark),
  );
  if (here) press.setAttribute("aria-current", "true");
  return h("li", {}, press);
}

const name = (one: Brief): string => `${one.patient_family_name} ${one.patient_given_name}`.trim();

function detail(result: Result, several: boolean, replace: (result: Result) => void): HTMLElement {
  const report = result.report;
  return h(
    "section",
    { class: "detail" },
    several ? button(say("results"), () => go(""), "quiet only-narrow", "back") : null,
    h("h1", {}, name(result)),
    h(
      "p",
      { class: "small" },
      [result.patient_sex, result.patient_birth_date && day(result.patient_birth_date)]
        .filter(Boolean)
        .join(" · "),
    ),
    report?.important && !result.acknowledged_at ? important(result, replace) : null,
    h("h2", {}, result.description || result.modalities.join(" ")),
    h(
      "p",
      { class: "small" },
      [result.study_at && moment(result.study_at), result.organisation].filter(Boolean).join(" · "),
    ),
    report?.state === "preliminary" ? h("p", { class: "pill info" }, say("provisional")) : null,
    report
      ? h(
          "div",
          { class: "pair" },
          result.content === "report"
            ? null
            : button(say("images"), () => go(`images/${result.link}`), "plain", "image"),
          download(result.link, "plain"),
          button(say("print"), () => print(), "plain", "print"),
        )
      : h("p", { class: "card notice" }, say("waitDoctorReport")),
    report ? sections(report) : null,
    report && report.key_images.length > 0 ? pictures(result.link, report.key_images.length) : null,
  );
}

function important(result: Result, replace: (result: Result) => void): HTMLElement {
  return h(
    "div",
    { class: "card bad", role: "alert" },
    h("p", {}, icon("bell"), h("strong", {}, say("toAcknowledge"))),
    acknowledging(result, replace, "danger solid"),
  );
}

function acknowledging(result: Result, replace: (result: Result) => void, kind: string): HTMLElement {
  return button(
    say("acknowledge"),
    () => void act(`/results/${result.link}/acknowledgement`, replace),
    kind,
    "check",
  );
}

function aside(result: Result, replace: (result: Result) => void): HTMLElement {
  const told = result.state === "told";
  const patient = result.announced ? say("announced") : say("afterAnnounce");
  return h(
    "aside",
    { class: "next" },
    h("h2", {}, say("next_steps")),
    h(
      "dl",
      {},
      h("dt", {}, say("yourCare")),
      h(
        "dd",
        {},
        result.acknowledged_at ? say("acknowledged", { day: day(result.acknowledged_at) }) : say("expected"),
      ),
      h("dt", {}, say("patient")),
      h("dd", {}, patient),
    ),
    told && !result.acknowledged_at ? acknowledging(result, replace, "plain") : null,
    told && !result.announced && !result.provisional
      ? button(
          say("announce"),
          () => void act(`/results/${result.link}/announcement`, replace),
          "plain",
          "eye",
        )
      : null,
    h("p", { class: "small" }, `${say("why")} ${say("linkUntil", { day: day(result.expires_at) })}`),
  );
}

async function act(path: string, replace: (result: Result) => void): Promise<void> {
  try {
    replace(await send<Result>("POST", path));
  } catch (failure) {
    if (failure instanceof Failure && failure.status === 401) closed();
    else tell(say("error"));
  }
}
