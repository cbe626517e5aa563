/** Lines and nodes in words: the same on the map, in the table and for those who hear the page. */
import { useTranslation } from "@/i18n";
import { duration, number } from "@/i18n/format";
import { useNow } from "@/kit/time";
import { type Health, healthOf } from "./lines";
import type { Line, Network } from "./queries";

const QUIET_BPS = 1e5; // the feed alone
const KINDS = ["request", "report", "study", "patient", "identity"] as const;

export const megabits = (bps: number): string => `${number(bps / 1e6, bps < 1e7 ? 1 : 0)} Mbit/s`;

export function useWords() {
  const { t } = useTranslation();
  const now = useNow(5000);
  const lasting = (since: string | null): string =>
    since ? duration(Math.max(0, now - Date.parse(since)), t) : "";

  const state = (line: Line): string => {
    const words: Record<Health, string> = {
      ok: t("network.state.ok"),
      degraded: t("network.state.degraded"),
      cut: line.state === "refused" ? t("network.state.refused") : t("network.state.cut"),
      unknown: t("network.state.unknown"),
    };
    return words[healthOf(line)];
  };

  /** Its figures; where it is cut, since when. */
  const figures = (line: Line): string => {
    if (healthOf(line) === "cut") return `${state(line)} · ${lasting(line.since)}`;
    const known = [
      ...((line.bps ?? 0) >= QUIET_BPS ? [megabits(line.bps ?? 0)] : []),
      ...(line.rtt_ms === null ? [] : [`${number(line.rtt_ms)} ms`]),
    ];
    return known.length > 0 ? known.join(" · ") : state(line);
  };

  /** Whether a node makes the same of the same facts, since when, and when that was last found. */
  const agreement = (states: NonNullable<Line["detail"]>["states"]): { words: string; checked: string } => {
    if (states.state === "unknown" || states.state === "withheld") {
      return { words: t(`network.states_${states.state}`), checked: "" };
    }
    const kinds = states.differing.map((kind) =>
      t(`network.kind.${KINDS.find((known) => known === kind) ?? "other"}`),
    );
    const said = { dur: lasting(states.since), kinds: [...new Set(kinds)].join(", ") };
    return {
      words: t(`network.states_${states.state}`, said),
      checked: t("network.states_checked", { dur: lasting(states.compared_at) }),
    };
  };

  const title = (network: Network, name: string): string =>
    network.nodes.find((isle) => isle.name === name)?.title ?? name;

  const sentence = (network: Network): string => {
    const cut = network.links.filter((line) => healthOf(line) === "cut");
    const said = cut.map((line) => `${title(network, line.a)} – ${title(network, line.b)}`).join(", ");
    return cut.length > 0
      ? t("network.sentence_cut", { count: cut.length, lines: said })
      : t("network.sentence_ok", { count: network.links.length });
  };

  return { state, figures, lasting, agreement, title, sentence };
}
