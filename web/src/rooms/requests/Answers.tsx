/** The signed report that came back, in the words of its document. */
import { useQuery } from "@tanstack/react-query";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { dayAndClock } from "@/i18n/format";
import { Answer } from "@/kit/Answer";
import { IconAlertTriangle, IconFileText } from "@/kit/icons";
import { Tag } from "@/kit/Marks";
import { ReportFiles, ReportText } from "@/kit/ReportText";
import { documentQuery, type RequestPage } from "./queries";
import css from "./requests.module.css";

interface AnswersProps {
  page: RequestPage;
  mayRead: boolean;
  reconcile: (digest: string) => void;
}

export function Answers({ page, mayRead, reconcile }: AnswersProps) {
  const { row } = page;
  const { t } = useTranslation();
  if (page.answers.length === 0) return null;
  // The newest version of each reading: the principal one first, then the other where two exist.
  const principal = page.answers.filter((answer) => answer.principal).at(-1);
  const other = page.answers.filter((answer) => !answer.principal).at(-1);
  return (
    <section className={css.part} aria-labelledby="answer">
      <h3 id="answer">
        <IconFileText size={14} aria-hidden /> {t("tele.answer")}
      </h3>
      {row.conflict && (
        <p className="strip critical" role="alert">
          <IconAlertTriangle size={15} aria-hidden /> <b>{t("tele.conflict")}</b>
        </p>
      )}
      {[principal, other].map(
        (answer) =>
          answer && (
            <div key={answer.digest} className={css.answer}>
              <p className="row wrap">
                <b>{answer.by}</b>
                <span className="t3">
                  {answer.organisation} · {dayAndClock(answer.at)}
                </span>
                {other && (
                  <Tag tone={answer.principal ? "ok" : "neutral"} icon={IconFileText}>
                    {t(answer.principal ? "tele.principal" : "tele.second_opinion")}
                  </Tag>
                )}
                <i className="sp" />
                {row.may.includes("reconcile") && (
                  <button type="button" className="btn small" onClick={() => reconcile(answer.digest)}>
                    {t("tele.reconcile")}
                  </button>
                )}
              </p>
              {mayRead && row.exam ? (
                <Signed exam={row.exam} digest={answer.digest} />
              ) : (
                <p className="t3">{t("tele.answer_denied")}</p>
              )}
            </div>
          ),
      )}
    </section>
  );
}

function Signed({ exam, digest }: { exam: string; digest: string }) {
  const query = useQuery(documentQuery(exam, digest));
  return (
    <Answer query={query} trouble={troubleOf} columns={[1]} rows={6}>
      {(document) => (
        <>
          <ReportText exam={exam} document={document} />
          <ReportFiles exam={exam} document={document} />
        </>
      )}
    </Answer>
  );
}
