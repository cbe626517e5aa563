/** What a screen asked of the node, in whichever state the answer is. Every data screen shows its answers by this. */
import type { ReactNode } from "react";
import { Failure, FrozenStrip, Loading, type Trouble } from "./States";

/** What of a query (TanStack Query) is needed here: one of pages answers to it as well. */
export interface Asked<Data> {
  data: Data | undefined;
  error: Error | null;
  dataUpdatedAt: number;
  refetch: () => unknown;
}

interface AnswerProps<Data> {
  query: Asked<Data>;
  /** Reads what the node said when it could not. */
  trouble: (error: unknown) => Trouble;
  /** The widths of the columns to come, and how many rows stand for them. */
  columns: readonly number[];
  rows?: number;
  home?: ReactNode;
  children: (data: Data) => ReactNode;
}

const isClosed = ({ kind }: Trouble): boolean => kind === "denied" || kind === "missing";

/** Awaited, failed, given; or given before and not since, which is said. What is no longer allowed is not shown. */
export function Answer<Data>({ query, trouble, columns, rows, home, children }: AnswerProps<Data>) {
  const { data, error, dataUpdatedAt } = query;
  const retry = (): void => void query.refetch();
  const said = error && trouble(error);
  if (said && (data === undefined || isClosed(said)))
    return <Failure trouble={said} retry={retry} home={home} />;
  if (data === undefined) return <Loading columns={columns} {...(rows ? { rows } : {})} />;
  return (
    <>
      {said && <FrozenStrip at={dataUpdatedAt} retry={retry} />}
      {children(data)}
    </>
  );
}
