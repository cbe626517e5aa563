/** The network page at its address; the chosen line is in it. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useSession } from "@/api/session";
import { Failure } from "@/kit/States";
import { NetworkBoard } from "@/rooms/network/NetworkBoard";
import { maySeeNetwork } from "./home";

const DENIED = { kind: "denied", reference: null, detail: "" } as const;

export function NetworkPage() {
  const session = useSession();
  const { link } = useSearch({ from: "/frame/network" });
  const navigate = useNavigate();
  return maySeeNetwork(session) ? (
    <NetworkBoard
      link={link}
      choose={(chosen) => void navigate({ to: "/network", search: { link: chosen }, replace: true })}
    />
  ) : (
    <div className="page">
      <Failure trouble={DENIED} />
    </div>
  );
}
