/** The states every data screen must know, side by side; only in the build made for pictures. */
import type { ReactNode } from "react";
import { useTranslation } from "@/i18n";
import { IconLayoutList, IconRefresh } from "@/kit/icons";
import { Kbd } from "@/kit/Kbd";
import { Logo } from "@/kit/Logo";
import { IdentityMark, StatusTag, UrgencyTag } from "@/kit/Marks";
import { Block, Failure, LiveLight, Loading, OfflineStrip, PartialStrip } from "@/kit/States";
import { Dress } from "./Dress";

function Card({ name, children }: { name: string; children: ReactNode }) {
  return (
    <section className="panel" style={{ overflow: "hidden", minHeight: 330 }}>
      <header>
        <h2 className="mono">{name}</h2>
      </header>
      {children}
    </section>
  );
}

const nothing = (): void => undefined;

export function StatesPage() {
  const { t } = useTranslation();
  return (
    <Dress page="reading" preferred="reading">
      <main style={{ padding: 24, display: "grid", gap: 18 }}>
        <h1 className="row">
          <Logo /> {t("app.name")}
        </h1>
        <div
          style={{ display: "grid", gap: 18, gridTemplateColumns: "repeat(auto-fit, minmax(340px, 1fr))" }}
        >
          <Card name="loading">
            <Loading columns={[1, 2, 3]} rows={3} />
          </Card>
          <Card name="partial">
            <PartialStrip what="Fort-de-France" everyS={18} retry={nothing} />
          </Card>
          <Card name="empty">
            <Block
              icon={IconLayoutList}
              title={t("worklist.empty")}
              actions={
                <button type="button" className="btn primary">
                  {t("worklist.clear_filters")}
                </button>
              }
            >
              <p>
                {t("worklist.empty_hidden", { count: 112 })} {t("worklist.empty_acquiring", { count: 3 })}
              </p>
            </Block>
          </Card>
          <Card name="error">
            <Failure trouble={{ kind: "unavailable", reference: "K7-2291", detail: "503" }} retry={nothing} />
          </Card>
          <Card name="offline">
            <OfflineStrip />
            <p className="c-urgent" style={{ padding: 16 }}>
              <IconRefresh size={15} aria-hidden /> {t("report.saved_local")}
            </p>
          </Card>
          <Card name="stale">
            <div style={{ padding: 16 }}>
              <LiveLight state="stale" at={Date.UTC(2026, 10, 24, 18, 32, 5)} />
            </div>
          </Card>
          <Card name="denied">
            <Failure trouble={{ kind: "denied", reference: null, detail: "" }} />
          </Card>
          <Card name="conflict">
            <Failure trouble={{ kind: "conflict", reference: "1f2e3d4c", detail: "" }} retry={nothing} />
          </Card>
        </div>
        <div className="row wrap">
          {(["stat", "urgent", "inpatient", "routine"] as const).map((urgency) => (
            <UrgencyTag key={urgency} urgency={urgency} />
          ))}
          {(["acquiring", "ready", "claimed", "draft"] as const).map((status) => (
            <StatusTag key={status} status={status} />
          ))}
          {(["qualified", "confirmed", "provisional", "unidentified", "conflict"] as const).map((status) => (
            <IdentityMark key={status} status={status} />
          ))}
          <Kbd stroke="ctrl+Enter" />
        </div>
      </main>
    </Dress>
  );
}
