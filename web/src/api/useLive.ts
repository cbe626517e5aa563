/** The live stream in React. */
import { useEffect, useRef, useSyncExternalStore } from "react";
import { type LiveEvent, type LiveStatus, live } from "./live";
import { isReached, onReached } from "./reached";

export const useLiveStatus = (): LiveStatus => useSyncExternalStore(live.subscribe, live.snapshot);

const wanted = new Map<symbol, readonly string[]>();
let following = "";
let change: ReturnType<typeof setTimeout> | null = null;

/** One stream for all that is shown: restarted only when the union of the topics changes. */
function follow(): void {
  if (change !== null) clearTimeout(change);
  change = setTimeout(() => {
    const topics = [...new Set([...wanted.values()].flat())].sort();
    if (topics.join(",") === following) return;
    following = topics.join(",");
    if (topics.length > 0) live.start(topics);
    else live.stop();
  }, 30);
}

/** Follows topics while the component is shown. */
export function useLiveTopics(topics: readonly string[]): void {
  const key = topics.join(",");
  useEffect(() => {
    const owner = Symbol(key);
    wanted.set(owner, key.split(","));
    follow();
    return () => {
      wanted.delete(owner);
      follow();
    };
  }, [key]);
}

export function useLiveEvent(event: LiveEvent, run: (data: unknown) => void): void {
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => live.on(event, (data) => latest.current(data)), [event]);
}

/** False while the node does not answer and the browser knows of no network. */
export const useOnline = (): boolean => useSyncExternalStore(onReached, isReached);
