/** The rail: only what the role opens; a red counter only for what needs an act. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ComponentType } from "react";
import { may, type Session } from "@/api/session";
import { useTranslation } from "@/i18n";
import { number } from "@/i18n/format";
import {
  IconGitCompare,
  IconId,
  IconKeyboard,
  IconLayoutList,
  IconNetwork,
  IconRadar2,
  IconServer2,
  IconSettings,
  IconTrash,
  IconUsers,
} from "@/kit/icons";
import { serverNow } from "@/kit/time";
import { deskQuery, figureOf as figureOfDesk } from "@/rooms/identity/queries";
import { countsQuery } from "@/rooms/reading/queries";
import { figures } from "@/rooms/requests/board";
import { boardQuery } from "@/rooms/requests/queries";
import { figureOf, settleQuery } from "@/rooms/settle/queries";
import css from "./frame.module.css";
import { mayAdminister, maySeeNetwork } from "./home";
import { openHelp } from "./openHelp";

interface RailProps {
  session: Session;
  path: string;
  alarms: number;
}

interface Entry {
  to: string;
  under: string;
  word:
    | "nav.reading"
    | "nav.tele"
    | "nav.patients"
    | "nav.network"
    | "nav.node"
    | "nav.settle"
    | "nav.quality"
    | "nav.identity"
    | "nav.admin";
  icon: ComponentType<{ size?: number | string; stroke?: number | string; "aria-hidden"?: boolean }>;
  counter?: number;
  critical?: boolean;
}

export function Rail({ session, path, alarms }: RailProps) {
  const { t } = useTranslation();
  const reads = may(session, "see-exams") && may(session, "read-images");
  const { data: counts } = useQuery({ ...countsQuery, enabled: reads });
  const asks = may(session, "ask-reading");
  const { data: board } = useQuery({ ...boardQuery, enabled: asks, refetchInterval: 60_000 });
  const { data: waiting } = useQuery({ ...settleQuery, enabled: may(session, "settle-arrivals") });
  const resolves = may(session, "resolve-identity");
  const { data: desk } = useQuery({ ...deskQuery, enabled: resolves });
  const entries: Entry[] = [
    ...(reads
      ? [
          {
            to: "/reading",
            under: "/reading",
            word: "nav.reading" as const,
            icon: IconLayoutList,
            counter: counts?.to_read ?? 0,
          },
        ]
      : []),
    ...(asks
      ? [
          {
            to: "/tele",
            under: "/tele",
            word: "nav.tele" as const,
            icon: IconRadar2,
            counter: board ? figures(board.rows, serverNow()).waiting : 0,
          },
        ]
      : []),
    ...(may(session, "search-patients")
      ? [{ to: "/patients", under: "/patients", word: "nav.patients" as const, icon: IconUsers }]
      : []),
    ...(maySeeNetwork(session)
      ? [{ to: "/network", under: "/network", word: "nav.network" as const, icon: IconNetwork }]
      : []),
    ...(may(session, "settle-arrivals")
      ? [
          {
            to: "/settle",
            under: "/settle",
            word: "nav.settle" as const,
            icon: IconGitCompare,
            counter: waiting ? figureOf(waiting) : 0,
          },
        ]
      : []),
    ...(may(session, "correct-exams")
      ? [{ to: "/quality", under: "/quality", word: "nav.quality" as const, icon: IconTrash }]
      : []),
    ...(resolves
      ? [
          {
            to: "/identity",
            under: "/identity",
            word: "nav.identity" as const,
            icon: IconId,
            counter: desk ? figureOfDesk(desk) : 0,
          },
        ]
      : []),
    ...(may(session, "see-node")
      ? [
          {
            to: "/node",
            under: "/node",
            word: "nav.node" as const,
            icon: IconServer2,
            counter: alarms,
            critical: true,
          },
        ]
      : []),
    ...(mayAdminister(session)
      ? [{ to: "/admin/devices", under: "/admin", word: "nav.admin" as const, icon: IconSettings }]
      : []),
  ];
  return (
    <nav className={css.rail} aria-label={t("nav.label")}>
      {entries.map(({ to, under, word, icon: Glyph, counter = 0, critical = false }) => (
        <Link
          key={to}
          to={to}
          data-on={path.startsWith(under)}
          aria-current={path.startsWith(under) ? "page" : undefined}
        >
          <Glyph size={20} stroke={1.75} aria-hidden />
          <span>{t(word)}</span>
          {counter > 0 && (
            <b className={css.counter} data-critical={critical}>
              {counter > 99 ? "99+" : number(counter)}
            </b>
          )}
        </Link>
      ))}
      <i className="sp" />
      <button type="button" onClick={openHelp}>
        <IconKeyboard size={20} stroke={1.75} aria-hidden />
        <span>{t("nav.keys")}</span>
      </button>
    </nav>
  );
}
