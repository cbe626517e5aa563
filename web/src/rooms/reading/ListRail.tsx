/** The saved lists with their counters. A list is a saved search, so each is a link. */
import { Link } from "@tanstack/react-router";
import type { ComponentType } from "react";
import { useTranslation } from "@/i18n";
import { number } from "@/i18n/format";
import {
  IconBoltFilled,
  IconHistory,
  IconLayoutList,
  IconLock,
  IconPencil,
  IconScan,
  IconStack2,
} from "@/kit/icons";
import type { Counts } from "./queries";
import css from "./reading.module.css";
import { LISTS, type ListName } from "./search";

type Icon = ComponentType<{ size?: number | string; stroke?: number | string; "aria-hidden"?: boolean }>;

const SHOWN: Record<ListName, { icon: Icon; count: (counts: Counts) => number }> = {
  "to-read": { icon: IconLayoutList, count: (counts) => counts.to_read },
  stat: { icon: IconBoltFilled, count: (counts) => counts.stat },
  mine: { icon: IconLock, count: (counts) => counts.mine },
  drafts: { icon: IconPencil, count: (counts) => counts.drafts },
  recent: { icon: IconHistory, count: (counts) => counts.recent },
  acquiring: { icon: IconScan, count: (counts) => counts.acquiring },
  all: { icon: IconStack2, count: (counts) => counts.all },
};

const OF_THE_SITE: readonly ListName[] = ["acquiring", "all"];

interface ListRailProps {
  current: ListName;
  counts: Counts | undefined;
  waiting: number;
}

export function ListRail({ current, counts, waiting }: ListRailProps) {
  const { t } = useTranslation();
  const entry = (list: ListName) => {
    const { icon: Glyph, count } = SHOWN[list];
    const held = counts ? count(counts) : undefined;
    return (
      <Link
        key={list}
        to="/reading"
        search={list === "to-read" ? {} : { list }}
        className={css.saved}
        aria-current={list === current ? "page" : undefined}
        data-zero={held === 0}
        activeOptions={{ exact: true, includeSearch: true }}
      >
        <Glyph size={16} stroke={1.75} aria-hidden />
        <span className={css.word}>{t(`worklist.list.${list}`)}</span>
        <b>
          {list === current && waiting > 0 && <em>+{waiting}</em>}
          {held === undefined ? "" : number(held)}
        </b>
      </Link>
    );
  };
  return (
    <nav className={css.side} aria-label={t("worklist.lists")}>
      <h3>{t("worklist.my_lists")}</h3>
      {LISTS.filter((list) => !OF_THE_SITE.includes(list)).map(entry)}
      <h3>{t("worklist.site_lists")}</h3>
      {OF_THE_SITE.map(entry)}
    </nav>
  );
}
