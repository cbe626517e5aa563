/** What is known of the line that is looked at, beyond its state: agreement, caps, way, certificate. */
import { useTranslation } from "@/i18n";
import { number } from "@/i18n/format";
import css from "./network.module.css";
import type { Line } from "./queries";
import { megabits, useWords } from "./useWords";

export function Detail({ line, far }: { line: Line; far: string }) {
  const { t } = useTranslation();
  const { agreement } = useWords();
  const told = line.detail;
  const states = told ? agreement(told.states) : { words: "", checked: "" };
  const rows: [string, string, string?][] = [
    [t("network.states"), states.words, states.checked],
    ...(told?.caps ?? []).map((cap): [string, string] => [
      t("network.cap_to", { far }),
      [
        ...(cap.of_class ? [t(`network.of_class.${cap.of_class}`)] : []),
        megabits(cap.bps),
        ...(cap.since ? [t("network.cap_hours", { since: cap.since, until: cap.until })] : []),
        ...(cap.holds ? [] : [t("network.cap_rests")]),
      ].join(" · "),
    ]),
    [t("network.rtt_best"), line.rtt_min_ms === null ? "" : `${number(line.rtt_min_ms)} ms`],
    [t("network.cap"), told?.cap_bps ? megabits(told.cap_bps) : ""],
    [t("network.address"), told?.address ?? ""],
    [t("network.congestion"), told?.congestion ?? ""],
    [
      t("network.certificate"),
      told?.certificate_days == null ? "" : t("network.days", { count: told.certificate_days }),
    ],
    [t("network.last_error"), told?.last_error ?? ""],
  ];
  const known = rows.filter(([, value]) => value !== "");
  return known.length === 0 ? null : (
    <dl className={css.detail}>
      {known.map(([word, value, under]) => (
        <div key={`${word} ${value}`}>
          <dt>{word}</dt>
          <dd>
            {word === t("network.states") && told?.states.state === "differs" ? (
              <b className="c-critical">{value}</b>
            ) : (
              value
            )}
            {under && <small className="t3">{under}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
