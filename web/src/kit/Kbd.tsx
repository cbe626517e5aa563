/** A key as it is printed on the board of the reader's language. */
import { Fragment } from "react";
import { useTranslation } from "@/i18n";

const NAMED = {
  Enter: "keys.enter",
  Space: "keys.space",
  Escape: "keys.esc",
  ctrl: "keys.ctrl",
  shift: "keys.shift",
} as const;

const ARROWS: Record<string, string> = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };

export function Kbd({ stroke }: { stroke: string }) {
  const { t } = useTranslation();
  const word = (part: string): string => {
    if (part in NAMED) return t(NAMED[part as keyof typeof NAMED]);
    return ARROWS[part] ?? (part.length === 1 ? part.toLocaleUpperCase() : part);
  };
  return (
    <>
      {stroke.split(" ").map((chord, index) => (
        <Fragment key={`${chord}${String(index)}`}>
          {index > 0 && <span className="t3"> {t("keys.then")} </span>}
          {chord.split("+").map((part) => (
            <kbd key={part}>{word(part)}</kbd>
          ))}
        </Fragment>
      ))}
    </>
  );
}
