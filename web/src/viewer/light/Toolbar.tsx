/** The tools of the light viewer: one that the main button or one finger moves, and a few that act at once. */
import type { ComponentType } from "react";
import { useTranslation } from "@/i18n";
import {
  IconArrowsMove,
  IconContrast2,
  IconEraser,
  IconPlayerPauseFilled,
  IconPlayerPlayFilled,
  IconRefresh,
  IconRuler2,
  IconStack2,
  IconSun,
  IconZoomIn,
} from "@/kit/icons";
import css from "./light.module.css";
import type { Preset } from "./presets";
import type { View } from "./session";
import type { Tool } from "./tools";

interface ToolbarProps {
  view: View;
  presets: Preset[];
  canPlay: boolean;
  use: (tool: Tool) => void;
  preset: (at: number) => void;
  invert: () => void;
  play: () => void;
  reset: () => void;
  clear: () => void;
}

const ICONS: Record<Tool, ComponentType<{ size: number }>> = {
  window: IconSun,
  scroll: IconStack2,
  pan: IconArrowsMove,
  zoom: IconZoomIn,
  length: IconRuler2,
};
const SIZE = 18;

export function Toolbar({ view, presets, canPlay, use, preset, invert, play, reset, clear }: ToolbarProps) {
  const { t } = useTranslation();
  const tools = (Object.keys(ICONS) as Tool[]).filter((tool) => tool !== "scroll" || canPlay);
  const isOff = view.phase !== "open";
  return (
    <div className={css.toolbar} role="toolbar" aria-label={t("light.tools")}>
      {tools.map((tool) => {
        const Icon = ICONS[tool];
        return (
          <button
            key={tool}
            type="button"
            aria-pressed={view.tool === tool}
            aria-label={t(`light.tool.${tool}`)}
            title={t(`light.tool.${tool}`)}
            disabled={isOff}
            onClick={() => use(tool)}
          >
            <Icon size={SIZE} />
          </button>
        );
      })}
      {presets.length > 0 && (
        <select
          aria-label={t("light.presets")}
          value=""
          disabled={isOff}
          onChange={(event) => preset(Number(event.currentTarget.value))}
        >
          <option value="" disabled>
            {t("light.presets")}
          </option>
          {presets.map(({ name, center, width }, at) => (
            <option key={name} value={at}>
              {t(`light.preset.${name}`)}
              {center !== undefined && ` (${String(center)} / ${String(width)})`}
            </option>
          ))}
        </select>
      )}
      <Act icon={IconContrast2} word={t("light.invert")} off={isOff} pressed={view.inverted} act={invert} />
      {canPlay && (
        <Act
          icon={view.playing ? IconPlayerPauseFilled : IconPlayerPlayFilled}
          word={t(view.playing ? "light.pause" : "light.play")}
          off={isOff}
          act={play}
        />
      )}
      {view.lengths.length > 0 && <Act icon={IconEraser} word={t("light.clear")} off={isOff} act={clear} />}
      <Act icon={IconRefresh} word={t("light.reset")} off={isOff} act={reset} />
    </div>
  );
}

interface ActProps {
  icon: ComponentType<{ size: number }>;
  word: string;
  off: boolean;
  pressed?: boolean;
  act: () => void;
}

function Act({ icon: Icon, word, off, pressed, act }: ActProps) {
  return (
    <button type="button" aria-label={word} title={word} aria-pressed={pressed} disabled={off} onClick={act}>
      <Icon size={SIZE} />
    </button>
  );
}
