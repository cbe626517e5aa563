/** Where one is, the search for a patient, the clock of the node, and who one is. */
import { Menu } from "@mantine/core";
import { Link, useNavigate } from "@tanstack/react-router";
import type { RefObject } from "react";
import { troubleOf } from "@/api/client";
import { keepPreferences, leave, type Preferences, type Session } from "@/api/session";
import { LANGUAGE_NAMES, LANGUAGES, type Translate, useTranslation } from "@/i18n";
import { clock, timeZone } from "@/i18n/format";
import { IconCheck, IconLogout, IconMapPin, IconSearch } from "@/kit/icons";
import { Kbd } from "@/kit/Kbd";
import { Logo } from "@/kit/Logo";
import { Avatar } from "@/kit/Marks";
import { seatScheme, setSeatScheme } from "@/kit/scheme";
import { useNow } from "@/kit/time";
import { useSayFailure } from "@/kit/useSay";
import css from "./frame.module.css";

interface TopBarProps {
  session: Session;
  search: RefObject<HTMLInputElement | null>;
}

export function TopBar({ session, search }: TopBarProps) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const now = useNow(10_000);
  const organisations = session.organisations;
  return (
    <header className={css.top}>
      <Link to="/" className={css.brand}>
        <Logo /> <b>{t("app.name")}</b>
        {session.node.demo && <em>{t("app.demo")}</em>}
      </Link>
      <span className={css.scope} title={organisations.map((each) => each.name).join(", ")}>
        <IconMapPin size={15} aria-hidden />
        {organisations.length === 1
          ? session.organisation.name
          : `${session.organisation.name} · ${t("me.all_sites", { count: organisations.length })}`}
      </span>
      {session.permissions.includes("search-patients") && (
        <search className={css.searchbox}>
          <form
            className={css.search}
            onSubmit={(event) => {
              event.preventDefault();
              const q = search.current?.value.trim() ?? "";
              if (q.length < 2) return;
              // Kept in the navigation state, not in the address: what is typed is a patient's name.
              void navigate({ to: "/patients", state: { asked: q } });
              search.current?.blur();
              if (search.current) search.current.value = "";
            }}
          >
            <IconSearch size={16} aria-hidden />
            <input
              ref={search}
              type="search"
              aria-label={t("keys.search")}
              placeholder={t("common.search_placeholder")}
              autoComplete="off"
              onKeyDown={(event) => {
                if (event.key === "Escape") event.currentTarget.blur();
              }}
            />
            <Kbd stroke="/" />
          </form>
        </search>
      )}
      <div className={css.status}>
        <span className={css.clock} title={timeZone()}>
          <small>{session.node.name}</small>
          <b>{clock(now)}</b>
        </span>
        <Me session={session} />
      </div>
    </header>
  );
}

type Look = "auto" | "dark" | "light";

function useLook(preferences: Preferences): [Look, (look: Look) => void] {
  const say = useSayFailure();
  const now: Look = preferences.theme === "light" ? "light" : seatScheme() === "dark" ? "dark" : "auto";
  const set = (look: Look): void => {
    setSeatScheme(look === "dark" ? "dark" : null);
    keepPreferences({ theme: look === "light" ? "light" : "reading" }).catch((error: unknown) =>
      say(troubleOf(error)),
    );
  };
  return [now, set];
}

function Me({ session }: { session: Session }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const say = useSayFailure();
  const { name } = session.person;
  const role = roleWord(session.role, t);
  const [look, setLook] = useLook(session.preferences);
  const keep = (change: Partial<Preferences>): void => {
    keepPreferences(change).catch((error: unknown) => say(troubleOf(error)));
  };
  const tick = (on: boolean) =>
    on ? <IconCheck size={15} aria-hidden /> : <span style={{ width: 15, display: "block" }} />;
  return (
    <Menu position="bottom-end" shadow="md" width={270}>
      <Menu.Target>
        <button type="button" className={css.me}>
          <span className="sr">{t("me.menu")}</span>
          <Avatar name={name} />
          <span>
            <span>
              <b>{name}</b>
            </span>
            <small>{role}</small>
          </span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {name} · {role}
        </Menu.Label>
        <Menu.Label>{t("me.language")}</Menu.Label>
        {LANGUAGES.map((language) => (
          <Menu.Item
            key={language}
            lang={language}
            leftSection={tick(session.preferences.language === language)}
            onClick={() => keep({ language })}
          >
            {LANGUAGE_NAMES[language]}
          </Menu.Item>
        ))}
        <Menu.Label>{t("me.theme")}</Menu.Label>
        <Menu.Item leftSection={tick(look === "auto")} onClick={() => setLook("auto")}>
          {t("me.theme_auto")}
        </Menu.Item>
        <Menu.Item leftSection={tick(look === "dark")} onClick={() => setLook("dark")}>
          {t("me.theme_reading")}
        </Menu.Item>
        <Menu.Item leftSection={tick(look === "light")} onClick={() => setLook("light")}>
          {t("me.theme_light")}
        </Menu.Item>
        <Menu.Label>{t("me.density")}</Menu.Label>
        {(["comfortable", "compact"] as const).map((density) => (
          <Menu.Item
            key={density}
            leftSection={tick(session.preferences.density === density)}
            onClick={() => keep({ density })}
          >
            {t(`me.${density}`)}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item
          leftSection={<IconLogout size={15} aria-hidden />}
          onClick={() => {
            leave()
              .then(() => navigate({ to: "/login", search: {} }))
              .catch((error: unknown) => say(troubleOf(error)));
          }}
        >
          {t("me.signout")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

const ROLES = [
  "radiologist",
  "technologist",
  "referrer",
  "secretary",
  "identity-officer",
  "site-admin",
  "network-admin",
  "governance",
] as const;

export function roleWord(role: string, t: Translate): string {
  const known = ROLES.find((each) => each === role);
  return known ? t(`role.${known}`) : role;
}
