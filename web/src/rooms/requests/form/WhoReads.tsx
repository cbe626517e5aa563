/** Who will read it and why; what leaves now; what holds when the link falls. */
import { Checkbox, Textarea } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { monthYear } from "@/i18n/format";
import { Answer } from "@/kit/Answer";
import { IconCircleCheck, IconPhone, IconTransfer } from "@/kit/icons";
import { Ladder } from "../Ladder";
import type { Partners } from "../queries";
import { LIMITS, proposed } from "./draft";
import type { FieldsProps } from "./Fields";
import css from "./form.module.css";

interface WhoProps extends FieldsProps {
  query: UseQueryResult<Partners>;
  /** How many leave now; null: the exam is not acquired yet. */
  images: number | null;
}

export function WhoReads(props: WhoProps) {
  const { t } = useTranslation();
  const { query } = props;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <aside className={css.who} tabIndex={0} aria-labelledby="who-reads">
      <h2 id="who-reads">{t("tele.who_reads")}</h2>
      <p className="t2">{t("tele.subsidiarity")}</p>
      <Answer query={query} trouble={troubleOf} columns={[1]} rows={5}>
        {(partners) => <Chosen {...props} partners={partners} />}
      </Answer>
    </aside>
  );
}

function Chosen({ draft, change, errorOf, touch, images, partners }: WhoProps & { partners: Partners }) {
  const { t } = useTranslation();
  const own = proposed(partners);
  const lit = draft.partner ?? own?.site.key;
  const rung = partners.rungs.find((each) => each.site.key === lit);
  const other = draft.partner !== null && draft.partner !== own?.site.key;
  const open = draft.partner !== null;
  if (partners.rungs.length === 0) return <p className="strip critical">{t("tele.no_agreement")}</p>;
  return (
    <>
      <Ladder
        rungs={partners.rungs}
        lit={lit}
        {...(open
          ? {
              pick: (each: Partners["rungs"][number]) => (
                <label className={css.radio}>
                  <input
                    type="radio"
                    name="partner"
                    checked={draft.partner === each.site.key}
                    onChange={() => change({ partner: each.site.key })}
                  />
                  <span>{t("tele.ask_site", { name: each.site.name })}</span>
                </label>
              ),
            }
          : {})}
      />
      <p className="row wrap">
        <button
          type="button"
          className="link"
          onClick={() =>
            change(
              open
                ? { partner: null, override: "" }
                : { partner: own?.site.key ?? partners.rungs[0]?.site.key ?? null },
            )
          }
        >
          {t(open ? "tele.keep_proposed" : "tele.choose_other")}
        </button>
        {!open && <span className="t2">{t("tele.choose_other_note")}</span>}
      </p>
      {other && (
        <div data-field="override">
          <Textarea
            label={t("tele.override")}
            required
            withAsterisk={false}
            autosize
            minRows={2}
            maxLength={LIMITS.override}
            value={draft.override}
            error={errorOf("override")}
            onChange={(event) => change({ override: event.currentTarget.value })}
            onBlur={() => touch("override")}
          />
        </div>
      )}
      <section>
        <h3>{t("tele.leaves_now")}</h3>
        <ul className={css.leaves}>
          <li>
            <IconCircleCheck size={15} aria-hidden className="c-ok" /> {t("tele.leaves_request")}
          </li>
          <li>
            <IconTransfer size={15} aria-hidden className="c-info" />{" "}
            {images === null ? t("tele.leaves_later") : t("tele.leaves_images", { count: images })}
          </li>
        </ul>
        {partners.priors.length > 0 && <Priors draft={draft} change={change} partners={partners} />}
      </section>
      <section>
        <h3>{t("tele.if_cut")}</h3>
        <p className="t2">{t("tele.if_cut_detail")}</p>
        {rung?.phone && (
          <p>
            {t("tele.if_cut_phone", { name: rung.site.name })}{" "}
            <a href={`tel:${rung.phone.replaceAll(/[^+\d]/g, "")}`} className="nw">
              <IconPhone size={14} aria-hidden /> <b>{rung.phone}</b>
            </a>
          </p>
        )}
      </section>
    </>
  );
}

function Priors({ draft, change, partners }: Pick<WhoProps, "draft" | "change"> & { partners: Partners }) {
  const { t } = useTranslation();
  const ticked = draft.priors ?? partners.priors.filter((prior) => prior.chosen).map((prior) => prior.exam);
  return (
    <fieldset className={css.priors}>
      <legend>{t("tele.priors_choose")}</legend>
      {partners.priors.slice(0, 8).map((prior) => (
        <Checkbox
          key={prior.exam}
          label={[
            prior.study_at ? monthYear(prior.study_at) : "?",
            prior.modalities.join("/"),
            prior.description || t("exam.untitled"),
          ].join(" · ")}
          checked={ticked.includes(prior.exam)}
          onChange={(event) =>
            change({
              priors: event.currentTarget.checked
                ? [...ticked, prior.exam]
                : ticked.filter((exam) => exam !== prior.exam),
            })
          }
        />
      ))}
    </fieldset>
  );
}
