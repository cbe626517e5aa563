/** Exams of other nodes: having one fetched, following it live, calling it off and taking that back. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, body, type Schemas, troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { done, failed } from "@/kit/notify";

export type ElsewhereExam = Schemas["ElsewhereExam"];
export type Transfer = Schemas["TransferView"];
export type NodeReach = Schemas["NodeReach"];

const MOVING = new Set<Transfer["state"]>(["wanted", "planned", "fetching", "stalled", "paused", "whole"]);
export const isUnderWay = (transfer: Transfer | null): transfer is Transfer =>
  transfer !== null && MOVING.has(transfer.state);

/** The last transfer of each exam as the node tells it live; empty while nobody waits for one. */
export function useTransfers(follow: boolean): ReadonlyMap<string, Transfer> {
  const [told, setTold] = useState<ReadonlyMap<string, Transfer>>(new Map());
  useEffect(() => {
    if (!follow) return;
    const source = new EventSource("/api/transfers/events");
    source.addEventListener("transfers", (event: MessageEvent<string>) => {
      const { transfers } = JSON.parse(event.data) as Schemas["TransferList"];
      const latest = new Map<string, Transfer>();
      for (const one of transfers) {
        const held = latest.get(one.exam);
        if (!held || held.wanted_at < one.wanted_at) latest.set(one.exam, one);
      }
      setTold(latest);
    });
    return () => source.close();
  }, [follow]);
  return told;
}

/** What can be done with a foreign exam; each change shows at once and says what went wrong. */
export function useFetching(person: string) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const again = (): void => void client.invalidateQueries({ queryKey: ["person", person] });
  const onError = (error: unknown): void => failed(t("elsewhere.failed"), troubleOf(error).detail);
  const fetch = useMutation({
    mutationFn: (exam: string): Promise<Transfer> =>
      body(
        api.POST("/api/exams/{exam}/fetch", {
          params: { path: { exam } },
          body: { person, of_class: "oncall" },
        }),
      ),
    onSuccess: again,
    onError,
  });
  const resume = useMutation({
    mutationFn: (transfer: string): Promise<Transfer> =>
      body(api.POST("/api/transfers/{transfer}/resume", { params: { path: { transfer } } })),
    onSuccess: again,
    onError,
  });
  const cancel = useMutation({
    mutationFn: (transfer: string): Promise<Transfer> =>
      body(api.POST("/api/transfers/{transfer}/cancel", { params: { path: { transfer } } })),
    onSuccess: (_held, transfer) => {
      again();
      done(t("elsewhere.cancelled"), { label: t("common.undo"), run: () => resume.mutate(transfer) });
    },
    onError,
  });
  return { fetch, cancel, resume };
}
