/** Status, urgency, identity, modality, place: always colour, icon and word together, never colour alone. */
import type { ComponentType, CSSProperties, ReactNode } from "react";
import { useTranslation } from "@/i18n";
import {
  IconAlertTriangle,
  IconBoltFilled,
  IconBuildingHospital,
  IconCheck,
  IconCircle,
  IconCircleCheck,
  IconCircleDashed,
  IconClock,
  IconLock,
  IconPencil,
  IconRosetteDiscountCheck,
  IconScan,
} from "./icons";

export type Tone = "critical" | "urgent" | "info" | "ok" | "neutral" | "accent";
type Icon = ComponentType<{ size?: number | string; stroke?: number | string; "aria-hidden"?: boolean }>;

interface Mark {
  tone: Tone;
  icon: Icon;
}

export type Urgency = "stat" | "urgent" | "inpatient" | "routine";
export type ExamStatus = "acquiring" | "ready" | "claimed" | "draft" | "preliminary" | "signed";
export type IdentityStatus = "unidentified" | "provisional" | "confirmed" | "qualified" | "conflict";

const URGENCY: Record<Urgency, Mark> = {
  stat: { tone: "critical", icon: IconBoltFilled },
  urgent: { tone: "urgent", icon: IconAlertTriangle },
  inpatient: { tone: "info", icon: IconBuildingHospital },
  routine: { tone: "neutral", icon: IconCircle },
};

const STATUS: Record<ExamStatus, Mark> = {
  acquiring: { tone: "info", icon: IconScan },
  ready: { tone: "neutral", icon: IconCircle },
  claimed: { tone: "neutral", icon: IconLock },
  draft: { tone: "info", icon: IconPencil },
  preliminary: { tone: "info", icon: IconClock },
  signed: { tone: "ok", icon: IconCircleCheck },
};

const IDENTITY: Record<IdentityStatus, Mark> = {
  qualified: { tone: "ok", icon: IconRosetteDiscountCheck },
  confirmed: { tone: "ok", icon: IconCheck },
  provisional: { tone: "urgent", icon: IconCircleDashed },
  unidentified: { tone: "urgent", icon: IconAlertTriangle },
  conflict: { tone: "critical", icon: IconAlertTriangle },
};

export const urgencyTone = (urgency: Urgency): Tone => URGENCY[urgency].tone;

interface TagProps {
  tone?: Tone;
  icon?: Icon;
  children: ReactNode;
  className?: string;
  title?: string;
}

export function Tag({ tone = "neutral", icon: Glyph, children, className = "", title }: TagProps) {
  return (
    <span className={`tag ${tone} ${className}`} title={title}>
      {Glyph && <Glyph size={13} stroke={1.75} aria-hidden />}
      {children}
    </span>
  );
}

export function UrgencyTag({ urgency, tiny = false }: { urgency: Urgency; tiny?: boolean }) {
  const { t } = useTranslation();
  const { tone, icon } = URGENCY[urgency];
  const solid = urgency === "stat" ? "solid" : "";
  return (
    <Tag tone={tone} icon={icon} className={`${solid} ${tiny ? "tiny" : ""}`}>
      {t(`exam.urgency.${urgency}`)}
    </Tag>
  );
}

export function StatusTag({ status }: { status: ExamStatus }) {
  const { t } = useTranslation();
  const { tone, icon } = STATUS[status];
  return (
    <Tag tone={tone} icon={icon}>
      {t(`exam.status.${status}`)}
    </Tag>
  );
}

/** The same in a table: no background, so that a column of them stays calm. */
export function PlainStatus({ status, word }: { status: ExamStatus; word?: ReactNode }) {
  const { t } = useTranslation();
  const { tone, icon: Glyph } = STATUS[status];
  return (
    <span className={`plain-status c-${tone}`}>
      <Glyph size={14} stroke={1.75} aria-hidden />
      {word ?? t(`exam.status.${status}`)}
    </span>
  );
}

export function IdentityMark({ status, short = false }: { status: IdentityStatus; short?: boolean }) {
  const { t } = useTranslation();
  const { tone, icon: Glyph } = IDENTITY[status];
  return (
    <span
      className={`plain-status c-${tone}`}
      style={{ gap: 3, fontSize: short ? 10.5 : 12, fontWeight: 600 }}
      title={short ? t(`exam.identity.${status}`) : undefined}
    >
      <Glyph size={13} stroke={1.75} aria-hidden />
      {t(short ? `exam.identity_short.${status}` : `exam.identity.${status}`)}
    </span>
  );
}

export function IdentityTag({ status }: { status: IdentityStatus }) {
  const { t } = useTranslation();
  const { tone, icon } = IDENTITY[status];
  return (
    <Tag tone={tone} icon={icon} className="big">
      {t(`exam.identity.${status}`)}
    </Tag>
  );
}

export function Modalities({ codes }: { codes: readonly string[] }) {
  const shown = codes.length > 0 ? codes.slice(0, 2) : ["?"];
  return (
    <>
      {shown.map((code) => (
        <span key={code} className="mod">
          {code}
        </span>
      ))}
    </>
  );
}

/** The five communities have a colour; any other keeps the neutral square. */
const PLACES: Record<string, { code: string; token: string }> = {
  guadeloupe: { code: "GP", token: "--gp" },
  martinique: { code: "MQ", token: "--mq" },
  guyane: { code: "GF", token: "--gf" },
  "sainte-lucie": { code: "LC", token: "--lc" },
  metropole: { code: "FR", token: "--fr" },
};

export const placeColour = (community: string): string => {
  const token = PLACES[community.toLowerCase()]?.token;
  return token ? `var(${token})` : "var(--text3)";
};

export const placeCode = (community: string): string => PLACES[community.toLowerCase()]?.code ?? "";

export function Place({ community, name }: { community: string; name: string }) {
  const code = placeCode(community);
  return (
    <span className="reg" style={{ "--here": placeColour(community) } as CSSProperties}>
      {code && <span className="t2">{code}</span>}
      <span style={{ fontWeight: 450 }}>{name}</span>
    </span>
  );
}

export const initials = (name: string): string =>
  name
    .replace(/^(Dr|Pr|M\.|Mme)\s+/i, "")
    .split(/[\s-]+/)
    .filter(Boolean)
    .slice(0, 2)
    .map((part) => part[0]?.toLocaleUpperCase() ?? "")
    .join("");

export function Avatar({ name, size = 28 }: { name: string; size?: number }) {
  return (
    <span
      aria-hidden
      style={{
        width: size,
        height: size,
        borderRadius: "50%",
        display: "inline-grid",
        placeItems: "center",
        flex: "none",
        background: "var(--accent-soft)",
        color: "var(--accent)",
        fontSize: size * 0.4,
        fontWeight: 650,
      }}
    >
      {initials(name)}
    </span>
  );
}
