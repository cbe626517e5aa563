/** The rows on screen: the node's pages, merged so that nothing moves under the hand. */
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import type { ClaimChange } from "@/api/live";
import { useLiveEvent, useLiveTopics } from "@/api/useLive";
import { type Claim, type ExamRow, merge, NOTHING, type Shown, showAll } from "./merge";
import { countsQuery, useApplyClaim, worklistQuery } from "./queries";
import type { ReadingSearch } from "./search";

const REFETCH_AT_MOST_EVERY_MS = 1500;
const GONE_STAYS_MS = 5000;

/** Runs `run` soon, and at most every `everyMs` however often it is asked. */
function useThrottled(run: () => void, everyMs: number): () => void {
  const latest = useRef(run);
  latest.current = run;
  const state = useRef<{ timer: ReturnType<typeof setTimeout> | null; at: number }>({ timer: null, at: 0 });
  useEffect(
    () => () => {
      if (state.current.timer !== null) clearTimeout(state.current.timer);
    },
    [],
  );
  return () => {
    if (state.current.timer !== null) return;
    const wait = Math.max(80, state.current.at + everyMs - Date.now());
    state.current.timer = setTimeout(() => {
      state.current = { timer: null, at: Date.now() };
      latest.current();
    }, wait);
  };
}

export function useWorklist(search: ReadingSearch) {
  const client = useQueryClient();
  const options = worklistQuery(search);
  const key = JSON.stringify(options.queryKey);
  const query = useInfiniteQuery(options);
  const counts = useQuery(countsQuery);
  const applyClaim = useApplyClaim();
  useLiveTopics(["list"]);

  const refresh = useThrottled(() => {
    void query.refetch();
    void client.invalidateQueries({ queryKey: countsQuery.queryKey });
  }, REFETCH_AT_MOST_EVERY_MS);
  useLiveEvent("list", refresh);
  useLiveEvent("reset", refresh);
  useLiveEvent("claim", (data) => {
    applyClaim(data as ClaimChange<Claim>);
    refresh();
  });

  const fresh = useMemo(() => query.data?.pages.flatMap((page) => page.rows), [query.data]);
  const [held, setHeld] = useState<{ key: string; shown: Shown; from: ExamRow[] | undefined }>({
    key: "",
    shown: NOTHING,
    from: undefined,
  });
  // Derived while rendering, not in an effect: a row must never be painted at a place it then leaves.
  let shown = held.shown;
  if (fresh && (held.key !== key || held.from !== fresh)) {
    shown = held.key === key ? merge(held.shown, fresh, search.exam) : showAll(fresh);
    setHeld({ key, shown, from: fresh });
  } else if (!fresh && held.key !== key) {
    shown = NOTHING;
  }

  const selectedIsGone = search.exam !== undefined && shown.gone.has(search.exam);
  useEffect(() => {
    if (!selectedIsGone) return;
    const timer = setTimeout(
      () => setHeld((now) => ({ ...now, shown: merge(now.shown, now.from ?? [], undefined) })),
      GONE_STAYS_MS,
    );
    return () => clearTimeout(timer);
  }, [selectedIsGone]);

  return {
    shown,
    query,
    counts: counts.data,
    countsFailed: counts.isError,
    refetchCounts: counts.refetch,
    page: query.data?.pages.at(-1),
    showWaiting: () => setHeld((now) => ({ ...now, shown: showAll(now.from ?? []) })),
  };
}
