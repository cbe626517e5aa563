/** The keys of this screen, read from the same list that runs them. */
import { Modal } from "@mantine/core";
import { useTranslation } from "@/i18n";
import { Kbd } from "@/kit/Kbd";
import type { Binding } from "@/kit/keys";
import { useBindings } from "@/kit/useKeys";
import { closeHelp } from "./openHelp";

function Keys({ title, bindings }: { title: string; bindings: Binding[] }) {
  return (
    <section style={{ minWidth: 0 }}>
      <h3 style={{ marginBottom: 8 }}>{title}</h3>
      <ul style={{ display: "grid", gap: 6 }}>
        {bindings.map((binding) => (
          <li key={binding.id} className="row" style={{ minHeight: 24 }}>
            <span>{binding.label}</span>
            <i className="sp" />
            <span className="nw">
              <Kbd stroke={binding.strokes[0] ?? ""} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function KeysHelp() {
  const { t } = useTranslation();
  const bindings = useBindings();
  const here = bindings.filter((binding) => !binding.global);
  return (
    <Modal
      opened
      onClose={closeHelp}
      title={t("keys.title")}
      size={here.length > 0 ? 760 : 440}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <div
        style={{
          display: "grid",
          gap: "20px 40px",
          gridTemplateColumns: "repeat(auto-fit, minmax(240px, 1fr))",
        }}
      >
        {here.length > 0 && <Keys title={t("keys.here")} bindings={here} />}
        <Keys title={t("keys.everywhere")} bindings={bindings.filter((binding) => binding.global)} />
      </div>
      <p className="t3" style={{ marginTop: 18 }}>
        {t("keys.typing_note")}
      </p>
    </Modal>
  );
}
