/** The side of the report: the editor while something is written, the signed report where one stands. */
import { useQuery } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import { useLiveEvent } from "@/api/useLive";
import { standingQuery, useRefreshReport } from "./queries";
import { ReportPanel, type ReportPanelProps } from "./ReportPanel";
import { SignedPanel } from "./SignedPanel";
import { type Report, reportKey } from "./useDraft";

export function ReportSide(props: ReportPanelProps) {
  const { exam, login, maySign } = props;
  const standing = useQuery(standingQuery(exam)).data;
  const report = useQuery({
    queryKey: reportKey(exam),
    queryFn: ({ signal }): Promise<Report> =>
      body(api.GET("/api/exams/{exam}/report", { params: { path: { exam } }, signal })),
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
  const refresh = useRefreshReport();
  useLiveEvent("exam", (data) => {
    const told = data as { exam: string; change: string };
    // Signed, undone, released or come from another node: what stands may be another version.
    if (told.exam === exam && told.change.startsWith("Report")) void refresh(exam);
  });
  const principal = standing?.versions.find((version) => version.digest === standing.principal);
  const stands = standing && principal && principal.state !== "preliminary" && report?.state !== "draft";
  if (stands)
    return (
      <SignedPanel
        key={principal.digest}
        exam={exam}
        login={login}
        standing={standing}
        principal={principal}
        maySign={maySign}
        told={props.told}
      />
    );
  // Another purpose is another text: the editor begins anew with it.
  return <ReportPanel key={report?.purpose ?? "report"} {...props} />;
}
