/** What the quality desk asks of the node, and what it decides. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";

export type Board = Schemas["QualityBoard"];
export type InBin = Schemas["InBin"];
export type Correction = Schemas["CorrectionView"];
export type ExamQuality = Schemas["ExamQuality"];
export type Asked = Schemas["CorrectRequest"];
export type Reason = InBin["reason"];
export type Kind = Correction["kind"];

/** Those that people decide; that a retention is over the node says by its rules. */
export const REASONS = ["quality", "safety", "worklist"] as const satisfies readonly Reason[];

const UNDER_WAY_MS = 2_000;
const CALM_MS = 30_000;

export const boardQuery = queryOptions({
  queryKey: ["quality"],
  queryFn: ({ signal }): Promise<Board> => body(api.GET("/api/quality", { signal })),
  refetchInterval: (query) =>
    query.state.data?.corrections.some((one) => one.state === "asked" || one.state === "undoing")
      ? UNDER_WAY_MS
      : CALM_MS,
});

export const examQualityQuery = (exam: string) =>
  queryOptions({
    queryKey: ["quality", exam],
    queryFn: ({ signal }): Promise<ExamQuality> =>
      body(api.GET("/api/quality/exams/{exam}", { params: { path: { exam } }, signal })),
  });

export const previewQuery = (exam: string, asked: Asked) =>
  queryOptions({
    queryKey: ["quality", exam, "preview", asked],
    queryFn: ({ signal }) =>
      body(
        api.POST("/api/quality/exams/{exam}/preview", { params: { path: { exam } }, body: asked, signal }),
      ),
    retry: false,
    staleTime: 0,
  });

function useDecided() {
  const client = useQueryClient();
  return () =>
    Promise.all([
      client.invalidateQueries({ queryKey: ["quality"] }),
      client.invalidateQueries({ queryKey: ["exam"] }),
      client.invalidateQueries({ queryKey: ["person"] }),
    ]);
}

export function useReject() {
  const decided = useDecided();
  return useMutation({
    mutationFn: ({ exam, ...wanted }: { exam: string; reason: Reason; why: string; series: string[] }) =>
      body(api.POST("/api/quality/exams/{exam}/reject", { params: { path: { exam } }, body: wanted })),
    onSuccess: decided,
  });
}

export function useRestore() {
  const decided = useDecided();
  return useMutation({
    mutationFn: ({ exam, note, why }: { exam: string; note: string; why: string }) =>
      body(
        api.POST("/api/quality/exams/{exam}/notes/{note}/restore", {
          params: { path: { exam, note } },
          body: { why },
        }),
      ),
    onSuccess: decided,
  });
}

export function useCorrect() {
  const decided = useDecided();
  return useMutation({
    mutationFn: ({ exam, asked }: { exam: string; asked: Asked }) =>
      body(api.POST("/api/quality/exams/{exam}/correct", { params: { path: { exam } }, body: asked })),
    onSuccess: decided,
  });
}

export function useUndo() {
  const decided = useDecided();
  return useMutation({
    mutationFn: (name: string) =>
      body(api.POST("/api/quality/corrections/{name}/undo", { params: { path: { name } } })),
    onSuccess: decided,
  });
}
