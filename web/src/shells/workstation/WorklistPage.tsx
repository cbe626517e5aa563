/** The worklist at its address. */
import { useLocation, useNavigate, useSearch } from "@tanstack/react-router";
import { useSession } from "@/api/session";
import { Worklist } from "@/rooms/reading/Worklist";

export function WorklistPage() {
  const session = useSession();
  const asked = useLocation({ select: (location) => location.state.asked });
  const inAddress = useSearch({ from: "/frame/reading" });
  // What is typed may be a patient's name: it travels in the history state, never in the address.
  const search = asked ? { ...inAddress, q: asked } : inAddress;
  const navigate = useNavigate();
  return (
    <Worklist
      session={session}
      search={search}
      change={({ q, ...next }) => {
        // Moving the selection is no step for the Back key; another list or filter is.
        const replace = next.list === search.list && next.exam !== search.exam;
        void navigate({ to: "/reading", search: next, replace, state: q ? { asked: q } : {} });
      }}
      open={(row) =>
        void navigate({
          to: "/reading/$exam",
          params: { exam: row.exam },
          search: { ...inAddress, exam: row.exam },
          state: asked ? { asked } : {},
        })
      }
      openRecord={(row) =>
        void navigate({
          to: "/patients/$person/exams/$exam",
          params: { person: row.patient.person ?? "-", exam: row.exam },
        })
      }
    />
  );
}
