/**
 * The draft of a report: saved by itself a moment after the last key, over the version it was read at.
 *
 * Until the node has it, the text is also kept on this seat, so that a cut line or an ended session loses nothing.
 * Somebody else's newer version is a conflict that only a person can settle.
 */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError, api, body, type Schemas, troubleOf } from "@/api/client";
import { complete, type Section, same as sameText } from "./blocks";
import { both, type KeyImage } from "./keyImages";

export type Report = Schemas["ReportView"];
export type Conflict = Schemas["ReportConflict"];
export type SaveState = "clean" | "dirty" | "saving" | "local" | "failed" | "conflict";

const QUIET_MS = 1200;
const RETRY_MS = 8000;
const seatKey = (login: string, exam: string): string => `archipel.draft.${login}.${exam}`;

/** What a report says beside its sections. */
export type Extras = Pick<Report, "key_images" | "plain_words" | "important" | "reason">;

export interface Content {
  sections: Section[];
  template: string | null;
  extras: Extras;
}

interface Kept extends Content {
  version: number;
}

type ImagesUpdate = (images: KeyImage[]) => KeyImage[];

const NO_EXTRAS: Extras = { key_images: [], plain_words: "", important: false, reason: "" };
const NOTHING: Content = { sections: [], template: null, extras: NO_EXTRAS };

export const contentOf = (report: Report): Content => ({
  sections: complete(report.sections),
  template: report.template,
  extras: {
    key_images: report.key_images,
    plain_words: report.plain_words,
    important: report.important,
    reason: report.reason,
  },
});

const sameContent = (one: Content, two: Content): boolean =>
  sameText(one.sections, two.sections) && JSON.stringify(one.extras) === JSON.stringify(two.extras);

function kept(key: string): Kept | null {
  try {
    const held = JSON.parse(localStorage.getItem(key) ?? "null") as Partial<Kept> | null;
    if (!held || !Array.isArray(held.sections) || typeof held.version !== "number") return null;
    return {
      version: held.version,
      sections: held.sections,
      template: held.template ?? null,
      extras: { ...NO_EXTRAS, ...held.extras },
    };
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
  const [content, setContent] = useState<Content | null>(null);
  const [state, setState] = useState<SaveState>("clean");
  const [why, setWhy] = useState<ApiError | null>(null);
  const [conflict, setConflict] = useState<Conflict | null>(null);
  const version = useRef(0);
  const saved = useRef<Content>(NOTHING);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const now = useRef<Content>(NOTHING);
  const saving = useRef<Promise<boolean> | null>(null);
  /** Marks made before the draft was read: they are put on it when it is. */
  const early = useRef<ImagesUpdate[]>([]);

  useEffect(() => {
    if (!query.data || content !== null) return;
    const report = query.data;
    const stored = contentOf(report);
    const local = readOnly || report.state === "closed" ? null : kept(key);
    version.current = local?.version ?? report.version;
    saved.current = stored;
    const begun = local ? { ...local, sections: complete(local.sections) } : stored;
    const marks = early.current.splice(0);
    const key_images = marks.reduce((images, update) => update(images), begun.extras.key_images);
    now.current = { ...begun, extras: { ...begun.extras, key_images } };
    setContent(now.current);
    if (!sameContent(now.current, stored)) setState("dirty");
    else localStorage.removeItem(key);
  }, [query.data, content, key, readOnly]);

  const store = useCallback(async (): Promise<boolean> => {
    const sent = now.current;
    setState("saving");
    try {
      const report = await body(
        api.PUT("/api/exams/{exam}/report", {
          params: { path: { exam }, header: { "if-match": `"v${String(version.current)}"` } },
          body: { sections: sent.sections, template: sent.template, ...sent.extras },
        }),
      );
      version.current = report.version;
      saved.current = contentOf(report);
      client.setQueryData(reportKey(exam), report);
      const stillSame = sameContent(now.current, sent);
      if (stillSame) localStorage.removeItem(key);
      setWhy(null);
      setState(stillSame ? "clean" : "dirty");
      return stillSame;
    } catch (error) {
      const trouble = troubleOf(error);
      setWhy(trouble);
      if (error instanceof ApiError && error.problem.type === "draft-outdated") {
        setConflict(error.problem as unknown as Conflict);
        setState("conflict");
      } else
        setState(["network", "unavailable", "session", "busy"].includes(trouble.kind) ? "local" : "failed");
      return false;
    }
  }, [exam, key, client]);

  /** Saves what is held; resolves true where the node has exactly that. One save at a time. */
  const save = useCallback((): Promise<boolean> => {
    saving.current ??= store().finally(() => {
      saving.current = null;
    });
    return saving.current;
  }, [store]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: every change of `content` starts the wait anew
  useEffect(() => {
    if (state !== "dirty" && state !== "local") return;
    timer.current = setTimeout(() => void save(), state === "dirty" ? QUIET_MS : RETRY_MS);
    return () => {
      if (timer.current !== null) clearTimeout(timer.current);
    };
  }, [state, content, save]);

  const put = (next: Content): void => {
    now.current = { ...next, sections: complete(next.sections) };
    setContent(now.current);
    if (sameContent(now.current, saved.current)) {
      localStorage.removeItem(key);
      setState("clean");
      return;
    }
    const keep: Kept = { version: version.current, ...now.current };
    localStorage.setItem(key, JSON.stringify(keep));
    setState("dirty");
  };
  const change = (sections: Section[], template = now.current.template): void =>
    put({ ...now.current, sections, template });
  const changeExtras = (extras: Partial<Extras>): void =>
    put({ ...now.current, extras: { ...now.current.extras, ...extras } });

  /** Two marks may come before the next drawing: each stands on the one before. */
  const changeImages = (update: ImagesUpdate): void => {
    if (content === null) early.current.push(update);
    else changeExtras({ key_images: update(now.current.extras.key_images) });
  };

  /** Makes the node hold what is on screen; resolves to the version it then has, null where it cannot. */
  const flush = async (): Promise<number | null> => {
    if (saving.current) await saving.current;
    if (sameContent(now.current, saved.current) && version.current > 0) return version.current;
    return (await save()) ? version.current : null;
  };

  /** Begins again with what the node gives: after a signature, its undoing, or an addendum begun. */
  const restart = (report?: Report): Promise<void> => {
    localStorage.removeItem(key);
    setState("clean");
    setContent(null);
    if (report) client.setQueryData(reportKey(exam), report);
    return report ? Promise.resolve() : client.invalidateQueries({ queryKey: reportKey(exam) });
  };

  /** Goes on from their version with the sections chosen. */
  const settle = (chosen: Section[]): void => {
    if (conflict === null) return;
    version.current = conflict.theirs.version;
    saved.current = contentOf(conflict.theirs);
    client.setQueryData(reportKey(exam), conflict.theirs);
    setConflict(null);
    change(chosen);
    changeImages((mine) => both(mine, conflict.theirs.key_images));
  };

  const leaveWith = useRef(save);
  leaveWith.current = save;
  const unsaved = useRef(false);
  unsaved.current = state === "dirty" || state === "local";
  useEffect(() => {
    const flushed = (): void => {
      if (unsaved.current) void leaveWith.current();
    };
    addEventListener("pagehide", flushed);
    return () => {
      removeEventListener("pagehide", flushed);
      flushed();
    };
  }, []);

  return {
    query,
    sections: content?.sections ?? null,
    template: content?.template ?? null,
    extras: content?.extras ?? NO_EXTRAS,
    state,
    why,
    conflict,
    change,
    changeExtras,
    changeImages,
    save,
    flush,
    restart,
    settle,
  };
}
