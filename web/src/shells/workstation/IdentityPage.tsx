/** The identity desk at its address. */
import { useNavigate } from "@tanstack/react-router";
import { may, useSession } from "@/api/session";
import { Failure } from "@/kit/States";
import { IdentityDesk } from "@/rooms/identity/IdentityDesk";

const DENIED = { kind: "denied", reference: null, detail: "" } as const;

export function IdentityPage() {
  const navigate = useNavigate();
  return may(useSession(), "resolve-identity") ? (
    <IdentityDesk openPerson={(person) => void navigate({ to: "/patients/$person", params: { person } })} />
  ) : (
    <div className="page">
      <Failure trouble={DENIED} />
    </div>
  );
}
