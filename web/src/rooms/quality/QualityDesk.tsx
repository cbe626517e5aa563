/** The bin and the latest corrections: each decision with its reason, and its way back. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { dayAndClock } from "@/i18n/format";
import { Answer } from "@/kit/Answer";
import { AskReason } from "@/kit/AskReason";
import { Desk, DeskNote, DeskPanel } from "@/kit/Desk";
import { IconPencil, IconTrash } from "@/kit/icons";
import { Tag } from "@/kit/Marks";
import { done } from "@/kit/notify";
import { Table } from "@/kit/Table";
import { useSayFailure } from "@/kit/useSay";
import { type Board, boardQuery, type Correction, type InBin, useRestore, useUndo } from "./queries";

const LONGEST_REASON = 200;

export function QualityDesk() {
  const { t } = useTranslation();
  const query = useQuery(boardQuery);
  return (
    <Desk title={t("quality.title")} lead={t("quality.lead")}>
      <Answer query={query} trouble={troubleOf} columns={[2, 1, 1]} rows={6}>
        {(board) => (
          <>
            {board.more && <p className="t2">{t("quality.more")}</p>}
            <Bin board={board} />
            <Corrections board={board} />
          </>
        )}
      </Answer>
    </Desk>
  );
}

function Bin({ board }: { board: Board }) {
  const { t } = useTranslation();
  return (
    <DeskPanel
      icon={<IconTrash size={16} aria-hidden />}
      title={t("quality.bin")}
      count={board.rejected.length}
      empty={t("quality.bin_none")}
    >
      <DeskNote>{t("quality.bin_help")}</DeskNote>
      <Table
        label={t("quality.bin")}
        columns={[t("quality.exam"), t("quality.reason"), t("quality.decided"), t("quality.way_back")]}
        rows={board.rejected.map((one) => (
          <tr key={one.note}>
            <td>
              <b>{one.patient || t("common.unknown")}</b>
              <br />
              <small className="t2">
                {one.description || t("exam.untitled")} · {t("common.images", { count: one.instances })}
              </small>{" "}
              {one.whole_exam && <Tag>{t("quality.whole")}</Tag>}
            </td>
            <td>
              {t(`quality.reason_${one.reason}`)}
              <br />
              <small className="t2">{one.why}</small>
            </td>
            <td>
              {one.by}
              <br />
              <small className="t2">{dayAndClock(one.at)}</small>
            </td>
            <td>
              {one.correction ? (
                <small className="t2">{t("quality.by_correction")}</small>
              ) : (
                <Restore one={one} />
              )}
            </td>
          </tr>
        ))}
      />
    </DeskPanel>
  );
}

function Restore({ one }: { one: InBin }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const restore = useRestore();
  const [asking, setAsking] = useState(false);
  return (
    <>
      <button
        type="button"
        className="btn small"
        aria-label={t("quality.restore_of", { patient: one.patient || t("common.unknown") })}
        onClick={() => setAsking(true)}
      >
        {t("quality.restore")}
      </button>
      {asking && (
        <AskReason
          title={t("quality.restore")}
          consequence={t("quality.restore_help", { count: one.instances })}
          verb={t("quality.restore")}
          longest={LONGEST_REASON}
          busy={restore.isPending}
          tone="primary"
          close={() => setAsking(false)}
          confirm={(why) =>
            void restore.mutateAsync({ exam: one.exam, note: one.note, why }).then(
              () => {
                setAsking(false);
                done(t("quality.restored"));
              },
              (error: unknown) => say(troubleOf(error)),
            )
          }
        />
      )}
    </>
  );
}

function Corrections({ board }: { board: Board }) {
  const { t } = useTranslation();
  return (
    <DeskPanel
      icon={<IconPencil size={16} aria-hidden />}
      title={t("quality.corrections")}
      count={board.corrections.length}
      empty={t("quality.corrections_none")}
    >
      <Table
        label={t("quality.corrections")}
        columns={[t("quality.exam"), t("quality.state"), t("quality.decided"), t("quality.way_back")]}
        rows={board.corrections.map((one) => (
          <tr key={one.name}>
            <td>
              <b>{one.patient || t("common.unknown")}</b>
              <br />
              <small className="t2">{t(`quality.kind_${one.kind}`)}</small>
            </td>
            <td>
              {t(`quality.state_${one.state}`)}
              <br />
              <small className="t2">{one.detail || one.why}</small>
            </td>
            <td>
              {one.by}
              <br />
              <small className="t2">{dayAndClock(one.at)}</small>
            </td>
            <td>{one.state === "done" ? <Undo one={one} /> : "–"}</td>
          </tr>
        ))}
      />
    </DeskPanel>
  );
}

function Undo({ one }: { one: Correction }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const undo = useUndo();
  return (
    <button
      type="button"
      className="btn small"
      disabled={undo.isPending}
      aria-label={t("quality.undo_of", { patient: one.patient || t("common.unknown") })}
      onClick={() =>
        void undo.mutateAsync(one.name).then(
          () => done(t("quality.undoing")),
          (error: unknown) => say(troubleOf(error)),
        )
      }
    >
      {t("quality.undo")}
    </button>
  );
}
