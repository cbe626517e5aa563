/** Pictures, by thumb: the key images first; the rest one by one, and only when asked for. */
import { Failure, file, get, type Result, type Stack } from "./api";
import { button, h } from "./dom";
import { closed, load, main, redrawBy, show, state } from "./frame";
import { go } from "./paths";
import { tabs } from "./result";
import { say, size } from "./words";

interface Shown {
  heading: HTMLElement;
  caption: HTMLElement;
  picture: HTMLImageElement;
  missing: HTMLElement;
  received: HTMLElement;
}

let received = 0;

export function imagesPage(link: string): void {
  void load(
    () => get<Result>(`/results/${link}`),
    (result) => {
      const draw = (): void => page(result);
      redrawBy(draw);
      draw();
    },
  );
}

function page(result: Result): void {
  const captions = result.report?.key_images ?? [];
  const shown: Shown = {
    heading: h("h1", {}, say("keyImages")),
    caption: h("p", { class: "caption" }),
    picture: h("img", { class: "big", alt: "" }),
    missing: h("p", { class: "missing", hidden: true }, say("missing")),
    received: h("p", { class: "small" }),
  };
  const rest = h("section", { class: "rest" });
  const doctor = state.session?.audience === "referrer";
  const back = doctor ? button(say("result"), () => go(`result/${result.link}`), "quiet", "back") : null;
  show(
    main(
      "images",
      back,
      shown.heading,
      h("div", { class: "frame" }, shown.picture, shown.missing),
      h("p", { class: "mark" }, say("notDiagnostic")),
      shown.caption,
      captions.length > 0 ? steps(result.link, captions, shown) : h("p", {}, say("noKeyImages")),
      shown.received,
      result.report && result.content === "images" ? opener(result.link, rest, shown) : null,
      rest,
    ),
    { dark: true, tabs: doctor ? null : tabs("images") },
  );
}

function steps(link: string, captions: string[], shown: Shown): HTMLElement {
  const all = captions.length;
  let number = Math.min(Math.max(Number(location.search.slice(1)) || 1, 1), all);
  const step = (by: number): void => {
    number = Math.min(Math.max(number + by, 1), all);
    show_();
  };
  const previous = button(say("previous"), () => step(-1), "plain", "back");
  const next = button(say("next"), () => step(1), "plain", "next");
  const show_ = (): void => {
    const caption = captions[number - 1];
    shown.heading.textContent = say("imageOf", { n: number, all });
    shown.caption.textContent = [caption || say("noCaption"), say("chosen")].join(" · ");
    previous.disabled = number === 1;
    next.disabled = number === all;
    void put(`/results/${link}/key-images/${number}`, shown, caption || say("keyImages"));
  };
  swipe(shown.picture, step);
  show_();
  return h("div", { class: "steps" }, previous, next);
}

function opener(link: string, rest: HTMLElement, shown: Shown): HTMLElement {
  const press = button(say("allImages"), () => void open(), "plain", "image");
  const open = async (): Promise<void> => {
    press.disabled = true;
    try {
      const stacks = await get<Stack[]>(`/results/${link}/series`);
      rest.replaceChildren(...stacks.map((one) => slider(link, one, shown)));
      press.remove();
    } catch (failure) {
      press.disabled = false;
      rest.replaceChildren(h("p", { role: "alert" }, say("error")));
      if (failure instanceof Failure && failure.status === 401) closed();
    }
  };
  return h("div", {}, press, h("p", { class: "small" }, say("allImagesWhy")));
}

function slider(link: string, stack: Stack, shown: Shown): HTMLElement {
  const name = [stack.modality, stack.description || say("series")].join(" · ");
  const range = h("input", {
    type: "range",
    min: 1,
    max: stack.pictures,
    value: 1,
    "aria-label": `${say("slice")}, ${name}`,
  });
  const told = h("output", {}, `1 / ${stack.pictures}`);
  let waiting = 0;
  const move = (): void => {
    told.textContent = `${range.value} / ${stack.pictures}`;
    clearTimeout(waiting);
    // A thumb that passes over fifty slices asks for the one it stops at.
    waiting = window.setTimeout(() => {
      shown.heading.textContent = name;
      shown.caption.textContent = `${say("slice")} ${range.value} / ${stack.pictures}`;
      void put(`/results/${link}/series/${stack.series_instance_uid}/pictures/${range.value}`, shown, name);
    }, 120);
  };
  range.addEventListener("input", move);
  return h("div", { class: "stack" }, h("h2", {}, name), range, told, button(say("see"), move, "quiet"));
}

let turn = 0;

async function put(path: string, shown: Shown, alt: string): Promise<void> {
  turn += 1;
  const mine = turn;
  try {
    const { url, bytes } = await file(path);
    received += bytes;
    if (mine !== turn) {
      URL.revokeObjectURL(url);
      return;
    }
    const former = shown.picture.src;
    shown.picture.src = url;
    shown.picture.alt = alt;
    if (former.startsWith("blob:")) URL.revokeObjectURL(former);
    shown.picture.hidden = false;
    shown.missing.hidden = true;
    shown.received.textContent = say("received", { size: size(received) });
  } catch (failure) {
    if (failure instanceof Failure && failure.status === 401) {
      closed();
      return;
    }
    if (mine !== turn) return;
    shown.picture.hidden = true;
    shown.missing.hidden = false;
    shown.missing.textContent =
      failure instanceof Failure && failure.status === 404 ? say("missing") : say("error");
  }
}

function swipe(picture: HTMLElement, step: (by: number) => void): void {
  let from = 0;
  picture.addEventListener(
    "touchstart",
    (event) => {
      from = event.touches.length === 1 ? (event.touches[0]?.clientX ?? 0) : 0;
    },
    { passive: true },
  );
  picture.addEventListener("touchend", (event) => {
    const by = (event.changedTouches[0]?.clientX ?? 0) - from;
    if (from > 0 && Math.abs(by) > 60 && (visualViewport?.scale ?? 1) === 1) step(by < 0 ? 1 : -1);
  });
}
