/** On the page of a person: the way to ask for the reading of an exam that is still to come. */
import { Link } from "@tanstack/react-router";
import { useTranslation } from "@/i18n";
import { IconHourglassHigh } from "@/kit/icons";
import css from "./requests.module.css";

export function AheadLink({ person }: { person: string }) {
  const { t } = useTranslation();
  return (
    <section className="panel">
      <header>
        <h2 className="sp">{t("tele.ahead_title")}</h2>
      </header>
      <div className={css.standing}>
        <p className="t2">{t("tele.ahead_detail")}</p>
        <p>
          <Link to="/tele/new" search={{ person }} className="btn">
            <IconHourglassHigh size={15} aria-hidden /> {t("tele.ahead")}
          </Link>
        </p>
      </div>
    </section>
  );
}
