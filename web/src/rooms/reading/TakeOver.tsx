/** Taking an exam over from a colleague asks why: it is recorded, and their draft stays. */
import { useTranslation } from "@/i18n";
import { duration } from "@/i18n/format";
import { AskReason } from "@/kit/AskReason";
import { serverNow } from "@/kit/time";
import type { Claim } from "./merge";

interface TakeOverProps {
  claim: Claim;
  close: () => void;
  confirm: (claim: Claim, reason: string) => void;
}

export function TakeOver({ claim, close, confirm }: TakeOverProps) {
  const { t } = useTranslation();
  return (
    <AskReason
      title={t("worklist.takeover_title")}
      consequence={t("worklist.takeover_body", {
        name: claim.name,
        dur: duration(serverNow() - Date.parse(claim.since), t),
      })}
      verb={t("worklist.takeover")}
      longest={500}
      busy={false}
      tone="primary"
      close={close}
      confirm={(reason) => confirm(claim, reason)}
    />
  );
}
