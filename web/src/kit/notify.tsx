/** Short notices at the bottom of the screen: what was done, and Undo where it can be undone. */
import { notifications } from "@mantine/notifications";
import i18next from "@/i18n";
import { IconAlertTriangle, IconCircleCheck } from "./icons";

interface Undo {
  label: string;
  run: () => void;
}

export function done(message: string, undo?: Undo): void {
  const id = notifications.show({
    withCloseButton: true,
    closeButtonProps: { "aria-label": i18next.t("common.close") },
    icon: <IconCircleCheck size={18} aria-hidden />,
    autoClose: undo ? 10_000 : 4000,
    message: (
      <span className="row">
        {message}
        {undo && (
          <button
            type="button"
            className="btn small"
            onClick={() => {
              notifications.hide(id);
              undo.run();
            }}
          >
            {undo.label}
          </button>
        )}
      </span>
    ),
  });
}

export function failed(message: string, advice: string): void {
  notifications.show({
    color: "critical",
    closeButtonProps: { "aria-label": i18next.t("common.close") },
    icon: <IconAlertTriangle size={18} aria-hidden />,
    autoClose: 10_000,
    title: message,
    message: advice,
  });
}
