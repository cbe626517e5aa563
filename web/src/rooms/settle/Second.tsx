/** One instance that came twice with other bytes: both side by side, and what becomes of the second. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { bytes, dayAndClock } from "@/i18n/format";
import { Answer } from "@/kit/Answer";
import { AskReason } from "@/kit/AskReason";
import { IconAlertTriangle, IconChevronDown, IconGitCompare } from "@/kit/icons";
import { Tag } from "@/kit/Marks";
import { done } from "@/kit/notify";
import { Table } from "@/kit/Table";
import { useSayFailure } from "@/kit/useSay";
import {
  type Comparison,
  comparisonQuery,
  fileUrl,
  pictureUrl,
  type Quarantined,
  useSettleSecond,
} from "./queries";
import css from "./settle.module.css";

const LONGEST_REASON = 200;

export function Second({ instance }: { instance: Quarantined }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  return (
    <article className={css.second}>
      <div className={css.line}>
        <div>
          <b>{instance.source}</b> · {instance.organisation.name}
          <br />
          <small className="t2">
            {dayAndClock(instance.received_at)} · {bytes(instance.size_bytes)}
          </small>
          <br />
          <small className={`mono ${css.uid ?? ""}`}>{instance.sop_instance_uid}</small>
        </div>
        <i className="sp" />
        <Tag tone="urgent" icon={IconAlertTriangle}>
          {t(instance.reason === "other-bytes" ? "settle.other_bytes" : "settle.unplaceable")}
        </Tag>
        <button type="button" className="btn small" aria-expanded={open} onClick={() => setOpen(!open)}>
          <IconChevronDown size={14} aria-hidden /> {t("settle.compare")}
        </button>
      </div>
      {open && <Beside instance={instance} />}
      <Verbs instance={instance} />
    </article>
  );
}

function Beside({ instance }: { instance: Quarantined }) {
  const query = useQuery(comparisonQuery(instance.id));
  return (
    <Answer query={query} trouble={troubleOf} columns={[1, 1, 1]} rows={4}>
      {(comparison) => <Compared instance={instance.id} comparison={comparison} />}
    </Answer>
  );
}

function Compared({ instance, comparison }: { instance: string; comparison: Comparison }) {
  const { t } = useTranslation();
  const { held, compared, attributes, pixels } = comparison;
  return (
    <div className={css.beside}>
      <div className={css.pictures}>
        {held && <Picture instance={instance} of="held" word={t("settle.first")} />}
        <Picture instance={instance} of="offered" word={t("settle.second")} />
      </div>
      <div className={css.told}>
        {!held && <p className="t2">{t("settle.nothing_held")}</p>}
        {held && !compared && <p className="t2">{t("settle.not_compared")}</p>}
        {compared && (
          <p className={pixels ? "c-critical" : "t2"}>
            <IconGitCompare size={14} aria-hidden />{" "}
            {t(pixels ? "settle.pixels_differ" : "settle.pixels_same")}
          </p>
        )}
        {compared && attributes.length > 0 && (
          <Table
            label={t("settle.attributes")}
            columns={[t("settle.attribute"), t("settle.first"), t("settle.second")]}
            rows={attributes.map((one) => (
              <tr key={one.tag}>
                <td>
                  {one.keyword} <small className="mono">{one.tag}</small>
                </td>
                <td>{one.held ?? t("settle.absent")}</td>
                <td>{one.offered ?? t("settle.absent")}</td>
              </tr>
            ))}
          />
        )}
      </div>
    </div>
  );
}

function Picture({ instance, of, word }: { instance: string; of: "held" | "offered"; word: string }) {
  const { t } = useTranslation();
  const [absent, setAbsent] = useState(false);
  return (
    <figure>
      {absent ? (
        <p className="t2">{t("settle.no_picture")}</p>
      ) : (
        <img src={pictureUrl(instance, of)} alt={word} onError={() => setAbsent(true)} />
      )}
      <figcaption>
        {word} · <small>{t("settle.not_diagnostic")}</small>
      </figcaption>
    </figure>
  );
}

function Verbs({ instance }: { instance: Quarantined }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const settle = useSettleSecond();
  const [discarding, setDiscarding] = useState(false);
  const undo = () =>
    settle.mutate(
      { instance: instance.id, decision: "undo" },
      { onSuccess: () => done(t("settle.undone")), onError: (error) => say(troubleOf(error)) },
    );
  return (
    <div className={`row wrap ${css.verbs ?? ""}`}>
      <button
        type="button"
        className="btn small primary"
        disabled={settle.isPending}
        onClick={() =>
          settle.mutate(
            { instance: instance.id, decision: "keep_first" },
            {
              onSuccess: () => done(t("settle.first_kept"), { label: t("common.undo"), run: undo }),
              onError: (error) => say(troubleOf(error)),
            },
          )
        }
      >
        {t("node.keep_first")}
      </button>
      <a className="btn small" href={fileUrl(instance.id)} download>
        {t("settle.download")}
      </a>
      <button type="button" className="btn small ghost" onClick={() => setDiscarding(true)}>
        {t("settle.discard")}
      </button>
      {discarding && (
        <AskReason
          title={t("settle.discard_title")}
          consequence={t("settle.discard_help")}
          verb={t("settle.discard")}
          longest={LONGEST_REASON}
          busy={settle.isPending}
          close={() => setDiscarding(false)}
          confirm={(reason) =>
            settle.mutate(
              { instance: instance.id, decision: "discard", reason },
              {
                onSuccess: () => {
                  done(t("settle.discarded"));
                  setDiscarding(false);
                },
                onError: (error) => say(troubleOf(error)),
              },
            )
          }
        />
      )}
    </div>
  );
}
