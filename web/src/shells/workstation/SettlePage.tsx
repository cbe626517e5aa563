/** The desk of things to settle at its address. */
import { may, useSession } from "@/api/session";
import { Failure } from "@/kit/States";
import { ToSettle } from "@/rooms/settle/ToSettle";

const DENIED = { kind: "denied", reference: null, detail: "" } as const;

export function SettlePage() {
  return may(useSession(), "settle-arrivals") ? (
    <ToSettle />
  ) : (
    <div className="page">
      <Failure trouble={DENIED} />
    </div>
  );
}
