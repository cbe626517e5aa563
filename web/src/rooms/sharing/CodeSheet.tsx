/** The sheet that is handed to the patient: the code stands on it and, once closed, nowhere else. */
import { Modal } from "@mantine/core";
import { useEffect, useState } from "react";
import i18next, { learn, useTranslation } from "@/i18n";
import { day } from "@/i18n/format";
import { IconFileText } from "@/kit/icons";
import type { ShareMade } from "./queries";
import css from "./sharing.module.css";

interface CodeSheetProps {
  made: ShareMade;
  patient: string;
  close: () => void;
}

export function CodeSheet({ made, patient, close }: CodeSheetProps) {
  const here = useTranslation().t;
  const { language } = made.share;
  const [learnt, setLearnt] = useState(false);
  useEffect(() => void learn(language).then(() => setLearnt(true)), [language]);
  // The sheet speaks the patient's language, whatever the screen speaks.
  const t = i18next.getFixedT(language);
  return (
    <Modal
      opened
      onClose={close}
      size={640}
      title={here("share.sheet")}
      closeOnClickOutside={false}
      closeButtonProps={{ "aria-label": here("common.close") }}
    >
      <p className="t2">{here("share.sheet_once")}</p>
      <article className={css.sheet} aria-label={here("share.sheet")} aria-busy={!learnt} lang={language}>
        <h3>{t("share.sheet_title")}</h3>
        <p>{patient}</p>
        <ol>
          <li>
            {t("share.sheet_address")} <b>{made.address}</b>
          </li>
          <li>
            {t("share.sheet_code")} <output className={css.code}>{made.code}</output>
          </li>
          <li>{t("share.sheet_born")}</li>
          <li>{t("share.sheet_one_time", { mail: made.share.mail })}</li>
        </ol>
        <p>{t("share.sheet_until", { day: day(made.share.expires_at) })}</p>
      </article>
      <footer className={css.foot}>
        <button type="button" className="btn ghost" onClick={close}>
          {here("common.close")}
        </button>
        <button type="button" className="btn primary" onClick={() => window.print()}>
          <IconFileText size={15} aria-hidden /> {here("share.print")}
        </button>
      </footer>
    </Modal>
  );
}
