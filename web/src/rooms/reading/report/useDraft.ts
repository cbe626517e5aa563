/**
 * The draft of a report: saved by itself a moment after the last key, over the version it was read at.
 *
 * Until the node has it, the text is also kept on this seat, so that a cut line or an ended session loses nothing.
 * Somebody else's newer version is a conflict that only a person can settle.
 */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError, api, body, type Schemas, troubleOf } from "@/api/client";
import { complete, type Section, same } from "./blocks";

export type Report = Schemas["ReportView"];
export type Conflict = Schemas["ReportConflict"];
export type SaveState = "clean" | "dirty" | "saving" | "local" | "failed" | "conflict";

const QUIET_MS = 1200;
const RETRY_MS = 8000;
const seatKey = (login: string, exam: string): string => `archipel.draft.${login}.${exam}`;

interface Kept {
  version: number;
  sections: Section[];
  template: string | null;
}

function kept(key: string): Kept | null {
  try {
    const held = JSON.parse(localStorage.getItem(key) ?? "null") as Kept | null;
    return held && Array.isArray(held.sections) ? held : null;
  } catch {
    return null;
  }
}

export const reportKey = (exam: string) => ["report", exam] as const;

export function useDraft(exam: string, login: string, readOnly: boolean) {
  const client = useQueryClient();
  const key = seatKey(login, exam);
  const query = useQuery({
    queryKey: reportKey(exam),
    queryFn: ({ signal }): Promise<Report> =>
      body(api.GET("/api/exams/{exam}/report", { params: { path: { exam } }, signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const [sections, setSections] = useState<Section[] | null>(null);
  const [template, setTemplate] = useState<string | null>(null);
  const [state, setState] = useState<SaveState>("clean");
  const [why, setWhy] = useState<ApiError | null>(null);
  const [conflict, setConflict] = useState<Conflict | null>(null);
  const version = useRef(0);
  const saved = useRef<Section[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const now = useRef<Kept>({ version: 0, sections: [], template: null });
  const busy = useRef(false);

  useEffect(() => {
    if (!query.data || sections !== null) return;
    const report = query.data;
    const local = readOnly ? null : kept(key);
    version.current = local?.version ?? report.version;
    saved.current = complete(report.sections);
    setSections(complete(local?.sections ?? report.sections));
    setTemplate(local?.template ?? report.template);
    if (local && !same(local.sections, report.sections)) setState("dirty");
    else localStorage.removeItem(key);
  }, [query.data, sections, key, readOnly]);

  now.current = { version: version.current, sections: sections ?? [], template };

  const save = useCallback(async (): Promise<void> => {
    if (busy.current) return;
    busy.current = true;
    const sent = now.current;
    setState("saving");
    try {
      const report = await body(
        api.PUT("/api/exams/{exam}/report", {
          params: { path: { exam }, header: { "if-match": `"v${String(version.current)}"` } },
          body: { sections: sent.sections, template: sent.template },
        }),
      );
      version.current = report.version;
      saved.current = complete(report.sections);
      client.setQueryData(reportKey(exam), report);
      const stillSame = same(now.current.sections, sent.sections);
      if (stillSame) localStorage.removeItem(key);
      setWhy(null);
      setState(stillSame ? "clean" : "dirty");
    } catch (error) {
      const trouble = troubleOf(error);
      setWhy(trouble);
      if (error instanceof ApiError && error.status === 409) {
        setConflict(error.problem as unknown as Conflict);
        setState("conflict");
      } else
        setState(["network", "unavailable", "session", "busy"].includes(trouble.kind) ? "local" : "failed");
    } finally {
      busy.current = false;
    }
  }, [exam, key, client]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: every change of `sections` starts the wait anew
  useEffect(() => {
    if (state !== "dirty" && state !== "local") return;
    timer.current = setTimeout(() => void save(), state === "dirty" ? QUIET_MS : RETRY_MS);
    return () => {
      if (timer.current !== null) clearTimeout(timer.current);
    };
  }, [state, sections, save]);

  const change = (next: Section[], nextTemplate = template): void => {
    const whole = complete(next);
    setSections(whole);
    setTemplate(nextTemplate);
    if (same(whole, saved.current)) {
      localStorage.removeItem(key);
      setState("clean");
      return;
    }
    const keep: Kept = { version: version.current, sections: whole, template: nextTemplate };
    localStorage.setItem(key, JSON.stringify(keep));
    setState("dirty");
  };

  /** Goes on from their version with the sections chosen. */
  const settle = (chosen: Section[]): void => {
    if (conflict === null) return;
    version.current = conflict.theirs.version;
    saved.current = complete(conflict.theirs.sections);
    client.setQueryData(reportKey(exam), conflict.theirs);
    setConflict(null);
    change(chosen);
  };

  const leaveWith = useRef(save);
  leaveWith.current = save;
  const unsaved = useRef(false);
  unsaved.current = state === "dirty" || state === "local";
  useEffect(() => {
    const flush = (): void => {
      if (unsaved.current) void leaveWith.current();
    };
    addEventListener("pagehide", flush);
    return () => {
      removeEventListener("pagehide", flush);
      flush();
    };
  }, []);

  return { query, sections, template, state, why, conflict, change, save, settle };
}
