/** Whether this seat still hears the node: said once, above every page. */
import { useLiveStatus, useOnline } from "@/api/useLive";
import { OfflineStrip, StaleStrip } from "@/kit/States";
import { PHONE, useMedia } from "@/kit/time";

/** The worklist and the board have a light of their own beside their title, where there is room for one. */
const HAS_A_LIGHT = /^\/(reading|tele)\/?$/;

export function LineStrip({ path }: { path: string }) {
  const online = useOnline();
  const live = useLiveStatus();
  const phone = useMedia(PHONE);
  if (!online) return <OfflineStrip />;
  if (live.state === "stale" && (phone || !HAS_A_LIGHT.test(path))) return <StaleStrip at={live.at} />;
  return null;
}
