/** Sign in with a local account, or turn a one-time token into one. */
import { Menu, PasswordInput, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { ApiError, api, body, type Schemas, troubleOf } from "@/api/client";
import type { Session } from "@/api/session";
import i18next, { isLanguage, LANGUAGE_NAMES, LANGUAGES, speak, useTranslation } from "@/i18n";
import {
  IconAlertTriangle,
  IconArrowRight,
  IconKey,
  IconLanguage,
  IconLock,
  IconMapPin,
  IconMoon,
  IconSun,
  IconUser,
} from "@/kit/icons";
import { Logo } from "@/kit/Logo";
import { setSeatScheme, useScheme } from "@/kit/scheme";
import { setServerTime } from "@/kit/time";
import { Art } from "./Art";
import css from "./login.module.css";

type Welcome = Schemas["Welcome"];

interface SignInProps {
  over: boolean;
  entered: (session: Session) => void;
}

export function SignIn({ over, entered }: SignInProps) {
  const { t } = useTranslation();
  const { data: welcome, error } = useQuery({
    queryKey: ["welcome"],
    queryFn: ({ signal }): Promise<Welcome> => body(api.GET("/api/welcome", { signal })),
    refetchInterval: (query) => (query.state.error ? 5000 : false),
  });
  useEffect(() => {
    if (welcome) setServerTime(welcome.server_time);
  }, [welcome]);
  const [chosen, setChosen] = useState<"account" | "token" | null>(null);
  const way = chosen ?? (welcome?.first_use ? "token" : "account");
  const other = way === "account" ? "token" : "account";
  return (
    <div className={css.page}>
      <section className={css.art} aria-label={t("app.name")}>
        <Art />
        <p className={css.brand}>
          <Logo size={36} /> {t("app.name")}
        </p>
        <div className={css.claim}>
          <p>
            {t("login.claim1")}
            <br />
            {t("login.claim2")}
          </p>
          <p>{t("login.claim_text")}</p>
        </div>
      </section>
      <main className={css.form} id="main">
        <TopBar node={welcome?.node.name ?? ""} />
        <div className={css.middle}>
          {over && <Notice>{t("state.session_over")}</Notice>}
          {error && !welcome && <Notice>{t("state.error_network")}</Notice>}
          {way === "account" ? (
            <Account entered={entered} />
          ) : (
            <Token entered={entered} isAdministrator={welcome?.first_use ?? false} />
          )}
          <button
            type="button"
            className="link"
            style={{ justifySelf: "start", minHeight: 28 }}
            onClick={() => setChosen(other)}
          >
            {t(way === "account" ? "login.have_token" : "login.back")}
          </button>
        </div>
        <footer className={css.foot}>
          <span>{t("app.notdevice")}</span>
          {welcome?.node.demo && <span>{t("app.demo_note")}</span>}
        </footer>
      </main>
    </div>
  );
}

function TopBar({ node }: { node: string }) {
  const { t } = useTranslation();
  const scheme = useScheme("other", "reading");
  const language = i18next.language;
  return (
    <div className={css.bar}>
      {node && (
        <span className="tag line big">
          <IconMapPin size={14} aria-hidden /> <span>{node}</span>
        </span>
      )}
      <i className="sp" />
      <Menu position="bottom-end" shadow="md">
        <Menu.Target>
          <button type="button" className="btn small">
            <IconLanguage size={15} aria-hidden />
            <span className="sr">{t("login.language")} :</span>{" "}
            {isLanguage(language) ? LANGUAGE_NAMES[language] : language}
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          {LANGUAGES.map((each) => (
            <Menu.Item key={each} lang={each} onClick={() => void speak(each)}>
              {LANGUAGE_NAMES[each]}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <button
        type="button"
        className="btn small icon"
        aria-label={t(scheme === "dark" ? "login.theme_light" : "login.theme_dark")}
        onClick={() => setSeatScheme(scheme === "dark" ? "light" : "dark")}
      >
        {scheme === "dark" ? <IconSun size={15} aria-hidden /> : <IconMoon size={15} aria-hidden />}
      </button>
    </div>
  );
}

function Notice({ children }: { children: ReactNode }) {
  return (
    <p className={`${css.trouble} ${css.notice}`} role="status">
      <IconAlertTriangle size={17} aria-hidden />
      <span>{children}</span>
    </p>
  );
}

function Trouble({ text, id }: { text: string; id: string }) {
  return (
    <div role="alert" id={id}>
      {text && (
        <p className={css.trouble}>
          <IconAlertTriangle size={17} aria-hidden />
          <span>{text}</span>
        </p>
      )}
    </div>
  );
}

const FIELD = {
  size: "lg",
  radius: 10,
  styles: {
    input: { fontSize: 15, minHeight: 48 },
    label: { fontSize: 13.5, fontWeight: 560, marginBottom: 5 },
  },
} as const;

/** What the page says when the node refuses: never which of the two was wrong. */
function useWords() {
  const { t } = useTranslation();
  return (error: unknown, refused: string): string => {
    const trouble = troubleOf(error);
    if (trouble.kind === "busy") return t("login.locked");
    if (trouble.kind === "network") return t("state.error_network");
    if (trouble.kind === "unavailable") return t("state.error_unavailable");
    if (error instanceof ApiError && [400, 401, 403, 404, 409, 422].includes(error.status)) return refused;
    return `${t("state.error_generic")} ${trouble.reference ?? ""}`;
  };
}

function Account({ entered }: { entered: (session: Session) => void }) {
  const { t } = useTranslation();
  const words = useWords();
  const [trouble, setTrouble] = useState("");
  const [busy, setBusy] = useState(false);
  const password = useRef<HTMLInputElement>(null);
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setTrouble("");
    try {
      const credentials = { login: String(form.get("login")).trim(), password: String(form.get("password")) };
      entered(await body(api.POST("/api/session", { body: credentials })));
    } catch (error) {
      setTrouble(words(error, t("login.wrong")));
      password.current?.select();
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)} aria-describedby="sign-in-trouble">
      <h1>{t("login.title")}</h1>
      <p className={css.lead} style={{ marginTop: 6 }}>
        {t("login.audience")}
      </p>
      <div className={css.fields}>
        <TextInput
          {...FIELD}
          name="login"
          label={t("login.login")}
          required
          withAsterisk={false}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          leftSection={<IconUser size={18} aria-hidden />}
        />
        <PasswordInput
          {...FIELD}
          ref={password}
          name="password"
          label={t("login.password")}
          required
          withAsterisk={false}
          autoComplete="current-password"
          leftSection={<IconLock size={18} aria-hidden />}
          visibilityToggleButtonProps={{ "aria-label": t("login.show") }}
        />
        <Trouble text={trouble} id="sign-in-trouble" />
        <button type="submit" className={`btn primary ${css.go}`} disabled={busy}>
          {t("login.continue")} <IconArrowRight size={17} aria-hidden />
        </button>
      </div>
    </form>
  );
}

const SHORTEST = 12;

function Token({
  entered,
  isAdministrator: isFirst,
}: {
  entered: (session: Session) => void;
  isAdministrator: boolean;
}) {
  const { t } = useTranslation();
  const words = useWords();
  const [trouble, setTrouble] = useState("");
  const [password, setPassword] = useState("");
  const [makesAccount, setMakesAccount] = useState(false);
  // The node's own token makes an account, also where others were made on the command line before.
  const isAdministrator = isFirst || makesAccount;
  const [busy, setBusy] = useState(false);
  const missing = SHORTEST - [...password].length;
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string): string => String(form.get(name) ?? "").trim();
    setBusy(true);
    setTrouble("");
    try {
      const first = {
        token: text("token"),
        password,
        ...(isAdministrator ? { name: text("name"), login: text("login") } : {}),
      };
      entered(await body(api.POST("/api/session/first-use", { body: first })));
    } catch (error) {
      const asksName = !isAdministrator && error instanceof ApiError && error.status === 422;
      if (asksName) setMakesAccount(true);
      setTrouble(asksName ? t("login.token_names") : words(error, t("login.token_wrong")));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)} aria-describedby="first-use-trouble">
      <h1>{t("login.first_title")}</h1>
      <p className={css.lead} style={{ marginTop: 6 }}>
        {t(isAdministrator ? "login.first_admin" : "login.first_invited")}
      </p>
      <div className={css.fields}>
        <TextInput
          {...FIELD}
          name="token"
          label={t("login.token")}
          required
          withAsterisk={false}
          autoComplete="one-time-code"
          spellCheck={false}
          autoFocus
          leftSection={<IconKey size={18} aria-hidden />}
        />
        {isAdministrator && (
          <>
            <TextInput
              {...FIELD}
              name="name"
              label={t("login.name")}
              required
              withAsterisk={false}
              autoComplete="name"
              maxLength={128}
            />
            <TextInput
              {...FIELD}
              name="login"
              label={t("login.login")}
              required
              withAsterisk={false}
              autoComplete="username"
              autoCapitalize="none"
              maxLength={64}
            />
          </>
        )}
        <PasswordInput
          {...FIELD}
          label={t("login.new_password")}
          description={
            password && missing > 0 ? t("login.password_short", { n: missing }) : t("login.password_rule")
          }
          inputWrapperOrder={["label", "input", "description"]}
          required
          withAsterisk={false}
          autoComplete="new-password"
          minLength={SHORTEST}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          visibilityToggleButtonProps={{ "aria-label": t("login.show") }}
        />
        <Trouble text={trouble} id="first-use-trouble" />
        <button type="submit" className={`btn primary ${css.go}`} disabled={busy || missing > 0}>
          {t("login.create")} <IconArrowRight size={17} aria-hidden />
        </button>
      </div>
    </form>
  );
}
