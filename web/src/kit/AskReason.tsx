/** A decision that others must understand asks why, and says what follows before it is taken. */
import { Modal, Textarea } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "@/i18n";

const SHORTEST = 3;

interface AskReasonProps {
  title: string;
  /** What follows. */
  consequence: string;
  /** The word on the button. */
  verb: string;
  longest: number;
  busy: boolean;
  /** `danger` where it cannot be taken back. */
  tone?: "danger" | "primary";
  close: () => void;
  confirm: (reason: string) => void;
}

export function AskReason({
  title,
  consequence,
  verb,
  longest,
  busy,
  tone = "danger",
  close,
  confirm,
}: AskReasonProps) {
  const { t } = useTranslation();
  const [reason, setReason] = useState("");
  const enough = reason.trim().length >= SHORTEST;
  return (
    <Modal opened onClose={close} title={title} closeButtonProps={{ "aria-label": t("common.close") }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (enough && !busy) confirm(reason.trim());
        }}
        style={{ display: "grid", gap: 14 }}
      >
        <p>{consequence}</p>
        <Textarea
          label={t("common.reason")}
          required
          maxLength={longest}
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
          <button type="submit" className={`btn ${tone}`} disabled={!enough || busy}>
            {verb}
          </button>
        </div>
      </form>
    </Modal>
  );
}
