/** The states every screen with data must know how to show: none is a bare spinner, each says what can be done. */
import type { ComponentType, ReactNode } from "react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "@/i18n";
import { clockSeconds } from "@/i18n/format";
import { IconAlertTriangle, IconCloudOff, IconRefresh, IconShieldLock } from "./icons";

type Icon = ComponentType<{ size?: number | string; stroke?: number | string; "aria-hidden"?: boolean }>;

/** What went wrong, in the words of the node: `kind` is its stable word, `reference` its place in the log. */
export interface Trouble {
  kind:
    | "denied"
    | "missing"
    | "network"
    | "malformed"
    | "busy"
    | "unavailable"
    | "conflict"
    | "session"
    | "other";
  reference: string | null;
  detail: string;
}

interface BlockProps {
  icon: Icon;
  tone?: string;
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
  role?: "status" | "alert";
}

export function Block({
  icon: Glyph,
  tone = "c-neutral",
  title,
  children,
  actions,
  role = "status",
}: BlockProps) {
  return (
    <div className="state" role={role}>
      <span className={tone}>
        <Glyph size={34} stroke={1.4} aria-hidden />
      </span>
      <h2>{title}</h2>
      {children}
      {actions && <div className="row">{actions}</div>}
    </div>
  );
}

/** Grey rows with the widths of the real columns; the sentence comes after one second. */
export function Loading({
  columns,
  rows = 6,
  sentence,
}: {
  columns: readonly number[];
  rows?: number;
  sentence?: string;
}) {
  const { t } = useTranslation();
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 1000);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div aria-busy="true" style={{ padding: 14 }}>
      <div
        aria-hidden
        style={{
          display: "grid",
          gap: 18,
          gridTemplateColumns: columns.map((width) => `${width}fr`).join(" "),
        }}
      >
        {Array.from({ length: rows * columns.length }, (_, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the bones never move and hold nothing
          <span key={index} className="bone" style={{ width: `${70 + ((index * 37) % 30)}%` }} />
        ))}
      </div>
      <p className="t2" role="status" style={{ marginTop: 22, minHeight: 18 }}>
        {late ? (sentence ?? t("state.loading")) : <span className="sr">{t("state.loading_title")}</span>}
      </p>
    </div>
  );
}

const ADVICE = {
  network: "state.error_network",
  malformed: "state.error_malformed",
  busy: "state.error_busy",
  unavailable: "state.error_unavailable",
  conflict: "state.error_conflict",
  session: "state.session_over",
  other: "state.error_generic",
} as const;

/** Refused, missing or failed: what happened, that nothing changed, and what to do next. */
export function Failure({
  trouble,
  retry,
  home,
}: {
  trouble: Trouble;
  retry?: () => void;
  home?: ReactNode;
}) {
  const { t } = useTranslation();
  if (trouble.kind === "denied" || trouble.kind === "missing") {
    return (
      <Block icon={IconShieldLock} title={t(`state.${trouble.kind}`)} actions={home} role="alert">
        <p>{t(`state.${trouble.kind}_detail`)}</p>
      </Block>
    );
  }
  const again = retry && (
    <button type="button" className="btn primary" onClick={retry}>
      <IconRefresh size={15} aria-hidden /> {t("common.retry")}
    </button>
  );
  return (
    <Block
      icon={trouble.kind === "network" ? IconCloudOff : IconAlertTriangle}
      tone="c-critical"
      title={t("state.error")}
      actions={
        <>
          {again}
          {home}
        </>
      }
      role="alert"
    >
      <p>
        {t("state.error_nothing_changed")} {t(ADVICE[trouble.kind])}{" "}
        {trouble.reference && t("state.error_reference", { ref: trouble.reference })}
      </p>
      {trouble.detail && (
        <details>
          <summary>{t("common.technical")}</summary>
          <code>{trouble.detail}</code>
        </details>
      )}
    </Block>
  );
}

/** Runs `retry` each `everyS` seconds; returns the seconds left. */
function useRetries(everyS: number, retry: () => void): number {
  const [left, setLeft] = useState(everyS);
  const latest = useRef(retry);
  latest.current = retry;
  useEffect(() => {
    const timer = setTimeout(() => {
      if (left <= 1) latest.current();
      setLeft(left <= 1 ? everyS : left - 1);
    }, 1000);
    return () => clearTimeout(timer);
  }, [left, everyS]);
  return left;
}

/** One part is missing; the rest is usable. Counts down to its own next try. */
export function PartialStrip({ what, everyS, retry }: { what: string; everyS: number; retry: () => void }) {
  const { t } = useTranslation();
  const left = useRetries(everyS, retry);
  return (
    <div className="strip" role="status">
      <IconCloudOff size={16} aria-hidden />
      <b>{t("state.partial")}</b>
      <span>{t("state.partial_detail", { what, s: left })}</span>
      <i className="sp" />
      <button type="button" className="btn small" onClick={retry}>
        {t("common.retry")}
      </button>
    </div>
  );
}

/** All that is shown is of `at`: the node has not answered since. Tries again by itself. */
export function FrozenStrip({ at, everyS = 15, retry }: { at: number; everyS?: number; retry: () => void }) {
  const { t } = useTranslation();
  const left = useRetries(everyS, retry);
  return (
    <div className="strip" role="status">
      <i className="dot stale" />
      <b>{t("state.frozen", { time: clockSeconds(at) })}</b>
      <span>{t("state.frozen_detail", { s: left })}</span>
      <i className="sp" />
      <button type="button" className="btn small" onClick={retry}>
        {t("common.retry")}
      </button>
    </div>
  );
}

/** The live line is lost since `at`; the browser is trying to open it again. */
export function StaleStrip({ at }: { at: number }) {
  const { t } = useTranslation();
  return (
    <div className="strip" role="status">
      <i className="dot stale" />
      <b>{t("state.stale", { time: clockSeconds(at) })}</b>
    </div>
  );
}

export function OfflineStrip() {
  const { t } = useTranslation();
  return (
    <div className="strip" role="status">
      <IconCloudOff size={16} aria-hidden />
      <b>{t("state.offline")}</b>
      <span>{t("state.offline_detail")}</span>
    </div>
  );
}

export type LiveState = "live" | "connecting" | "stale";

/** The light of the live stream: full, or hollow with the time at which the data froze. */
export function LiveLight({ state, at }: { state: LiveState; at: number }) {
  const { t } = useTranslation();
  if (state === "stale") {
    return (
      <span className="row nw c-urgent" role="status">
        <i className="dot stale" /> {t("state.stale", { time: clockSeconds(at) })}
      </span>
    );
  }
  return (
    <span className="row nw t3">
      <i className={state === "live" ? "dot ok" : "dot"} />{" "}
      {t(state === "live" ? "state.live" : "state.connecting")}
    </span>
  );
}
