/** The clock of the server, and a repaint no more often than the eye needs. */
import { useEffect, useState } from "react";

let offsetMs = 0;

/** Called with each server time seen: countdowns then run on the server's clock, not on this seat's. */
export function setServerTime(serverTime: string): void {
  offsetMs = Date.parse(serverTime) - Date.now();
}

export const serverNow = (): number => Date.now() + offsetMs;

/** The server's time, repainted every `everyMs`. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** True while the media query holds. */
export function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const heard = (): void => setMatches(list.matches);
    heard();
    list.addEventListener("change", heard);
    return () => list.removeEventListener("change", heard);
  }, [query]);
  return matches;
}

export const PHONE = "(max-width: 640px)";
export const NARROW = "(max-width: 1280px)";
