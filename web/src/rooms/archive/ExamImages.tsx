/** The images of the chosen exam, seen on its page: the light viewer, for whoever may read images. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "@/i18n";
import { Loading } from "@/kit/States";
import { LaterViewer } from "@/viewer/LaterViewer";
import css from "./archive.module.css";
import { examQuery } from "./queries";

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
  const query = useQuery(examQuery(exam));
  const page = query.data;
  const isSettled = useSettled(exam);
  // The card of the exam says that it failed; a second time would say nothing more.
  if (query.isError && !page) return null;
  if (page?.series.every(({ images }) => images === 0)) return null;
  return (
    <section className={`panel ${css.images}`} aria-label={t("light.title")}>
      <header>
        <h2>{t("light.title")}</h2>
      </header>
      {page && isSettled ? (
        <LaterViewer key={exam} studyInstanceUid={page.row.study_instance_uid} series={page.series} />
      ) : (
        <Loading columns={[1]} rows={4} />
      )}
    </section>
  );
}
