/** The signed report beside the images: what stands, its versions, its forms; an addendum begins here. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { api, body, troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { clockSeconds, dayAndClock } from "@/i18n/format";
import { Answer } from "@/kit/Answer";
import { IconAlertTriangle, IconCircleCheck, IconFileText, IconPencil, IconPlus } from "@/kit/icons";
import { Tag } from "@/kit/Marks";
import { ReportFiles, ReportText } from "@/kit/ReportText";
import { serverNow } from "@/kit/time";
import { useSayFailure } from "@/kit/useSay";
import { useClaim } from "../queries";
import { documentQuery, type SignedVersion, type Standing, useRefreshReport } from "./queries";
import css from "./report.module.css";
import { reportKey } from "./useDraft";
import { useUndo } from "./useSigning";

interface SignedPanelProps {
  exam: string;
  login: string;
  standing: Standing;
  principal: SignedVersion;
  maySign: boolean;
  told: ReactNode;
}

export function SignedPanel({ exam, login, standing, principal, maySign, told }: SignedPanelProps) {
  const { t } = useTranslation();
  const [shown, setShown] = useState<string | null>(null);
  const digest = shown ?? principal.digest;
  const query = useQuery(documentQuery(exam, digest));
  const undo = useUndo(exam, () => undefined);
  const undoable =
    principal.login === login &&
    principal.undo_until !== null &&
    principal.undo_until !== undefined &&
    Date.parse(principal.undo_until) > serverNow();
  return (
    <aside className={css.panel} aria-label={t("report.title")}>
      <header className={css.head}>
        <IconFileText size={17} aria-hidden />
        <h2>{t("report.title")}</h2>
        <Tag tone="ok" icon={IconCircleCheck}>
          {t(`signed.state.${principal.state}`)}
        </Tag>
        <i className="sp" />
        <small className="t3">{dayAndClock(principal.signed_at)}</small>
      </header>
      <div className={css.body}>
        {standing.contested && (
          <p className="strip" role="status">
            <IconAlertTriangle size={15} aria-hidden /> <b>{t("signed.contested")}</b>
            <span>{t("signed.contested_detail")}</span>
          </p>
        )}
        <Answer query={query} trouble={troubleOf} columns={[1]} rows={8}>
          {(document) => (
            <>
              <ReportText exam={exam} document={document} />
              <ReportFiles exam={exam} document={document} />
            </>
          )}
        </Answer>
        <Versions standing={standing} shown={digest} show={setShown} />
        {principal.released && told}
      </div>
      {maySign && (
        <footer className={css.signbar}>
          <div>
            {undoable && (
              <button type="button" className="btn tall" onClick={() => void undo(principal)}>
                {t("signed.undo", { time: clockSeconds(principal.undo_until ?? "") })}
              </button>
            )}
            <i className="sp" />
            {principal.released && <Amend exam={exam} />}
          </div>
        </footer>
      )}
    </aside>
  );
}

function Amend({ exam }: { exam: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const claim = useClaim();
  const say = useSayFailure();
  const refresh = useRefreshReport();
  const begin = async (purpose: "addendum" | "correction"): Promise<void> => {
    try {
      await claim.mutateAsync({ exam });
      const draft = await body(
        api.POST("/api/exams/{exam}/report/amendment", { params: { path: { exam } }, body: { purpose } }),
      );
      client.setQueryData(reportKey(exam), draft);
      await refresh(exam);
    } catch (error) {
      say(troubleOf(error));
    }
  };
  return (
    <>
      <button type="button" className="btn tall" onClick={() => void begin("correction")}>
        <IconPencil size={15} aria-hidden /> {t("signed.correct")}
      </button>
      <button type="button" className="btn primary tall" onClick={() => void begin("addendum")}>
        <IconPlus size={15} aria-hidden /> {t("signed.addendum")}
      </button>
    </>
  );
}

interface VersionsProps {
  standing: Standing;
  shown: string;
  show: (digest: string) => void;
}

function Versions({ standing, shown, show }: VersionsProps) {
  const { t } = useTranslation();
  if (standing.versions.length < 2) return null;
  return (
    <section className={css.versions} aria-labelledby="signed-versions">
      <h3 id="signed-versions">{t("signed.versions")}</h3>
      <ul>
        {standing.versions.map((version) => (
          <li key={version.digest}>
            <button
              type="button"
              className="link"
              aria-current={version.digest === shown ? "true" : undefined}
              onClick={() => show(version.digest)}
            >
              {t(`signed.state.${version.state}`)} · {version.name} · {dayAndClock(version.signed_at)}
            </button>
            {version.withdrawn && <Tag>{t("signed.withdrawn")}</Tag>}
            {version.stale && (
              <Tag tone="urgent" icon={IconAlertTriangle}>
                {t("signed.beside")}
              </Tag>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
