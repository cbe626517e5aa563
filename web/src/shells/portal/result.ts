/** The patient's result: what to remember first, then the report, then the pictures. */
import { file, get, type Report, type Result } from "./api";
import { button, h, icon } from "./dom";
import { load, main, redrawBy, show, tell } from "./frame";
import { go } from "./paths";
import { day, type Key, say } from "./words";

const ORDER = ["conclusion", "indication", "technique", "comparison", "findings", "addendum"] as const;

export function resultPage(link: string, whole: boolean): void {
  void load(
    () => get<Result>(`/results/${link}`),
    (result) => {
      const draw = (): void => show(whole ? reportPage(result) : summary(result), { tabs: tabs("result") });
      redrawBy(draw);
      draw();
    },
  );
}

function summary(result: Result): HTMLElement {
  const report = result.report;
  return main(
    "patient",
    h("h1", {}, say("hello", { name: result.patient_given_name || result.patient_family_name })),
    headCard(result),
    report ? toRemember(report) : waiting(result),
    report ? actions(result) : null,
    report && report.key_images.length > 0 ? pictures(result.link, report.key_images.length) : null,
  );
}

function headCard(result: Result): HTMLElement {
  const report = result.report;
  const state = report && (report.state === "preliminary" ? say("provisional") : say("validated"));
  return h(
    "section",
    { class: report ? "card good" : "card" },
    state ? h("p", { class: "mark" }, icon("check"), state) : null,
    h("h2", {}, result.description || result.modalities.join(" ")),
    h(
      "p",
      { class: "small" },
      [result.study_at && day(result.study_at), result.organisation].filter(Boolean).join(" · "),
    ),
    report ? h("p", { class: "small" }, report.signer) : null,
  );
}

function toRemember(report: Report): HTMLElement {
  const written = report.plain_words.trim();
  return h(
    "section",
    { class: "card" },
    h("h2", {}, say("keep")),
    h("p", { class: "large" }, written || say("noPlain")),
    written ? h("p", { class: "small" }, say("byRadiologist")) : null,
  );
}

function waiting(result: Result): HTMLElement {
  const known = result.told_at;
  const words = known
    ? say("waitUntil", { day: day(known) })
    : say(result.provisional ? "waitDoctor" : "waitReport");
  return h("section", { class: "card notice" }, h("p", { class: "large" }, words));
}

function actions(result: Result): HTMLElement {
  return h(
    "div",
    { class: "card list" },
    button(say("readReport"), () => go("report"), "row", "report"),
    download(result.link),
  );
}

export function download(link: string, kind = "row"): HTMLElement {
  const press = button(say("download"), () => void fetchPdf(), kind, "download");
  const fetchPdf = async (): Promise<void> => {
    press.disabled = true;
    try {
      const { url } = await file(`/results/${link}/report.pdf`);
      h("a", { href: url, download: "compte-rendu.pdf" }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    } catch {
      tell(say("error"));
    } finally {
      press.disabled = false;
    }
  };
  return press;
}

function reportPage(result: Result): HTMLElement {
  const report = result.report;
  return main(
    "patient",
    button(say("result"), () => go(""), "quiet", "back"),
    h("h1", {}, result.description || say("report")),
    h(
      "p",
      { class: "small" },
      [result.study_at && day(result.study_at), result.organisation].filter(Boolean).join(" · "),
    ),
    report ? sections(report) : waiting(result),
    report ? download(result.link, "plain") : null,
  );
}

/** The report as text, its conclusion first. */
export function sections(report: Report): HTMLElement {
  const made = h("article", { class: "card report" });
  made.append(h("p", { class: "small" }, say("signed", { day: day(report.signed_at), who: report.signer })));
  for (const code of ORDER) {
    const found = report.sections.find((one) => one.code === code && one.text.trim() !== "");
    if (found === undefined) continue;
    made.append(
      h("h2", {}, say(code as Key)),
      h("p", { class: code === "conclusion" ? "large strong" : "" }, found.text),
    );
  }
  for (const more of report.addenda) {
    made.append(
      h("h2", {}, say("addendum")),
      h("p", {}, more.text),
      h("p", { class: "small" }, say("signed", { day: day(more.signed_at), who: more.signer })),
    );
  }
  return made;
}

/** Key images as small pictures; each opens the pages of images. */
export function pictures(link: string, count: number): HTMLElement {
  const row = h("div", { class: "pictures" });
  for (let number = 1; number <= count; number += 1) {
    const picture = h("img", { alt: "" });
    const press = h(
      "button",
      { type: "button", class: "picture", click: () => go(`images/${link}?${number}`) },
      picture,
      h("span", {}, say("imageOf", { n: number, all: count })),
    );
    row.append(press);
    file(`/results/${link}/key-images/${number}`).then(
      ({ url }) => {
        picture.src = url;
      },
      () => picture.replaceWith(h("span", { class: "missing" }, say("missing"))),
    );
  }
  return h(
    "section",
    { class: "card" },
    h("h2", {}, say("keyImages")),
    row,
    h("p", { class: "small" }, say("notDiagnostic")),
  );
}

export function tabs(here: "result" | "images" | "who"): HTMLElement {
  const tab = (name: typeof here, words: string, drawn: string, path: string): HTMLElement => {
    const press = button(words, () => go(path), "tab", drawn);
    if (name === here) press.setAttribute("aria-current", "page");
    return press;
  };
  return h(
    "nav",
    { class: "tabs" },
    tab("result", say("result"), "report", ""),
    tab("images", say("images"), "image", "images"),
    tab("who", say("whoLooked"), "eye", "who"),
  );
}
