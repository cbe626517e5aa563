/** Opening claims the exam; a heartbeat keeps it; losing it is said at once. */
import { useEffect, useRef, useState } from "react";
import { ApiError, api, body } from "@/api/client";
import type { ClaimChange } from "@/api/live";
import { useLiveEvent } from "@/api/useLive";
import type { Claim, ExamRow } from "./merge";
import { holderOf, lineOf, useApplyClaim, useClaim } from "./queries";

const BEAT_MS = 60_000;

export interface Lease {
  /** Who holds the exam now, where it is not this reader. */
  lost: Claim | null;
  /** The line that must be back before the exam may be claimed. */
  waits: ReturnType<typeof lineOf>;
  hold: (claim: Claim) => void;
}

export function useLease(row: ExamRow | undefined, wanted: boolean): Lease {
  const claim = useClaim();
  const apply = useApplyClaim();
  const [lost, setLost] = useState<Claim | null>(null);
  const [waits, setWaits] = useState<Lease["waits"]>(null);
  const asked = useRef<string | null>(null);
  const exam = row?.exam;
  const held = row?.claim ?? null;
  const { mutate } = claim;

  useEffect(() => {
    if (!wanted || exam === undefined || asked.current === exam) return;
    asked.current = exam;
    setLost(null);
    setWaits(null);
    if (held !== null && !held.mine) return;
    const failed = (error: unknown): void => {
      setLost(holderOf(error));
      setWaits(lineOf(error));
    };
    mutate({ exam }, { onError: failed });
  }, [exam, wanted, held, mutate]);

  const fence = held?.mine ? held.fence : null;
  useEffect(() => {
    if (exam === undefined || fence === null) return;
    const timer = setInterval(() => {
      body(
        api.POST("/api/exams/{exam}/claim/heartbeat", { params: { path: { exam } }, body: { fence } }),
      ).catch((error: unknown) => {
        if (!(error instanceof ApiError) || error.status !== 409) return;
        const holder = holderOf(error);
        apply({ exam, claim: holder });
        setLost(holder);
      });
    }, BEAT_MS);
    return () => clearInterval(timer);
  }, [exam, fence, apply]);

  useLiveEvent("claim", (data) => {
    const change = data as ClaimChange<Claim>;
    if (change?.exam !== exam) return;
    const mine = change.claim !== null && change.claim.login === held?.login && held.mine;
    // The stream tells everybody the same: only this reader's own answer carries the fence.
    if (mine) return;
    apply(change);
    setLost(change.claim !== null && !change.claim.mine ? change.claim : null);
  });

  return {
    lost,
    waits,
    hold: (taken) => {
      setLost(null);
      setWaits(null);
      apply({ exam: taken.exam, claim: taken });
    },
  };
}
