/** Filters as chips: what hides something is always in sight, and in the address. */
import { Checkbox, Popover } from "@mantine/core";
import { type RefObject, useEffect, useState } from "react";
import type { Schemas } from "@/api/client";
import { useTranslation } from "@/i18n";
import { IconChevronDown, IconFilter, IconX } from "@/kit/icons";
import css from "./reading.module.css";
import {
  filtersOn,
  isByUrgency,
  PERIODS,
  type ReadingSearch,
  STATUSES,
  split,
  URGENCIES,
  withoutFilters,
} from "./search";

export const MODALITIES = ["CT", "MR", "CR", "DX", "US", "MG", "PT", "NM", "XA", "RF", "OT"] as const;

interface FiltersProps {
  search: ReadingSearch;
  sites: Schemas["OrganisationBrief"][];
  change: (search: ReadingSearch) => void;
  first: RefObject<HTMLInputElement | null>;
}

type Choice = { value: string; label: string };
type Many = "modality" | "site" | "urgency" | "status";

function TextFilter({ search, change, first }: Pick<FiltersProps, "search" | "change" | "first">) {
  const { t } = useTranslation();
  const [text, setText] = useState(search.q ?? "");
  useEffect(() => setText(search.q ?? ""), [search.q]);
  useEffect(() => {
    if (text === (search.q ?? "")) return;
    const timer = setTimeout(() => change({ ...search, q: text || undefined } as ReadingSearch), 250);
    return () => clearTimeout(timer);
  }, [text, search, change]);
  return (
    <input
      ref={first}
      type="search"
      className={css.text}
      aria-label={t("worklist.filter_text")}
      placeholder={t("worklist.filter_text")}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === "Escape") event.currentTarget.blur();
      }}
    />
  );
}

interface ChipProps {
  name: string;
  chosen: readonly string[];
  choices: readonly Choice[];
  single?: boolean;
  set: (values: string[]) => void;
}

function Chip({ name, chosen, choices, single = false, set }: ChipProps) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const words = chosen.map((value) => choices.find((choice) => choice.value === value)?.label ?? value);
  const toggle = (value: string, on: boolean): void => {
    if (single) {
      set(on ? [value] : []);
      setOpen(false);
    } else set(on ? [...chosen, value] : chosen.filter((other) => other !== value));
  };
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-start" shadow="md" trapFocus returnFocus>
      <Popover.Target>
        {chosen.length === 0 ? (
          <button type="button" className={css.chip} aria-expanded={open} onClick={() => setOpen(!open)}>
            {name} <IconChevronDown size={13} aria-hidden />
          </button>
        ) : (
          <span className={css.chip} data-on>
            <button type="button" className={css.open} aria-expanded={open} onClick={() => setOpen(!open)}>
              {name} : <b>{words.join(", ")}</b>
            </button>
            <button
              type="button"
              className={css.off}
              aria-label={t("worklist.remove_filter", { name })}
              onClick={() => set([])}
            >
              <IconX size={13} aria-hidden />
            </button>
          </span>
        )}
      </Popover.Target>
      <Popover.Dropdown>
        <fieldset style={{ border: 0, margin: 0, padding: 0, display: "grid", gap: 9 }}>
          <legend className="sr">{name}</legend>
          {choices.map(({ value, label }) => (
            <Checkbox
              key={value}
              size="xs"
              label={label}
              checked={chosen.includes(value)}
              onChange={(event) => toggle(value, event.currentTarget.checked)}
            />
          ))}
        </fieldset>
      </Popover.Dropdown>
    </Popover>
  );
}

export function Filters({ search, sites, change, first }: FiltersProps) {
  const { t } = useTranslation();
  const setMany = (key: Many) => (values: string[]) =>
    change({ ...search, [key]: values.length > 0 ? values.join(",") : undefined });
  const list = search.list ?? "to-read";
  return (
    <div className={css.filters}>
      <span className="row t3 nw">
        <IconFilter size={14} aria-hidden />
        <span className="sr">{t("worklist.filters")}</span>
      </span>
      <TextFilter search={search} change={change} first={first} />
      <Chip
        name={t("worklist.filter_modality")}
        chosen={split(search.modality)}
        choices={MODALITIES.map((code) => ({ value: code, label: code }))}
        set={setMany("modality")}
      />
      {sites.length > 1 && (
        <Chip
          name={t("worklist.filter_site")}
          chosen={split(search.site)}
          choices={sites.map(({ key, name }) => ({ value: key, label: name }))}
          set={setMany("site")}
        />
      )}
      {list !== "stat" && (
        <Chip
          name={t("worklist.filter_urgency")}
          chosen={split(search.urgency)}
          choices={URGENCIES.map((value) => ({ value, label: t(`exam.urgency.${value}`) }))}
          set={setMany("urgency")}
        />
      )}
      {list !== "acquiring" && (
        <Chip
          name={t("worklist.filter_status")}
          chosen={split(search.status)}
          choices={STATUSES.map((value) => ({ value, label: t(`exam.status.${value}`) }))}
          set={setMany("status")}
        />
      )}
      <Chip
        name={t("worklist.filter_since")}
        chosen={search.since ? [search.since] : []}
        choices={PERIODS.map((value) => ({ value, label: t(`worklist.since_${value}`) }))}
        single
        set={([since]) => change({ ...search, since: since as ReadingSearch["since"] })}
      />
      {filtersOn(search) > 1 && (
        <button type="button" className="btn ghost small" onClick={() => change(withoutFilters(search))}>
          {t("worklist.clear_filters")}
        </button>
      )}
      <i className="sp" />
      <span className="t3 nw" style={{ fontSize: 12 }}>
        {t(isByUrgency(search.list) ? "worklist.grouped" : "worklist.latest")}
      </span>
    </div>
  );
}
