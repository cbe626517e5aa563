/** What the patient pages ask of the node. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";

export type PersonPage = Schemas["PersonPage"];
export type PersonHits = Schemas["PersonHits"];
export type ExamPage = Schemas["ExamPage"];
export type ExamRow = Schemas["ExamRow"];
export type Banner = Schemas["PatientBanner"];

export const SHORTEST = 2;

export const personsQuery = (q: string) =>
  queryOptions({
    queryKey: ["persons", "search", q],
    queryFn: ({ signal }): Promise<PersonHits> =>
      body(api.GET("/api/persons", { params: { query: { q, limit: 50 } }, signal })),
    enabled: q.length >= SHORTEST,
  });

export const personQuery = (person: string) =>
  queryOptions({
    queryKey: ["person", person],
    queryFn: ({ signal }): Promise<PersonPage> =>
      body(api.GET("/api/persons/{person}", { params: { path: { person } }, signal })),
    // A study whose identity is still being attached has no person yet.
    enabled: person !== "-",
  });

/** Writes down what the patient said of sharing; the page then tells what holds. */
export function useOpposition(person: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (wanted: Schemas["OppositionWrite"]) =>
      body(api.PUT("/api/persons/{person}/opposition", { params: { path: { person } }, body: wanted })),
    onSuccess: (oppositions) => {
      client.setQueryData(personQuery(person).queryKey, (page) => page && { ...page, oppositions });
      return client.invalidateQueries({ queryKey: ["person", person] });
    },
  });
}

export const examQuery = (exam: string) =>
  queryOptions({
    queryKey: ["exam", exam],
    queryFn: ({ signal }): Promise<ExamPage> =>
      body(api.GET("/api/exams/{exam}", { params: { path: { exam } }, signal })),
  });

export const standingQuery = (exam: string) =>
  queryOptions({
    queryKey: ["standing", exam],
    queryFn: ({ signal }) =>
      body(api.GET("/api/exams/{exam}/report/documents", { params: { path: { exam } }, signal })),
  });

export const documentQuery = (exam: string, digest: string) =>
  queryOptions({
    queryKey: ["document", exam, digest],
    queryFn: ({ signal }) =>
      body(
        api.GET("/api/exams/{exam}/report/documents/{digest}", {
          params: { path: { exam, digest } },
          signal,
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  });
