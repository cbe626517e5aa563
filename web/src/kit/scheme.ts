/** Which theme a page wears: reading pages are dark unless the person chose light; the others follow the seat. */
import { useSyncExternalStore } from "react";

export type Scheme = "dark" | "light";
const REMEMBERED = "archipel.scheme";
const watchers = new Set<() => void>();

/** The seat's own choice for pages that are not for reading; null where the operating system decides. */
export function seatScheme(): Scheme | null {
  const held = localStorage.getItem(REMEMBERED);
  return held === "dark" || held === "light" ? held : null;
}

export function setSeatScheme(scheme: Scheme | null): void {
  if (scheme === null) localStorage.removeItem(REMEMBERED);
  else localStorage.setItem(REMEMBERED, scheme);
  for (const watcher of watchers) watcher();
}

const systemScheme = (): Scheme => (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");

export type PageKind = "images" | "reading" | "other";

/** `theme` is the person's preference on the server. Beside images it is always dark. */
export function schemeFor(
  kind: PageKind,
  theme: "reading" | "light",
  seat: Scheme | null,
  system: Scheme,
): Scheme {
  if (kind === "images") return "dark";
  if (theme === "light") return "light";
  return kind === "reading" ? "dark" : (seat ?? system);
}

const subscribe = (watcher: () => void): (() => void) => {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
};

export function useScheme(kind: PageKind, theme: "reading" | "light"): Scheme {
  return useSyncExternalStore(subscribe, () => schemeFor(kind, theme, seatScheme(), systemScheme()));
}
