/** The quality desk at its addresses: the bin, and one exam under correction. */
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { may, useSession } from "@/api/session";
import { useTranslation } from "@/i18n";
import { Failure } from "@/kit/States";
import { ExamDesk } from "@/rooms/quality/ExamDesk";
import { QualityDesk } from "@/rooms/quality/QualityDesk";

const DENIED = { kind: "denied", reference: null, detail: "" } as const;

function Allowed({ children }: { children: ReactNode }) {
  return may(useSession(), "correct-exams") ? (
    children
  ) : (
    <div className="page">
      <Failure trouble={DENIED} />
    </div>
  );
}

export function QualityPage() {
  return (
    <Allowed>
      <QualityDesk />
    </Allowed>
  );
}

export function ExamQualityPage() {
  const { t } = useTranslation();
  const { exam } = useParams({ from: "/frame/quality/$exam" });
  const navigate = useNavigate();
  return (
    <Allowed>
      <ExamDesk
        key={exam}
        exam={exam}
        decided={() => void navigate({ to: "/quality" })}
        back={<Link to="/quality">{t("quality.to_bin")}</Link>}
      />
    </Allowed>
  );
}
