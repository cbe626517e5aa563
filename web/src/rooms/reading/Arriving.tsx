/** Exams of other sites that are asked for and still on their way: seen coming, not yet to be opened. */
import { Link } from "@tanstack/react-router";
import type { Schemas } from "@/api/client";
import { useTranslation } from "@/i18n";
import { when } from "@/i18n/format";
import { IconTransfer } from "@/kit/icons";
import { UrgencyTag } from "@/kit/Marks";
import { Travel } from "@/kit/Travel";
import { serverNow } from "@/kit/time";
import css from "./reading.module.css";

export function Arriving({ exams }: { exams: Schemas["ArrivingExam"][] }) {
  const { t } = useTranslation();
  if (exams.length === 0) return null;
  return (
    <section className={css.arriving} aria-labelledby="arriving">
      <h2 id="arriving">
        <IconTransfer size={14} aria-hidden /> {t("worklist.arriving", { count: exams.length })}
      </h2>
      <ul>
        {exams.map(({ exam, patient, modality, procedure, request }) => (
          <li key={exam} data-exam={exam}>
            <UrgencyTag urgency={request.urgency} tiny />
            <Link to="/tele" search={{ request: request.request }}>
              {patient.family_name} {patient.given_name}
            </Link>
            <span className={css.coming}>
              <span className="mod">{modality || "?"}</span> {procedure || t("exam.untitled")}
            </span>
            <span className="t2">{request.asking.name}</span>
            <Travel images={request.images} />
            <span className="t2 nw">
              {t("tele.standing_due", { time: when(request.due_at, serverNow()) })}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
