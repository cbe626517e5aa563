/** The light viewer, fetched when it is first needed: where it cannot be, that is said in its place and not of the page. */
import { useQuery } from "@tanstack/react-query";
import type { ComponentProps } from "react";
import { troubleOf } from "@/api/client";
import { Answer } from "@/kit/Answer";
import type LightViewer from "./light/LightViewer";

export function LaterViewer(props: ComponentProps<typeof LightViewer>) {
  const query = useQuery({
    queryKey: ["part", "light-viewer"],
    queryFn: () => import("./light/LightViewer"),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Answer query={query} trouble={troubleOf} columns={[1]} rows={4}>
      {({ default: Viewer }) => <Viewer {...props} />}
    </Answer>
  );
}
