/** The reading page at its address. */
import { Link, useLocation, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { may, useSession } from "@/api/session";
import { useTranslation } from "@/i18n";
import { ReadingExam } from "@/rooms/reading/ReadingExam";
import { ExamShares } from "@/rooms/sharing/ExamShares";

export function ReadingPage() {
  const { t } = useTranslation();
  const session = useSession();
  const { exam } = useParams({ from: "/frame/reading/$exam" });
  const { compare, ...search } = useSearch({ from: "/frame/reading/$exam" });
  const asked = useLocation({ select: (location) => location.state.asked });
  const navigate = useNavigate();
  const state = asked ? { asked } : {};
  return (
    <ReadingExam
      session={session}
      exam={exam}
      search={asked ? { ...search, q: asked } : search}
      compare={compare}
      setCompare={(study) =>
        void navigate({
          to: "/reading/$exam",
          params: { exam },
          search: study ? { ...search, compare: study } : search,
          replace: true,
          state,
        })
      }
      go={(row) =>
        void navigate({
          to: "/reading/$exam",
          params: { exam: row.exam },
          search: { ...search, exam: row.exam },
          state,
        })
      }
      back={() => void navigate({ to: "/reading", search: { ...search, exam }, state })}
      told={(row) =>
        may(session, "share-results") &&
        row.site.key === session.organisation.key && (
          <ExamShares
            exam={row.exam}
            patient={`${row.patient.family_name} ${row.patient.given_name}`.trim()}
          />
        )
      }
      home={
        <Link to="/reading" className="btn">
          {t("state.back_to_list")}
        </Link>
      }
    />
  );
}
