/** The time-stamped log that both sides keep, newest last. */
import { useTranslation } from "@/i18n";
import { clockSeconds, day } from "@/i18n/format";
import { IconHistory } from "@/kit/icons";
import type { RequestPage } from "./queries";
import css from "./requests.module.css";

const KINDS = [
  "placed",
  "attached",
  "detached",
  "arrived",
  "noted",
  "claimed",
  "released",
  "confirmed",
  "reconciled",
  "declined",
  "cancelled",
  "acknowledged",
  "withdrawn",
  "signed",
] as const;

/** `request.placed`, `report.signed`: the word after the point says it all. */
const kindOf = (kind: string): (typeof KINDS)[number] | undefined =>
  KINDS.find((each) => each === kind.slice(kind.indexOf(".") + 1));

export function Log({ page }: { page: RequestPage }) {
  const { t } = useTranslation();
  let last = "";
  return (
    <section className={css.part} aria-labelledby="log">
      <h3 id="log">
        <IconHistory size={14} aria-hidden /> {t("tele.log")} <em>{t("tele.log_kept")}</em>
      </h3>
      <ol className={css.log}>
        {page.log.map((line, index) => {
          const date = day(line.at);
          const heading = date === last ? "" : date;
          last = date;
          const kind = kindOf(line.kind);
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines are only ever added at the end
            <li key={index}>
              {heading && <small className={css.date}>{heading}</small>}
              <time dateTime={line.at}>{clockSeconds(line.at)}</time>
              <span>
                <b>{kind ? t(`tele.log_kind.${kind}`) : line.kind}</b>
                {line.by && <span className="t2"> · {line.by}</span>}
              </span>
              <small className="t3">{line.node}</small>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
