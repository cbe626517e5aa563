/** Administration: only the sections the role opens. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ComponentType } from "react";
import { may, type Session } from "@/api/session";
import { useTranslation } from "@/i18n";
import { number } from "@/i18n/format";
import {
  IconBuildingHospital,
  IconKey,
  IconPlugConnected,
  IconRadar2,
  IconSend,
  IconShieldCheck,
  IconUsers,
} from "@/kit/icons";
import { Failure } from "@/kit/States";
import { Agreements } from "./Agreements";
import { Audit } from "./Audit";
import css from "./admin.module.css";
import { Devices } from "./Devices";
import { Organisations } from "./Organisations";
import { People } from "./People";
import { callersQuery } from "./queries";
import { Tokens } from "./Tokens";
import { Webhooks } from "./Webhooks";

export const SECTIONS = [
  "organisations",
  "people",
  "agreements",
  "devices",
  "tokens",
  "webhooks",
  "audit",
] as const;
export type SectionName = (typeof SECTIONS)[number];

type Icon = ComponentType<{ size?: number | string; stroke?: number | string; "aria-hidden"?: boolean }>;
const GROUPS: {
  title: "group_org" | "group_imaging" | "group_proof";
  sections: { name: SectionName; icon: Icon }[];
}[] = [
  {
    title: "group_org",
    sections: [
      { name: "organisations", icon: IconBuildingHospital },
      { name: "people", icon: IconUsers },
      { name: "agreements", icon: IconRadar2 },
    ],
  },
  {
    title: "group_imaging",
    sections: [
      { name: "devices", icon: IconPlugConnected },
      { name: "tokens", icon: IconKey },
      { name: "webhooks", icon: IconSend },
    ],
  },
  { title: "group_proof", sections: [{ name: "audit", icon: IconShieldCheck }] },
];

const opens = (session: Session, section: SectionName): boolean =>
  section === "audit"
    ? may(session, "see-audit")
    : may(session, "administer-organisation") || may(session, "administer-node");

export function Admin({ session, section }: { session: Session; section: string }) {
  const { t } = useTranslation();
  const { data: callers } = useQuery({ ...callersQuery, enabled: opens(session, "devices") });
  const known = SECTIONS.find((name) => name === section);
  const isNetwork = may(session, "administer-node");
  return (
    <div className={css.screen}>
      <nav className={css.side} aria-label={t("admin.nav")}>
        {GROUPS.map(({ title, sections }) => {
          const open = sections.filter(({ name }) => opens(session, name));
          return (
            open.length > 0 && [
              <h3 key={title}>{t(`admin.${title}`)}</h3>,
              ...open.map(({ name, icon: Glyph }) => (
                <Link
                  key={name}
                  to="/admin/$section"
                  params={{ section: name }}
                  aria-current={name === section ? "page" : undefined}
                >
                  <Glyph size={17} stroke={1.75} aria-hidden />
                  {t(`admin.${name}`)}
                  {name === "devices" && callers && callers.length > 0 && <b>{number(callers.length)}</b>}
                </Link>
              )),
            ]
          );
        })}
      </nav>
      <div className="page">
        <h1 className="sr">
          {t("admin.title")} {known && t(`admin.${known}`)}
        </h1>
        {known && opens(session, known) ? (
          <Section name={known} isNetwork={isNetwork} />
        ) : (
          <Failure trouble={{ kind: known ? "denied" : "missing", reference: null, detail: "" }} />
        )}
      </div>
    </div>
  );
}

function Section({ name, isNetwork }: { name: SectionName; isNetwork: boolean }) {
  switch (name) {
    case "organisations":
      return <Organisations mayAdd={isNetwork} />;
    case "people":
      return <People mayAppointNetwork={isNetwork} />;
    case "agreements":
      return <Agreements />;
    case "devices":
      return <Devices />;
    case "tokens":
      return <Tokens />;
    case "webhooks":
      return <Webhooks />;
    case "audit":
      return <Audit />;
  }
}
