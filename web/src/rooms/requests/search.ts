/** What of the board is in the address: the side, the view, the request that is open. */
import type { Side } from "./board";

export interface BoardSearch {
  side?: Side;
  view?: "list";
  request?: string;
}

export function readBoardSearch(search: Record<string, string | undefined>): BoardSearch {
  const { side, view, request } = search;
  return {
    ...(side === "asking" || side === "reading" ? { side } : {}),
    ...(view === "list" ? { view } : {}),
    ...(request ? { request } : {}),
  };
}
