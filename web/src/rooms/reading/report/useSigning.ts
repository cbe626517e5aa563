/**
 * Preview, sign, undo. Nothing is signed that was not seen: a signature wished for before the preview opens the
 * preview, and the same key signs from there. What the checks say stands on the panel, and is asked of the node again
 * before each signature.
 */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, api, body, troubleOf } from "@/api/client";
import i18next, { isLanguage, useTranslation } from "@/i18n";
import { done, failed } from "@/kit/notify";
import { useSayFailure } from "@/kit/useSay";
import type { Claim } from "../merge";
import { useApplyClaim } from "../queries";
import { type Check, checksQuery, type RuleName, type SignedVersion, useRefreshReport } from "./queries";

export interface Preview {
  version: number;
  pages: number;
}

interface Wanted {
  exam: string;
  fence: number;
  version: number;
  isSaved: boolean;
  /** Makes the node hold what is on screen. */
  flush: () => Promise<number | null>;
  /** After a validated report: on to the next exam. */
  signed: () => void;
  /** After an undo: back to this exam. */
  reopened: () => void;
}

/** Takes a signature back while it can be. */
export function useUndo(exam: string, reopened: () => void): (version: SignedVersion) => Promise<void> {
  const { t } = useTranslation();
  const say = useSayFailure();
  const refresh = useRefreshReport();
  const apply = useApplyClaim();
  return async ({ digest }) => {
    try {
      const { claim } = await body(
        api.POST("/api/exams/{exam}/report/documents/{digest}/undo", {
          params: { path: { exam, digest } },
        }),
      );
      await refresh(exam);
      apply({ exam, claim: claim as Claim | null });
      done(t("sign.undone"));
      reopened();
    } catch (error) {
      if (error instanceof ApiError && error.problem.type === "too-late-to-undo")
        failed(t("sign.too_late"), t("sign.too_late_detail"));
      else say(troubleOf(error));
    }
  };
}

export function useSigning({ exam, fence, version, isSaved, flush, signed, reopened }: Wanted) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const say = useSayFailure();
  const refresh = useRefreshReport();
  const undo = useUndo(exam, reopened);
  const [preview, setPreview] = useState<Preview | null>(null);
  const [accepted, setAccepted] = useState<RuleName[]>([]);
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const { data: checks } = useQuery({
    ...checksQuery(exam, version, fence),
    enabled: version > 0 && isSaved,
  });

  const isOpen = (check: Check): boolean =>
    check.outcome === "blocks" || (check.outcome === "warns" && !accepted.includes(check.rule));

  const attempt = async (work: () => Promise<void>): Promise<void> => {
    if (busy) return;
    setBusy(true);
    try {
      await work();
    } catch (error) {
      if (error instanceof ApiError && error.problem.type === "report-too-long") {
        failed(t("sign.checks_open"), t("sign.too_long_detail"));
      } else {
        say(troubleOf(error));
      }
    } finally {
      setBusy(false);
    }
  };

  const show = (): Promise<void> =>
    attempt(async () => {
      if ((await flush()) === null) return;
      const seen = await body(api.POST("/api/exams/{exam}/report/preview", { params: { path: { exam } } }));
      setPreview(seen);
      await client.invalidateQueries({ queryKey: ["checks", exam] });
    });

  const sign = async (preliminary: boolean): Promise<void> => {
    let unseen = false;
    await attempt(async () => {
      const held = await flush();
      if (held === null) return;
      const found = await client.fetchQuery({ ...checksQuery(exam, held, fence), staleTime: 0 });
      const open = found.filter(isOpen);
      if (open.length > 0) {
        unseen = open.every((check) => check.rule === "preview");
        if (!unseen) {
          setAsked(true);
          setPreview(null);
          failed(t("sign.checks_open"), t("sign.checks_open_detail"));
        }
        return;
      }
      const language = isLanguage(i18next.language) ? i18next.language : "fr";
      const names = found.filter((check) => check.outcome === "warns").map((check) => check.rule);
      const made = await body(
        api.POST("/api/exams/{exam}/report/sign", {
          params: { path: { exam } },
          body: { version: held, fence, preliminary, accepted: names, language },
        }),
      );
      setPreview(null);
      setAsked(false);
      await refresh(exam);
      done(t(preliminary ? "sign.told" : "sign.done"), {
        label: t("common.undo"),
        run: () => void undo(made.version),
      });
      if (!preliminary) signed();
    });
    if (unseen) await show();
  };

  return {
    checks: checks ?? [],
    asked,
    accepted,
    accept: (rule: RuleName, on: boolean) =>
      setAccepted((held) => [...held.filter((other) => other !== rule), ...(on ? [rule] : [])]),
    isOpen,
    preview,
    closePreview: () => setPreview(null),
    show,
    sign,
    busy,
  };
}
