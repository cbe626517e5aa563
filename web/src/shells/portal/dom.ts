/** A few lines to build elements: the portal is too small for a framework, and text is never markup. */
type Child = Node | string | null | undefined | false;
type Props = Record<string, string | number | boolean | ((event: Event) => void) | undefined>;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") made.addEventListener(name, value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) made.append(child);
  }
  return made;
}

const PATHS: Record<string, string> = {
  back: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  report: "M6 3h8l4 4v14H6zM14 3v5h4M9 12h6M9 16h6",
  image: "M4 5h16v14H4zM4 16l5-5 4 4 2-2 5 4",
  eye: "M2 12c3-5 6.500-7 10-7s7 2 10 7c-3 5-6.500 7-10 7s-7-2-10-7zM12 9a3 3 0 100 6 3 3 0 000-6z",
  download: "M12 4v11M7 11l5 5 5-5M4 20h16",
  print: "M7 9V4h10v5M7 17H4V9h16v8h-3M7 14h10v6H7z",
  check: "M5 12l5 5 9-10",
  bell: "M6 16V11a6 6 0 0112 0v5l2 2H4zM10 20h4",
  link: "M10 14l4-4M8 11l-3 3a3.500 3.500 0 005 5l3-3M16 13l3-3a3.500 3.500 0 00-5-5l-3 3",
  person: "M12 4a4 4 0 100 8 4 4 0 000-8zM5 20c1-4 4-5 7-5s6 1 7 5",
  mail: "M3 6h18v12H3zM3 7l9 7 9-7",
  lock: "M6 11h12v9H6zM9 11V8a3 3 0 016 0v3",
};

/** A line drawing that says nothing a word beside it does not say. */
export function icon(name: keyof typeof PATHS & string): SVGElement {
  const drawn = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawn.setAttribute("viewBox", "0 0 24 24");
  drawn.setAttribute("aria-hidden", "true");
  drawn.setAttribute("class", "icon");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name] ?? "");
  drawn.append(path);
  return drawn;
}

export function button(words: string, act: () => void, kind = "plain", drawn?: string): HTMLButtonElement {
  return h(
    "button",
    { type: "button", class: `button ${kind}`, click: () => act() },
    drawn ? icon(drawn) : null,
    words,
  );
}
