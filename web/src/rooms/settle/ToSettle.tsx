/** What waits for a decision: instances that came twice, studies that say two things or name nobody. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { dayAndClock, when } from "@/i18n/format";
import { Answer } from "@/kit/Answer";
import { Desk, DeskCards, DeskNote, DeskPanel } from "@/kit/Desk";
import { IconCopy, IconGitCompare, IconId } from "@/kit/icons";
import { IdentityMark, Modalities, Tag } from "@/kit/Marks";
import { Table } from "@/kit/Table";
import { useNow } from "@/kit/time";
import { Choice } from "./Choice";
import { type ExamRow, settleQuery, type ToSettle as Waiting } from "./queries";
import { Second } from "./Second";

export function ToSettle() {
  const { t } = useTranslation();
  const query = useQuery(settleQuery);
  return (
    <Desk title={t("settle.title")} lead={t("settle.lead")}>
      <Answer query={query} trouble={troubleOf} columns={[1, 2, 1]} rows={7}>
        {(waiting) => (
          <>
            {waiting.more && <p className="t2">{t("settle.more")}</p>}
            <Twice waiting={waiting} />
            <Differences waiting={waiting} />
            <Unidentified rows={waiting.unidentified} />
          </>
        )}
      </Answer>
    </Desk>
  );
}

function Twice({ waiting }: { waiting: Waiting }) {
  const { t } = useTranslation();
  const open = waiting.quarantined.filter((one) => one.state === "open");
  return (
    <DeskPanel
      icon={<IconCopy size={16} aria-hidden />}
      title={t("settle.twice")}
      count={open.length}
      empty={t("settle.twice_none")}
    >
      <DeskCards of={open} nameOf={(one) => one.id}>
        {(one) => <Second instance={one} />}
      </DeskCards>
    </DeskPanel>
  );
}

function Differences({ waiting }: { waiting: Waiting }) {
  const { t } = useTranslation();
  return (
    <DeskPanel
      icon={<IconGitCompare size={16} aria-hidden />}
      title={t("settle.differences")}
      count={waiting.differences.length}
      empty={t("settle.differences_none")}
    >
      <Table
        label={t("settle.differences")}
        columns={[t("settle.exam"), t("settle.attribute"), t("settle.values")]}
        rows={waiting.differences.map(({ difference, row }) => (
          <tr key={`${difference.exam} ${difference.tag} ${difference.offered}`}>
            <td>
              <Exam row={row} />
            </td>
            <td>
              <b>{difference.keyword || difference.tag}</b>
              <br />
              <small className="t2">{t("settle.from", { who: difference.source })}</small>
            </td>
            <td>
              <Choice difference={difference} mayAct />
            </td>
          </tr>
        ))}
      />
    </DeskPanel>
  );
}

function Unidentified({ rows }: { rows: ExamRow[] }) {
  const { t } = useTranslation();
  const now = useNow(60_000);
  return (
    <DeskPanel
      icon={<IconId size={16} aria-hidden />}
      title={t("settle.unidentified")}
      count={rows.length}
      empty={t("settle.unidentified_none")}
    >
      <DeskNote>{t("settle.unidentified_help")}</DeskNote>
      <Table
        label={t("settle.unidentified")}
        columns={[t("settle.exam"), t("settle.identity"), t("settle.arrived")]}
        rows={rows.map((row) => (
          <tr key={row.exam}>
            <td>
              <Exam row={row} />
            </td>
            <td>
              <IdentityMark status={row.patient.identity_status} />
            </td>
            <td className="nw" title={dayAndClock(row.arrived_at)}>
              {when(row.arrived_at, now)}
            </td>
          </tr>
        ))}
      />
    </DeskPanel>
  );
}

function Exam({ row }: { row: ExamRow }) {
  const { t } = useTranslation();
  const name = `${row.patient.family_name} ${row.patient.given_name}`.trim() || t("common.unknown");
  return (
    <>
      <Link to="/patients/$person/exams/$exam" params={{ person: row.patient.person ?? "-", exam: row.exam }}>
        <b>{name}</b>
      </Link>
      <br />
      <Modalities codes={row.modalities} /> <small>{row.description || t("exam.untitled")}</small>{" "}
      <Tag>{row.site.name}</Tag>
    </>
  );
}
