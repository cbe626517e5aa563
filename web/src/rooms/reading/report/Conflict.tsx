/** Two people wrote: both texts side by side, one choice for each section that differs. */
import { Modal, SegmentedControl } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "@/i18n";
import { clock } from "@/i18n/format";
import { type Choice, complete, differing, plain, type Section, type SectionCode, settled } from "./blocks";
import css from "./report.module.css";
import type { Conflict as ReportConflict } from "./useDraft";

interface ConflictProps {
  conflict: ReportConflict;
  mine: Section[];
  settle: (sections: Section[]) => void;
}

export function Conflict({ conflict, mine, settle }: ConflictProps) {
  const { t } = useTranslation();
  const [choices, setChoices] = useState<Partial<Record<SectionCode, Choice>>>({});
  const theirs = complete(conflict.theirs.sections);
  const name = conflict.theirs.author_name ?? conflict.theirs.author_login ?? "?";
  const time = conflict.theirs.saved_at ? clock(conflict.theirs.saved_at) : "";
  const of = (sections: Section[], code: SectionCode): string => {
    const section = sections.find((each) => each.code === code);
    return (section && plain(section).trim()) || t("report.empty_section");
  };
  return (
    <Modal
      opened
      onClose={() => undefined}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      size={860}
      title={t("report.conflict_title", { name, time })}
    >
      <p className="t2" style={{ marginBottom: 14 }}>
        {t("report.conflict_body")}
      </p>
      {differing(mine, theirs).map((code) => (
        <section key={code} className={css.versus}>
          <h3>{t(`report.section.${code}`)}</h3>
          <div className={css.sides}>
            <div>
              <h4>{t("report.mine")}</h4>
              <p>{of(mine, code)}</p>
            </div>
            <div>
              <h4>{t("report.theirs", { name })}</h4>
              <p>{of(theirs, code)}</p>
            </div>
          </div>
          <SegmentedControl
            fullWidth
            size="xs"
            aria-label={t(`report.section.${code}`)}
            value={choices[code] ?? "mine"}
            onChange={(choice) => setChoices({ ...choices, [code]: choice as Choice })}
            data={[
              { value: "mine", label: t("report.keep_mine") },
              { value: "theirs", label: t("report.take_theirs") },
              { value: "both", label: t("report.merge") },
            ]}
          />
        </section>
      ))}
      <div className="row" style={{ justifyContent: "flex-end" }}>
        <button type="button" className="btn primary" onClick={() => settle(settled(mine, theirs, choices))}>
          {t("report.conflict_save")}
        </button>
      </div>
    </Modal>
  );
}
