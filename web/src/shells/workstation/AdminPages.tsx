/** Administration and the node page at their addresses. */
import { useParams } from "@tanstack/react-router";
import { may, useSession } from "@/api/session";
import { Failure } from "@/kit/States";
import { Admin } from "@/rooms/access/admin/Admin";
import { NodeBoard } from "@/rooms/node/NodeBoard";

const DENIED = { kind: "denied", reference: null, detail: "" } as const;

export function AdminPage() {
  const { section } = useParams({ from: "/frame/admin/$section" });
  return <Admin session={useSession()} section={section} />;
}

export function NodePage() {
  const session = useSession();
  return may(session, "see-node") ? (
    <NodeBoard mayAct={may(session, "administer-node")} />
  ) : (
    <div className="page">
      <Failure trouble={DENIED} />
    </div>
  );
}
