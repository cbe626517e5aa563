/** The tele-reading pages at their addresses: the board, and a new request. */
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { may, useSession } from "@/api/session";
import { useTranslation } from "@/i18n";
import { IconClipboardText } from "@/kit/icons";
import { Block, Failure } from "@/kit/States";
import { Board } from "@/rooms/requests/Board";
import { AheadForm } from "@/rooms/requests/form/Ahead";
import { RequestForm } from "@/rooms/requests/form/Form";

const DENIED = { kind: "denied", reference: null, detail: "" } as const;

export function TelePage() {
  const session = useSession();
  const search = useSearch({ from: "/frame/tele" });
  const navigate = useNavigate();
  if (!may(session, "ask-reading")) return <Denied />;
  return (
    <Board
      me={session.person.name}
      mayAsk={may(session, "search-patients")}
      mayReadReports={may(session, "read-reports")}
      search={search}
      change={(next) =>
        void navigate({
          to: "/tele",
          search: next,
          // Opening a request is a step for the Back key; moving to its neighbour is none.
          replace: next.request !== undefined && search.request !== undefined,
        })
      }
      ways={{
        read: (exam) => void navigate({ to: "/reading/$exam", params: { exam } }),
        open: (exam) => void navigate({ to: "/patients/$person/exams/$exam", params: { person: "-", exam } }),
      }}
      ask={() => void navigate({ to: "/tele/new" })}
    />
  );
}

export function NewRequestPage() {
  const { t } = useTranslation();
  const session = useSession();
  const { exam, person } = useSearch({ from: "/frame/tele/new" });
  const navigate = useNavigate();
  if (!may(session, "ask-reading")) return <Denied />;
  const home = (
    <Link to="/patients" className="btn primary">
      {t("patients.search_label")}
    </Link>
  );
  const ways = {
    login: session.person.login,
    me: session.person.name,
    sent: (request: string) => void navigate({ to: "/tele", search: { request } }),
    home,
  };
  if (person)
    return (
      <AheadForm
        key={person}
        {...ways}
        person={person}
        organisation={session.organisation.key}
        reopened={() => void navigate({ to: "/tele/new", search: { person } })}
        back={() => void navigate({ to: "/patients/$person", params: { person } })}
      />
    );
  if (!exam)
    return (
      <div className="page">
        <Block icon={IconClipboardText} title={t("tele.pick_exam")} actions={home}>
          <p>{t("tele.pick_exam_detail")}</p>
        </Block>
      </div>
    );
  return (
    <RequestForm
      key={exam}
      {...ways}
      exam={exam}
      reopened={() => void navigate({ to: "/tele/new", search: { exam } })}
      back={() => void navigate({ to: "/patients/$person/exams/$exam", params: { person: "-", exam } })}
    />
  );
}

function Denied() {
  return (
    <div className="page">
      <Failure trouble={DENIED} />
    </div>
  );
}
