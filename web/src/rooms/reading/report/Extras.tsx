/** What a report says beside its sections: words for the patient, an important result, why it is corrected. */
import { Checkbox, Textarea } from "@mantine/core";
import { useTranslation } from "@/i18n";
import css from "./report.module.css";
import type { Extras as Content } from "./useDraft";

interface ExtrasProps {
  extras: Content;
  corrects: boolean;
  readOnly: boolean;
  change: (extras: Partial<Content>) => void;
}

export function Extras({ extras, corrects, readOnly, change }: ExtrasProps) {
  const { t } = useTranslation();
  return (
    <div className={css.extras}>
      {corrects && (
        <Textarea
          label={t("report.reason")}
          value={extras.reason}
          readOnly={readOnly}
          autosize
          maxLength={500}
          onChange={(event) => change({ reason: event.currentTarget.value })}
        />
      )}
      <Textarea
        label={t("report.plain_words")}
        placeholder={t("report.plain_words_hint")}
        value={extras.plain_words}
        readOnly={readOnly}
        autosize
        minRows={1}
        maxLength={4000}
        onChange={(event) => change({ plain_words: event.currentTarget.value })}
      />
      <Checkbox
        label={t("report.important")}
        checked={extras.important}
        disabled={readOnly}
        onChange={(event) => change({ important: event.currentTarget.checked })}
      />
    </div>
  );
}
