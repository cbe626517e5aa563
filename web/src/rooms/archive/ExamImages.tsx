/** The images of the chosen exam, seen on its page: the light viewer, for whoever may read images. */
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useState } from "react";
import { useTranslation } from "@/i18n";
import { Loading } from "@/kit/States";
import css from "./archive.module.css";
import { examQuery } from "./queries";

const LightViewer = lazy(() => import("@/viewer/light/LightViewer"));
const SETTLED_MS = 400;

/** Nothing is fetched, nor written down as looked at, for an exam that one only passes by with the arrow keys. */
function useSettled(exam: string): boolean {
  const [settled, setSettled] = useState<string | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(exam), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [exam]);
  return settled === exam;
}

export function ExamImages({ exam }: { exam: string }) {
  const { t } = useTranslation();
  const { data: page } = useQuery(examQuery(exam));
  const isSettled = useSettled(exam);
  if (page?.series.every(({ images }) => images === 0)) return null;
  return (
    <section className={`panel ${css.images}`} aria-label={t("light.title")}>
      <header>
        <h2>{t("light.title")}</h2>
      </header>
      {page && isSettled ? (
        <Suspense fallback={<Loading columns={[1]} rows={4} />}>
          <LightViewer key={exam} studyInstanceUid={page.row.study_instance_uid} series={page.series} />
        </Suspense>
      ) : (
        <Loading columns={[1]} rows={4} />
      )}
    </section>
  );
}
