/** What sharing asks of the node: the links to an exam's result, made, renewed, cut and restored. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, body, type Schemas } from "@/api/client";
import { setServerTime } from "@/kit/time";

export type Share = Schemas["ShareView"];
export type ShareMade = Schemas["ShareMade"];
export type Shares = Schemas["SharesView"];
export type DeidentifyRequest = Schemas["DeidentifyRequest"];
export type ShareRequest = Schemas["ShareRequest"];

export const sharesQuery = (exam: string) =>
  queryOptions({
    queryKey: ["shares", exam],
    queryFn: async ({ signal }): Promise<Shares> => {
      const found = await body(api.GET("/api/exams/{exam}/shares", { params: { path: { exam } }, signal }));
      setServerTime(found.server_time);
      return found;
    },
    // Who looks outside says nothing to this page's stream.
    refetchInterval: 20_000,
  });

export function useSharing(exam: string) {
  const client = useQueryClient();
  const onSettled = () => client.invalidateQueries({ queryKey: ["shares", exam] });
  const at = (link: string) => ({ params: { path: { exam, link } } });
  return {
    know: useMutation({
      mutationFn: (mail: string): Promise<Schemas["KnownReferrer"]> =>
        body(
          api.PUT("/api/exams/{exam}/referrer", {
            params: { path: { exam } },
            body: { mail, language: "fr" },
          }),
        ),
      onSettled,
    }),
    make: useMutation({
      mutationFn: (wanted: ShareRequest): Promise<ShareMade> =>
        body(api.POST("/api/exams/{exam}/shares", { params: { path: { exam } }, body: wanted })),
      onSettled,
    }),
    renew: useMutation({
      mutationFn: (link: string): Promise<ShareMade> =>
        body(api.POST("/api/exams/{exam}/shares/{link}/renewal", at(link))),
      onSettled,
    }),
    cut: useMutation({
      mutationFn: (link: string): Promise<Share> =>
        body(api.DELETE("/api/exams/{exam}/shares/{link}", at(link))),
      onSettled,
    }),
    restore: useMutation({
      mutationFn: (link: string): Promise<Share> =>
        body(api.POST("/api/exams/{exam}/shares/{link}/restoration", at(link))),
      onSettled,
    }),
  };
}

export interface Leaving {
  archive: Blob;
  name: string;
  objects: number;
}

/** Makes the archive of an exam that names nobody. */
export function useDeidentifying(exam: string) {
  return useMutation({
    mutationFn: async (wanted: DeidentifyRequest): Promise<Leaving> => {
      const { data, response } = await api.POST("/api/exams/{exam}/deidentified", {
        params: { path: { exam } },
        body: wanted,
        parseAs: "blob",
      });
      const told = response.headers.get("Content-Disposition") ?? "";
      return {
        archive: data as unknown as Blob,
        name: /filename="([^"]+)"/.exec(told)?.[1] ?? "deidentified.zip",
        objects: Number(response.headers.get("X-Objects") ?? 0),
      };
    },
  });
}
