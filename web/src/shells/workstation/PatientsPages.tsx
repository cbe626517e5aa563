/** The patient pages at their addresses. */
import { Link, useLocation, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";
import { may, useSession } from "@/api/session";
import { useTranslation } from "@/i18n";
import { IconPencil } from "@/kit/icons";
import { Patients } from "@/rooms/archive/Patients";
import { Person } from "@/rooms/archive/Person";
import { PersonLinks } from "@/rooms/identity/PersonLinks";
import { AheadLink } from "@/rooms/requests/AheadLink";
import { ExamRequest } from "@/rooms/requests/ExamRequest";
import { ExamDeidentify } from "@/rooms/sharing/ExamDeidentify";
import { ExamShares } from "@/rooms/sharing/ExamShares";

export function PatientsPage() {
  const navigate = useNavigate();
  const asked = useLocation({ select: (location) => location.state.asked }) ?? "";
  const ask = useCallback(
    (text: string) => void navigate({ to: "/patients", state: { asked: text }, replace: true }),
    [navigate],
  );
  return <Patients asked={asked} ask={ask} />;
}

function AnyPerson({ person, exam }: { person: string; exam: string | undefined }) {
  const { t } = useTranslation();
  const session = useSession();
  const navigate = useNavigate();
  return (
    <Person
      person={person}
      exam={exam}
      mayRead={may(session, "read-images")}
      mayReadReports={may(session, "read-reports")}
      request={(row) => (
        <>
          <ExamRequest
            exam={row.exam}
            mark={row.request ?? null}
            mayAsk={may(session, "ask-reading") && row.site.key === session.organisation.key}
          />
          {may(session, "share-results") && row.site.key === session.organisation.key && (
            <ExamShares
              exam={row.exam}
              patient={`${row.patient.family_name} ${row.patient.given_name}`.trim()}
            />
          )}
          {may(session, "correct-exams") && row.site.key === session.organisation.key && (
            <Link to="/quality/$exam" params={{ exam: row.exam }} className="btn">
              <IconPencil size={16} aria-hidden /> {t("quality.from_exam")}
            </Link>
          )}
          {may(session, "export-deidentified") && row.site.key === session.organisation.key && (
            <ExamDeidentify exam={row.exam} />
          )}
        </>
      )}
      identity={
        may(session, "resolve-identity") && (
          <PersonLinks
            person={person}
            moved={(now) =>
              now !== person &&
              void navigate({ to: "/patients/$person", params: { person: now }, replace: true })
            }
          />
        )
      }
      ahead={may(session, "ask-reading") && <AheadLink person={person} />}
      choose={(chosen) =>
        void navigate({
          to: "/patients/$person/exams/$exam",
          params: { person, exam: chosen },
          replace: true,
        })
      }
      open={(chosen) => void navigate({ to: "/reading/$exam", params: { exam: chosen } })}
      compare={(newer, older) =>
        void navigate({
          to: "/reading/$exam",
          params: { exam: newer.exam },
          search: { compare: older.study_instance_uid },
        })
      }
      home={
        <Link to="/patients" className="btn">
          {t("patients.search_label")}
        </Link>
      }
    />
  );
}

export function PersonPage() {
  const { person } = useParams({ from: "/frame/patients/$person" });
  const { exam } = useSearch({ from: "/frame/patients/$person" });
  return <AnyPerson key={person} person={person} exam={exam} />;
}

export function ExamPage() {
  const { person, exam } = useParams({ from: "/frame/patients/$person/exams/$exam" });
  return <AnyPerson key={person} person={person} exam={exam} />;
}
