/** Correct, move, split, merge: what is wanted, then what would change, then the decision. */
import { TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { Answer } from "@/kit/Answer";
import { AskReason } from "@/kit/AskReason";
import { done } from "@/kit/notify";
import { Table } from "@/kit/Table";
import { useSayFailure } from "@/kit/useSay";
import css from "./quality.module.css";
import { type Asked, type ExamQuality, type Kind, previewQuery, useCorrect } from "./queries";

const LONGEST_REASON = 200;
const KINDS = ["correct", "move", "split", "merge"] as const satisfies readonly Kind[];
const NO_REASON_YET = "-";

interface ChangeProps {
  one: ExamQuality;
  chosen: readonly string[];
  decided: () => void;
}

export function Change({ one, chosen, decided }: ChangeProps) {
  const { t } = useTranslation();
  const [kind, setKind] = useState<Kind>("correct");
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>({});
  const [target, setTarget] = useState("");
  const [shown, setShown] = useState<Asked | null>(null);
  const types = kind === "correct" || kind === "split";
  const asked: Asked = {
    kind,
    why: NO_REASON_YET,
    series: kind === "move" || kind === "split" ? [...chosen] : [],
    target: types ? null : target.trim(),
    values: types ? changed(one, typed) : {},
  };
  const wants =
    (kind === "correct" && Object.keys(asked.values ?? {}).length > 0) ||
    (kind === "split" && chosen.length > 0) ||
    (kind === "move" && chosen.length > 0 && target.trim() !== "") ||
    (kind === "merge" && target.trim() !== "");
  return (
    <section className="panel">
      <header>
        <h2>{t("quality.correct")}</h2>
      </header>
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (wants) setShown(asked);
        }}
      >
        <fieldset className={css.kinds}>
          <legend className="t2">{t("quality.what")}</legend>
          {KINDS.map((each) => (
            <label key={each}>
              <input
                type="radio"
                name="kind"
                checked={kind === each}
                onChange={() => {
                  setKind(each);
                  setShown(null);
                }}
              />{" "}
              {t(`quality.kind_${each}`)}
            </label>
          ))}
        </fieldset>
        {types ? (
          <div className={css.fields}>
            {one.values.map((value) => (
              <TextInput
                key={value.tag}
                label={t(`quality.tag_${value.tag}`, { defaultValue: value.keyword })}
                maxLength={64}
                value={typed[value.tag] ?? value.before}
                onChange={(event) => setTyped({ ...typed, [value.tag]: event.currentTarget.value })}
              />
            ))}
          </div>
        ) : (
          <TextInput
            label={t("quality.target")}
            description={t("quality.target_help")}
            value={target}
            onChange={(event) => setTarget(event.currentTarget.value)}
          />
        )}
        <button type="submit" className="btn" disabled={!wants}>
          {t("quality.preview")}
        </button>
      </form>
      {shown !== null && <Preview one={one} asked={shown} decided={decided} />}
    </section>
  );
}

/** What was typed otherwise than it is. */
function changed(one: ExamQuality, typed: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    one.values
      .filter(({ tag, before }) => (typed[tag] ?? before) !== before)
      .map(({ tag }) => [tag, typed[tag] ?? ""]),
  );
}

function Preview({ one, asked, decided }: { one: ExamQuality; asked: Asked; decided: () => void }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const correct = useCorrect();
  const [asking, setAsking] = useState(false);
  const query = useQuery(previewQuery(one.exam, asked));
  return (
    <div className={css.preview}>
      <Answer query={query} trouble={troubleOf} columns={[1, 1, 1]} rows={3}>
        {(preview) => (
          <>
            <p>
              {t("quality.would_change", { count: preview.instances, series: preview.series })}
              {preview.shared_with.length > 0 &&
                ` ${t("quality.shared", { with: preview.shared_with.map(({ name }) => name).join(", ") })}`}
            </p>
            {preview.values.length > 0 && (
              <Table
                label={t("quality.values")}
                columns={[t("quality.value"), t("quality.before"), t("quality.after")]}
                rows={preview.values.map((value) => (
                  <tr key={value.tag}>
                    <td>{t(`quality.tag_${value.tag}`, { defaultValue: value.keyword })}</td>
                    <td>{value.before || t("quality.nothing")}</td>
                    <td>
                      <b>{value.after || t("quality.nothing")}</b>
                    </td>
                  </tr>
                ))}
              />
            )}
            <button type="button" className="btn primary" onClick={() => setAsking(true)}>
              {t("quality.decide")}
            </button>
          </>
        )}
      </Answer>
      {asking && (
        <AskReason
          title={t(`quality.kind_${asked.kind}`)}
          consequence={t("quality.correct_help")}
          verb={t("quality.decide")}
          longest={LONGEST_REASON}
          busy={correct.isPending}
          tone="primary"
          close={() => setAsking(false)}
          confirm={(why) =>
            void correct.mutateAsync({ exam: one.exam, asked: { ...asked, why } }).then(
              () => {
                setAsking(false);
                done(t("quality.asked"));
                decided();
              },
              (error: unknown) => say(troubleOf(error)),
            )
          }
        />
      )}
    </div>
  );
}
