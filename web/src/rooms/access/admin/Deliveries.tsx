/** The last deliveries of a webhook: when, how much, and what the receiver said. */
import { Modal } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { dayAndClock } from "@/i18n/format";
import { Answer } from "@/kit/Answer";
import { IconAlertTriangle, IconCircleCheck } from "@/kit/icons";
import { Tag } from "@/kit/Marks";
import { Table } from "@/kit/Table";
import { deliveriesQuery, type Webhook } from "./queries";

export function Deliveries({ hook, close }: { hook: Webhook; close: () => void }) {
  const { t } = useTranslation();
  const query = useQuery(deliveriesQuery(hook.webhook));
  const title = t("admin.webhook_deliveries_of", { name: new URL(hook.url).host });
  const columns = [
    t("admin.webhook_at"),
    t("admin.webhook_changes"),
    t("admin.webhook_answer"),
    t("admin.webhook_took"),
  ];
  return (
    <Modal
      opened
      onClose={close}
      size={720}
      title={title}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <Answer query={query} trouble={troubleOf} columns={[2, 1, 2, 1]} rows={4}>
        {(rows) =>
          rows.length === 0 ? (
            <p className="t2">{t("admin.webhook_deliveries_none")}</p>
          ) : (
            <Table
              label={title}
              columns={columns}
              rows={rows.map((one) => (
                <tr key={one.number}>
                  <td className="nw">{dayAndClock(one.at)}</td>
                  <td>{one.changes}</td>
                  <td>
                    <Tag
                      tone={one.taken ? "ok" : "urgent"}
                      icon={one.taken ? IconCircleCheck : IconAlertTriangle}
                    >
                      {one.status || "–"}
                    </Tag>{" "}
                    <small className="t2" lang="en">
                      {one.reason}
                    </small>
                  </td>
                  <td className="nw">{t("admin.webhook_ms", { ms: one.duration_ms })}</td>
                </tr>
              ))}
            />
          )
        }
      </Answer>
    </Modal>
  );
}
