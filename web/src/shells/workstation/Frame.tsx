/** The frame of every page: top bar, rail, palette, help, and the strips that concern the whole node. */
import { Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useRef, useSyncExternalStore } from "react";
import { useSession } from "@/api/session";
import { isLanguage, speak, useTranslation } from "@/i18n";
import type { PageKind } from "@/kit/scheme";
import { setServerTime } from "@/kit/time";
import { useKeys, useOwnKeys } from "@/kit/useKeys";
import { Dress } from "./Dress";
import css from "./frame.module.css";
import { homeOf, mayAdminister, maySeeNetwork } from "./home";
import { LineStrip } from "./LineStrip";
import { isHelpOpen, onHelp, openHelp } from "./openHelp";
import { onPaletteAsked, openPalette, timesAsked } from "./openPalette";
import { Rail } from "./Rail";
import { ReadOnlyStrip } from "./ReadOnlyStrip";
import { TopBar } from "./TopBar";
import { useNodeHealth } from "./useNodeHealth";

const Palette = lazy(() => import("./Palette").then((module) => ({ default: module.Palette })));

const KeysHelp = lazy(() => import("./KeysHelp").then((module) => ({ default: module.KeysHelp })));

export function pageKind(path: string): PageKind {
  if (/^\/reading\/./.test(path)) return "images";
  return /^\/(reading|network|node|tele$)/.test(path) ? "reading" : "other";
}

export function Frame() {
  const { t } = useTranslation();
  const session = useSession();
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const main = useRef<HTMLElement>(null);
  const search = useRef<HTMLInputElement>(null);
  const health = useNodeHealth(session);
  const kind = pageKind(pathname);
  const helping = useSyncExternalStore(onHelp, isHelpOpen);
  const asked = useSyncExternalStore(onPaletteAsked, timesAsked);
  const { language, theme, keys } = session.preferences;
  useOwnKeys(keys ?? {});
  useEffect(() => setServerTime(session.server_time), [session.server_time]);
  useEffect(() => {
    if (isLanguage(language)) void speak(language);
  }, [language]);

  // The page name only: never a patient's name in the title, the history or the task bar.
  const section = pathname.split("/")[1] ?? "";
  const title = section in TITLES ? t(TITLES[section as keyof typeof TITLES]) : "";
  const lastSection = useRef(section);
  useEffect(() => {
    document.title = title ? `${title} — Archipel` : "Archipel";
    if (lastSection.current !== section) main.current?.focus({ preventScroll: true });
    lastSection.current = section;
  }, [title, section]);

  useKeys([
    {
      id: "go.palette",
      strokes: ["ctrl+k"],
      label: t("keys.palette"),
      run: openPalette,
      global: true,
      quiet: true,
      always: true,
    },
    { id: "go.help", strokes: ["?"], label: t("keys.help"), run: openHelp, global: true },
    {
      id: "go.search",
      strokes: ["/", "F3"],
      label: t("keys.search"),
      run: () => (search.current ? search.current.focus() : void navigate({ to: "/patients" })),
      global: true,
    },
    {
      id: "go.reading",
      strokes: ["g l"],
      label: t("nav.goto", { where: t("nav.reading") }),
      run: () => void navigate({ to: homeOf(session) === "/reading" ? "/reading" : "/" }),
      global: true,
    },
    {
      id: "go.patients",
      strokes: ["g p"],
      label: t("nav.goto", { where: t("nav.patients") }),
      run: () => void navigate({ to: "/patients" }),
      global: true,
    },
    ...(session.permissions.includes("ask-reading")
      ? [
          {
            id: "go.tele",
            strokes: ["g t"],
            label: t("nav.goto", { where: t("nav.tele") }),
            run: () => void navigate({ to: "/tele" }),
            global: true,
          },
        ]
      : []),
    ...(maySeeNetwork(session)
      ? [
          {
            id: "go.network",
            strokes: ["g r"],
            label: t("nav.goto", { where: t("nav.network") }),
            run: () => void navigate({ to: "/network" }),
            global: true,
          },
        ]
      : []),
    ...(session.permissions.includes("settle-arrivals")
      ? [
          {
            id: "go.settle",
            strokes: ["g c"],
            label: t("nav.goto", { where: t("nav.settle") }),
            run: () => void navigate({ to: "/settle" }),
            global: true,
          },
        ]
      : []),
    ...(session.permissions.includes("correct-exams")
      ? [
          {
            id: "go.quality",
            strokes: ["g q"],
            label: t("nav.goto", { where: t("nav.quality") }),
            run: () => void navigate({ to: "/quality" }),
            global: true,
          },
        ]
      : []),
    ...(session.permissions.includes("resolve-identity")
      ? [
          {
            id: "go.identity",
            strokes: ["g i"],
            label: t("nav.goto", { where: t("nav.identity") }),
            run: () => void navigate({ to: "/identity" }),
            global: true,
          },
        ]
      : []),
    ...(session.permissions.includes("see-node")
      ? [
          {
            id: "go.node",
            strokes: ["g n"],
            label: t("nav.goto", { where: t("nav.node") }),
            run: () => void navigate({ to: "/node" }),
            global: true,
          },
        ]
      : []),
    ...(mayAdminister(session)
      ? [
          {
            id: "go.admin",
            strokes: ["g a"],
            label: t("nav.goto", { where: t("nav.admin") }),
            run: () => void navigate({ to: "/admin/$section", params: { section: "devices" } }),
            global: true,
          },
        ]
      : []),
  ]);

  return (
    <Dress page={kind} preferred={theme ?? "reading"}>
      <a className="skip" href="#main">
        {t("app.skip")}
      </a>
      <div className={kind === "images" ? `${css.app} ${css.bare}` : css.app}>
        {/* Beside images the patient bar takes the place of the top bar: every line of the screen is for images. */}
        {kind !== "images" && <TopBar session={session} search={search} />}
        <Rail session={session} path={pathname} alarms={health?.alarms.length ?? 0} />
        <main id="main" className={css.main} ref={main} tabIndex={-1} aria-label={t("app.main")}>
          <LineStrip path={pathname} />
          {health?.read_only && <ReadOnlyStrip reason={health.read_only_reason ?? ""} />}
          <div className={css.body}>
            <Outlet />
          </div>
        </main>
      </div>
      {asked > 0 && (
        <Suspense>
          <Palette session={session} asked={asked} />
        </Suspense>
      )}
      {helping && (
        <Suspense>
          <KeysHelp />
        </Suspense>
      )}
    </Dress>
  );
}

const TITLES = {
  reading: "nav.reading",
  tele: "nav.tele",
  patients: "nav.patients",
  network: "nav.network",
  settle: "nav.settle",
  quality: "nav.quality",
  node: "nav.node",
  admin: "nav.admin",
} as const;
