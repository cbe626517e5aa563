/** Claim, give back, take over: the same three for the list and the reading page. */
import { lazy, type ReactNode, Suspense, useState } from "react";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { clock } from "@/i18n/format";
import { done, failed } from "@/kit/notify";
import { useSayFailure } from "@/kit/useSay";
import type { Claim, ExamRow } from "./merge";
import { holderOf, lineOf, useClaim, useRelease } from "./queries";

const TakeOver = lazy(() => import("./TakeOver").then((module) => ({ default: module.TakeOver })));

export interface Claiming {
  toggle: (row: ExamRow) => void;
  /** Claims before reading: resolves true where the exam may be opened as claimed. */
  askTakeOver: (claim: Claim) => void;
  dialog: ReactNode;
}

export function useClaiming(afterTakeOver?: (claim: Claim) => void): Claiming {
  const { t } = useTranslation();
  const say = useSayFailure();
  const claim = useClaim();
  const release = useRelease();
  const [asked, setAsked] = useState<Claim | null>(null);

  const failedWith = (error: unknown): void => {
    const holder = holderOf(error);
    const line = lineOf(error);
    if (holder) setAsked(holder);
    else if (line)
      failed(
        t(line.since ? "tele.claim_needs_line_since" : "tele.claim_needs_line", {
          node: line.node.toUpperCase(),
          time: line.since ? clock(line.since) : "",
        }),
        t("tele.claim_needs_line_detail"),
      );
    else say(troubleOf(error));
  };
  const take = (exam: string): void =>
    claim.mutate(
      { exam },
      {
        onSuccess: (taken) =>
          done(t("worklist.claimed_ok"), { label: t("common.undo"), run: () => release.mutate(taken) }),
        onError: failedWith,
      },
    );
  const toggle = (row: ExamRow): void => {
    if (row.claim === null) take(row.exam);
    else if (!row.claim.mine) setAsked(row.claim);
    else {
      release.mutate(row.claim, {
        onSuccess: () =>
          done(t("worklist.released_ok"), { label: t("common.undo"), run: () => take(row.exam) }),
        onError: (error) => say(troubleOf(error)),
      });
    }
  };
  const confirm = (held: Claim, reason: string): void => {
    setAsked(null);
    claim.mutate(
      { exam: held.exam, reason },
      {
        onSuccess: (taken) => {
          done(t("worklist.claimed_ok"));
          afterTakeOver?.(taken);
        },
        onError: (error) => say(troubleOf(error)),
      },
    );
  };
  return {
    toggle,
    askTakeOver: setAsked,
    dialog: asked && (
      <Suspense>
        <TakeOver key={asked.exam} claim={asked} close={() => setAsked(null)} confirm={confirm} />
      </Suspense>
    ),
  };
}
