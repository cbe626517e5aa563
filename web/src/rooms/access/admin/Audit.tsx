/** Who did what, when, by which door; and whether the chain of proofs holds. */
import { TextInput } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, body, type Schemas, troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { dayAndClock, number } from "@/i18n/format";
import { Answer } from "@/kit/Answer";
import { IconAlertTriangle, IconShieldCheck } from "@/kit/icons";
import { Tag } from "@/kit/Marks";
import { Table } from "@/kit/Table";
import css from "./admin.module.css";

type AuditPage = Schemas["AuditPage"];
const PAUSE_MS = 300;

function usePaused<T>(value: T): T {
  const [paused, setPaused] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setPaused(value), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return paused;
}

export function Audit() {
  const { t } = useTranslation();
  const [filter, setFilter] = useState({ actor: "", action: "", subject: "" });
  const asked = usePaused(filter);
  const query = useInfiniteQuery({
    queryKey: ["admin", "audit", asked],
    queryFn: ({ pageParam, signal }): Promise<AuditPage> =>
      body(
        api.GET("/api/admin/audit", {
          params: { query: { ...asked, limit: 100, ...(pageParam ? { before: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page: AuditPage) => page.next ?? undefined,
  });
  const set = (key: keyof typeof filter) => (value: string) => setFilter({ ...filter, [key]: value });
  return (
    <section className="panel">
      <header>
        <h2>{t("admin.audit")}</h2>
        <i className="sp" />
        <Chain />
      </header>
      <div className={css.filters}>
        <TextInput
          label={t("admin.audit_filter_who")}
          value={filter.actor}
          onChange={(event) => set("actor")(event.currentTarget.value)}
        />
        <TextInput
          label={t("admin.audit_filter_action")}
          value={filter.action}
          onChange={(event) => set("action")(event.currentTarget.value)}
        />
        <TextInput
          label={t("admin.audit_filter_subject")}
          value={filter.subject}
          onChange={(event) => set("subject")(event.currentTarget.value)}
        />
      </div>
      <Answer query={query} trouble={troubleOf} columns={[1, 2, 1, 2, 1, 2]} rows={8}>
        {({ pages }) => <Rows rows={pages.flatMap((page) => page.rows)} />}
      </Answer>
      {query.hasNextPage && (
        <div className="row" style={{ justifyContent: "center", padding: 12 }}>
          <button
            type="button"
            className="btn"
            disabled={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            {t("common.more")}
          </button>
        </div>
      )}
    </section>
  );
}

const COLUMNS = ["time", "who", "action", "subject", "door", "detail", "hash"] as const;

function Rows({ rows }: { rows: AuditPage["rows"] }) {
  const { t } = useTranslation();
  if (rows.length === 0)
    return (
      <p className="t2" style={{ padding: "4px 16px 18px" }}>
        {t("admin.audit_none")}
      </p>
    );
  return (
    <Table
      label={t("admin.audit")}
      columns={COLUMNS.map((column) => t(`admin.audit_${column}`))}
      rows={rows.map((row) => (
        <tr key={row.sequence}>
          <td className="nw">{dayAndClock(row.at)}</td>
          <td>
            <b>{row.actor}</b>
            {row.organisation && <small className="t3"> · {row.organisation}</small>}
          </td>
          <td>
            <Tag tone={row.action === "refuse" || row.action.endsWith("failed") ? "critical" : "neutral"}>
              {row.action}
            </Tag>
          </td>
          <td className="mono">{row.subject}</td>
          <td>{row.door}</td>
          <td>{row.detail}</td>
          <td className="mono" title={row.hash}>
            {row.hash.slice(0, 8)}
          </td>
        </tr>
      ))}
    />
  );
}

function Chain() {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: ["admin", "chain"],
    queryFn: ({ signal }) => body(api.GET("/api/admin/audit/chain", { signal })),
    enabled: false,
  });
  const state = query.isError ? undefined : query.data;
  return (
    <>
      {state &&
        (state.intact ? (
          <Tag tone="ok" icon={IconShieldCheck}>
            {t("admin.chain_ok", { n: number(state.rows) })}
          </Tag>
        ) : (
          <Tag tone="critical" icon={IconAlertTriangle}>
            {t("admin.chain_ko", { n: state.first_broken ?? "?" })}
          </Tag>
        ))}
      {query.isError && (
        <Tag tone="urgent" icon={IconAlertTriangle}>
          {t("admin.chain_unknown")}
        </Tag>
      )}
      <button type="button" className="btn" disabled={query.isFetching} onClick={() => void query.refetch()}>
        <IconShieldCheck size={15} aria-hidden /> {t("admin.chain_check")}
      </button>
    </>
  );
}
