/** Registers a screen's keys while it is shown. */
import { useEffect, useRef, useSyncExternalStore } from "react";
import { type Binding, Keyboard, remapped } from "./keys";

let registered: { owner: symbol; bindings: Binding[] }[] = [];
let own: Record<string, string> = {};
let snapshot: Binding[] = [];
const watchers = new Set<() => void>();

function publish(): void {
  snapshot = remapped(
    registered.flatMap((entry) => entry.bindings),
    own,
  );
  for (const watcher of watchers) watcher();
}

/** The person's own keys, from the server. */
export function useOwnKeys(keys: Record<string, string>): void {
  useEffect(() => {
    own = keys;
    publish();
  }, [keys]);
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName)) &&
  !(target instanceof HTMLInputElement && ["checkbox", "radio", "button"].includes(target.type));

const isDialogOpen = (): boolean =>
  document.querySelector('[role="dialog"][aria-modal="true"], [role="menu"]') !== null;

const keyboard = new Keyboard();

/** Space and Enter belong to the button or link that has the focus. */
const isForTheFocused = (event: KeyboardEvent): boolean =>
  (event.key === " " || event.key === "Enter") &&
  event.target instanceof HTMLElement &&
  event.target.closest("button, a[href], summary, [role=option], [role=menuitem], input") !== null;

export function pressed(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || isForTheFocused(event)) return;
  const busy = { typing: isTyping(event.target), dialog: isDialogOpen() };
  const binding = keyboard.press(event, snapshot, performance.now(), busy);
  if (binding === null) return;
  event.preventDefault();
  binding.run();
}

/** The one listener of the page. */
export function listenToKeys(): () => void {
  document.addEventListener("keydown", pressed);
  return () => document.removeEventListener("keydown", pressed);
}

export function useKeys(bindings: Binding[]): void {
  const latest = useRef(bindings);
  latest.current = bindings;
  const shape = bindings
    .map((binding) => `${binding.id}=${binding.strokes.join(",")}:${binding.label}`)
    .join("|");
  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` says when the list itself changed; what a key runs is read at the press.
  useEffect(() => {
    const entry = {
      owner: Symbol("keys"),
      bindings: latest.current.map((binding) => ({
        ...binding,
        run: () => latest.current.find((now) => now.id === binding.id)?.run(),
      })),
    };
    registered = [...registered, entry];
    publish();
    return () => {
      registered = registered.filter((other) => other !== entry);
      publish();
    };
  }, [shape]);
}

const subscribe = (watcher: () => void): (() => void) => {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
};

export const useBindings = (): Binding[] => useSyncExternalStore(subscribe, () => snapshot);
