/** Taking an exam over from a colleague asks why: it is recorded, and their draft stays. */
import { Modal, Textarea } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "@/i18n";
import { duration } from "@/i18n/format";
import { serverNow } from "@/kit/time";
import type { Claim } from "./merge";

interface TakeOverProps {
  claim: Claim | null;
  close: () => void;
  confirm: (claim: Claim, reason: string) => void;
}

export function TakeOver({ claim, close, confirm }: TakeOverProps) {
  const { t } = useTranslation();
  const [reason, setReason] = useState("");
  const enough = reason.trim().length >= 3;
  return (
    <Modal opened={claim !== null} onClose={close} title={t("worklist.takeover_title")}>
      {claim && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (enough) confirm(claim, reason.trim());
          }}
          style={{ display: "grid", gap: 14 }}
        >
          <p>
            {t("worklist.takeover_body", {
              name: claim.name,
              dur: duration(serverNow() - Date.parse(claim.since), t),
            })}
          </p>
          <Textarea
            label={t("worklist.takeover_reason")}
            required
            maxLength={500}
            autosize
            minRows={2}
            data-autofocus
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <div className="row" style={{ justifyContent: "flex-end" }}>
            <button type="button" className="btn ghost" onClick={close}>
              {t("common.cancel")}
            </button>
            <button type="submit" className="btn primary" disabled={!enough}>
              {t("worklist.takeover")}
            </button>
          </div>
        </form>
      )}
    </Modal>
  );
}
