/** One series on the screen: the picture, its tools, where one is in it and how much of it has come. */
import { type KeyboardEvent, useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { useTranslation } from "@/i18n";
import { number } from "@/i18n/format";
import { type Binding, written } from "@/kit/keys";
import { useKeys } from "@/kit/useKeys";
import css from "./light.module.css";
import type { Length } from "./measure";
import { Overlay } from "./Overlay";
import { presetsOf } from "./presets";
import { Simplified } from "./Simplified";
import { Session } from "./session";
import { Toolbar } from "./Toolbar";
import type { Tool } from "./tools";

const PAGE = 10;
const ZOOM = 1.25;
const KEYS: Record<Tool, string> = { window: "w", scroll: "s", pan: "p", zoom: "z", length: "d" };

/** A finger scrolls first; a mouse has its wheel for that, and sets the window. */
const firstTool = (): Tool => (matchMedia("(pointer: coarse)").matches ? "scroll" : "window");

export function Viewport({ root, name }: { root: string; name: string }) {
  const [attempt, setAttempt] = useState(0);
  return <Opened key={attempt} root={root} name={name} again={() => setAttempt((now) => now + 1)} />;
}

interface OpenedProps {
  root: string;
  name: string;
  again: () => void;
}

function useSession(root: string, wordOf: (length: Length) => string) {
  const words = useRef(wordOf);
  words.current = wordOf;
  const [session, setSession] = useState(
    () => new Session(root, (length) => words.current(length), firstTool()),
  );
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Strict mode closes and opens again: a closed session is not opened twice.
    const fresh = new Session(root, (length) => words.current(length), firstTool());
    setSession(fresh);
    if (element.current) void fresh.open(element.current);
    return () => fresh.close();
  }, [root]);
  return { session, element, view: useSyncExternalStore(session.watch, session.now) };
}

function Opened({ root, name, again }: OpenedProps) {
  const { t } = useTranslation();
  const wordOf = useCallback(
    ({ value, unit }: Length): string => `${number(value, 1)} ${t(`light.unit.${unit}`)}`,
    [t],
  );
  const { session, element, view } = useSession(root, wordOf);
  const image = view.series?.frames[view.index];
  const isColour = image?.form.samples === 3;
  const total = view.series?.frames.length ?? 0;
  const presets = view.series ? presetsOf(view.series.modality, isColour) : [];

  const away: Binding[] = [
    ...(Object.keys(KEYS) as Tool[]).map((tool) => ({
      id: `light.${tool}`,
      strokes: [KEYS[tool]],
      label: t(`light.tool.${tool}`),
      run: () => session.use(tool),
      quiet: true,
    })),
    {
      id: "light.invert",
      strokes: ["i"],
      label: t("light.invert"),
      run: () => session.invert(),
      quiet: true,
    },
    { id: "light.reset", strokes: ["0"], label: t("light.reset"), run: () => session.reset(), quiet: true },
    { id: "light.play", strokes: ["c"], label: t("light.play"), run: () => session.play(), quiet: true },
  ];
  const within: [string, () => void][] = [
    ["ArrowDown", () => session.by(1)],
    ["ArrowRight", () => session.by(1)],
    ["ArrowUp", () => session.by(-1)],
    ["ArrowLeft", () => session.by(-1)],
    ["PageDown", () => session.by(PAGE)],
    ["PageUp", () => session.by(-PAGE)],
    ["Home", () => session.go(0)],
    ["End", () => session.go(total - 1)],
    ["+", () => session.zoom(ZOOM)],
    ["-", () => session.zoom(1 / ZOOM)],
    ...presets.map((_, at): [string, () => void] => [String(at + 1), () => session.preset(at)]),
  ];
  useKeys(view.phase === "simplified" ? [] : away);
  const onKeyDown = (event: KeyboardEvent): void => {
    const stroke = written(event);
    // While the picture has the focus its own keys come before those of the page around it.
    const run =
      within.find(([key]) => key === stroke)?.[1] ??
      away.find(({ strokes }) => strokes.includes(stroke))?.run;
    if (!run) return;
    event.preventDefault();
    run();
  };

  if (view.phase === "simplified" && view.why !== null)
    return <Simplified root={root} name={name} why={view.why} detail={view.detail} again={again} />;
  const isBehind = view.drawn !== view.index;
  return (
    <>
      <Toolbar
        view={view}
        presets={presets}
        canPlay={total > 1}
        use={(tool) => session.use(tool)}
        preset={(at) => session.preset(at)}
        invert={() => session.invert()}
        play={() => session.play()}
        reset={() => session.reset()}
        clear={() => session.clearLengths()}
      />
      <div
        className={css.stage}
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: an application takes keys, and says so by its role
        tabIndex={0}
        aria-label={t("light.label", { series: name })}
        aria-keyshortcuts="ArrowUp ArrowDown PageUp PageDown Home End"
        data-quality={isBehind ? "none" : view.quality}
        data-index={view.index}
        onKeyDown={onKeyDown}
        onContextMenu={(event) => event.preventDefault()}
      >
        <div ref={element} className={css.canvas} data-behind={isBehind || undefined} />
        <Overlay view={view} name={name} wordOf={wordOf} isBehind={isBehind} />
      </div>
      {total > 1 && (
        <div className={css.slider}>
          <input
            type="range"
            min={0}
            max={total - 1}
            value={view.index}
            aria-label={`${name} — ${t("reading.image_of", { n: view.index + 1, total })}`}
            onChange={(event) => session.go(Number(event.currentTarget.value))}
          />
        </div>
      )}
    </>
  );
}
