/** The small marks of a request: where it stands, how long is left, when its images are here. */
import { useTranslation } from "@/i18n";
import { clock, countdown, duration } from "@/i18n/format";
import {
  IconAlertTriangle,
  IconBan,
  IconCircle,
  IconCircleCheck,
  IconClipboardText,
  IconClock,
  IconCloudOff,
  IconEye,
  IconFileText,
  IconHourglassHigh,
  IconTransfer,
} from "@/kit/icons";
import { Tag, type Tone, urgencyTone } from "@/kit/Marks";
import { isAwaited, isClosed, isWaiting } from "./board";
import type { RequestRow, Stage } from "./queries";

type Icon = typeof IconCircle;

export const STAGE: Record<Stage, { tone: Tone; icon: Icon }> = {
  placed: { tone: "neutral", icon: IconClipboardText },
  travelling: { tone: "info", icon: IconTransfer },
  ready: { tone: "neutral", icon: IconCircle },
  reading: { tone: "info", icon: IconEye },
  returned: { tone: "urgent", icon: IconFileText },
  acknowledged: { tone: "ok", icon: IconCircleCheck },
  declined: { tone: "critical", icon: IconBan },
  cancelled: { tone: "neutral", icon: IconBan },
};

export function StageTag({ stage }: { stage: Stage }) {
  const { t } = useTranslation();
  const { tone, icon } = STAGE[stage];
  return (
    <Tag tone={tone} icon={icon}>
      {t(`tele.stage.${stage}`)}
    </Tag>
  );
}

/** That the line to the other side is cut, and since when. */
export function CutLine({ row }: { row: RequestRow }) {
  const { t } = useTranslation();
  if (!row.line?.cut || isClosed(row)) return null;
  const { node, since } = row.line;
  const named = { name: node.toUpperCase(), time: since ? clock(since) : "" };
  return (
    <span className="c-urgent" data-cut={node}>
      <IconCloudOff size={13} aria-hidden /> {t(since ? "tele.line_cut_since" : "tele.line_cut", named)}
    </span>
  );
}

/** That its exam is not acquired yet, and under what number it will come. */
export function Awaits({ row }: { row: RequestRow }) {
  const { t } = useTranslation();
  return (
    <span className="c-info" data-awaits>
      <IconHourglassHigh size={13} aria-hidden />{" "}
      {row.accession ? t("tele.awaits_number", { number: row.accession }) : t("tele.awaits")}
    </span>
  );
}

/** That nobody has claimed it in time. */
export function Unclaimed() {
  const { t } = useTranslation();
  return (
    <span className="c-critical" data-unclaimed>
      <IconAlertTriangle size={13} aria-hidden /> {t("tele.unclaimed_short")}
    </span>
  );
}

/** The time left before the promised answer; `+01:20` once it is late; nothing once it came. */
export function Due({ row, now }: { row: RequestRow; now: number }) {
  const { t } = useTranslation();
  if (!isWaiting(row) || row.stage === "declined") return null;
  if (isAwaited(row))
    return <span className="t2 nw">{t("tele.due_after", { dur: duration(row.promised_s * 1000, t) })}</span>;
  const leftMs = Date.parse(row.due_at) - now;
  const late = leftMs < 0;
  return (
    <b
      className={`nw c-${late ? "critical" : urgencyTone(row.urgency)}`}
      title={t("tele.due_why", { time: clock(row.due_at) })}
    >
      {late ? <IconHourglassHigh size={13} aria-hidden /> : <IconClock size={13} aria-hidden />}{" "}
      <span className="sr">
        {t(late ? "tele.late" : "tele.left", { dur: duration(Math.abs(leftMs), t) })}
      </span>
      <span aria-hidden>
        {late ? "+" : ""}
        {countdown(leftMs, t)}
      </span>
    </b>
  );
}
